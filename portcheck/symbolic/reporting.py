"""From the symbols of a solved system back to those that the premises were written in."""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING

from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Constant,
    Every,
    Operator,
    Relation,
    at_least,
    congruent,
    equal,
    every,
    negate,
    some,
)
from portcheck.symbolic.evaluate import rebuilt
from portcheck.symbolic.expr import Atom, Expr, Symbol, floor_divide, number, of
from portcheck.symbolic.linear import tightened

if TYPE_CHECKING:
    from portcheck.symbolic.system import System


def original_expression(expr: Expr, system: System) -> tuple[Expr, int]:
    """The expression over original symbols, as a numerator and a positive divisor of it."""
    parts: list[tuple[Expr, int]] = [(number(expr.constant), 1)]
    for monomial, coefficient in expr.terms:
        numerator, divisor = number(coefficient), 1
        for atom in monomial:
            top, bottom = _original_atom(atom, system)
            numerator, divisor = numerator * top, divisor * bottom
        parts.append((numerator, divisor))
    whole = lcm(*(d for _, d in parts))
    total = number(0)
    for numerator, divisor in parts:
        total = total + numerator * (whole // divisor)
    return total, whole


def _original_atom(atom: Atom, system: System) -> tuple[Expr, int]:
    if isinstance(atom, Symbol):
        return system.origin.get(atom, (of(atom), 1))
    found = rebuilt(atom, lambda e: in_original(e, system), lambda c: original_condition(c, system))
    return (of(atom) if found is None else found), 1


def in_original(expr: Expr, system: System) -> Expr:
    """The expression over original symbols; divisions by what divides exactly stay visible."""
    numerator, divisor = system.original(expr)
    return floor_divide(numerator, divisor)


def original_condition(condition: Condition, system: System) -> Condition:
    """The condition over original symbols, without divisions: n' % 8 == 4 for n = 128*n' is n % 1024 == 512.

    It says the same where the premises are true, which make those divisions exact.
    """
    from portcheck.symbolic.system import reduced

    if isinstance(condition, Constant):
        return condition
    if isinstance(condition, (Relation, Congruent)):
        numerator, divisor = system.original(condition.expr)
        if isinstance(condition, Congruent):
            found = congruent(numerator, condition.modulus * divisor, condition.residue * divisor)
            found = reduced(found) if isinstance(found, Congruent) else found
            return negate(found) if condition.negated else found
        if condition.operator is Operator.NON_NEGATIVE:
            return at_least(tightened(numerator), 0)
        zero = equal(numerator, 0)
        return zero if condition.operator is Operator.ZERO else negate(zero)
    parts = [original_condition(c, system) for c in condition.conditions]
    return every(parts) if isinstance(condition, Every) else some(parts)
