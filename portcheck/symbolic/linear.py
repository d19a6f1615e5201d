"""Proof of `goal >= 0` from facts `fact >= 0` by adding facts up.

Every monomial counts as a variable. The search takes one variable of the goal after the
other and cancels it with a fact of the right sign; coefficients of the rest are divided by
what they share and the constant is rounded down, since all values are integers. What an
operation says about itself (`0 <= n - d * floor(n / d) < d`, `min(a, b) <= a`) is a fact
without premises, and a minimum that must be bounded from below is split into its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import gcd

from portcheck.symbolic.expr import Atom, Choice, Expr, Extreme, Monomial, Quotient, Symbol, of
from portcheck.symbolic.interval import Interval
from portcheck.symbolic.work import Work

Tags = frozenset[int]
NO_TAGS: Tags = frozenset()

_DEPTH = 8
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Fact:
    """`expr >= 0`, resting on the premises with these tags."""

    expr: Expr
    tags: Tags


def tightened(expr: Expr) -> Expr:
    """The strongest form of `expr >= 0` over the integers: 32*q - 1 >= 0 is q - 1 >= 0."""
    shared = gcd(*(c for _, c in expr.terms))
    if shared < 2:
        return expr
    return Expr(tuple((m, c // shared) for m, c in expr.terms), expr.constant // shared)


class Prover:
    """Proves inequalities from one set of facts; `interval` gives the bounds of an expression."""

    def __init__(
        self, facts: Iterable[Fact], interval: Callable[[Expr], tuple[Interval, Tags]], work: Work
    ) -> None:
        self._interval = interval
        self._work = work
        self._facts: dict[tuple[Monomial, bool], list[Fact]] = {}
        self._known: set[Atom] = set()
        self._answers: dict[Expr, Tags | None] = {}
        self._steps = 0
        for fact in facts:
            self._add(fact)

    def prove(self, goal: Expr) -> Tags | None:
        """The tags of premises that give `goal >= 0`; None if no proof was found."""
        goal = tightened(goal)
        if goal not in self._answers:
            self._steps = _STEPS
            found = self._search(goal, _DEPTH, set())
            if found is None and self._work.is_spent:
                return None
            self._answers[goal] = found
        return self._answers[goal]

    def _add(self, fact: Fact) -> None:
        for monomial, coefficient in fact.expr.terms:
            self._facts.setdefault((monomial, coefficient > 0), []).append(fact)
        self._learn(fact.expr)

    def _learn(self, expr: Expr) -> None:
        """Add what the operations in the expression say about themselves."""
        for atom in expr.atoms():
            if isinstance(atom, Symbol) or atom in self._known:
                continue
            self._known.add(atom)
            for fact in self._about(atom):
                self._add(fact)

    def _about(self, atom: Atom) -> Iterable[Fact]:
        me = of(atom)
        if isinstance(atom, Quotient):
            bounds, tags = self._interval(atom.divisor)
            if bounds.low is not None and bounds.low >= 1:
                rest = atom.dividend - me * atom.divisor
                yield Fact(rest if not atom.truncated else rest + atom.divisor - 1, tags)
                yield Fact(atom.divisor - 1 - rest, tags)
        elif isinstance(atom, Extreme):
            for value in atom.values:
                yield Fact(me - value if atom.largest else value - me, NO_TAGS)
        bounds, tags = self._interval(me)
        if bounds.low is not None:
            yield Fact(me - bounds.low, tags)
        if bounds.high is not None:
            yield Fact(bounds.high - me, tags)

    def _search(self, goal: Expr, depth: int, failed: set[Expr]) -> Tags | None:
        if not goal.terms:
            return NO_TAGS if goal.constant >= 0 else None
        bounds, tags = self._interval(goal)
        if bounds.low is not None and bounds.low >= 0:
            return tags
        self._steps -= 1
        if (
            not self._work.spend()
            or depth == 0
            or self._steps < 0
            or goal in failed
            or (bounds.high is not None and bounds.high < 0)
        ):
            return None
        failed.add(goal)
        self._learn(goal)
        chosen: list[Fact] | None = None
        position = (goal.terms[0][0], 0)
        for monomial, coefficient in goal.terms:
            facts = self._facts.get((monomial, coefficient > 0), [])
            split = _alternatives(monomial, coefficient)
            if split:
                proof = self._split(goal, monomial, coefficient, split, depth, failed)
                if proof is not None:
                    return proof
            if not facts:
                return None
            if chosen is None or len(facts) < len(chosen):
                chosen, position = facts, (monomial, coefficient)
        for fact in chosen or ():
            proof = self._search(_without(goal, position, fact.expr), depth - 1, failed)
            if proof is not None:
                return proof | fact.tags
        return None

    def _split(
        self,
        goal: Expr,
        monomial: Monomial,
        coefficient: int,
        values: tuple[Expr, ...],
        depth: int,
        failed: set[Expr],
    ) -> Tags | None:
        """The goal for every value that the atom may have."""
        rest = goal - Expr(((monomial, coefficient),), 0)
        found = NO_TAGS
        for value in values:
            proof = self._search(tightened(rest + value * coefficient), depth - 1, failed)
            if proof is None:
                return None
            found |= proof
        return found


def _alternatives(monomial: Monomial, coefficient: int) -> tuple[Expr, ...]:
    """The values of which the monomial is one, where its own facts do not bound it on that side."""
    if len(monomial) != 1:
        return ()
    atom = monomial[0]
    if isinstance(atom, Choice):
        return (atom.then, atom.otherwise)
    if isinstance(atom, Extreme) and atom.largest == (coefficient < 0):
        return atom.values
    return ()


def _without(goal: Expr, position: tuple[Monomial, int], fact: Expr) -> Expr:
    """A positive multiple of the goal less a positive multiple of the fact, free of the monomial.

    An integer g is >= 0 already where s*g >= 1 - s, so s times the goal has s - 1 to spare.
    """
    monomial, coefficient = position
    its = next(c for m, c in fact.terms if m == monomial)
    shared = gcd(coefficient, its)
    times = abs(its) // shared
    return tightened(goal * times + (times - 1) - fact * (abs(coefficient) // shared))
