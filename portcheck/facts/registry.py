"""Which finder looks at which observations. A new construct is one new row here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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

Find = Callable[[Observation, Context], Iterator[Fact]]
Concerns = Callable[[str, Context], bool]


def _always(name: str, context: Context) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Finder:
    """A finder, the observations it looks at, and which callee names can concern it at all."""

    find: Find
    observations: tuple[str, ...]
    concerns: Concerns = _always


FINDERS: tuple[Finder, ...] = (
    Finder(casts.find, ("call", "cast"), casts.concerns),
    Finder(accesses.find, ("call", "asm", "subscript", "pointer"), primitives.concerns),
    Finder(primitives.find, ("call", "asm"), primitives.concerns),
    Finder(remote.find, ("call", "assign", "subscript", "pointer"), primitives.concerns),
    Finder(checks.find, ("call", "static_assert", "if"), checks.concerns),
    Finder(accumulations.find, ("call", "assign", "asm"), primitives.concerns),
    Finder(quantisation.find, ("call", "cast", "assign", "asm", "declaration", "field", "record")),
    Finder(
        layouts.find,
        ("call", "assign", "declaration", "field", "member", "return", "subscript"),
        layouts.concerns,
    ),
    Finder(launches.find, ("call", "declaration"), launches.concerns),
    Finder(apis.find, ("call",), apis.concerns),
)


class Registry:
    """The finders for an observation; for calls, those that the callee's name can concern."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by_kind = {
            kind: tuple(f.find for f in FINDERS if kind in f.observations)
            for kind in {k for f in FINDERS for k in f.observations}
        }
        self._by_name: dict[str, tuple[Find, ...]] = {}

    def of(self, seen: Observation) -> tuple[Find, ...]:
        if seen.kind != "call" or seen.callee is None or seen.callee.receiver is not None:
            return self._by_kind.get(seen.kind, ())
        name = seen.callee.name
        if name not in self._by_name:
            self._by_name[name] = tuple(
                f.find for f in FINDERS if "call" in f.observations and f.concerns(name, self._context)
            )
        return self._by_name[name]
