"""What questions of real kernels need: role guards, operations over parameters, values for many premises."""

from __future__ import annotations

from portcheck.symbolic import evaluate as values
from portcheck.symbolic.condition import (
    FALSE,
    TRUE,
    Condition,
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
)
from portcheck.symbolic.premises import Premise, Premises


def symbol(name: str, role: Role = Role.PARAMETER, low: int | None = 0, high: int | None = None) -> Expr:
    return of(Symbol(name, role, low, high))


def ask(goal: Condition, *known: Condition) -> Decision:
    premises = Premises(tuple(Premise(c, tag) for tag, c in enumerate(known)))
    decision = decide(goal, premises)
    if decision.witness:
        at = dict(decision.witness)
        assert not values.test(goal, at)
        assert all(values.test(p.condition, at) for p in premises.connected(condition_symbols(goal)))
    return decision


N, M, T = symbol("n"), symbol("m"), symbol("t", Role.INDEX, 0, 1023)
K = symbol("i", Role.INDEX)
A, B = equal(T, 0), less(N, M)


class TestFormulas:
    role = choose(A, number(0), choose(B, number(1), number(2)))

    def test_a_role_is_a_conjunction(self) -> None:
        assert equal(self.role, 1) == every((negate(A), B))
        assert unequal(self.role, 0) == negate(A)
        assert at_least(self.role, 1) == negate(A)

    def test_laws(self) -> None:
        assert some((A, negate(A))) == TRUE
        assert every((A, negate(A))) == FALSE
        assert some((A, every((A, B)))) == A
        assert every((A, some((negate(A), B)))) == every((A, B))
        assert some((every((A, B)), every((A, negate(B))), negate(A))) == TRUE

    def test_factors(self) -> None:
        assert unequal(512 * N, 0) == unequal(N, 0)
        assert equal(2 * N, 3) == FALSE
        assert at_least(4 * N, 5) == at_least(N, 2)

    def test_a_role_that_premises_decide(self) -> None:
        x = choose(equal(self.role, 1), 32 * N, N)
        assert ask(congruent(x, 32), equal(self.role, 1)).verdict == "holds"
        assert ask(congruent(x, 32), equal(self.role, 1), A).why == "unreachable"


class TestParameters:
    def test_an_operation_that_is_not_opened(self) -> None:
        quotient = floor_divide(N, floor_divide(number(16), M))
        decision = ask(congruent(16 * quotient * K, 32))
        assert decision.verdict == "depends"
        assert decision.condition == congruent(quotient, 2)

    def test_a_minimum(self) -> None:
        decision = ask(congruent(8 * smallest((N, floor_divide(M, 3))), 32))
        assert decision.verdict == "depends"

    def test_products(self) -> None:
        p, q = symbol("p"), symbol("q")
        decision = ask(congruent(K * N * M * p * q + 32 * T, 32))
        assert decision.verdict == "depends"
        assert decision.condition == congruent(N * M * p * q, 32)

    def test_a_range_of_remainders(self) -> None:
        decision = ask(congruent(choose(at_least(N - 32 * floor_divide(N, 32), 8), number(1), number(0)), 2))
        assert decision.verdict == "depends"
        assert len(str(decision.condition)) < 20


class TestTies:
    def test_of_an_operation(self) -> None:
        decision = ask(
            congruent(16 * floor_divide(T, 32), 32), equal(floor_divide(T, 32), floor_divide(N, 8))
        )
        assert decision.verdict == "depends"
        assert decision.condition == congruent(floor_divide(N, 8), 2)

    def test_by_a_choice(self) -> None:
        base = symbol("b", Role.BASE, 0, 5)
        index = symbol("k", Role.INDEX, 0, 5)
        tie = equal(base, choose(unequal(index, base), index, base))
        assert ask(congruent(index, 2), tie).verdict == "unknown"

    def test_of_an_operation_to_the_rest(self) -> None:
        n, k = symbol("n", Role.PARAMETER, 1, 13), symbol("k", Role.INDEX, 0, 1)
        assert ask(congruent(k + floor_divide(n, k), 6)).verdict == "unknown"

    def test_of_an_index_to_a_parameter_by_a_maximum(self) -> None:
        k, n = symbol("k", Role.INDEX, 0, 1), symbol("n", Role.PARAMETER, -5, 7)
        value = bits("^", floor_divide(3 * k, 2), floor_remainder(largest((k, n)), 12))
        assert ask(congruent(value, 8), negate(congruent(n, 8, 2))).verdict == "unknown"


class TestValues:
    def test_of_many_guards(self) -> None:
        block = symbol("block", Role.INDEX)
        warp = floor_divide(T, 32)
        hidden = symbol("hidden")
        decision = ask(
            congruent(16 * K, 32),
            congruent(block, 2),
            at_least(warp, 8),
            less(warp, M),
            less(32 * K, hidden + 64 * warp - 64 * block),
            congruent(hidden, 32),
            less(block, 2 * N),
            equal(M, N * floor_divide(M, N)),
        )
        assert decision.verdict == "violated"

    def test_names_are_told_apart_by_role(self) -> None:
        for role, verdict in (
            (Role.PARAMETER, "depends"),
            (Role.INDEX, "violated"),
            (Role.OPAQUE, "unknown"),
        ):
            assert ask(congruent(symbol("x", role), 32)).verdict == verdict
        assert ask(congruent(symbol("x", Role.INDEX, 0, 0), 32)).verdict == "holds"

    def test_reasons_fit_on_a_line(self) -> None:
        note = "read from memory by a call that is not followed " * 5
        names = [of(Symbol(f"value_{k}[{'x' * 40}]", Role.OPAQUE, note=note)) for k in range(6)]
        decision = ask(congruent(sum(names, number(0)), 32))
        assert decision.verdict == "unknown"
        assert len(decision.why) <= 160
