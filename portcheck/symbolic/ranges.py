"""The interval of an expression from what is stored of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.symbolic.expr import Atom, Choice, Expr, Extreme, Monomial, Quotient, Symbol
from portcheck.symbolic.interval import EVERYTHING, Interval
from portcheck.symbolic.linear import NO_TAGS, Tags

if TYPE_CHECKING:
    from portcheck.symbolic.system import System

Known = tuple[Interval, Tags]


def sum_interval(expr: Expr, system: System) -> Known:
    """The bounds of the polynomial as the sum of the bounds of its monomials."""
    total = Interval(expr.constant, expr.constant)
    tags = NO_TAGS
    for monomial, coefficient in expr.terms:
        found, theirs = monomial_interval(monomial, system)
        total = total.add(found.scale(coefficient))
        tags |= theirs
        if total == EVERYTHING:
            return total, NO_TAGS
    return total, tags


def monomial_interval(monomial: Monomial, system: System) -> Known:
    found, tags = system.stored(((monomial, 1),))
    product, theirs = _atom_interval(monomial[0], system)
    for atom in monomial[1:]:
        factor, more = _atom_interval(atom, system)
        product = product.multiply(factor)
        theirs |= more
    if len(monomial) == 2 and monomial[0] == monomial[1]:
        product = product.maximum(Interval(0, 0))
    if product == EVERYTHING:
        return found, tags
    if found == EVERYTHING:
        return product, theirs
    # Facts that contradict each other have no meet: any of them is a sound answer then.
    return (found.meet(product) or found), tags | theirs


def _atom_interval(atom: Atom, system: System) -> Known:
    if isinstance(atom, Symbol):
        found, tags = system.stored((((atom,), 1),))
        if found == EVERYTHING:
            return Interval(atom.low, atom.high), NO_TAGS
        return found, tags
    if isinstance(atom, Quotient):
        return _quotient_interval(atom, system)
    if isinstance(atom, Extreme):
        found, tags = system.interval(atom.values[0])
        for value in atom.values[1:]:
            other, more = system.interval(value)
            found = found.maximum(other) if atom.largest else found.minimum(other)
            tags |= more
        return found, tags
    if isinstance(atom, Choice):
        then, tags = system.interval(atom.then)
        otherwise, more = system.interval(atom.otherwise)
        return then.join(otherwise), tags | more
    left, tags = system.interval(atom.left)
    right, more = system.interval(atom.right)
    return bits_interval(atom.operator, left, right), tags | more


def _quotient_interval(atom: Quotient, system: System) -> Known:
    dividend, tags = system.interval(atom.dividend)
    d = atom.divisor.value
    if d is not None:
        if d <= 0:
            return EVERYTHING, NO_TAGS
        return (dividend.truncated_divide(d) if atom.truncated else dividend.floor_divide(d)), tags
    divisor, more = system.interval(atom.divisor)
    if divisor.low is None or divisor.low < 1:
        return EVERYTHING, NO_TAGS
    # Between the quotients by the smallest and by the largest divisor; by infinity it is 0 or -1.
    ends = [dividend.floor_divide(divisor.low)]
    ends.append(
        dividend.floor_divide(divisor.high)
        if divisor.high is not None
        else Interval(
            None if dividend.low is None else -1 if dividend.low < 0 else 0,
            None if dividend.high is None else -1 if dividend.high < 0 else 0,
        )
    )
    found = ends[0].join(ends[1])
    if atom.truncated and found.high is not None and found.high < 0:
        found = Interval(found.low, 0)
    return found, tags | more


def bits_interval(operator: str, left: Interval, right: Interval) -> Interval:
    """The bounds of a bit operation, for operands that are not negative."""
    positive = [i for i in (left, right) if i.low is not None and i.low >= 0]
    if operator == "&" and positive:
        highs = [i.high for i in positive if i.high is not None]
        return Interval(0, min(highs) if highs else None)
    if operator == "&" or len(positive) < 2:
        return EVERYTHING
    low = max(i.low or 0 for i in positive) if operator == "|" else 0
    if left.high is None or right.high is None:
        return Interval(low, None)
    return Interval(low, (1 << max(left.high, right.high).bit_length()) - 1)
