"""Conditions over integer expressions, in negation normal form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import gcd

from portcheck.symbolic.expr import ONE, ZERO, Choice, Expr, Monomial, Quotient, Symbol


class Operator(StrEnum):
    """What a relation says of its expression."""

    NON_NEGATIVE = ">= 0"
    ZERO = "== 0"
    NONZERO = "!= 0"


@dataclass(frozen=True, slots=True)
class Constant:
    """A condition that is decided."""

    truth: bool

    @property
    def known(self) -> bool | None:
        return self.truth

    def __str__(self) -> str:
        return "true" if self.truth else "false"


class _Kept:
    """What a condition keeps once it was asked for: its hash, its symbols and its contrary."""

    __slots__ = ("_contrary", "_hash", "_symbols")

    _contrary: Condition
    _hash: int
    _symbols: frozenset[Symbol]


@dataclass(frozen=True, slots=True)
class Relation(_Kept):
    """`expr >= 0`, `expr == 0` or `expr != 0`."""

    expr: Expr
    operator: Operator

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash((self.expr, self.operator.value))
            object.__setattr__(self, "_hash", found)
            return found

    @property
    def known(self) -> bool | None:
        return None

    def __str__(self) -> str:
        from portcheck.symbolic.text import condition_text

        return condition_text(self)


@dataclass(frozen=True, slots=True)
class Congruent(_Kept):
    """`expr mod modulus == residue`, or `!=` where `negated`; 0 <= residue < modulus."""

    expr: Expr
    modulus: int
    residue: int
    negated: bool = False

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash((self.expr, self.modulus, self.residue, self.negated))
            object.__setattr__(self, "_hash", found)
            return found

    @property
    def known(self) -> bool | None:
        return None

    def __str__(self) -> str:
        from portcheck.symbolic.text import condition_text

        return condition_text(self)


@dataclass(frozen=True, slots=True)
class Every(_Kept):
    """All of at least two conditions."""

    conditions: tuple[Condition, ...]

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash(("every", self.conditions))
            object.__setattr__(self, "_hash", found)
            return found

    @property
    def known(self) -> bool | None:
        return None

    def __str__(self) -> str:
        from portcheck.symbolic.text import condition_text

        return condition_text(self)


@dataclass(frozen=True, slots=True)
class Some(_Kept):
    """At least one of at least two conditions."""

    conditions: tuple[Condition, ...]

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash(("some", self.conditions))
            object.__setattr__(self, "_hash", found)
            return found

    @property
    def known(self) -> bool | None:
        return None

    def __str__(self) -> str:
        from portcheck.symbolic.text import condition_text

        return condition_text(self)


Condition = Constant | Relation | Congruent | Every | Some

TRUE = Constant(True)
FALSE = Constant(False)


def at_least(left: Expr, right: Expr | int) -> Condition:
    """`left >= right`."""
    expr = left - right
    if expr.value is not None:
        return TRUE if expr.value >= 0 else FALSE
    if len(expr.terms) == 1:
        leaves = _by_leaves(expr, lambda e: at_least(e, 0))
        if leaves is not None:
            return leaves
    shared = content(expr)
    if shared > 1:
        expr = Expr(tuple((m, c // shared) for m, c in expr.terms), expr.constant // shared)
    return Relation(expr, Operator.NON_NEGATIVE)


def less(left: Expr, right: Expr | int) -> Condition:
    """`left < right`."""
    return at_least(-left, -right + 1)


def equal(left: Expr, right: Expr | int) -> Condition:
    """`left == right`; the test of a remainder by a number becomes a congruence."""
    expr = left - right
    if expr.value is not None:
        return TRUE if expr.value == 0 else FALSE
    remainder = _as_remainder(expr)
    if remainder is not None:
        return remainder
    if len(expr.terms) == 1:
        leaves = _by_leaves(expr, lambda e: equal(e, 0))
        if leaves is not None:
            return leaves
    shared = content(expr)
    if expr.constant % shared:
        return FALSE
    if expr.terms[0][1] < 0:
        shared = -shared
    if shared != 1:
        expr = Expr(tuple((m, c // shared) for m, c in expr.terms), expr.constant // shared)
    return Relation(expr, Operator.ZERO)


def content(expr: Expr) -> int:
    """What the coefficients of the expression share; it has some."""
    found = 0
    for _, coefficient in expr.terms:
        found = gcd(found, coefficient)
        if found == 1:
            break
    return found


def _by_leaves(expr: Expr, say: Callable[[Expr], Condition]) -> Condition | None:
    """What `say` says of a choice, as a formula of its conditions; None where that is no simpler.

    `(c1 ? 0 : (c2 ? 1 : 2)) == 1` is `not c1 and c2`.
    """
    (monomial, coefficient), constant = expr.terms[0], expr.constant
    atom = monomial[0]
    if len(monomial) > 1 or not isinstance(atom, Choice):
        return None
    then = say(atom.then * coefficient + constant)
    otherwise = say(atom.otherwise * coefficient + constant)
    if not isinstance(then, Constant):
        if not isinstance(otherwise, Constant) and not _is_boolean(atom):
            return None
        if isinstance(otherwise, Constant):
            if otherwise.truth:
                return some((negate(atom.condition), then))
            return every((atom.condition, then))
        return some((every((atom.condition, then)), every((negate(atom.condition), otherwise))))
    return some((atom.condition, otherwise)) if then.truth else every((negate(atom.condition), otherwise))


def _is_boolean(choice: Choice) -> bool:
    """Whether the choice is between numbers in the end."""
    for branch in (choice.then, choice.otherwise):
        if branch.value is None:
            atoms = list(branch.atoms())
            if len(atoms) > 1 or not isinstance(atoms[0], Choice) or not _is_boolean(atoms[0]):
                return False
    return True


def unequal(left: Expr, right: Expr | int) -> Condition:
    """`left != right`."""
    return negate(equal(left, right))


def _as_remainder(expr: Expr) -> Condition | None:
    """`n - d * (n / d) == r` as `n mod d == r`, None for what has no such form."""
    for monomial, coefficient in expr.terms:
        if len(monomial) != 1 or not isinstance(monomial[0], Quotient):
            continue
        quotient = monomial[0]
        d = quotient.divisor.value
        if not d or d < 0 or coefficient % d:
            continue
        # times * (n - d * (n / d)) + constant == 0; floor(n / d) is kept in lowest terms.
        times = -coefficient // d
        missing = expr - Expr(((monomial, coefficient),), 0) - quotient.dividend * times
        if missing.terms:
            continue
        residue, left = divmod(-missing.constant, times)
        if left:
            return FALSE
        if quotient.truncated and residue:
            return None
        return congruent(quotient.dividend, d, residue) if 0 <= residue < d else FALSE
    return None


def congruent(expr: Expr, modulus: int, residue: int = 0) -> Condition:
    """`expr ≡ residue (mod modulus)`, for a positive modulus."""
    terms: list[tuple[Monomial, int]] = []
    for monomial, coefficient in expr.terms:
        reduced = coefficient % modulus
        if reduced:
            terms.append((monomial, reduced))
    residue = (residue - expr.constant) % modulus
    if not terms:
        return TRUE if residue == 0 else FALSE
    return Congruent(Expr(tuple(terms), 0), modulus, residue)


def negate(condition: Condition) -> Condition:
    if isinstance(condition, Constant):
        return FALSE if condition.truth else TRUE
    try:
        return condition._contrary
    except AttributeError:
        found = _contrary(condition)
        object.__setattr__(condition, "_contrary", found)
        return found


def _contrary(condition: Relation | Congruent | Every | Some) -> Condition:
    if isinstance(condition, Relation):
        if condition.operator is Operator.NON_NEGATIVE:
            return Relation(-condition.expr - 1, Operator.NON_NEGATIVE)
        flipped = Operator.ZERO if condition.operator is Operator.NONZERO else Operator.NONZERO
        return Relation(condition.expr, flipped)
    if isinstance(condition, Congruent):
        if condition.modulus == 2:
            return Congruent(condition.expr, 2, 1 - condition.residue)
        return Congruent(condition.expr, condition.modulus, condition.residue, not condition.negated)
    parts = [negate(c) for c in condition.conditions]
    return some(parts) if isinstance(condition, Every) else every(parts)


def every(conditions: Iterable[Condition]) -> Condition:
    return _joined(conditions, Every, TRUE, FALSE)


def some(conditions: Iterable[Condition]) -> Condition:
    return _joined(conditions, Some, FALSE, TRUE)


def _joined(
    conditions: Iterable[Condition], kind: type[Every] | type[Some], neutral: Constant, decisive: Constant
) -> Condition:
    found: dict[Condition, None] = {}
    composite = False
    for condition in conditions:
        if isinstance(condition, kind):
            parts: tuple[Condition, ...] = condition.conditions
        elif condition == decisive:
            return decisive
        elif condition == neutral:
            continue
        else:
            parts = (condition,)
        for part in parts:
            if part in found:
                continue
            if isinstance(part, (Every, Some)):
                composite = True
            elif found and negate(part) in found:
                return decisive
            found[part] = None
    if composite and len(found) > 1:
        from portcheck.symbolic.boolean import absorbed

        reduced = absorbed(list(found), Some if kind is Every else Every)
        if reduced is None:
            return decisive
        if reduced != list(found):
            return _joined(reduced, kind, neutral, decisive)
    if not found:
        return neutral
    return next(iter(found)) if len(found) == 1 else kind(tuple(found))


def truth(expr: Expr) -> Condition:
    """`expr != 0`, as C reads an integer where a condition is wanted."""
    if len(expr.terms) == 1 and not expr.constant and len(expr.terms[0][0]) == 1:
        atom = expr.terms[0][0][0]
        if isinstance(atom, Choice) and atom.then.value is not None and atom.otherwise.value is not None:
            if atom.then.value and not atom.otherwise.value:
                return atom.condition
            if atom.otherwise.value and not atom.then.value:
                return negate(atom.condition)
    return unequal(expr, 0)


def as_integer(condition: Condition) -> Expr:
    """1 where the condition is true, 0 where it is false."""
    from portcheck.symbolic.expr import choose

    return choose(condition, ONE, ZERO)


def condition_expressions(condition: Condition) -> Iterator[Expr]:
    """The expressions that the condition relates, in the order of its text."""
    if isinstance(condition, (Relation, Congruent)):
        yield condition.expr
    elif isinstance(condition, (Every, Some)):
        for part in condition.conditions:
            yield from condition_expressions(part)


def condition_symbols(condition: Condition) -> frozenset[Symbol]:
    """Every symbol of the condition, at any depth."""
    if isinstance(condition, (Relation, Congruent)):
        return condition.expr.symbols()
    if isinstance(condition, Constant):
        return frozenset()
    try:
        return condition._symbols
    except AttributeError:
        found = frozenset[Symbol]().union(*(condition_symbols(c) for c in condition.conditions))
        object.__setattr__(condition, "_symbols", found)
        return found
