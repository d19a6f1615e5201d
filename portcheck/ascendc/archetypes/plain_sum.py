"""Sums of rows without weights, in float: of the k rows of a token, or of what each rank sent."""

from __future__ import annotations

from portcheck.ascendc.archetypes.row_sum_match import RowSumArchetype

ARCHETYPE = RowSumArchetype("plain-sum", lambda spec: not spec.weighted and not spec.biases)
