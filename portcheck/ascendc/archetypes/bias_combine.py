"""Sums of rows and two biases, in float."""

from __future__ import annotations

from portcheck.ascendc.archetypes.row_sum_match import RowSumArchetype

ARCHETYPE = RowSumArchetype("bias-combine", lambda spec: spec.biases == 2)
