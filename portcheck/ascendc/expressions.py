"""Expressions and conditions of the analysis as C++ text over the fields of a tiling struct.

Everything is computed in int64_t, as the analysis does. What C++ has no operator for is a static
function of the kernel's class: `FloorDivide`, `TruncatedDivide`, `Smallest`, `Largest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Constant,
    Every,
    Operator,
    Relation,
    condition_expressions,
)
from portcheck.symbolic.expr import Atom, Bits, Choice, Expr, Extreme, Quotient, Symbol, of

Name = Callable[[Symbol], str]


def expression(expr: Expr, name: Name) -> str:
    """The text; a sum has no brackets around it."""
    parts: list[tuple[int, str]] = []
    for monomial, coefficient in expr.terms:
        factors = [_atom(atom, name) for atom in monomial]
        if abs(coefficient) != 1:
            factors.insert(0, str(abs(coefficient)))
        parts.append((coefficient, " * ".join(factors)))
    if expr.constant or not parts:
        parts.append((expr.constant, str(abs(expr.constant))))
    parts.sort(key=lambda p: p[0] < 0)
    text = f"-{parts[0][1]}" if parts[0][0] < 0 else parts[0][1]
    return text + "".join(f" {'-' if c < 0 else '+'} {t}" for c, t in parts[1:])


def condition(one: Condition, name: Name) -> str:
    """The text, with brackets where it joins several conditions."""
    if isinstance(one, Constant):
        return "true" if one.truth else "false"
    if isinstance(one, Congruent):
        sign = "!=" if one.negated else "=="
        whole = f"FloorDivide({expression(one.expr, name)}, {one.modulus})"
        return f"({expression(one.expr, name)}) - {whole} * {one.modulus} {sign} {one.residue}"
    if isinstance(one, Relation):
        return _relation(one, name)
    word = " && " if isinstance(one, Every) else " || "
    return f"({word.join(condition(c, name) for c in one.conditions)})"


def divisors(expr: Expr) -> Iterator[Expr]:
    """Everything that the text of an expression divides by and that is no number."""
    for atom in expr.atoms():
        yield from _divisors(atom)


def divisors_in(one: Condition) -> Iterator[Expr]:
    for expr in condition_expressions(one):
        yield from divisors(expr)


def _divisors(atom: Atom) -> Iterator[Expr]:
    if isinstance(atom, Quotient):
        if atom.divisor.value is None:
            yield atom.divisor
        yield from divisors(atom.dividend)
        yield from divisors(atom.divisor)
    elif isinstance(atom, Extreme):
        for value in atom.values:
            yield from divisors(value)
    elif isinstance(atom, Choice):
        yield from divisors_in(atom.condition)
        yield from divisors(atom.then)
        yield from divisors(atom.otherwise)
    elif isinstance(atom, Bits):
        yield from divisors(atom.left)
        yield from divisors(atom.right)


def _relation(one: Relation, name: Name) -> str:
    positive = Expr(tuple((m, c) for m, c in one.expr.terms if c > 0), max(one.expr.constant, 0))
    negative = Expr(tuple((m, -c) for m, c in one.expr.terms if c < 0), max(-one.expr.constant, 0))
    sign = ">=" if one.operator is Operator.NON_NEGATIVE else one.operator.value[:2]
    return f"{expression(positive, name)} {sign} {expression(negative, name)}"


def _atom(atom: Atom, name: Name) -> str:
    if isinstance(atom, Symbol):
        return name(atom)
    if isinstance(atom, Quotient):
        function = "TruncatedDivide" if atom.truncated else "FloorDivide"
        return f"{function}({expression(atom.dividend, name)}, {expression(atom.divisor, name)})"
    if isinstance(atom, Extreme):
        function = "Largest" if atom.largest else "Smallest"
        text = expression(atom.values[0], name)
        for value in atom.values[1:]:
            text = f"{function}({text}, {expression(value, name)})"
        return text
    if isinstance(atom, Choice):
        then, otherwise = expression(atom.then, name), expression(atom.otherwise, name)
        return f"({condition(atom.condition, name)} ? {then} : {otherwise})"
    return f"(({expression(atom.left, name)}) {atom.operator} ({expression(atom.right, name)}))"


def coefficient(expr: Expr, symbol: Symbol) -> Expr | None:
    """The factor of a symbol that the expression is linear in; None where it is not, or has it not."""
    factor, rest = Expr((), 0), Expr((), 0)
    for monomial, c in expr.terms:
        if symbol in monomial:
            left = list(monomial)
            left.remove(symbol)
            product = Expr((), c)
            for atom in left:
                product = product * of(atom)
            factor = factor + product
        else:
            rest = rest + Expr(((monomial, c),), 0)
    if symbol in rest.symbols() or symbol in factor.symbols() or factor == Expr((), 0):
        return None
    return factor
