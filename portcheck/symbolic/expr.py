"""Integer expressions in a normal form, over named symbols.

An `Expr` is a polynomial with integer coefficients over atoms. An atom is a symbol or an
operation that polynomials lack: floor division, minimum and maximum, a choice by a
condition, a bit operation. Equal polynomials are equal objects; a remainder `n mod d` is
`n - d * floor(n / d)`, so that `x % 32 + x / 32 * 32` is `x`.

Arithmetic is that of the exact integers: no width, no overflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.symbolic.condition import Condition


class Role(StrEnum):
    """How a symbol is quantified.

    A `PARAMETER` is fixed for a whole launch: a template or kernel argument, a host value.
    An `INDEX` takes every value in its range while the code runs: a loop counter, a thread
    number. An `OPAQUE` value is something that the code does not determine (it was read
    from memory, or the analysis gave it up): it may be anything in its range. A `BASE` is
    the address of an object, in bytes.
    """

    PARAMETER = "parameter"
    INDEX = "index"
    OPAQUE = "opaque"
    BASE = "base"


@dataclass(frozen=True, slots=True)
class Symbol:
    """An unknown integer; two symbols of one name are the same unknown.

    `low` and `high` are inclusive bounds that its declaration gives, None for no bound.
    `note` says in words what it stands for, or why it is not known.
    """

    name: str
    role: Role = field(compare=False)
    low: int | None = field(default=None, compare=False)
    high: int | None = field(default=None, compare=False)
    note: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Quotient:
    """`dividend / divisor`, rounded down; rounded towards zero where `truncated`, as C does.

    A truncated quotient is only built where the sign of the dividend is not known.
    """

    dividend: Expr
    divisor: Expr
    truncated: bool = False

    def __str__(self) -> str:
        divisor = str(self.divisor)
        plain = self.divisor.value is not None or len(list(self.divisor.atoms())) == 1
        return f"{_factor(self.dividend)} / {divisor if plain else f'({divisor})'}"


@dataclass(frozen=True, slots=True)
class Extreme:
    """The smallest of several values, or the `largest`; at least two, in canonical order."""

    largest: bool
    values: tuple[Expr, ...]

    def __str__(self) -> str:
        return f"{'max' if self.largest else 'min'}({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? then : otherwise`."""

    condition: Condition
    then: Expr
    otherwise: Expr

    def __str__(self) -> str:
        return f"({self.condition} ? {self.then} : {self.otherwise})"


@dataclass(frozen=True, slots=True)
class Bits:
    """`left op right` for the operators `&`, `|` and `^` on two's complement integers."""

    operator: str
    left: Expr
    right: Expr

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"


Atom = Symbol | Quotient | Extreme | Choice | Bits
Monomial = tuple[Atom, ...]  # a product, in canonical order; a power repeats its atom


class Expr:
    """A polynomial: `constant` + the sum of coefficient * monomial over `terms`.

    `terms` are in canonical order, without zero coefficients. Immutable and hashable.
    """

    __slots__ = ("_hash", "_text", "constant", "terms")

    terms: tuple[tuple[Monomial, int], ...]
    constant: int

    def __init__(self, terms: tuple[tuple[Monomial, int], ...], constant: int) -> None:
        self.terms = terms
        self.constant = constant
        self._hash: int | None = None
        self._text: str | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.constant, self.terms))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Expr) and self.constant == other.constant and self.terms == other.terms

    def __repr__(self) -> str:
        return f"Expr({self})"

    def __str__(self) -> str:
        if self._text is None:
            from portcheck.symbolic.text import expression_text

            self._text = expression_text(self)
        return self._text

    @property
    def value(self) -> int | None:
        """The number that a constant expression is, None for any other."""
        return None if self.terms else self.constant

    def __add__(self, other: Expr | int) -> Expr:
        if isinstance(other, int):
            return Expr(self.terms, self.constant + other) if other else self
        if not other.terms:
            return Expr(self.terms, self.constant + other.constant) if other.constant else self
        if not self.terms:
            return Expr(other.terms, self.constant + other.constant) if self.constant else other
        found = dict(self.terms)
        for monomial, coefficient in other.terms:
            found[monomial] = found.get(monomial, 0) + coefficient
        return _polynomial(found, self.constant + other.constant)

    def __radd__(self, other: int) -> Expr:
        return self + other

    def __neg__(self) -> Expr:
        return self * -1

    def __sub__(self, other: Expr | int) -> Expr:
        return self + (-other)

    def __rsub__(self, other: int) -> Expr:
        return (-self) + other

    def __mul__(self, other: Expr | int) -> Expr:
        if isinstance(other, Expr):
            if not other.terms:
                other = other.constant
            elif not self.terms:
                return other * self.constant
            else:
                return self._product(other)
        if other == 1:
            return self
        if other == 0:
            return ZERO
        return Expr(tuple((m, c * other) for m, c in self.terms), self.constant * other)

    def __rmul__(self, other: int) -> Expr:
        return self * other

    def _product(self, other: Expr) -> Expr:
        found: dict[Monomial, int] = {}
        mine = (*self.terms, ((), self.constant)) if self.constant else self.terms
        theirs = (*other.terms, ((), other.constant)) if other.constant else other.terms
        for left, a in mine:
            for right, b in theirs:
                monomial = _ordered((*left, *right)) if left and right else left or right
                found[monomial] = found.get(monomial, 0) + a * b
        constant = found.pop((), 0)
        return _polynomial(found, constant)

    def atoms(self) -> Iterator[Atom]:
        """The atoms of the polynomial itself, not those inside them; repeats are possible."""
        for monomial, _ in self.terms:
            yield from monomial

    def symbols(self) -> frozenset[Symbol]:
        """Every symbol in the expression, at any depth."""
        found: set[Symbol] = set()
        collect_symbols(self, found)
        return frozenset(found)


