"""Equalities that tie what a goal is about: used where they can be, and told where they cannot."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.symbolic.condition import Condition, Congruent, Operator, Relation, condition_symbols
from portcheck.symbolic.evaluate import over, replace_atoms
from portcheck.symbolic.expr import Atom, Expr, Role, Symbol, of
from portcheck.symbolic.ledger import Entry
from portcheck.symbolic.system import System

_TIMES = 4


def with_equalities(goal: Condition, facts: Iterable[Entry], used: set[int]) -> Condition:
    """The goal with operations on indices replaced by what facts say that they equal.

    A solved system replaces symbols; `t / 32 == r / 8 - k * w` gives an operation.
    """
    if not isinstance(goal, (Congruent, Relation)):
        return goal
    equalities = [
        (c.expr, tags) for c, tags in facts if isinstance(c, Relation) and c.operator is Operator.ZERO
    ]
    for _ in range(_TIMES):
        if not isinstance(goal, (Congruent, Relation)):
            return goal
        atoms: set[Atom] = {a for a in goal.expr.atoms() if not isinstance(a, Symbol) and _is_loose(a)}
        step = next((s for e, tags in equalities if (s := _solved_for(e, atoms, tags)) is not None), None)
        if step is None:
            return goal
        atom, value, tags = step
        used |= tags
        goal = over(goal, _replaced(goal.expr, atom, value))
    return goal


def _replaced(expr: Expr, atom: Atom, value: Expr) -> Expr:
    return replace_atoms(expr, lambda a: value if a == atom else None)


def _is_loose(atom: Atom) -> bool:
    return any(s.role is not Role.PARAMETER for s in of(atom).symbols())


def _solved_for(
    expr: Expr, atoms: set[Atom], tags: frozenset[int]
) -> tuple[Atom, Expr, frozenset[int]] | None:
    """One of the atoms and what it equals where `expr == 0`, if no other operation takes its place."""
    for monomial, coefficient in expr.terms:
        if len(monomial) > 1 or abs(coefficient) > 1 or monomial[0] not in atoms:
            continue
        rest = (expr - of(monomial[0]) * coefficient) * -coefficient
        if not any(_is_loose(a) and not isinstance(a, Symbol) for a in rest.atoms()):
            return monomial[0], rest, tags
    return None


def tie(symbols: Iterable[Symbol], facts: Iterable[Condition], system: System) -> Condition | None:
    """A fact that ties one of these indices to something by an equality that the system did not solve."""
    indices = {s for s in symbols if s.role is Role.INDEX}
    if not indices:
        return None
    for fact in facts:
        if not isinstance(fact, Relation) or fact.operator is not Operator.ZERO:
            continue
        if indices.isdisjoint(condition_symbols(fact)):
            continue
        left = system.resolve(fact.expr, set())
        own = {s for s in left.symbols() if s.role is Role.INDEX}
        if own and len(left.symbols()) > 1:
            return fact
    return None
