"""Expressions made simpler by what is known where they are evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd
from typing import TYPE_CHECKING

from portcheck.symbolic.condition import Condition, at_least
from portcheck.symbolic.entail import condition_truth, congruence_of, proven
from portcheck.symbolic.evaluate import change_condition, replace_atoms
from portcheck.symbolic.expr import (
    Atom,
    Bits,
    Choice,
    Expr,
    Extreme,
    Quotient,
    Symbol,
    bits,
    choose,
    floor_divide,
    largest,
    number,
    of,
    smallest,
    truncated_divide,
)

if TYPE_CHECKING:
    from portcheck.symbolic.system import System


def simplify(expr: Expr, system: System, used: set[int]) -> Expr:
    """An expression equal to `expr` where the premises hold; their tags go to `used`.

    Solved symbols are replaced, rounding becomes floor division, minima and maxima lose the
    values that others bound, choices are taken where their condition is decided.
    """
    return _simple(system.resolve(expr, used), system, used)


def _simple(expr: Expr, system: System, used: set[int]) -> Expr:
    return replace_atoms(expr, lambda atom: _simple_atom(atom, system, used))


def _simple_atom(atom: Atom, system: System, used: set[int]) -> Expr | None:
    if isinstance(atom, Symbol):
        interval, tags = system.interval(of(atom))
        if interval.size == 1 and interval.low is not None:
            used |= tags
            return number(interval.low)
        return None
    known = system.simplified.get(atom)
    if known is None:
        if not system.work.spend():
            return None
        mine: set[int] = set()
        known = system.simplified[atom] = (_operation(atom, system, mine), frozenset(mine))
    found, tags = known
    used |= tags
    return None if found == of(atom) else found


def _operation(atom: Quotient | Extreme | Choice | Bits, system: System, used: set[int]) -> Expr:
    if isinstance(atom, Quotient):
        dividend, divisor = _simple(atom.dividend, system, used), _simple(atom.divisor, system, used)
        return _quotient(dividend, divisor, atom.truncated, system, used)
    if isinstance(atom, Extreme):
        return _extreme([_simple(v, system, used) for v in atom.values], atom.largest, system, used)
    if isinstance(atom, Choice):
        condition = simplify_condition(atom.condition, system, used)
        truth = condition_truth(condition, system, used)
        if truth is not None:
            return _simple(atom.then if truth else atom.otherwise, system, used)
        return choose(condition, _simple(atom.then, system, used), _simple(atom.otherwise, system, used))
    left, right = _simple(atom.left, system, used), _simple(atom.right, system, used)
    return _bits(atom.operator, left, right, system, used)


def simplify_condition(condition: Condition, system: System, used: set[int]) -> Condition:
    """The condition over simplified expressions."""
    return change_condition(condition, lambda e: simplify(e, system, used))


def _quotient(dividend: Expr, divisor: Expr, truncated: bool, system: System, used: set[int]) -> Expr:
    d = divisor.value
    if truncated:
        exact = truncated_divide(dividend, divisor)
        if not _is_quotient(exact):
            return _simple(exact, system, used)
        if d is not None and d < 0:
            return -_quotient(dividend, number(-d), truncated, system, used)
        floored = _rounding_known(dividend, divisor, system, used)
        if floored is None:
            return exact
        if floored < 0:
            return -_floor(-dividend, divisor, system, used)
    return _floor(dividend, divisor, system, used)


def _rounding_known(dividend: Expr, divisor: Expr, system: System, used: set[int]) -> int | None:
    """1 where a truncated quotient is the floor, -1 where it is the ceiling, for positive divisors."""
    if divisor.value is None and not proven(at_least(divisor, 1), system, used):
        return None
    if proven(at_least(dividend, 0), system, used):
        return 1
    if divisor.value:
        found, tags = congruence_of(dividend, system)
        if found.holds(divisor.value, 0):
            used |= tags
            return 1
    return -1 if proven(at_least(-dividend, 0), system, used) else None


def _is_quotient(expr: Expr) -> bool:
    return len(expr.terms) == 1 and isinstance(expr.terms[0][0][0], Quotient)


def _floor(dividend: Expr, divisor: Expr, system: System, used: set[int]) -> Expr:
    found = floor_divide(dividend, divisor)
    quotients = [
        (m[0], c) for m, c in found.terms if len(m) == 1 and isinstance(m[0], Quotient) and not m[0].truncated
    ]
    for quotient, coefficient in quotients:
        assert isinstance(quotient, Quotient)
        better = _smaller_quotient(quotient, system, used)
        if better is not None:
            found = found + (better - of(quotient)) * coefficient
    return found


def _smaller_quotient(quotient: Quotient, system: System, used: set[int]) -> Expr | None:
    """floor(n / d) without the part of n that cannot carry into the quotient, None if there is none."""
    dividend, d = quotient.dividend, quotient.divisor.value
    if d is None:
        bounded = proven(at_least(dividend, 0), system, used) and proven(
            at_least(quotient.divisor - 1 - dividend, 0), system, used
        )
        return number(0) if bounded else None
    if d <= 0:
        return None
    for step in sorted({d} | {gcd(d, c) for _, c in dividend.terms}, reverse=True):
        if step == 1:
            break
        rest = Expr(tuple((m, c) for m, c in dividend.terms if c % step), dividend.constant)
        interval, tags = system.interval(rest)
        if interval.low is None or interval.high is None or interval.low // step != interval.high // step:
            continue
        if not rest.terms:
            continue  # nothing would get smaller
        used |= tags
        smaller = floor_divide(dividend - rest + interval.low // step * step, d)
        return smaller if smaller != of(quotient) else None
    return None


def _extreme(values: Iterable[Expr], is_largest: bool, system: System, used: set[int]) -> Expr:
    kept: list[Expr] = []
    for value in values:
        if any(_beats(other, value, is_largest, system, used) for other in kept):
            continue
        kept = [other for other in kept if not _beats(value, other, is_largest, system, used)]
        kept.append(value)
    return largest(kept) if is_largest else smallest(kept)


def _beats(one: Expr, other: Expr, is_largest: bool, system: System, used: set[int]) -> bool:
    """Whether `one` makes `other` superfluous."""
    return proven(at_least(one, other) if is_largest else at_least(other, one), system, used)


def _bits(operator: str, left: Expr, right: Expr, system: System, used: set[int]) -> Expr:
    """A bit operation as arithmetic where the operands share no bits."""
    for high, low in ((left, right), (right, left)):
        interval, tags = system.interval(low)
        if interval.low is None or interval.high is None or interval.low < 0:
            continue
        step = 1 << interval.high.bit_length()
        found, more = congruence_of(high, system)
        if found.holds(step, 0):
            used |= tags | more
            return number(0) if operator == "&" else left + right
    return bits(operator, left, right)
