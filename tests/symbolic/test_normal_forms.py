"""Constructors in normal form against the values that they stand for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.symbolic import evaluate as values
from portcheck.symbolic.condition import (
    TRUE,
    Condition,
    as_integer,
    at_least,
    congruent,
    equal,
    every,
    less,
    negate,
    some,
    truth,
    unequal,
)
from portcheck.symbolic.expr import (
    Expr,
    Role,
    Symbol,
    bits,
    choose,
    floor_divide,
    floor_remainder,
    largest,
    number,
    of,
    smallest,
    truncated_divide,
)
from portcheck.symbolic.normal import normal, normal_expression

SYMBOLS = [Symbol(name, role) for name, role in zip("xyz", Role, strict=False)]
SMALL = st.integers(-9, 9)
SIZES = st.sampled_from((1, 2, 3, 4, 8, 12, 32, -1, -4))
MODULI = st.sampled_from((1, 2, 3, 4, 8, 12, 32))
Valued = tuple[Expr, int]
Judged = tuple[Condition, bool]


class Builder:
    """Draws expressions and conditions with what they are at one valuation."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.at = {s: draw(st.integers(-70, 70)) for s in SYMBOLS}

    def expression(self, depth: int) -> Valued:
        pick = self.draw(st.integers(0, 11 if depth else 1))
        if pick == 0:
            value = self.draw(st.sampled_from((-8, -1, 0, 1, 2, 3, 7, 8, 24, 31, 32)))
            return number(value), value
        if pick == 1:
            symbol = self.draw(st.sampled_from(SYMBOLS))
            return of(symbol), self.at[symbol]
        one, a = self.expression(depth - 1)
        if pick in (5, 6, 7):
            return self.quotient(one, a, depth, pick)
        other, b = self.expression(depth - 1)
        if pick == 2:
            times = self.draw(SMALL)
            return one + other * times, a + b * times
        if pick == 3:
            return one - other, a - b
        if pick == 4:
            return one * other, a * b
        if pick == 8:
            third, c = self.expression(depth - 1)
            return smallest((one, other, third)), min(a, b, c)
        if pick == 9:
            return largest((one, other)), max(a, b)
        if pick == 10:
            condition, is_true = self.condition(depth - 1)
            return choose(condition, one, other), a if is_true else b
        operator = self.draw(st.sampled_from("&|^"))
        return bits(operator, one, other), {"&": a & b, "|": a | b, "^": a ^ b}[operator]

    def quotient(self, one: Expr, a: int, depth: int, pick: int) -> Valued:
        by, d = self.expression(depth - 1) if self.draw(st.integers(0, 3)) == 0 else (number(0), 0)
        if d == 0:
            d = self.draw(SIZES)
            by = number(d)
        if pick == 5:
            return floor_divide(one, by), a // d
        if pick == 6:
            return floor_remainder(one, by), a % d
        return truncated_divide(one, by), abs(a) // abs(d) * (1 if (a < 0) == (d < 0) else -1)

    def condition(self, depth: int) -> Judged:
        pick = self.draw(st.integers(0, 9 if depth > 0 else 6))
        if pick >= 7:
            parts = [self.condition(depth - 1) for _ in range(self.draw(st.integers(0, 3)))]
            conditions, truths = [c for c, _ in parts], [t for _, t in parts]
            if pick == 7:
                return every(conditions), all(truths)
            if pick == 8:
                return some(conditions), any(truths)
            condition, is_true = self.condition(depth - 1)
            return negate(condition), not is_true
        (one, a), (other, b) = self.expression(max(depth, 0)), self.expression(0)
        modulus = self.draw(MODULI)
        residue = self.draw(st.integers(-40, 40))
        forms: list[Judged] = [
            (at_least(one, other), a >= b),
            (less(one, other), a < b),
            (equal(one, other), a == b),
            (unequal(one, other), a != b),
            (congruent(one, modulus, residue), a % modulus == residue % modulus),
            (truth(one), a != 0),
            (equal(floor_remainder(one, modulus), residue), a % modulus == residue),
        ]
        return forms[pick]


@settings(max_examples=80)
@given(st.data())
def test_expressions(data: st.DataObject) -> None:
    builder = data.draw(st.composite(Builder)())
    expr, value = builder.expression(3)
    assert values.evaluate(expr, builder.at) == value
    assert values.evaluate(normal_expression(expr), builder.at) == value
    assert set(expr.symbols()) <= set(SYMBOLS)
    if expr.value is not None:
        assert expr.value == value


@settings(max_examples=80)
@given(st.data())
def test_conditions(data: st.DataObject) -> None:
    builder = data.draw(st.composite(Builder)())
    condition, is_true = builder.condition(2)
    assert values.test(condition, builder.at) == is_true
    assert values.test(negate(condition), builder.at) != is_true
    assert values.test(normal(condition), builder.at) == is_true
    assert values.evaluate(as_integer(condition), builder.at) == is_true
    assert condition.known in (None, is_true)
    assert values.test(negate(negate(condition)), builder.at) == is_true
    assert every((condition, negate(condition))).known in (False, None)
    assert some((TRUE, condition)) == TRUE


@settings(max_examples=80)
@given(st.data())
def test_substitution(data: st.DataObject) -> None:
    builder = data.draw(st.composite(Builder)())
    expr, value = builder.expression(2)
    put, its = builder.expression(2)
    symbol = SYMBOLS[0]
    there = {**builder.at, symbol: its}
    try:
        expected = values.evaluate(expr, there)
    except values.Undefined:
        return
    assert values.evaluate(values.substitute(expr, {symbol: put}), builder.at) == expected
    mapping = {s: number(v) for s, v in builder.at.items()}
    assert values.substitute(expr, mapping).value == value
