"""Decisions that address arithmetic of kernels comes down to."""

from __future__ import annotations

from itertools import product

import pytest

from portcheck.symbolic import evaluate as values
from portcheck.symbolic.condition import (
    FALSE,
    Condition,
    at_least,
    condition_symbols,
    congruent,
    equal,
    less,
    unequal,
)
from portcheck.symbolic.decide import Decision, decide
from portcheck.symbolic.expr import (
    Expr,
    Role,
    Symbol,
    choose,
    floor_divide,
    floor_remainder,
    number,
    of,
    smallest,
    truncated_divide,
)
from portcheck.symbolic.premises import Premise, Premises


def parameter(name: str, low: int | None = None, high: int | None = None) -> Expr:
    return of(Symbol(name, Role.PARAMETER, low, high))


def index(name: str, low: int | None = None, high: int | None = None) -> Expr:
    return of(Symbol(name, Role.INDEX, low, high))


def opaque(name: str, note: str = "") -> Expr:
    return of(Symbol(name, Role.OPAQUE, note=note))


def given(*conditions: Condition) -> Premises:
    return Premises(tuple(Premise(c, tag) for tag, c in enumerate(conditions, 1)))


def aligned(expr: Expr, premises: Premises | None = None, modulus: int = 32) -> Decision:
    premises = premises or given()
    decision = decide(congruent(expr, modulus), premises, subject=expr)
    check_witness(decision, expr, premises, modulus)
    return decision


def check_witness(decision: Decision, expr: Expr, premises: Premises, modulus: int) -> None:
    if decision.verdict in ("violated", "depends"):
        at = dict(decision.witness)
        assert values.evaluate(expr, at) == decision.value
        assert decision.value is not None
        assert decision.value % modulus
        for premise in premises.items:
            assert values.test(premise.condition, at), premise


def same(found: Condition | None, expected: Condition, ranges: dict[Expr, range]) -> bool:
    """Whether two conditions agree on all values in the ranges."""
    assert found is not None
    symbols = {next(iter(e.symbols())): r for e, r in ranges.items()}
    assert condition_symbols(found) <= set(symbols)
    for chosen in product(*symbols.values()):
        at = dict(zip(symbols, chosen, strict=True))
        if values.test(found, at) != values.test(expected, at):
            return False
    return True


class TestStages:
    def test_of_two(self) -> None:
        decision = aligned(4624 * index("i", 0, 1))
        assert (decision.verdict, decision.residues) == ("violated", (0, 16))
        assert [v for _, v in decision.witness] == [1]
        assert decision.value == 4624

    def test_of_one(self) -> None:
        assert aligned(4624 * index("i", 0, 0)).verdict == "holds"

    def test_by_remainder(self) -> None:
        t = index("t", 0)
        decision = aligned(4624 * (t - 2 * floor_divide(t, 2)))
        assert (decision.verdict, decision.residues) == ("violated", (0, 16))

    def test_by_a_modulus_that_a_premise_fixes(self) -> None:
        t, n = index("t", 0), parameter("n")
        decision = aligned(4624 * floor_remainder(t, n), given(equal(n, 2)))
        assert (decision.verdict, decision.residues) == ("violated", (0, 16))
        assert decision.used == (1,)


class TestScales:
    h = parameter("h", 0)
    with_scales = 16 + h + 4 * floor_divide(h, 128)

    def test_with(self) -> None:
        decision = aligned(self.with_scales, given(equal(floor_remainder(self.h, 128), 0)))
        assert decision.verdict == "depends"
        assert str(decision.condition) == "h % 1024 == 512"
        assert decision.used == (1,)

    def test_without(self) -> None:
        decision = aligned(16 + 2 * self.h, given(congruent(self.h, 128)))
        assert (decision.verdict, decision.residues) == ("violated", (16,))

    def test_by_choice(self) -> None:
        k = parameter("k", 0, 1)
        expr = choose(unequal(k, 0), self.with_scales, 16 + 2 * self.h)
        decision = aligned(expr, given(congruent(self.h, 512)))
        assert decision.verdict == "depends"
        expected = [(k_, h_) for k_ in (0, 1) for h_ in range(0, 4096, 512) if k_ == 1 and h_ % 1024 == 512]
        at = [dict(zip([*(k - 0).symbols(), *self.h.symbols()], pair, strict=True)) for pair in expected]
        assert decision.condition is not None
        assert all(values.test(decision.condition, a) for a in at)
        domain = {k: range(2), self.h: range(0, 4096, 512)}
        from portcheck.symbolic.condition import every

        assert same(decision.condition, every((equal(k, 1), congruent(self.h, 1024, 512))), domain)

    def test_a_half(self) -> None:
        decision = aligned(16 * floor_divide(self.h, 2), given(congruent(self.h, 2)))
        assert decision.verdict == "depends"
        assert str(decision.condition) == "h % 4 == 0"
        assert [v for _, v in decision.witness] == [2]

    def test_a_half_as_c_divides(self) -> None:
        decision = aligned(16 * truncated_divide(self.h, 2), given(congruent(self.h, 2)))
        assert str(decision.condition) == "h % 4 == 0"


