"""Which finder looks at which observations. A new construct is one new row here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from portcheck.facts import (
    accesses,
    accumulations,
    apis,
    casts,
    checks,
    launches,
    layouts,
    primitives,
    quantisation,
    remote,
)
from portcheck.facts.base import Fact
from portcheck.facts.context import Context
from portcheck.program.model import Observation

Finder = Callable[[Observation, Context], Iterator[Fact]]

FINDERS: tuple[tuple[Finder, tuple[str, ...]], ...] = (
    (casts.find, ("call", "cast")),
    (accesses.find, ("call", "subscript", "pointer")),
    (primitives.find, ("call", "asm")),
    (remote.find, ("call", "assign")),
    (checks.find, ("call", "static_assert", "if")),
    (accumulations.find, ("call", "assign", "asm")),
    (quantisation.find, ("call", "assign", "asm", "declaration", "field", "record")),
    (layouts.find, ("call", "assign", "declaration", "field", "member", "return", "subscript")),
    (launches.find, ("call", "declaration")),
    (apis.find, ("call",)),
)

BY_KIND: dict[str, tuple[Finder, ...]] = {
    kind: tuple(find for find, kinds in FINDERS if kind in kinds)
    for kind in {k for _, kinds in FINDERS for k in kinds}
}