def _expression_order(expr: Expr) -> tuple[str, str]:
    return str(expr), _roundings((expr,))


def _ordered(atoms: Monomial) -> Monomial:
    return tuple(sorted(atoms, key=_order))


def _polynomial(found: Mapping[Monomial, int], constant: int) -> Expr:
    terms = [(m, c) for m, c in found.items() if c]
    if len(terms) > 1:
        terms.sort(key=_term_order)
    return Expr(tuple(terms), constant)


def _order(atom: Atom) -> tuple[int, str, str]:
    """By text, and by structure where two texts are the same: a truncated quotient reads as a floored."""
    if isinstance(atom, Symbol):
        return (0, atom.name, "")
    return (1, str(atom), _rounding(atom))


def _rounding(atom: Atom) -> str:
    """Which of the quotients in the atom are truncated, in the order of its text."""
    if isinstance(atom, Quotient):
        return "ft"[atom.truncated] + _roundings((atom.dividend, atom.divisor))
    if isinstance(atom, Extreme):
        return _roundings(atom.values)
    if isinstance(atom, Choice):
        from portcheck.symbolic.condition import condition_expressions

        return _roundings((*condition_expressions(atom.condition), atom.then, atom.otherwise))
    return _roundings((atom.left, atom.right)) if isinstance(atom, Bits) else ""


def _roundings(exprs: Iterable[Expr]) -> str:
    return "".join(_rounding(atom) for expr in exprs for atom in expr.atoms())


def _term_order(term: tuple[Monomial, int]) -> tuple[tuple[int, str, str], ...]:
    return tuple(_order(a) for a in term[0])


def _factor(expr: Expr) -> str:
    text = str(expr)
    return text if not expr.terms or (len(expr.terms) == 1 and not expr.constant) else f"({text})"


ZERO = Expr((), 0)
ONE = Expr((), 1)


def number(value: int) -> Expr:
    return Expr((), value)


def of(atom: Atom) -> Expr:
    """The expression that is one atom."""
    return Expr((((atom,), 1),), 0)


def collect_symbols(expr: Expr, found: set[Symbol]) -> None:
    """Add every symbol of the expression, at any depth, to `found`."""
    from portcheck.symbolic.condition import collect_condition_symbols

    for atom in expr.atoms():
        if isinstance(atom, Symbol):
            found.add(atom)
        elif isinstance(atom, Quotient):
            collect_symbols(atom.dividend, found)
            collect_symbols(atom.divisor, found)
        elif isinstance(atom, Extreme):
            for value in atom.values:
                collect_symbols(value, found)
        elif isinstance(atom, Choice):
            collect_condition_symbols(atom.condition, found)
            collect_symbols(atom.then, found)
            collect_symbols(atom.otherwise, found)
        else:
            collect_symbols(atom.left, found)
            collect_symbols(atom.right, found)


# -- constructors that keep the normal form ------------------------------------------------


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
        return _polynomial(whole, dividend.constant // d)
    rest = Expr(left, dividend.constant % d)
    outer = _polynomial(whole, dividend.constant // d)
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
    return outer + of(Quotient(rest, number(d)))


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
    return _polynomial(found, constant)


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
    kept = sorted((Expr(t, c) for t, c in by_terms.items()), key=_expression_order)
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
    if right.value is None and _expression_order(right) < _expression_order(left):
        left, right = right, left
    return of(Bits(operator, left, right))
