"""Answers for goals that are false whatever the values are, if the code gets there."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.symbolic.answers import Answer
from portcheck.symbolic.condition import FALSE, Condition, condition_symbols
from portcheck.symbolic.expr import Symbol
from portcheck.symbolic.premises import Premises, solved
from portcheck.symbolic.relevance import near
from portcheck.symbolic.verdict import Verdict
from portcheck.symbolic.witness import Witness, find_witness
from portcheck.symbolic.words import NOT_REACHED, REACHING

_STEPS = 500


def false_answer(premises: Premises, symbols: frozenset[Symbol], typical: Mapping[Symbol, int]) -> Answer:
    """The answer for `false`, with values for `symbols` and the premises connected with them.

    Without symbols all premises count: a constant is reached where all of them are true.
    """
    witness: Witness = ()
    for group, checks in _groups(premises, symbols):
        facts = premises.facts(group)
        system = solved(tuple(near(facts, group, wide=True)), group, _STEPS)
        if system.contradiction is not None:
            return Answer(Verdict.HOLDS, used=system.contradiction, why="unreachable")
        found = find_witness((c for c, _ in facts), (), checks, group, typical)
        if found is None:
            return Answer(Verdict.UNKNOWN, why=NOT_REACHED, would_decide=REACHING)
        witness += found
    return Answer(Verdict.VIOLATED, FALSE, tuple(sorted(witness, key=lambda v: v[0].name)))


def _groups(
    premises: Premises, symbols: frozenset[Symbol]
) -> list[tuple[frozenset[Symbol], tuple[Condition, ...]]]:
    """Symbols that premises connect, with those premises."""
    left = symbols or frozenset[Symbol]().union(*(condition_symbols(p.condition) for p in premises.items))
    found: list[tuple[frozenset[Symbol], tuple[Condition, ...]]] = []
    while left:
        start = frozenset((min(left, key=lambda s: s.name),))
        checks = tuple(p.condition for p in premises.connected(start))
        group = start.union(*(condition_symbols(c) for c in checks))
        found.append((group, checks))
        left = left - group
    return found
