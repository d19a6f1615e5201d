"""Transfers made by hand, as a person reads them."""
# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace

import pytest
from example_scan import empty

from portcheck.analysis.proof import Proof
from portcheck.analysis.transfers import End, Layout, Pattern, Transfer
from portcheck.analysis.verdicts import Judged, Statement
from portcheck.report import transfer_text
from portcheck.source.place import Place
from portcheck.symbolic.condition import congruent
from portcheck.symbolic.expr import Expr, Role, Symbol, number, of
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import requirements

NONE: frozenset[int] = frozenset()
STAGE = of(Symbol("i", Role.INDEX, 0, 1)) * 4624
SMEM, OUT, N = (of(Symbol(name, Role.BASE)) for name in ("smem", "out", "n"))


def place(line: int) -> Place:
    return Place("a.cu", 10 * line, 10 * line + 5, line, 9, line, 14)


def statement(name: str, role: str, modulus: int, proof: Proof, *names: str) -> Statement:
    [requirement] = [r for r in requirements() if r.name == name]
    return Statement(requirement, names, role, proof, STAGE, NONE, modulus)


def proof(verdict: Verdict, **more: object) -> Proof:
    return replace(Proof(verdict, "goal", "4624*i"), **more)


VIOLATED = proof(Verdict.VIOLATED, witness={"i": 1, "lane": 0}, value=4624)
TRANSFER = Transfer(
    place(6), "copy_row", "stages", (place(20),), "store of int4", Pattern.CONTIGUOUS,
    End("GM", OUT, NONE), End("UB", SMEM + STAGE, NONE), number(512), NONE, (), "dst[k] = v",
)  # fmt: skip
START = statement("ub-start", "destination", 32, VIOLATED, "310P", "910B")
SLOW = statement("gm-length", "length", 512, VIOLATED, "910B")
LAYOUT = Layout(place(5), "stages", "stages", (), "stage", End("UB", SMEM + STAGE, NONE), ())


def lines(*judged: Judged) -> list[str]:
    found = list(transfer_text.render(empty(), judged, {"no-overflow": "Integers are exact."}))
    return found[: found.index("  assuming") + 2]


def test_a_site() -> None:
    depends = proof(Verdict.DEPENDS, condition=congruent(N, 2, 0))
    length = statement("datacopy-length", "length", 32, depends, "310P", "910B")
    layout = Judged(LAYOUT, (statement("ub-start", "address", 32, proof(Verdict.HOLDS), "910B"),))
    assert lines(Judged(TRANSFER, (SLOW, START, length)), layout) == [
        "Transfers",
        "a.cu:6:9  store of int4  contiguous  in stages, copy_row",
        "  from    GM:out",
        "  to      UB:4624*i + smem",
        "  length  512",
        "  breaks  MTE001 ub-start         destination % 32  310P 910B  violated: i=1 gives 4624, 4624 mod 32 = 16",
        "  breaks  MTE003 datacopy-length  length % 32       310P 910B  depends: holds where n % 2 == 0",
        "  slow    MTE006 gm-length        length % 512      910B       not met: i=1 gives 4624, 4624 mod 512 = 16",
        "",
        "Layouts",
        "a.cu:5:9  layout stage  in stages",
        "  at      UB:4624*i + smem",
        "  breaks  MTE001 ub-start         address % 32      910B       holds",
        "",
        "Summary",
        "                           all   holds  depends  violated  unknown",
        "  transfers                  1       0        0         1        0    0.0 % unknown  at 1 place",
        "  layout offsets             1       1        0         0        0    0.0 % unknown  at 1 place",
        "  what would break           3       1        1         1        0    0.0 % unknown",
        "  only speed                 1  0 met, 0 met in part, 1 not met, 0 unknown",
        "  assuming",
        "    no-overflow  Integers are exact.",
    ]


def test_ways_that_agree_are_told_once() -> None:
    other = replace(TRANSFER, kernel="other", calls=())
    found = lines(Judged(TRANSFER, (START,)), Judged(other, (START,)))
    assert found[1] == "a.cu:6:9  store of int4  contiguous  in stages, other, copy_row, 2 ways"
    assert sum(line.startswith("  breaks  ") for line in found) == 1
    assert "  transfers                  2       0        0         2        0" in "\n".join(found)


def test_ways_that_differ_have_a_line_each() -> None:
    holds = statement("ub-start", "destination", 32, proof(Verdict.HOLDS), "310P", "910B")
    other = replace(TRANSFER, kernel="other", calls=())
    found = [
        x for x in lines(Judged(TRANSFER, (START,)), Judged(other, (holds,))) if x.startswith("  breaks")
    ]
    assert found == [
        "  breaks  MTE001 ub-start  destination % 32  310P 910B  violated: i=1 gives 4624, 4624 mod 32 = 16  (in stages via a.cu:20)",
        "  breaks  MTE001 ub-start  destination % 32  310P 910B  holds  (in other)",
    ]


def test_slow_is_never_shown_as_a_failure() -> None:
    style = transfer_text.Style(colour=True)
    found = list(transfer_text.render(empty(), [Judged(TRANSFER, (SLOW,))], {}, style))
    [line] = [line for line in found if line.startswith("  slow")]
    assert "violated" not in line
    assert "\x1b[2mnot met\x1b[0m" in line


def test_unknown_says_why() -> None:
    why = proof(Verdict.UNKNOWN, why="n is read from memory")
    found = lines(Judged(TRANSFER, (statement("ub-start", "destination", 32, why, "910B"),)))
    assert found[5].endswith("910B  unknown: n is read from memory")


@pytest.mark.parametrize("length", [None, number(16)])
def test_ends_that_are_registers_are_left_out(length: Expr | None) -> None:
    found = lines(Judged(replace(TRANSFER, source=None, length=length), ()))
    shown = "not known" if length is None else "16"
    assert found[2:4] == ["  to      UB:4624*i + smem", f"  length  {shown}"]


def test_long_expressions_lose_their_middle() -> None:
    terms = [of(Symbol(f"long_name_of_a_row_{n}", Role.PARAMETER)) * 3 for n in range(9)]
    long = sum(terms, SMEM)
    found = lines(Judged(replace(TRANSFER, destination=End("UB", long, NONE)), ()))
    assert "…" in found[3]
    assert len(found[3]) <= 115
