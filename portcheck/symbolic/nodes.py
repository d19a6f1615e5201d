"""Integer expressions in a normal form, over named symbols.

An `Expr` is a polynomial with integer coefficients over atoms. An atom is a symbol or an
operation that polynomials lack: floor division, minimum and maximum, a choice by a
condition, a bit operation. Equal polynomials are equal objects; a remainder `n mod d` is
`n - d * floor(n / d)`, so that `x % 32 + x / 32 * 32` is `x`.

Arithmetic is that of the exact integers: no width, no overflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True, slots=True, eq=False)
class Symbol(str):  # noqa: SLOT000
    """An unknown integer; two symbols of one name are the same unknown.

    It is its name with more about it: as a string it is compared and hashed without a call of
    Python, which a good part of the time of a proof would go into.

    `low` and `high` are inclusive bounds that its declaration gives, None for no bound.
    `note` says in words what it stands for, or why it is not known.
    """

    name: str
    role: Role
    low: int | None = None
    high: int | None = None
    note: str = ""

    def __new__(cls, name: str, *_: object, **__: object) -> Symbol:
        return str.__new__(cls, name)

    def __str__(self) -> str:
        return self.name


class _Operation:
    """What operations keep once it was asked for: their hash, their place in the canonical order,
    and the expression that is the operation alone."""

    __slots__ = ("_alone", "_hash", "_place")

    _alone: Expr
    _hash: int
    _place: tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Quotient(_Operation):
    """`dividend / divisor`, rounded down; rounded towards zero where `truncated`, as C does.

    A truncated quotient is only built where the sign of the dividend is not known.
    """

    dividend: Expr
    divisor: Expr
    truncated: bool = False

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash((self.dividend, self.divisor, self.truncated))
            object.__setattr__(self, "_hash", found)
            return found

    def __str__(self) -> str:
        divisor = str(self.divisor)
        plain = self.divisor.value is not None or len(list(self.divisor.atoms())) == 1
        return f"{_factor(self.dividend)} / {divisor if plain else f'({divisor})'}"


@dataclass(frozen=True, slots=True)
class Extreme(_Operation):
    """The smallest of several values, or the `largest`; at least two, in canonical order."""

    largest: bool
    values: tuple[Expr, ...]

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash((self.largest, self.values))
            object.__setattr__(self, "_hash", found)
            return found

    def __str__(self) -> str:
        return f"{'max' if self.largest else 'min'}({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class Choice(_Operation):
    """`condition ? then : otherwise`."""

    condition: Condition
    then: Expr
    otherwise: Expr

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash((self.condition, self.then, self.otherwise))
            object.__setattr__(self, "_hash", found)
            return found

    def __str__(self) -> str:
        return f"({self.condition} ? {self.then} : {self.otherwise})"


@dataclass(frozen=True, slots=True)
class Bits(_Operation):
    """`left op right` for the operators `&`, `|` and `^` on two's complement integers."""

    operator: str
    left: Expr
    right: Expr

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash((self.operator, self.left, self.right))
            object.__setattr__(self, "_hash", found)
            return found

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"


Atom = Symbol | Quotient | Extreme | Choice | Bits
Monomial = tuple[Atom, ...]  # a product, in canonical order; a power repeats its atom


class Expr:
    """A polynomial: `constant` + the sum of coefficient * monomial over `terms`.

    `terms` are in canonical order, without zero coefficients. Immutable and hashable.
    """

    __slots__ = ("_hash", "_symbols", "_text", "constant", "terms")

    terms: tuple[tuple[Monomial, int], ...]
    constant: int

    def __init__(self, terms: tuple[tuple[Monomial, int], ...], constant: int) -> None:
        self.terms = terms
        self.constant = constant
        self._hash: int | None = None
        self._text: str | None = None
        self._symbols: frozenset[Symbol] | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.constant, self.terms))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Expr) and self.constant == other.constant and self.terms == other.terms

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        return None, {"terms": self.terms, "constant": self.constant}

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        self.terms, self.constant = state[1]["terms"], state[1]["constant"]
        self._hash = self._text = self._symbols = None  # hashes of texts differ between processes

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
        return polynomial(found, self.constant + other.constant)

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
        return polynomial(found, constant)

    def atoms(self) -> Iterator[Atom]:
        """The atoms of the polynomial itself, not those inside them; repeats are possible."""
        for monomial, _ in self.terms:
            yield from monomial

    def symbols(self) -> frozenset[Symbol]:
        """Every symbol in the expression, at any depth."""
        if self._symbols is None:
            found: set[Symbol] = set()
            for monomial, _ in self.terms:
                for atom in monomial:
                    if isinstance(atom, Symbol):
                        found.add(atom)
                    else:
                        found |= _operation_symbols(atom)
            self._symbols = frozenset(found)
        return self._symbols


def expression_order(expr: Expr) -> tuple[str, str]:
    return str(expr), _roundings((expr,))


def _ordered(atoms: Monomial) -> Monomial:
    return tuple(sorted(atoms, key=_order))


def polynomial(found: Mapping[Monomial, int], constant: int) -> Expr:
    terms = [(m, c) for m, c in found.items() if c]
    if len(terms) > 1:
        terms.sort(key=_term_order)
    return Expr(tuple(terms), constant)


def _order(atom: Atom) -> tuple[int, str, str]:
    """By text, and by structure where two texts are the same: a truncated quotient reads as a floored."""
    if isinstance(atom, Symbol):
        return (0, atom.name, "")
    try:
        return atom._place
    except AttributeError:
        found = (1, str(atom), _rounding(atom))
        object.__setattr__(atom, "_place", found)
        return found


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
    if isinstance(atom, Symbol):
        return Expr((((atom,), 1),), 0)
    try:
        return atom._alone
    except AttributeError:
        found = Expr((((atom,), 1),), 0)
        object.__setattr__(atom, "_alone", found)
        return found


def collect_symbols(expr: Expr, found: set[Symbol]) -> None:
    """Add every symbol of the expression, at any depth, to `found`."""
    found |= expr.symbols()


def _operation_symbols(atom: Quotient | Extreme | Choice | Bits) -> frozenset[Symbol]:
    if isinstance(atom, Quotient):
        return atom.dividend.symbols() | atom.divisor.symbols()
    if isinstance(atom, Extreme):
        return frozenset[Symbol]().union(*(v.symbols() for v in atom.values))
    if isinstance(atom, Choice):
        from portcheck.symbolic.condition import condition_symbols

        return condition_symbols(atom.condition) | atom.then.symbols() | atom.otherwise.symbols()
    return atom.left.symbols() | atom.right.symbols()
