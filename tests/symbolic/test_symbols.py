"""Symbols as names, and substitutions that are put into many expressions."""

from __future__ import annotations

import pickle
from dataclasses import replace

from portcheck.symbolic.condition import congruent
from portcheck.symbolic.evaluate import Substitution, substitute
from portcheck.symbolic.expr import Role, Symbol, choose, floor_divide, number, of
from portcheck.symbolic.interval import Interval

N = Symbol("n", Role.PARAMETER, 1, 8, "a count")


def test_a_symbol_is_its_name_and_keeps_the_rest() -> None:
    assert Symbol("n", Role.INDEX) == N
    assert hash(Symbol("n", Role.INDEX)) == hash(N)
    assert replace(N, name="m") != N
    assert replace(N, name="m").low == 1
    again = pickle.loads(pickle.dumps(N))
    assert again == N
    assert (again.role, again.low, again.high, again.note) == (N.role, 1, 8, "a count")
    assert f"{N}" == str(N) == "n"
    assert type(str(N)) is str


def test_a_substitution_is_the_same_for_each_expression() -> None:
    quotient = floor_divide(of(N) + 3, 4)
    inner = choose(congruent(of(N), 2), quotient, number(7))
    both = Substitution({N: number(6)})
    assert both.expression(inner * 2 + quotient) == number(6)
    assert both.expression(inner) == substitute(inner, {N: number(6)}) == number(2)
    assert both.condition(congruent(of(N), 2)).known is True
    other = of(Symbol("m", Role.PARAMETER))
    assert both.expression(other) is other


def test_an_interval_holds_what_is_between() -> None:
    assert 3 in Interval(3, None)
    assert 2 not in Interval(3, None)
    assert 0 in Interval(None, None)
