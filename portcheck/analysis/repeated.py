"""What every iteration of a loop establishes before the next one starts, or the loop ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.analysis.state import Snapshot
from portcheck.source.place import Place
from portcheck.symbolic.condition import FALSE, TRUE, Condition, condition_symbols, equal, every, some
from portcheck.symbolic.evaluate import substitute_condition
from portcheck.symbolic.expr import ZERO, Expr, Symbol

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine

MAX_PATHS = 4
MAX_TEXT = 300


@dataclass(frozen=True, slots=True)
class Repeated:
    """A condition that is true at the end of iteration `counter`, if the loop goes on from there."""

    place: Place
    counter: Symbol
    condition: Condition

    @staticmethod
    def of(m: Machine, place: Place, counter: Symbol, tag: int, paths: Sequence[Snapshot]) -> Repeated:
        """From the paths that reach the end of the body; `tag` is that of the loop's own condition."""
        if not paths:
            return Repeated(place, counter, FALSE)
        if len(paths) > MAX_PATHS:
            return Repeated(place, counter, TRUE)
        serial = m.state.serial(counter)
        listed = []
        for path in paths:
            kept = [
                k.condition
                for k in path.known
                if k.tag != tag
                and not any(s != counter and m.varies(s, serial) for s in condition_symbols(k.condition))
            ]
            listed.append(every(kept))
        found = some(listed)
        return Repeated(place, counter, found if len(str(found)) <= MAX_TEXT else TRUE)

    def say(self, m: Machine, k: Expr, *, always: bool) -> None:
        """Add to what is known where k iterations have ended."""
        if m.dry or self.condition == TRUE:
            return
        tag = m.state.step(self.place, "the iterations before went on", "loop")
        for at in (k - 1, ZERO) if self.counter in condition_symbols(self.condition) else (k - 1,):
            said = some([equal(k, 0), substitute_condition(self.condition, {self.counter: at})])
            if said.known is True:
                continue
            if always:
                m.always(said, tag)
            else:
                m.state.assume(said, tag)
