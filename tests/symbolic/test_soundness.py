"""The engine against enumeration: random expressions and premises over a few small symbols."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.symbolic import evaluate as values
from portcheck.symbolic.condition import (
    Condition,
    Constant,
    at_least,
    condition_symbols,
    congruent,
    equal,
    every,
    less,
    negate,
    some,
    unequal,
)
from portcheck.symbolic.decide import Decision, decide
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
from portcheck.symbolic.premises import Premise, Premises

Values = dict[Symbol, int]


class Scene:
    """Random symbols with declared ranges, premises about them, and every valuation they admit."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        roles = [Role.PARAMETER, Role.PARAMETER, Role.INDEX, Role.INDEX, Role.OPAQUE, Role.BASE]
        self.symbols = []
        for name in "abc"[: self.random.randint(1, 3)]:
            low = self.random.choice((0, 0, 0, 1, -5))
            high = low + self.random.choice((0, 1, 3, 7, 12))
            self.symbols.append(Symbol(name, self.random.choice(roles), low, high))
        self.premises = Premises(
            tuple(Premise(self.condition(2), tag) for tag in range(self.random.randint(0, 4)))
        )

    def admitted(self) -> Iterator[Values]:
        ranges = [range(s.low or 0, (s.high or 0) + 1) for s in self.symbols]
        for chosen in product(*ranges):
            at = dict(zip(self.symbols, chosen, strict=True))
            try:
                if all(values.test(p.condition, at) for p in self.premises.items):
                    yield at
            except values.Undefined:
                continue

    def expression(self, depth: int) -> Expr:
        pick = self.random.randint(0, 13) if depth else self.random.randint(0, 3)
        if pick == 0:
            return number(self.random.choice((-3, 0, 1, 2, 4, 7, 8, 16, 31, 32)))
        if pick <= 3:
            return of(self.random.choice(self.symbols))
        one, other = self.expression(depth - 1), self.expression(depth - 1)
        size = self.random.choice((2, 3, 4, 8, 12))
        if pick <= 5:
            return one + other * self.random.choice((-1, 1, 2, 4))
        if pick == 6:
            return one * self.random.choice((2, 4, 8, -1))
        if pick == 7:
            return one * other
        if pick == 8:
            return floor_divide(one, size if self.random.random() < 0.8 else other)
        if pick == 9:
            return floor_remainder(one, size)
        if pick == 10:
            return truncated_divide(one, size if self.random.random() < 0.8 else other)
        if pick == 11:
            return (smallest if self.random.random() < 0.5 else largest)((one, other))
        if pick == 12:
            return choose(self.condition(depth - 1), one, other)
        return bits(self.random.choice("&|^"), one, other if self.random.random() < 0.5 else number(size - 1))

    def condition(self, depth: int) -> Condition:
        one, other = self.expression(min(depth, 1)), self.expression(0)
        pick = self.random.randint(0, 8 if depth > 0 else 6)
        modulus = self.random.choice((2, 3, 4, 8))
        if pick <= 1:
            return congruent(one, modulus, self.random.randrange(modulus))
        if pick == 2:
            return negate(congruent(one, modulus, self.random.randrange(modulus)))
        if pick == 3:
            return less(one, other)
        if pick == 4:
            return at_least(one, other)
        if pick == 5:
            return equal(one, other)
        if pick == 6:
            return unequal(one, other)
        return (every if pick == 7 else some)((self.condition(depth - 1), self.condition(depth - 1)))


SEEDS = st.integers(0, 2**32)


@settings(max_examples=150)
@given(SEEDS)
def test_what_is_known_of_an_expression(seed: int) -> None:
    scene = Scene(seed)
    expr = scene.expression(3)
    simple = scene.premises.simplify(expr)
    interval = scene.premises.interval(expr)
    congruence = scene.premises.congruence(expr)
    contradictory = scene.premises.contradictory
    for at in scene.admitted():
        assert not contradictory
        try:
            value = values.evaluate(expr, at)
        except values.Undefined:
            continue
        assert values.evaluate(simple, at) == value, simple
        assert value in interval
        assert value in congruence


@settings(max_examples=150)
@given(SEEDS)
def test_what_follows(seed: int) -> None:
    scene = Scene(seed)
    condition = scene.condition(2)
    decided = scene.premises.decides(condition)
    if decided is None:
        return
    for at in scene.admitted():
        try:
            truth = values.test(condition, at)
        except values.Undefined:
            continue
        assert truth == decided


