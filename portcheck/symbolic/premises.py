"""What is known where a program point is reached, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from portcheck.symbolic.condition import FALSE, Condition, Every, condition_symbols
from portcheck.symbolic.congruence import Congruence
from portcheck.symbolic.entail import condition_truth, congruence_of
from portcheck.symbolic.expr import Expr, Symbol
from portcheck.symbolic.interval import Interval
from portcheck.symbolic.ledger import Entry, Ledger, ledger_of
from portcheck.symbolic.normal import Signature, signature
from portcheck.symbolic.relevance import near, reachable, symbols_of
from portcheck.symbolic.reporting import in_original
from portcheck.symbolic.simplify import simplify, simplify_condition
from portcheck.symbolic.system import System
from portcheck.symbolic.work import Work

_STEPS = 2000  # work on a question that is no decision


@dataclass(frozen=True, slots=True)
class Premise:
    """A condition known to be true; `tag` is the caller's name for it."""

    condition: Condition
    tag: int


class Premises:
    """An immutable set of premises.

    A question is answered from the premises that are connected with it through shared
    symbols, the nearest and plainest of them if there are many; those form a solved `System`.
    """

    def __init__(self, items: tuple[Premise, ...] = ()) -> None:
        self.items: tuple[Premise, ...] = items
        self._ledger: Ledger | None = None

    def with_(self, condition: Condition, tag: int) -> Premises:
        """These premises and one more."""
        return Premises((*self.items, Premise(condition, tag)))

    @property
    def ledger(self) -> Ledger:
        """The premises as plain facts."""
        if self._ledger is None:
            self._ledger = ledger_of(tuple((p.condition, frozenset((p.tag,))) for p in self.items))
        return self._ledger

    # -- connected premises -----------------------------------------------------------------

    def connected(self, symbols: frozenset[Symbol]) -> tuple[Premise, ...]:
        """The premises that share a symbol with `symbols`, directly or through other premises."""
        entries = {i: condition_symbols(p.condition) for i, p in enumerate(self.items)}
        found = reachable(entries, symbols)
        return tuple(p for i, p in enumerate(self.items) if i in found)

    def facts(self, symbols: frozenset[Symbol]) -> list[Entry]:
        """What is known that can matter for these symbols."""
        facts = list(self.ledger.facts.items())
        found = reachable({i: condition_symbols(c) for i, (c, _) in enumerate(facts)}, symbols)
        return [e for i, e in enumerate(facts) if i in found]

    def system(self, symbols: frozenset[Symbol], steps: int = _STEPS) -> System:
        """What is known, solved, with the declared ranges of the symbols."""
        ledger = self.ledger
        if ledger.contradiction is not None:
            return solved(((FALSE, ledger.contradiction),), symbols, steps)
        return solved(tuple(near(self.facts(symbols), symbols, wide=True)), symbols, steps)

    # -- questions ----------------------------------------------------------------------------

    @property
    def contradictory(self) -> bool:
        """Whether the premises are seen to exclude each other: the point is not reached."""
        ledger = self.ledger
        if ledger.contradiction is not None:
            return True
        left = set().union(*(condition_symbols(c) for c in ledger.facts))
        while left:
            facts = self.facts(frozenset((min(left, key=lambda s: s.name),)))
            if not facts:
                left.discard(min(left, key=lambda s: s.name))
                continue
            symbols = symbols_of(facts)
            left -= symbols
            if solved(tuple(near(facts, symbols, wide=True)), frozenset(), _STEPS).contradiction is not None:
                return True
        return False

    def interval(self, expr: Expr) -> Interval:
        """Bounds of the expression."""
        system = self.system(expr.symbols())
        return system.interval(simplify(expr, system, set()))[0]

    def congruence(self, expr: Expr) -> Congruence:
        """The congruence class of the expression."""
        system = self.system(expr.symbols())
        return congruence_of(simplify(expr, system, set()), system)[0]

    def decides(self, condition: Condition) -> bool | None:
        """True if the condition follows, False if it is excluded, None if neither is seen.

        Contradictory premises imply everything: the answer is True then.
        """
        if isinstance(condition, Every):  # its parts need not be connected with each other
            truths = [self.decides(part) for part in condition.conditions]
            if False in truths or None not in truths:
                return False not in truths
        system = self.system(condition_symbols(condition))
        if system.contradiction is not None:
            return True
        used: set[int] = set()
        return condition_truth(simplify_condition(condition, system, used), system, used)

    def simplify(self, expr: Expr) -> Expr:
        """An expression over the same symbols that is equal where the premises hold."""
        system = self.system(expr.symbols())
        if system.contradiction is not None:
            return expr
        return in_original(simplify(expr, system, set()), system)


@lru_cache(maxsize=256)
def _solved(facts: tuple[Entry, ...], symbols: tuple[Symbol, ...], steps: int, _: Signature) -> System:
    return System.build(facts, Work(steps), symbols)


def solved(facts: tuple[Entry, ...], symbols: frozenset[Symbol], steps: int) -> System:
    """The system of these facts, which knows the declared ranges of the symbols, with work to spend."""
    known = symbols_of(facts)
    bounded = [s for s in symbols if s not in known and (s.low is not None or s.high is not None)]
    bounded.sort(key=lambda s: s.name)
    found = _solved(facts, tuple(bounded), steps, signature(known.union(bounded)))
    found.work.left = steps
    return found
