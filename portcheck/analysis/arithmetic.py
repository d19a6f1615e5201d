"""Arithmetic on expressions: bounds by their form, divisions, comparisons, bits."""

from __future__ import annotations

from portcheck.symbolic.condition import (
    FALSE,
    TRUE,
    Condition,
    as_integer,
    at_least,
    equal,
    every,
    less,
    negate,
    some,
    truth,
    unequal,
)
from portcheck.symbolic.expr import (
    Choice,
    Expr,
    Extreme,
    Quotient,
    Role,
    Symbol,
    floor_divide,
    of,
    truncated_divide,
)

MAX_SHIFT = 62
MAX_REMAINDERS = 4


def lower_bound(expr: Expr) -> int | None:
    """A number that the expression is never below, by its form and the ranges of its symbols alone."""
    best = _by_terms(expr)
    total = 0
    for _ in range(MAX_REMAINDERS):
        replaced = _without_remainder(expr) if expr.terms else None
        if replaced is None:
            break
        expr, least = replaced
        total += least
        found = _by_terms(expr)
        if found is not None:
            best = found + total if best is None else max(best, found + total)
    return best


def _without_remainder(expr: Expr) -> tuple[Expr, int] | None:
    """The expression without one `x - n * (x / n)`, and what that adds at the least."""
    for monomial, coefficient in expr.terms:
        if len(monomial) != 1 or not isinstance(monomial[0], Quotient):
            continue
        quotient = monomial[0]
        by = quotient.divisor.value
        if by is None or by <= 0 or coefficient % by:
            continue
        times = coefficient // by  # coefficient * q = times * (dividend - remainder)
        rest = expr - of(quotient) * coefficient + quotient.dividend * times
        if len(rest.terms) >= len(expr.terms):
            continue
        low = 0
        if quotient.truncated:
            least = _by_terms(quotient.dividend)
            low = 0 if least is not None and least >= 0 else 1 - by
        return rest, -times * ((by - 1) if times > 0 else low)
    return None


def _by_terms(expr: Expr) -> int | None:
    total = expr.constant
    for monomial, coefficient in expr.terms:
        if coefficient < 0:
            most = _most(monomial[0]) if len(monomial) == 1 else None
            if most is None:
                return None
            total += coefficient * most
            continue
        least = 1
        for atom in monomial:
            low = _least(atom)
            if low is None or (low < 0 and len(monomial) > 1):
                return None
            least *= low
        total += coefficient * least
    return total


def _least(atom: object) -> int | None:
    if isinstance(atom, Symbol):
        return atom.low
    if isinstance(atom, Quotient):
        low, divisor = lower_bound(atom.dividend), lower_bound(atom.divisor)
        return 0 if low is not None and low >= 0 and divisor is not None and divisor >= 0 else None
    if isinstance(atom, Extreme):
        lows = [lower_bound(v) for v in atom.values]
        known = [x for x in lows if x is not None]
        if atom.largest:
            return max(known, default=None)
        return min(known) if len(known) == len(lows) else None
    if isinstance(atom, Choice):
        a, b = lower_bound(atom.then), lower_bound(atom.otherwise)
        return min(a, b) if a is not None and b is not None else None
    return None


def _most(atom: object) -> int | None:
    if isinstance(atom, Symbol):
        return atom.high
    if isinstance(atom, Quotient):
        most, by = upper_bound(atom.dividend), atom.divisor.value
        return most // by if most is not None and most >= 0 and by is not None and by > 0 else None
    if isinstance(atom, Extreme):
        highs = [upper_bound(v) for v in atom.values]
        known = [x for x in highs if x is not None]
        if not atom.largest:
            return min(known, default=None)
        return max(known) if len(known) == len(highs) else None
    if isinstance(atom, Choice):
        a, b = upper_bound(atom.then), upper_bound(atom.otherwise)
        return max(a, b) if a is not None and b is not None else None
    return None


def upper_bound(expr: Expr) -> int | None:
    """A number that the expression is never above, likewise."""
    least = lower_bound(-expr)
    return None if least is None else -least


def divide(left: Expr, right: Expr, unsigned: bool) -> Expr:
    """C's `/`: rounded down where the dividend is known not to be negative."""
    low, divisor = lower_bound(left), lower_bound(right)
    if (unsigned or (low is not None and low >= 0)) and (divisor is not None and divisor >= 0):
        return floor_divide(left, right)
    return truncated_divide(left, right)


def _is_assumed(symbol: Symbol) -> bool:
    """Whether an argument is only taken not to be negative: code for the other case is looked at."""
    return symbol.role is Role.PARAMETER and symbol.low == 0 and symbol.high is None


def compare(operator: str, a: Expr, b: Expr) -> Condition:
    """`a operator b`, decided where the forms of the two decide it."""
    if operator in (">", "<="):
        a, b, operator = b, a, "<" if operator == ">" else ">="
    apart = a - b
    open_ = bool(apart.terms) and not any(_is_assumed(s) for s in apart.symbols())
    low = lower_bound(apart) if open_ else None
    high = upper_bound(apart) if open_ else None
    if operator in ("==", "!="):
        if (low is not None and low > 0) or (high is not None and high < 0):
            return FALSE if operator == "==" else TRUE
        return equal(a, b) if operator == "==" else unequal(a, b)
    if operator == "<":
        if low is not None and low >= 0:
            return FALSE
        return TRUE if high is not None and high < 0 else less(a, b)
    if low is not None and low >= 0:
        return TRUE
    return FALSE if high is not None and high < 0 else at_least(a, b)


def boolean(expr: Expr) -> Expr | None:
    """The expression, if it is 0 or 1 by its form."""
    if expr.value in (0, 1):
        return expr
    condition_ = truth(expr)
    return expr if as_integer(condition_) == expr else None


def boolean_bits(operator: str, a: Expr, b: Expr) -> Expr:
    left, right = truth(a), truth(b)
    if operator == "&":
        return as_integer(every([left, right]))
    if operator == "|":
        return as_integer(some([left, right]))
    return as_integer(some([every([left, negate(right)]), every([negate(left), right])]))


def disjoint(a: Expr, b: Expr) -> bool:
    """Whether no bit can be set in both: one is below the power of two that divides the other."""
    for low, high in ((a, b), (b, a)):
        least = lower_bound(low)
        if least is None or least < 0:
            continue
        most = upper_bound(low)
        if most is None:
            continue
        power = 1 << most.bit_length()
        if not high.constant % power and all(c % power == 0 for _, c in high.terms):
            return True
    return False


def shift(operator: str, a: Expr, b: Expr) -> Expr | None:
    by = b.value
    if by is None or not 0 <= by <= MAX_SHIFT:
        return None
    return a * (1 << by) if operator == "<<" else floor_divide(a, 1 << by)
