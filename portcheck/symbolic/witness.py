"""Values for which premises are true and a goal is false."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portcheck.symbolic.condition import Condition, condition_symbols, equal
from portcheck.symbolic.evaluate import Undefined, test
from portcheck.symbolic.expr import Expr, Symbol, of
from portcheck.symbolic.interval import Interval
from portcheck.symbolic.premises import Premise
from portcheck.symbolic.system import System

_CANDIDATES = 10
_BUDGET = 80

Witness = tuple[tuple[Symbol, int], ...]


def find_witness(
    system: System,
    target: Condition,
    wanted: Condition,
    premises: tuple[Premise, ...],
    also: frozenset[Symbol],
    typical: Mapping[Symbol, int],
) -> Witness | None:
    """Values with `wanted` true and every premise true, where `target` (in symbols of the system) is.

    There is a value for each symbol of these and for those in `also`.

    The search fixes one symbol after the other, small values first or such as are near the
    typical ones, and lets the system draw its conclusions each time. What it returns has been
    checked by evaluating `wanted` and the premises.
    """
    symbols = set(also | condition_symbols(wanted))
    for premise in premises:
        symbols |= condition_symbols(premise.condition)
    start = system.admitting(sorted(symbols, key=str)).assume(target)
    search = _Search(sorted(symbols, key=lambda s: (s.role.value, s.name)), wanted, premises, typical)
    return search.run(start)


class _Search:
    def __init__(
        self,
        symbols: list[Symbol],
        wanted: Condition,
        premises: tuple[Premise, ...],
        typical: Mapping[Symbol, int],
    ) -> None:
        self._symbols = symbols
        self._wanted = wanted
        self._premises = premises
        self._typical = typical
        self._left = _BUDGET

    def run(self, system: System) -> Witness | None:
        if system.contradiction is not None:
            return None
        values: dict[Symbol, int] = {}
        for symbol in self._symbols:
            expr = system.resolve(of(symbol), set())
            if expr.value is None:
                return self._fix(symbol, expr, system)
            values[symbol] = expr.value
        return tuple(sorted(values.items(), key=lambda v: v[0].name)) if self._fits(values) else None

    def _fits(self, values: dict[Symbol, int]) -> bool:
        try:
            return test(self._wanted, values) and all(test(p.condition, values) for p in self._premises)
        except Undefined:
            return False

    def _fix(self, symbol: Symbol, expr: Expr, system: System) -> Witness | None:
        if not expr.symbols():
            return None  # a division by zero
        free = min(expr.symbols(), key=str)
        near = self._near(symbol, expr, free)
        for value in _candidates(system.interval(of(free))[0], near):
            self._left -= 1
            if self._left < 0:
                return None
            found = self.run(system.assume(equal(of(free), value)))
            if found is not None:
                return found
        return None

    def _near(self, symbol: Symbol, expr: Expr, free: Symbol) -> int | None:
        """The value of the free symbol that makes the given one typical."""
        wanted = self._typical.get(symbol)
        if wanted is None or len(expr.terms) != 1 or expr.terms[0][0] != (free,):
            return None
        return -((expr.constant - wanted) // expr.terms[0][1])


def _candidates(interval: Interval, near: int | None) -> list[int]:
    """Values to try, the most natural first."""
    found: dict[int, None] = {}
    for value in _proposals(interval, near):
        if value in interval:
            found[value] = None
        if len(found) == _CANDIDATES:
            break
    return list(found)


def _proposals(interval: Interval, near: int | None) -> Iterator[int]:
    if near is not None:
        yield from (near, near + 1, near + 2, near - 1)
    start = max(interval.low if interval.low is not None else 0, 0)
    if interval.high is not None and start > interval.high:
        start = interval.high
    yield start
    for step in (1, 2, 3, 4, 8, 16, 64, 256, 1024, 4096):
        yield start + step
        if step in (1, 4, 64):
            yield start - step
    yield from (end for end in (interval.high, interval.low) if end is not None)