class TestTiles:
    h = parameter("h", 0)
    i = index("i")
    k = index("k", 0)
    tile = smallest((number(32), h - i))

    @pytest.mark.parametrize("lane", [None, index("lane")])
    def test_full_ones(self, lane: Expr | None) -> None:
        inside = less(self.i, 32 * floor_divide(self.h, 32))
        if lane is None:
            premises = given(equal(self.i, 32 * self.k), inside)
        else:
            premises = given(equal(self.i, lane + 32 * self.k), inside, equal(lane, 0))
        decision = aligned(16 * self.tile, premises)
        assert (decision.verdict, decision.residues) == ("holds", (0,))
        assert decide(equal(16 * self.tile, 512), premises).verdict == "holds"
        assert decide(at_least(16 * self.tile, 512), premises).verdict == "holds"

    def test_the_last_one(self) -> None:
        premises = given(equal(self.i, 32 * self.k), less(self.i, self.h))
        decision = aligned(16 * self.tile, premises)
        assert decision.verdict == "depends"
        assert str(decision.condition) == "h % 2 == 0"

    def test_start_given_by_a_parameter(self) -> None:
        a = parameter("a")
        decision = aligned(16 * self.i, given(equal(self.i, a + 32 * self.k)))
        assert decision.verdict == "depends"
        assert str(decision.condition) == "a % 2 == 0"


class TestSums:
    a, b, k = parameter("a", 0), parameter("b", 0), parameter("k", 0)
    rounded = 32 * floor_divide(a + 31, 32) + 32 * floor_divide(b + 31, 32)

    def test_of_rounded_sizes(self) -> None:
        assert aligned(self.rounded).verdict == "holds"

    def test_and_a_header(self) -> None:
        decision = aligned(4 * self.k + self.rounded)
        assert decision.verdict == "depends"
        assert str(decision.condition) == "k % 8 == 0"

    def test_never(self) -> None:
        decision = aligned(8 * self.k + 4)
        assert (decision.verdict, decision.residues) == ("violated", (4, 12, 20, 28))

    def test_linear(self) -> None:
        decision = aligned(self.a + 4 * self.b)
        assert decision.verdict == "depends"
        assert str(decision.condition) == "(a + 4*b) % 32 == 0"

    def test_products(self) -> None:
        x = opaque("x")
        assert aligned(self.a * 32 * x).verdict == "holds"
        decision = aligned(self.a * self.b * 16)
        assert decision.verdict == "depends"
        assert same(decision.condition, congruent(self.a * self.b, 2), {self.a: range(4), self.b: range(4)})


class TestAddresses:
    base = of(Symbol("base", Role.BASE))
    s = opaque("s", "read from memory")
    x = parameter("x", 0)

    def test_of_what_is_not_known(self) -> None:
        decision = aligned(self.base + 16 * self.s, given(congruent(self.base, 32)))
        assert decision.verdict == "unknown"
        assert "s (read from memory)" in decision.why
        assert "s % " in decision.would_decide

    def test_of_multiples(self) -> None:
        decision = aligned(self.base + 32 * self.s, given(congruent(self.base, 32)))
        assert decision.verdict == "holds"
        assert decision.used == (1,)

    def test_without_the_premise(self) -> None:
        decision = aligned(self.base + 32 * self.s)
        assert decision.verdict == "unknown"
        assert "base" in decision.why


