"""Dataflows that portcheck writes completely, one a module.

To add one: a module of this package with an object `ARCHETYPE` (see `base.Archetype`), and its name
in `MODULES`. The first that recognises a kernel writes it, so the more special come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from portcheck.ascendc.archetypes.base import Archetype

MODULES: tuple[str, ...] = (
    "weighted_combine",
    "bias_combine",
    "plain_sum",
    "layout_count_match",
    "prefix_sum",
    "flag_exchange",
    "row_norm_match",
    "quantise",
    "row_scales",
    "dequantise",
    "row_copy",
    "transpose",
    "zero_fill",
    "elementwise",
)


def _found() -> Iterator[Archetype]:
    for name in MODULES:
        yield import_module(f"{__name__}.{name}").ARCHETYPE


ARCHETYPES: tuple[Archetype, ...] = tuple(_found())

__all__ = ["ARCHETYPES", "MODULES", "Archetype"]
