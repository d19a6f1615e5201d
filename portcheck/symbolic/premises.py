"""What is known where a program point is reached, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from portcheck.symbolic.condition import Condition, Every, condition_symbols
from portcheck.symbolic.congruence import Congruence
from portcheck.symbolic.entail import condition_truth, congruence_of
from portcheck.symbolic.expr import Expr, Symbol
from portcheck.symbolic.interval import Interval
from portcheck.symbolic.reporting import in_original
from portcheck.symbolic.simplify import simplify, simplify_condition
from portcheck.symbolic.system import System


@dataclass(frozen=True, slots=True)
class Premise:
    """A condition known to be true; `tag` is the caller's name for it."""

    condition: Condition
    tag: int


class Premises:
    """An immutable set of premises.

    A question is answered from the premises that are connected with it through shared
    symbols; those form a solved `System`, made when it is first asked for.
    """

    def __init__(self, items: tuple[Premise, ...] = ()) -> None:
        self.items: tuple[Premise, ...] = items
        self._symbols: list[frozenset[Symbol]] = [condition_symbols(p.condition) for p in items]
        self._groups: dict[Symbol, frozenset[int]] | None = None
        self._systems: dict[frozenset[int], System] = {}

    def with_(self, condition: Condition, tag: int) -> Premises:
        """These premises and one more."""
        more = Premises.__new__(Premises)
        more.items = (*self.items, Premise(condition, tag))
        more._symbols = [*self._symbols, condition_symbols(condition)]
        more._groups = None
        more._systems = dict(self._systems)  # positions stay the same, and so do the systems
        return more

    def limited_to(self, tags: frozenset[int]) -> Premises:
        """The premises with these tags only."""
        return Premises(tuple(p for p in self.items if p.tag in tags))

    # -- connected premises -----------------------------------------------------------------

    def _positions(self, symbols: frozenset[Symbol]) -> frozenset[int]:
        """The premises that share a symbol with `symbols`, directly or through other premises."""
        if self._groups is None:
            self._groups = _components(self._symbols)
        found: frozenset[int] = frozenset()
        for symbol in symbols:
            found |= self._groups.get(symbol, frozenset())
        return found

    def connected(self, symbols: frozenset[Symbol]) -> tuple[Premise, ...]:
        """The premises that can matter for these symbols."""
        return tuple(self.items[i] for i in sorted(self._positions(symbols)))

    def system(self, symbols: frozenset[Symbol]) -> System:
        """The connected premises, solved, with the declared ranges of the symbols."""
        return self._system(self._positions(symbols)).admitting(sorted(symbols, key=str))

    def _system(self, positions: frozenset[int]) -> System:
        known = self._systems.get(positions)
        if known is None:
            chosen = [self.items[i] for i in sorted(positions)]
            known = System.build((p.condition, frozenset((p.tag,))) for p in chosen)
            self._systems[positions] = known
        return known

    # -- questions ----------------------------------------------------------------------------

    @property
    def contradictory(self) -> bool:
        """Whether the premises are seen to exclude each other: the point is not reached."""
        if self._groups is None:
            self._groups = _components(self._symbols)
        groups = set(self._groups.values())
        alone = frozenset(i for i, s in enumerate(self._symbols) if not s)
        return any(self._system(g).contradiction is not None for g in (*groups, alone))

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


def _components(symbols: list[frozenset[Symbol]]) -> dict[Symbol, frozenset[int]]:
    """For each symbol the positions of all premises that it is connected with."""
    leader: dict[Symbol, Symbol] = {}

    def find(symbol: Symbol) -> Symbol:
        while (above := leader.setdefault(symbol, symbol)) != symbol:
            leader[symbol] = leader[above]
            symbol = above
        return symbol

    members: dict[Symbol, list[int]] = {}
    for group in symbols:
        roots = [find(s) for s in group]
        for root in roots[1:]:
            leader[root] = find(roots[0])
    for position, group in enumerate(symbols):
        if group:
            members.setdefault(find(next(iter(group))), []).append(position)
    sets = {root: frozenset(positions) for root, positions in members.items()}
    return {symbol: sets[find(symbol)] for symbol in list(leader) if find(symbol) in sets}
