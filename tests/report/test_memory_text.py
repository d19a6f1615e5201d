"""Maps, amounts and checks made by hand, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from example_scan import empty

from portcheck.analysis.bases import Base
from portcheck.analysis.capacity import Capacity, Fit, SharedMemory, SizeCheck
from portcheck.analysis.launches import Context
from portcheck.analysis.proof import Proof
from portcheck.analysis.repairs import Broken, Repair
from portcheck.analysis.transfers import End, Layout, Pattern, Transfer
from portcheck.analysis.verdicts import Judged, Statement
from portcheck.report import memory_text
from portcheck.report.memory_map import memory_maps
from portcheck.report.memory_needs import checks, needs, repairs
from portcheck.report.memory_report import MemoryReport
from portcheck.report.memory_text import residues_text
from portcheck.source.place import Place
from portcheck.symbolic.condition import at_least, congruent
from portcheck.symbolic.expr import Expr, Role, Symbol, number, of
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Quantity, requirements, targets

NONE: frozenset[int] = frozenset()
SMEM = of(Symbol("smem", Role.BASE))
N, M = (of(Symbol(name, Role.PARAMETER, 0)) for name in "nm")
HOLDS = Proof(Verdict.HOLDS, "smem is a multiple of 32", "smem", (0,))


def place(line: int) -> Place:
    return Place("a.cu", 10 * line, 10 * line + 5, line, 9, line, 14)


def proof(verdict: Verdict, expression: str = "16*n", **more: Any) -> Proof:
    return Proof(verdict, "goal", expression, **more)


def statement(role: str, about: Proof) -> Statement:
    [requirement] = [r for r in requirements() if r.name == "ub-start"]
    return Statement(requirement, ("910B",), role, about, SMEM, NONE, 32)


def layout(offset: Expr, about: Proof, line: int = 5, name: str = "stage", *calls: Place) -> Judged:
    end = End("UB", SMEM + offset, NONE)
    return Judged(Layout(place(line), "copy", "k", calls, name, end, ()), (statement("address", about),))


def transfer(offset: Expr, about: Proof, operation: str, line: int = 6) -> Judged:
    end = End("UB", SMEM + offset, NONE)
    subject = Transfer(
        place(line), "k", "k", (), operation, Pattern.BULK, None, end, number(512), NONE, (), "copy"
    )
    return Judged(subject, (statement("destination", about),))


BASE = Base("k", "smem", place(2), "UB", HOLDS, 1024, None)


def lines(judged: Sequence[Judged] = (), **more: Any) -> list[str]:
    maps = memory_maps(["k"], judged, [BASE])
    found = MemoryReport(
        maps,
        more.get("needs", {}),
        more.get("repairs", ()),
        more.get("checks", ()),
        more.get("bases", ()),
    )
    text = list(memory_text.render(empty(), found, {}))
    return text[: text.index("  assuming")]


def table(judged: Sequence[Judged]) -> list[str]:
    text = lines(judged)
    return text[2 : text.index("  launched nowhere in these files")]


# -- the map -------------------------------------------------------------------------------


def test_constant_offsets_stand_first_by_number() -> None:
    holds = proof(Verdict.HOLDS)
    found = table(
        [
            layout(N * 16, proof(Verdict.DEPENDS, "16*n", residues=(0, 16), condition=congruent(N, 2))),
            layout(number(1024), replace(holds, expression="1024")),
            layout(number(96), replace(holds, expression="96")),
        ]
    )
    assert found == [
        "  offset  % 32         bytes  what                     where",
        "  smem    0        at launch  shared, aligned to 1024  a.cu:2",
        "    96    0                   stage                    a.cu:5",
        "    1024  0                   stage                    a.cu:5",
        "    16*n  0 or 16             stage                    a.cu:5",
        "      0 where n % 2 == 0",
    ]


def test_ways_to_an_offset_share_its_row() -> None:
    known = proof(Verdict.VIOLATED, residues=(16,))
    other = proof(Verdict.VIOLATED, residues=(0, 16))
    ways = [layout(N * 16, known), layout(N * 16, other, 5, "stage", place(30))]
    found = table([*ways, transfer(N * 16, known, "cp.async.bulk.shared::cluster.global")])
    assert found[2:] == [
        "    16*n  0 or 16             stage                    a.cu:5",
        "                         512  cp.async.bulk.shared     a.cu:6",
    ]


def test_casts_are_left_out() -> None:
    name = "reinterpret_cast<uint64_t*>(stage + half)"
    [line] = table([layout(number(0), proof(Verdict.HOLDS, "0"), 5, name)])[2:]
    assert line == "    0     0                stage + half             a.cu:5"


def test_an_offset_that_is_not_known() -> None:
    why = proof(Verdict.UNKNOWN, "n", why="n is read from memory")
    [line] = table([layout(N, why)])[2:]
    assert line.split() == ["n", "?", "stage", "a.cu:5"]


def test_what_is_plain_needs_no_proof() -> None:
    plain = proof(Verdict.DEPENDS, "16*n + 8")
    [line] = table([layout(N * 16 + 8, plain)])[2:]
    assert "8 or 24" in line


def test_long_offsets_that_look_the_same_share_a_row() -> None:
    middles = (" + ".join(f"32*{name}" for name in "bcdefghijkl" * times) for times in (1, 2))
    holds = [proof(Verdict.HOLDS, f"32*a + {middle} + 64") for middle in middles]
    found = table([layout(N * 32 * i, about, 5 + i) for i, about in enumerate(holds)])
    assert [line.split()[-1] for line in found[2:]] == ["a.cu:5", "a.cu:6"]
    assert [line.count("…") for line in found[2:]] == [1, 0]


@pytest.mark.parametrize(
    ("residues", "text"),
    [
        ((), "?"),
        ((16,), "16"),
        ((0, 16), "0 or 16"),
        ((0, 8, 16, 24), "0, 8, 16 or 24"),
        (tuple(range(0, 32, 4)), "0, 4, … 28"),
        (tuple(range(32)), "any"),
    ],
)
def test_residues(residues: tuple[int, ...], text: str) -> None:
    assert residues_text(residues) == text


# -- amounts -------------------------------------------------------------------------------


def capacity(amount: Expr | None, label: str, verdict: Verdict, **more: Any) -> Capacity:
    memory = SharedMemory("k", place(2), label, amount, (), amount)
    limits = [r for r in requirements() if r.quantity is Quantity.CAPACITY]
    about = proof(verdict, str(amount), **more)
    fits = [Fit(r, target, about) for r in limits for target in targets() if r.limit(target) is not None]
    return Capacity(memory, tuple(fits))


def context(amount: Expr | None, label: str, line: int = 40) -> Context:
    return Context(place(line), label, {}, {}, (), amount)


def amounts(capacities: Sequence[Capacity], contexts: Sequence[Context]) -> list[str]:
    by_kernel: Mapping[str, Sequence[Context]] = {"k": contexts}
    text = lines(needs=needs(capacities, by_kernel))
    return text[4 : text.index("Summary") - 1]


def test_equal_amounts_are_one_with_the_launches_folded() -> None:
    labels = [f"kRanks={n}, T=Pair<int, 4>" for n in (2, 4, 8)]
    found = amounts(
        [capacity(number(4096), labels[0], Verdict.HOLDS)], [context(number(4096), x) for x in labels]
    )
    assert found == [
        "  launched at a.cu:40 with kRanks=2|4|8, T=Pair<int, 4>",
        "  needs 4,096 bytes  fits, 184,320 bytes or more left on every target",
    ]


def test_amounts_are_told_apart_by_what_differs() -> None:
    sizes = {f"kRanks={n}, kThreads=512": number(1024 * n) for n in (2, 16)}
    found = amounts(
        [capacity(size, label, Verdict.HOLDS) for label, size in sizes.items()],
        [context(size, label) for label, size in sizes.items()],
    )
    assert found == [
        "  launched at a.cu:40 with kRanks=2|16, kThreads=512",
        "  needs  2,048 bytes  where kRanks=2   fits, 186,368 bytes or more left on every target",
        "  needs 16,384 bytes  where kRanks=16  fits, 172,032 bytes or more left on every target",
    ]


def test_of_many_amounts_the_largest_are_shown() -> None:
    sizes = {f"n={n}": number(1024 * n) for n in range(1, 8)}
    found = amounts(
        [capacity(size, label, Verdict.HOLDS) for label, size in sizes.items()],
        [context(size, label) for label, size in sizes.items()],
    )
    assert [line.split("where ")[-1].split()[0] for line in found[1:-1]] == ["n=4", "n=5", "n=6", "n=7"]
    assert found[-1] == "  and 3 more, all of them in --format json"


def test_amounts_that_no_launch_makes_a_number() -> None:
    amount = N * 64
    found = amounts(
        [
            capacity(
                amount,
                f"kTopk={k}",
                Verdict.DEPENDS,
                condition=at_least(number(k), N),
                witness={"n": 4000 + k},
                value=256000 + 64 * k,
            )
            for k in (2, 4)
        ],
        [context(amount, f"kTopk={k}") for k in (2, 4)],
    )
    assert found[:3] == [
        "  launched at a.cu:40 with kTopk=2|4",
        "  needs 64*n bytes",
        "    breaks  MEM001 ub-capacity  310P       fits for some sizes",
    ]
    assert found[3].endswith("910B 910C  fits for some sizes: n=4004 needs 256,256")


def test_an_amount_that_fits_where() -> None:
    amount = N * 64
    one = capacity(amount, "", Verdict.DEPENDS, condition=at_least(number(9), N))
    assert any(line.endswith("  fits where n <= 9") for line in amounts([one], [context(amount, "")]))


def test_an_amount_that_is_not_followed() -> None:
    one = capacity(None, "", Verdict.UNKNOWN, why="the launch is not followed")
    found = amounts([one], [context(None, "")])
    assert found[1] == "  needs what the launch asks for, which is not known"
    assert found[2].endswith("310P 910B 910C 950  unknown: the launch is not followed")


# -- checks and repairs --------------------------------------------------------------------


def check(text: str, about: Proof, kernel: str = "k") -> SizeCheck:
    return SizeCheck(place(8), kernel, text, about)


def section(name: str, **more: Any) -> list[str]:
    text = lines(**more)
    start = text.index(name)
    return text[start + 1 : text.index("", start)]


def test_checks_of_several_kernels_are_one() -> None:
    about = proof(Verdict.DEPENDS, "32 - n", condition=at_least(number(32), N), witness={"n": 33}, value=-1)
    holds = proof(Verdict.HOLDS)
    listed = [check("CHECK(n <= 32)", about, k) for k in ("a", "b", "c")]
    listed += [check("CHECK(1 <= 2)", holds), check("CHECK(2 <= 3)", holds)]
    assert section("Size checks", checks=checks(listed)) == [
        "  a.cu:8  CHECK(n <= 32)  in a, b and 1 more",
        "    traps unless n <= 32",
        "    e.g. n=33: 1 too much",
        "  2 more checks that can never fail",
    ]


def test_only_checks_that_hold() -> None:
    listed = checks([check("CHECK(1 <= 2)", proof(Verdict.HOLDS))])
    assert section("Size checks", checks=listed) == ["  1 check that can never fail"]


def test_a_static_check_stops_the_compiler() -> None:
    about = proof(Verdict.DEPENDS, condition=at_least(N, M))
    [_, line] = section("Size checks", checks=checks([check("EP_STATIC_ASSERT(n >= m)", about)]))
    assert line == "    does not compile unless n >= m"
    [_, line] = section("Size checks", checks=checks([check("CHECK(static_cast<int>(n) >= m)", about)]))
    assert line == "    traps unless n >= m"


def test_a_check_that_is_not_decided() -> None:
    about = proof(Verdict.UNKNOWN, why="n is read from memory")
    [_, line] = section("Size checks", checks=checks([check("CHECK(n <= 4)", about)]))
    assert line == "    unknown: n is read from memory"


def test_repairs_of_one_constant_are_one() -> None:
    broken = [Broken(place(9), "CHECK(a)"), Broken(place(10), "CHECK(b)")]
    listed = [Repair(place(4), "kStage", 4624, 4640, (b,)) for b in broken]
    assert section("Repairs", repairs=repairs(listed)) == [
        "  a.cu:4  kStage 4624 → 4640  (+16 bytes a stage)",
        "    then breaks  CHECK(a)  a.cu:9",
        "    then breaks  CHECK(b)  a.cu:10",
    ]
