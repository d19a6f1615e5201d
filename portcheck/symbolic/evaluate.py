"""Expressions at concrete values, and expressions with symbols replaced by expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
    unequal,
)
from portcheck.symbolic.expr import (
    Atom,
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


class Undefined(ValueError):  # noqa: N818
    """The expression has no value there: a division by zero, or a symbol without a value."""


def evaluate(expr: Expr, values: Mapping[Symbol, int]) -> int:
    """The value of the expression; of a choice, only the branch taken is looked at."""
    total = expr.constant
    for monomial, coefficient in expr.terms:
        product = coefficient
        for atom in monomial:
            product *= _atom_value(atom, values)
        total += product
    return total


def _atom_value(atom: Atom, values: Mapping[Symbol, int]) -> int:
    if isinstance(atom, Symbol):
        try:
            return values[atom]
        except KeyError:
            raise Undefined(f"no value for {atom}") from None
    if isinstance(atom, Quotient):
        dividend = evaluate(atom.dividend, values)
        divisor = evaluate(atom.divisor, values)
        if divisor == 0:
            raise Undefined(f"division by zero in {atom}")
        if atom.truncated and (dividend < 0) != (divisor < 0):
            return -(abs(dividend) // abs(divisor))
        return dividend // divisor
    if isinstance(atom, Extreme):
        pick = max if atom.largest else min
        return pick(evaluate(v, values) for v in atom.values)
    if isinstance(atom, Choice):
        return evaluate(atom.then if test(atom.condition, values) else atom.otherwise, values)
    return apply_bits(atom.operator, evaluate(atom.left, values), evaluate(atom.right, values))


def apply_bits(operator: str, left: int, right: int) -> int:
    return left & right if operator == "&" else left | right if operator == "|" else left ^ right


def test(condition: Condition, values: Mapping[Symbol, int]) -> bool:
    """The truth of the condition; parts after the decisive one are not looked at."""
    if isinstance(condition, Constant):
        return condition.truth
    if isinstance(condition, Relation):
        value = evaluate(condition.expr, values)
        if condition.operator is Operator.NON_NEGATIVE:
            return value >= 0
        return (value == 0) == (condition.operator is Operator.ZERO)
    if isinstance(condition, Congruent):
        fits = evaluate(condition.expr, values) % condition.modulus == condition.residue
        return fits != condition.negated
    if isinstance(condition, Every):
        return all(test(c, values) for c in condition.conditions)
    return any(test(c, values) for c in condition.conditions)


def replace_atoms(expr: Expr, replace: Callable[[Atom], Expr | None]) -> Expr:
    """The polynomial with each atom replaced; None keeps an atom. The same object if none changes."""
    kept: list[tuple[tuple[Atom, ...], int]] = []
    changed: Expr | None = None
    for monomial, coefficient in expr.terms:
        found = [replace(atom) for atom in monomial]
        if all(f is None for f in found):
            kept.append((monomial, coefficient))
            continue
        product = number(coefficient)
        for atom, new in zip(monomial, found, strict=True):
            product = product * (new if new is not None else of(atom))
        changed = product if changed is None else changed + product
    return expr if changed is None else Expr(tuple(kept), expr.constant) + changed


def substitute(expr: Expr, mapping: Mapping[Symbol, Expr]) -> Expr:
    """The expression with symbols replaced at every depth, in normal form again."""
    return Substitution(mapping).expression(expr)


class Substitution:
    """Expressions for symbols, to be put into many expressions and conditions.

    What was put into an operation is kept: large expressions hold the same ones many times.
    """

    __slots__ = ("_changed", "mapping", "symbols")

    def __init__(self, mapping: Mapping[Symbol, Expr]) -> None:
        self.mapping = mapping
        self.symbols = frozenset(mapping)
        self._changed: dict[Atom, Expr | None] = {}

    def expression(self, expr: Expr) -> Expr:
        """The expression with symbols replaced at every depth, in normal form again."""
        return expr if self.symbols.isdisjoint(expr.symbols()) else replace_atoms(expr, self._atom)

    def condition(self, condition: Condition) -> Condition:
        """The condition with symbols replaced at every depth, in normal form again."""
        return change_condition(condition, self.expression)

    def _atom(self, atom: Atom) -> Expr | None:
        if isinstance(atom, Symbol):
            return self.mapping.get(atom)
        if atom not in self._changed:
            self._changed[atom] = rebuilt(atom, self.expression, self.condition)
        return self._changed[atom]


def rebuilt(
    atom: Atom, change: Callable[[Expr], Expr], change_condition: Callable[[Condition], Condition]
) -> Expr | None:
    """The operation over changed operands, in normal form; None where no operand changed."""
    if isinstance(atom, Quotient):
        dividend, divisor = change(atom.dividend), change(atom.divisor)
        if dividend is atom.dividend and divisor is atom.divisor:
            return None
        return (truncated_divide if atom.truncated else floor_divide)(dividend, divisor)
    if isinstance(atom, Extreme):
        values = [change(v) for v in atom.values]
        if all(a is b for a, b in zip(values, atom.values, strict=True)):
            return None
        return largest(values) if atom.largest else smallest(values)
    if isinstance(atom, Choice):
        condition = change_condition(atom.condition)
        then, otherwise = change(atom.then), change(atom.otherwise)
        if condition is atom.condition and then is atom.then and otherwise is atom.otherwise:
            return None
        return choose(condition, then, otherwise)
    if isinstance(atom, Symbol):
        return None
    left, right = change(atom.left), change(atom.right)
    if left is atom.left and right is atom.right:
        return None
    return bits(atom.operator, left, right)


def substitute_condition(condition: Condition, mapping: Mapping[Symbol, Expr]) -> Condition:
    """The condition with symbols replaced at every depth, in normal form again."""
    return Substitution(mapping).condition(condition)


def change_condition(condition: Condition, change: Callable[[Expr], Expr]) -> Condition:
    """The condition over changed expressions; the same object where nothing changed."""
    if isinstance(condition, Constant):
        return condition
    if isinstance(condition, (Relation, Congruent)):
        expr = change(condition.expr)
        return condition if expr is condition.expr else over(condition, expr)
    parts = [change_condition(c, change) for c in condition.conditions]
    if all(a is b for a, b in zip(parts, condition.conditions, strict=True)):
        return condition
    return every(parts) if isinstance(condition, Every) else some(parts)


def over(condition: Relation | Congruent, expr: Expr) -> Condition:
    """What `condition` says of its expression, said of `expr`."""
    if isinstance(condition, Congruent):
        fits = congruent(expr, condition.modulus, condition.residue)
        return negate(fits) if condition.negated else fits
    if condition.operator is Operator.NON_NEGATIVE:
        return at_least(expr, 0)
    return equal(expr, 0) if condition.operator is Operator.ZERO else unequal(expr, 0)
