"""Weighted sums of rows by index, in float: the top-k combine."""

from __future__ import annotations

from portcheck.ascendc.archetypes.row_sum_match import RowSumArchetype

ARCHETYPE = RowSumArchetype("weighted-combine", lambda spec: spec.weighted and not spec.biases)
