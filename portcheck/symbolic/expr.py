"""Constructors of integer expressions that keep them in normal form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portcheck.symbolic.nodes import (
    ONE,
    ZERO,
    Atom,
    Bits,
    Choice,
    Expr,
    Extreme,
    Monomial,
    Quotient,
    Role,
    Symbol,
    collect_symbols,
    expression_order,
    number,
    of,
    polynomial,
)

if TYPE_CHECKING:
    from portcheck.symbolic.condition import Condition

__all__ = [
    "ONE",
    "ZERO",
    "Atom",
    "Bits",
    "Choice",
    "Expr",
    "Extreme",
    "Monomial",
    "Quotient",
    "Role",
    "Symbol",
    "bits",
    "choose",
    "collect_symbols",
    "floor_divide",
    "floor_remainder",
    "largest",
    "number",
    "of",
    "smallest",
    "truncated_divide",
]


def floor_divide(dividend: Expr, divisor: Expr | int) -> Expr:
    """`floor(dividend / divisor)`; the divisor must not be zero where the value is used.

    What the divisor divides without remainder is taken out: (64*n + 7) / 32 = 2*n + 0.
    """
    by = divisor if isinstance(divisor, Expr) else number(divisor)
    d = by.value
    if d is None:
        return _divided_by_product(dividend, by)
    if d == 0:
        return of(Quotient(dividend, by))
    if d < 0:
        return floor_divide(-dividend, -d)
    if d == 1:
        return dividend
    whole = {m: c // d for m, c in dividend.terms if c % d == 0}
    left = tuple((m, c) for m, c in dividend.terms if c % d)
    if not left:
        return polynomial(whole, dividend.constant // d)
    rest = Expr(left, dividend.constant % d)
    outer = polynomial(whole, dividend.constant // d)
    common = _content(rest, d)
    if common > 1:  # (6*x + 4) / 8 = (3*x + 2) / 4
        rest = Expr(tuple((m, c // common) for m, c in rest.terms), rest.constant // common)
        d //= common
        return outer + floor_divide(rest, d)
    if len(left) == 1 and left[0][1] == 1 and len(left[0][0]) == 1:
        inner = left[0][0][0]  # (x / a + c) / b = (x + a * c) / (a * b)
        if isinstance(inner, Quotient) and not inner.truncated and inner.divisor.value:
            a = inner.divisor.value
            return outer + floor_divide(inner.dividend + a * rest.constant, a * d)
    return outer if _is_below(rest, d) else outer + of(Quotient(rest, number(d)))


def _is_below(rest: Expr, d: int) -> bool:
    """Whether the bounds of the symbols alone say that `rest` is at least 0 and less than `d`."""
    low = high = rest.constant
    for monomial, coefficient in rest.terms:
        symbol = monomial[0]
        if len(monomial) > 1 or not isinstance(symbol, Symbol) or symbol.low is None or symbol.high is None:
            return False
        low += min(coefficient * symbol.low, coefficient * symbol.high)
        high += max(coefficient * symbol.low, coefficient * symbol.high)
    return low >= 0 and high < d


def _content(rest: Expr, d: int) -> int:
    """A divisor that the coefficients and `d` share; the constant may be rounded down to it."""
    from math import gcd

    common = d
    for _, coefficient in rest.terms:
        common = gcd(common, coefficient)
    return common


def _divided_by_product(dividend: Expr, divisor: Expr) -> Expr:
    """Floor division by an expression; what one monomial divides is taken out: (n*k + r) / n = k + r / n."""
    if len(divisor.terms) != 1 or divisor.constant:
        exact = _exact_quotient(dividend, divisor)
        return exact if exact is not None else of(Quotient(dividend, divisor))
    whole, left = ZERO, number(dividend.constant)
    for monomial, coefficient in dividend.terms:
        term = Expr(((monomial, coefficient),), 0)
        exact = _exact_quotient(term, divisor)
        if exact is None:
            left = left + term
        else:
            whole = whole + exact
    return whole if left.value == 0 else whole + of(Quotient(left, divisor))


def _exact_quotient(dividend: Expr, divisor: Expr) -> Expr | None:
    """`dividend / divisor` for a divisor that is one monomial and divides every term."""
    if dividend == divisor:
        return ONE
    if divisor.constant or len(divisor.terms) != 1 or dividend.constant:
        return ZERO if not dividend.terms and not dividend.constant else None
    monomial, coefficient = divisor.terms[0]
    found: dict[Monomial, int] = {}
    constant = 0
    for product, c in dividend.terms:
        left = list(product)
        for atom in monomial:
            if atom not in left:
                return None
            left.remove(atom)
        if c % coefficient:
            return None
        if left:
            found[tuple(left)] = c // coefficient
        else:
            constant = c // coefficient
    return polynomial(found, constant)


def truncated_divide(dividend: Expr, divisor: Expr | int) -> Expr:
    """`dividend / divisor` as C computes it for a dividend of unknown sign."""
    by = divisor if isinstance(divisor, Expr) else number(divisor)
    if dividend.value is not None and by.value:
        quotient = abs(dividend.value) // abs(by.value)
        return number(quotient if (dividend.value < 0) == (by.value < 0) else -quotient)
    d = by.value
    if d and not dividend.constant % d and all(c % d == 0 for _, c in dividend.terms):
        return floor_divide(dividend, by)
    if d is None and (exact := _exact_quotient(dividend, by)) is not None:
        return exact
    return of(Quotient(dividend, by, truncated=True))


def floor_remainder(dividend: Expr, divisor: Expr | int) -> Expr:
    """`dividend - divisor * floor(dividend / divisor)`."""
    return dividend - floor_divide(dividend, divisor) * divisor


def smallest(values: Iterable[Expr]) -> Expr:
    return _extreme(values, largest=False)


def largest(values: Iterable[Expr]) -> Expr:
    return _extreme(values, largest=True)


def _extreme(values: Iterable[Expr], *, largest: bool) -> Expr:
    pick = max if largest else min
    found: list[Expr] = []
    for value in values:
        if len(value.terms) == 1 and not value.constant and value.terms[0][1] == 1:
            (atom, *more) = value.terms[0][0]
            if not more and isinstance(atom, Extreme) and atom.largest == largest:
                found += atom.values
                continue
        found.append(value)
    by_terms: dict[tuple[tuple[Monomial, int], ...], int] = {}
    for value in found:  # of values that differ by a constant one is enough
        known = by_terms.get(value.terms)
        by_terms[value.terms] = value.constant if known is None else pick(known, value.constant)
    kept = sorted((Expr(t, c) for t, c in by_terms.items()), key=expression_order)
    return kept[0] if len(kept) == 1 else of(Extreme(largest, tuple(kept)))


def choose(condition: Condition, then: Expr, otherwise: Expr) -> Expr:
    """`condition ? then : otherwise`."""
    known = condition.known
    if known is not None:
        return then if known else otherwise
    return then if then == otherwise else of(Choice(condition, then, otherwise))


def bits(operator: str, left: Expr, right: Expr) -> Expr:
    """`left operator right` for `&`, `|`, `^`; masks of low bits become divisions."""
    if left.value is not None and right.value is not None:
        a, b = left.value, right.value
        return number(a & b if operator == "&" else a | b if operator == "|" else a ^ b)
    if left.value is not None:
        left, right = right, left
    mask = right.value
    if operator == "&" and mask is not None:
        if mask == 0:
            return ZERO
        lowest = mask & -mask
        if mask > 0 and mask & (mask + lowest) == 0:  # a run of ones
            return floor_remainder(floor_divide(left, lowest), mask // lowest + 1) * lowest
        if mask < 0 and -mask & (-mask - 1) == 0:
            return floor_divide(left, -mask) * -mask
    if operator in "|^" and mask == 0:
        return left
    if right.value is None and expression_order(right) < expression_order(left):
        left, right = right, left
    return of(Bits(operator, left, right))
