"""Calls of the CUDA runtime, driver and libraries, which a port has to replace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.program.model import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall(Fact):
    """A call of a CUDA API: `api` is its name, `arguments` the argument texts."""

    kind = FactKind.API_CALL

    api: str
    arguments: tuple[str, ...]

    @property
    def detail(self) -> str:
        return f"{self.api}({', '.join(self.arguments)})"


def concerns(name: str, context: Context) -> bool:
    return bool(context.intrinsics.api.match(name))


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """The API call of one call expression."""
    callee = seen.callee
    if callee is None or callee.receiver is not None or not context.intrinsics.api.match(callee.name):
        return
    if callee.name in context.program.functions or callee.name in context.program.records:
        return
    yield ApiCall(
        **context.common(seen),
        api=callee.name,
        arguments=tuple(seen.origin.read(a)[:80] for a in callee.arguments),
    )
