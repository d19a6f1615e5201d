"""Which of many facts a question is worth asking with: the near and plain ones first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portcheck.symbolic.condition import Condition, Congruent, Operator, Relation, condition_symbols
from portcheck.symbolic.expr import Symbol
from portcheck.symbolic.ledger import Entry
from portcheck.symbolic.normal import size

_ALL = 9  # so many facts are all taken, if they are small
_HOPS = 3


def reachable(entries: Mapping[int, frozenset[Symbol]], symbols: frozenset[Symbol]) -> set[int]:
    """Of sets of symbols by number, those that share one with `symbols`, directly or through others."""
    left = dict(entries)
    reached = symbols
    found: set[int] = set()
    while True:
        now = [i for i, s in left.items() if not reached.isdisjoint(s)]
        if not now:
            return found
        found.update(now)
        reached = reached.union(*(left.pop(i) for i in now))


def near(facts: list[Entry], symbols: frozenset[Symbol], *, wide: bool) -> list[Entry]:
    """A selection of facts, in the order of `facts`; not `wide`: congruences, equalities, small bounds."""
    if len(facts) <= _ALL and sum(size(c) for c, _ in facts) <= 8 * _ALL:
        return facts
    limit = 30 if wide else 16
    chosen: dict[Condition, None] = {}
    reached = set(symbols)
    for hop in range(_HOPS):
        found = [c for c, _ in facts if c not in chosen and _fits(c, reached, symbols, hop, wide)]
        found.sort(key=lambda c: (_rank(c), len(condition_symbols(c) - reached), size(c)))
        found = found[: max(limit - len(chosen), 0)]
        if not found:
            break
        chosen.update(dict.fromkeys(found))
        for condition in found:
            if _rank(condition) == 0:
                reached |= condition_symbols(condition)
    return [e for e in facts if e[0] in chosen]


def _fits(condition: Condition, reached: set[Symbol], own: frozenset[Symbol], hop: int, wide: bool) -> bool:
    """Whether the fact is about what was reached, and plain enough for that."""
    symbols = condition_symbols(condition)
    rank = _rank(condition)
    if rank == 0:
        return not reached.isdisjoint(symbols) and size(condition) <= (40 if wide else 12)
    if rank == 1:
        about = reached if wide else own
        return not about.isdisjoint(symbols) and len(symbols) <= (6 if wide else 3) and size(condition) <= 16
    return wide and hop == 0 and not own.isdisjoint(symbols) and size(condition) <= 40


def _rank(condition: Condition) -> int:
    """0 for what may be solved, 1 for other bounds, 2 for the rest."""
    if isinstance(condition, Congruent):
        return 0 if not condition.negated else 2
    if isinstance(condition, Relation):
        if condition.operator is Operator.ZERO or len(condition.expr.symbols()) == 1:
            return 0
        return 1 if condition.operator is Operator.NON_NEGATIVE else 2
    return 2


def symbols_of(entries: Iterable[Entry]) -> frozenset[Symbol]:
    return frozenset[Symbol]().union(*(condition_symbols(c) for c, _ in entries))
