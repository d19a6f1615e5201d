"""An expression under each outcome of the conditions that its value hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Every,
    Relation,
    Some,
    at_least,
    condition_expressions,
    negate,
)
from portcheck.symbolic.expr import Atom, Choice, Expr, Extreme, Quotient, Symbol
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.simplify import simplify
from portcheck.symbolic.system import System

_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Case:
    """The expression where `guards` are true, in the symbols of `system`, which knows the guards."""

    guards: tuple[Condition, ...]
    system: System
    expr: Expr
    used: Tags


def cases(expr: Expr, modulus: int, system: System, used: set[int]) -> Iterator[Case]:
    """All cases of the expression modulo `modulus`; those seen to be impossible are left out.

    Minima, maxima, rounding towards zero and choices by inequalities hang on conditions that
    are not periodic; after at most three such distinctions what is left is for the caller.
    """
    start = Case((), system, simplify(expr, system, used), frozenset(used))
    return _split(start, modulus, _DEPTH, frozenset(), used)


def _split(
    case: Case, modulus: int, depth: int, asked: frozenset[Condition], excluding: set[int]
) -> Iterator[Case]:
    question = _question(case.expr, modulus)
    if question is None or depth == 0 or question in asked or case.system.work.is_spent:
        yield case
        return
    for guard in (question, negate(question)):
        system = case.system.assume(guard)
        if system.contradiction is not None:
            excluding |= system.contradiction
            continue
        used = set(case.used)
        expr = simplify(case.expr, system, used)
        found = Case((*case.guards, guard), system, expr, frozenset(used))
        yield from _split(found, modulus, depth - 1, asked | {question}, excluding)


def _question(expr: Expr, modulus: int) -> Condition | None:
    """The first condition that is not periodic and that the value modulo `modulus` hangs on."""
    for monomial, coefficient in expr.terms:
        if coefficient % modulus:
            for atom in monomial:
                found = _atom_question(atom)
                if found is not None:
                    return found
    return None


def _atom_question(atom: Atom) -> Condition | None:
    if isinstance(atom, Symbol):
        return None
    if isinstance(atom, Extreme):
        return at_least(atom.values[1], atom.values[0])
    if isinstance(atom, Quotient):
        if atom.truncated:
            return at_least(atom.dividend, 0)
        return _inner_question((atom.dividend,))
    if isinstance(atom, Choice):
        relation = _relation(atom.condition)
        if relation is not None:
            return relation
        return _inner_question((*condition_expressions(atom.condition), atom.then, atom.otherwise))
    return _inner_question((atom.left, atom.right))


def _inner_question(exprs: tuple[Expr, ...]) -> Condition | None:
    for expr in exprs:
        for atom in expr.atoms():
            found = _atom_question(atom)
            if found is not None:
                return found
    return None


def _relation(condition: Condition) -> Relation | None:
    if isinstance(condition, Relation):
        return condition
    if isinstance(condition, (Every, Some)):
        for part in condition.conditions:
            found = _relation(part)
            if found is not None:
                return found
    return None


def is_periodic(condition: Condition) -> bool:
    """Whether the condition is made of congruences alone."""
    if isinstance(condition, (Every, Some)):
        return all(is_periodic(c) for c in condition.conditions)
    return isinstance(condition, Congruent)