class TestCapacity:
    def test_of_constants(self) -> None:
        assert at_least(number(9248), 9280) == FALSE
        assert decide(at_least(number(9248), 9280), given()).verdict == "violated"

    def test_of_parameters(self) -> None:
        h = parameter("h", 0)
        decision = decide(at_least(number(8192), 16 * floor_divide(h, 2) + 8), given())
        assert decision.verdict == "depends"
        assert same(
            decision.condition, at_least(number(8184), 16 * floor_divide(h, 2)), {h: range(1000, 1100)}
        )
        assert decision.witness


class TestConstants:
    """A goal that is false for all values still has to be reached."""

    i, n = index("i", 0), parameter("n", 0)

    def test_alone(self) -> None:
        decision = aligned(number(4112))
        assert (decision.verdict, decision.value, decision.witness) == ("violated", 4112, ())

    def test_with_premises(self) -> None:
        decision = aligned(number(4112), given(less(self.i, self.n), at_least(self.i, 5)))
        assert decision.verdict == "violated"
        assert [v for _, v in decision.witness] == [5, 6]

    def test_with_a_subject(self) -> None:
        decision = aligned(32 * self.i + 16, given(at_least(self.i, 5)))
        assert (decision.verdict, decision.value) == ("violated", 176)

    def test_that_is_not_reached(self) -> None:
        premises = given(less(self.i, self.n), at_least(self.i, 5), less(self.n, 5))
        assert aligned(number(4112), premises).why == "unreachable"

    def test_for_which_no_values_are_found(self) -> None:
        i, n = self.i, self.n
        decision = aligned(number(4112), given(equal(n * n * n + 7 * i * i * i, 1000003), at_least(i, 5)))
        assert decision.verdict == "unknown"
        assert decision.why.startswith("it fails wherever the code gets here")


class TestBoundsOfIndices:
    i, n, h = index("i", 0), parameter("n", 1), parameter("h", 0)
    whole = less(32 * i, floor_divide(h, 8))

    def test_that_leave_one_value(self) -> None:
        assert aligned(16 * self.i, given(less(self.i, self.n), equal(self.n, 1))).verdict == "holds"
        assert aligned(16 * self.i, given(self.whole, equal(self.h, 256))).verdict == "holds"
        assert aligned(16 * self.i * self.h, given(less(self.i, self.n), less(self.n, 2))).verdict == "holds"

    def test_that_are_free(self) -> None:
        decision = aligned(16 * self.i, given(self.whole))
        assert (decision.verdict, decision.residues) == ("violated", (0, 16))

    def test_of_a_sum(self) -> None:
        decision = aligned(16 * self.i + self.n, given(self.whole, less(self.h, 257)))
        assert str(decision.condition) == "n % 32 == 0"


class TestReasons:
    @pytest.mark.parametrize(
        ("name", "note", "said"),
        [
            ("int#5", "`ptr[i]` is read from memory", "`ptr[i]` (read from memory) is not known"),
            ("head#4", "`head` changes in the loop", "head (changes in the loop) is not known"),
            ("joined", "joined has too many values", "a value that has too many values is not known"),
            ("__ffs#7", "the result of `__ffs`", "the result of `__ffs` is not known"),
            ("bool#8", "`clock64` is not defined", "`clock64` (not defined) is not known"),
        ],
    )
    def test_name_what_is_not_known(self, name: str, note: str, said: str) -> None:
        assert aligned(16 * opaque(name, note)).why.startswith(said)

    def test_name_two_at_most(self) -> None:
        a, b, c = (opaque(name, "read") for name in "abc")
        assert aligned(a + 2 * b).why == "a (read) and b (read) are not known modulo 32"
        assert aligned(a + 2 * b + 4 * c).why == "a (read), b (read) and others are not known modulo 32"


def test_contradictory_premises_are_unreachable() -> None:
    a = parameter("a")
    premises = given(less(a, 3), less(3, a) if False else at_least(a, 4))
    decision = decide(congruent(a, 32), premises)
    assert (decision.verdict, decision.why) == ("holds", "unreachable")
    assert premises.contradictory


def test_only_what_a_proof_needs_is_cited() -> None:
    a, b = parameter("a", 0), parameter("b", 0)
    premises = given(less(a, b), congruent(a, 32), congruent(b, 2), at_least(b, 5))
    decision = aligned(a, premises)
    assert decision.verdict == "holds"
    assert decision.used == (2,)
