"""Scales of rows alone, by the largest absolute value: see `quantise`, of which they are a part."""

from __future__ import annotations

from portcheck.ascendc.archetypes.quantise import SCALES, QuantiseArchetype

ARCHETYPE = QuantiseArchetype(SCALES, has_rows=False)
