"""Verdicts over ranges that are too large to enumerate, against an SMT solver where one is installed."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Constant,
    Every,
    Operator,
    Relation,
    at_least,
    condition_symbols,
    congruent,
    equal,
    every,
    less,
    negate,
    some,
)
from portcheck.symbolic.decide import decide
from portcheck.symbolic.expr import (
    Bits,
    Choice,
    Expr,
    Extreme,
    Quotient,
    Role,
    Symbol,
    choose,
    floor_divide,
    floor_remainder,
    largest,
    number,
    of,
    smallest,
    truncated_divide,
)
from portcheck.symbolic.premises import Premise, Premises

z3: Any = pytest.importorskip("z3")
_MILLISECONDS = 60


class Scene:
    """Symbols, premises and a goal as address arithmetic has them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.parameters = [of(Symbol(n, Role.PARAMETER, 0, 1 << 14)) for n in ("n", "m", "h")]
        self.indices = [of(Symbol(n, Role.INDEX, 0, self.pick(1, 31, 1023, 1 << 14))) for n in ("i", "t")]
        self.others = [
            of(Symbol("x", Role.OPAQUE, 0, self.pick(7, 1 << 14))),
            of(Symbol("b", Role.BASE, 0, 1 << 20)),
        ]
        self.premises = Premises(
            tuple(Premise(self.premise(), tag) for tag in range(self.random.randint(0, 5)))
        )
        self.subject = self.sum()
        self.goal = congruent(self.subject, self.pick(4, 8, 32))
        if self.random.random() < 0.3:
            self.goal = at_least(self.sum(), self.sum())

    def pick(self, *values: int) -> int:
        return self.random.choice(values)

    def symbol(self) -> Expr:
        return self.random.choice(self.parameters * 2 + self.indices * 2 + self.others)

    def sum(self) -> Expr:
        found = number(self.pick(0, 0, 4, 16, 31))
        for _ in range(self.random.randint(1, 3)):
            found = found + self.term() * self.pick(1, 2, 4, 8, 16, 32)
        return found

    def term(self) -> Expr:
        one, other = self.symbol(), self.symbol()
        size = self.pick(2, 4, 8, 32, 48)
        forms = (
            lambda: one,
            lambda: one,
            lambda: one * other,
            lambda: floor_divide(one + self.pick(0, 7, 31), size),
            lambda: floor_remainder(one, size),
            lambda: truncated_divide(one - other, size),
            lambda: smallest((number(size), one - other)),
            lambda: largest((one, other)),
            lambda: choose(self.premise(), one, other * 2),
        )
        return self.random.choice(forms)()

    def premise(self) -> Condition:
        one, other = self.symbol(), self.symbol()
        forms = (
            lambda: congruent(one, self.pick(2, 8, 32, 128)),
            lambda: congruent(one, self.pick(4, 8), self.pick(0, 1, 2)),
            lambda: less(one, other),
            lambda: at_least(other, one * self.pick(2, 16, 32)),
            lambda: at_least(one, self.pick(1, 5, 33)),
            lambda: less(one, self.pick(2, 32, 129)),
            lambda: equal(one, other * self.pick(1, 8, 32)),
            lambda: less(one * 32, floor_divide(other, 8)),
            lambda: every((less(one, other), congruent(other, 16))),
            lambda: some((equal(one, 0), congruent(other, 8))),
        )
        return self.random.choice(forms)()


class Translation:
    """Conditions as the solver takes them; `defined` collects what divisions ask for."""

    def __init__(self) -> None:
        self.symbols: dict[Symbol, Any] = {}
        self.defined: list[Any] = []

    def ranges(self) -> list[Any]:
        lows = [v >= s.low for s, v in self.symbols.items() if s.low is not None]
        return lows + [v <= s.high for s, v in self.symbols.items() if s.high is not None]

    def expression(self, expr: Expr) -> Any:
        found = z3.IntVal(expr.constant)
        for monomial, coefficient in expr.terms:
            term = z3.IntVal(coefficient)
            for atom in monomial:
                term = term * self.atom(atom)
            found = found + term
        return found

    def atom(self, atom: Symbol | Quotient | Extreme | Choice | Bits) -> Any:
        if isinstance(atom, Symbol):
            return self.symbols.setdefault(atom, z3.Int(atom.name))
        if isinstance(atom, Quotient):
            a, b = self.expression(atom.dividend), self.expression(atom.divisor)
            self.defined.append(b != 0)
            floor = z3.If(b > 0, a / b, (-a) / (-b))
            return (
                z3.If((a < 0) == (b < 0), floor, -z3.If(b > 0, (-a) / b, a / (-b)))
                if atom.truncated
                else floor
            )
        if isinstance(atom, Extreme):
            found = self.expression(atom.values[0])
            for value in map(self.expression, atom.values[1:]):
                found = z3.If(found >= value if atom.largest else found <= value, found, value)
            return found
        assert isinstance(atom, Choice)
        then, otherwise = self.expression(atom.then), self.expression(atom.otherwise)
        return z3.If(self.condition(atom.condition), then, otherwise)

    def condition(self, condition: Condition) -> Any:
        if isinstance(condition, Constant):
            return z3.BoolVal(condition.truth)
        if isinstance(condition, Relation):
            value = self.expression(condition.expr)
            if condition.operator is Operator.NON_NEGATIVE:
                return value >= 0
            return value == 0 if condition.operator is Operator.ZERO else value != 0
        if isinstance(condition, Congruent):
            fits = self.expression(condition.expr) % condition.modulus == condition.residue
            return z3.Not(fits) if condition.negated else fits
        parts = [self.condition(c) for c in condition.conditions]
        return z3.And(parts) if isinstance(condition, Every) else z3.Or(parts)


def satisfiable(conditions: list[Condition], at: dict[Symbol, int] | None = None) -> bool | None:
    """What the solver says of the conditions together, at these values; None if it gives up."""
    translation = Translation()
    asked = [translation.condition(c) for c in conditions]
    solver = z3.Solver()
    solver.set("timeout", _MILLISECONDS)
    solver.add(asked + translation.defined)
    if at is None:
        solver.add(translation.ranges())
    else:
        solver.add([v == at[s] for s, v in translation.symbols.items()] + translation.ranges())
    found = solver.check()
    return None if found == z3.unknown else bool(found == z3.sat)


@settings(max_examples=80)
@given(st.integers(0, 2**32))
def test_verdicts(seed: int) -> None:
    scene = Scene(seed)
    premises = [p.condition for p in scene.premises.items]
    decision = decide(scene.goal, scene.premises, subject=scene.subject)
    if decision.verdict == "holds":
        assert satisfiable([*premises, negate(scene.goal)]) is not True
    if decision.verdict in ("violated", "depends"):
        symbols = condition_symbols(scene.goal) | scene.subject.symbols()
        connected = [p.condition for p in scene.premises.connected(symbols)] if symbols else premises
        at = dict(decision.witness)
        assert satisfiable([*connected, negate(scene.goal)], at) is not False
    if decision.verdict == "depends":
        assert decision.condition is not None
        assert satisfiable([*premises, decision.condition, negate(scene.goal)]) is not True
    if decision.verdict == "violated" and decision.residues:
        assert isinstance(scene.goal, Congruent)
        reached = some(congruent(scene.subject, scene.goal.modulus, r) for r in decision.residues)
        assert satisfiable([*premises, negate(reached)]) is not True