@settings(max_examples=300)
@given(SEEDS)
def test_decisions(seed: int) -> None:
    scene = Scene(seed)
    if scene.random.random() < 0.7:
        expr = scene.expression(3)
        check(scene, congruent(expr, scene.random.choice((2, 4, 8, 32, 32, 6))), expr)
    else:
        check(scene, scene.condition(2), None)


def check(scene: Scene, goal: Condition, subject: Expr | None) -> Decision:
    decision = decide(goal, scene.premises, subject=subject)
    truths: list[tuple[Values, bool]] = []
    for at in scene.admitted():
        try:
            truths.append((at, values.test(goal, at)))
            value = values.evaluate(subject, at) if subject is not None else None
        except values.Undefined:
            continue
        if decision.residues and value is not None and not isinstance(goal, Constant):
            assert value % goal.modulus in decision.residues  # type: ignore[union-attr]
    if decision.verdict == "holds":
        assert all(truth for _, truth in truths)
    elif decision.verdict in ("violated", "depends") and not isinstance(goal, Constant):
        check_witness(scene, goal, subject, decision)
    if decision.verdict == "violated" and not isinstance(goal, Constant) and is_apart(scene, goal):
        check_violated(truths)
    if decision.verdict == "depends":
        check_condition(decision, truths, is_apart(scene, goal))
    return decision


def check_witness(scene: Scene, goal: Condition, subject: Expr | None, decision: Decision) -> None:
    at = dict(decision.witness)
    assert not values.test(goal, at)
    for premise in scene.premises.connected(condition_symbols(goal)):
        assert values.test(premise.condition, at)
    for symbol, value in at.items():
        known = next(s for s in scene.symbols if s == symbol)
        assert known.low is not None
        assert known.high is not None
        assert known.low <= value <= known.high
    if decision.value is not None and subject is not None:
        assert values.evaluate(subject, at) == decision.value


def by_role(
    truths: list[tuple[Values, bool]], roles: set[Role]
) -> dict[tuple[int, ...], list[tuple[Values, bool]]]:
    found: dict[tuple[int, ...], list[tuple[Values, bool]]] = {}
    for at, truth in truths:
        key = tuple(v for s, v in at.items() if s.role in roles)
        found.setdefault(key, []).append((at, truth))
    return found


def check_violated(truths: list[tuple[Values, bool]]) -> None:
    """It fails for each choice of what is not an index."""
    for group in by_role(truths, {Role.PARAMETER, Role.OPAQUE, Role.BASE}).values():
        assert not all(truth for _, truth in group), "violated, but it holds for some parameters"


def is_apart(scene: Scene, goal: Condition) -> bool:
    """Whether no premise ties what indices reach to anything else: `i < n` counts as if n were large."""
    premises = scene.premises.connected(condition_symbols(goal))
    return all(len({s.role is Role.INDEX for s in condition_symbols(p.condition)}) < 2 for p in premises)


def check_condition(decision: Decision, truths: list[tuple[Values, bool]], is_exact: bool) -> None:
    assert decision.condition is not None
    assert {s.role for s in condition_symbols(decision.condition)} <= {Role.PARAMETER}
    for group in by_role(truths, {Role.PARAMETER}).values():
        try:
            said = values.test(decision.condition, group[0][0])
        except values.Undefined:
            continue
        truth = all(truth for _, truth in group)
        assert truth or not said, "the condition is too weak"
        assert said or not truth or not is_exact, "the condition is too strong"


def test_equality_of_a_choice_is_no_inequality() -> None:
    b, c = of(Symbol("b", Role.PARAMETER, -5, -5)), of(Symbol("c", Role.PARAMETER, -5, 7))
    expr = smallest((choose(unequal(b, c), number(7), number(0)) * smallest((number(1), b)), b))
    assert -35 in Premises().interval(expr)


def test_what_makes_no_difference_may_have_no_value() -> None:
    c = of(Symbol("c", Role.PARAMETER, 0, 12))
    expr = bits("^", 2 * floor_divide(c, 2) - 4 * floor_divide(c, 4), 4 * floor_divide(number(7), c) - 3)
    assert decide(congruent(expr, 2), Premises(), subject=expr).verdict == "violated"
