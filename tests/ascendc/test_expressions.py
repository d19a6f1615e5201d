"""Expressions as C++ text: the text computes what the expression is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portcheck.ascendc import expressions
from portcheck.ascendc.moves import is_negative
from portcheck.symbolic.condition import less
from portcheck.symbolic.evaluate import substitute
from portcheck.symbolic.expr import (
    Expr,
    Role,
    Symbol,
    floor_divide,
    largest,
    number,
    of,
    smallest,
    truncated_divide,
)

NAMES = [Symbol(name, Role.PARAMETER) for name in "abc"]
FUNCTIONS = {
    "FloorDivide": lambda n, d: n // d,
    "TruncatedDivide": lambda n, d: (abs(n) // abs(d)) * (1 if (n < 0) == (d < 0) else -1),
    "Smallest": min,
    "Largest": max,
}


def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    divisors = st.integers(1, 9)
    return st.one_of(
        st.builds(lambda x, y: x + y, inner, inner),
        st.builds(lambda x, y: x - y, inner, inner),
        st.builds(lambda x, y: x * y, inner, inner),
        st.builds(floor_divide, inner, divisors),
        st.builds(truncated_divide, inner, divisors),
        st.builds(lambda x, y: smallest([x, y]), inner, inner),
        st.builds(lambda x, y: largest([x, y]), inner, inner),
    )


LEAVES = st.one_of(st.sampled_from(NAMES).map(of), st.integers(-9, 9).map(number))
EXPRESSIONS = st.recursive(LEAVES, grow, max_leaves=6)
VALUES = st.fixed_dictionaries({name: st.integers(-20, 20) for name in "abc"})


def computed(text: str, values: dict[str, int]) -> int:
    return int(eval(text, {**FUNCTIONS, **values}))


@given(EXPRESSIONS, VALUES)
def test_the_text_computes_the_expression(expr: Expr, values: dict[str, int]) -> None:
    wanted = substitute(expr, {name: number(values[name]) for name in NAMES}).value
    assert computed(expressions.expression(expr, str), values) == wanted


@given(EXPRESSIONS, EXPRESSIONS, VALUES)
def test_the_text_of_a_relation_is_true_where_it_is(left: Expr, right: Expr, values: dict[str, int]) -> None:
    given_ = {name: number(values[name]) for name in NAMES}
    condition = less(left, right)
    text = expressions.condition(condition, str).replace("true", "True").replace("false", "False")
    wanted = less(substitute(left, given_), substitute(right, given_)).known
    assert bool(computed(text, values)) is wanted


def test_what_an_expression_divides_by() -> None:
    a, b, c = map(of, NAMES)
    assert list(expressions.divisors(floor_divide(a, b) + floor_divide(c, 4))) == [b]


def test_the_sign_of_a_factor() -> None:
    count = of(Symbol("n", Role.PARAMETER))
    index = of(Symbol("i", Role.INDEX))
    assert is_negative(-count)
    assert not is_negative(count)
    assert not is_negative(-index)  # no bound is known
    assert is_negative(-floor_divide(count, 32) - 1)
