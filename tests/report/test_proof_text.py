"""Proofs made by hand, as a person reads them: every line of every verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portcheck.analysis.proof import Line, Proof, Row
from portcheck.report import proof_text
from portcheck.report.launch_table import fold
from portcheck.report.question import Question
from portcheck.report.style import Style, elided
from portcheck.source.place import Place
from portcheck.symbolic.condition import congruent
from portcheck.symbolic.expr import Role, Symbol, of
from portcheck.symbolic.verdict import Verdict

QUESTION = Question("/root", "src/ring.cu", 181, "message", 32, 0)
HIDDEN = of(Symbol("kHidden", Role.PARAMETER))
TEXTS = {"elected-lane": "The lane that an elect-one picks is lane 0."}


def step(line: int, text: str, kind: str = "value") -> Line:
    return Line(Place("src/ring.cu", 0, 1, line, 1, line, 2), text, kind)


def row(label: str, verdict: Verdict, condition: str = "", value: int | None = None) -> Row:
    return Row(label, verdict, condition, (), value)


def text(proof: Proof, style: Style | None = None) -> str:
    return "\n".join(proof_text.render(QUESTION, proof, TEXTS, style)) + "\n"


DEPENDS = Proof(
    Verdict.DEPENDS,
    "message ≡ 0 (mod 32)",
    "kHidden + 16",
    residues=(0, 16),
    condition=congruent(HIDDEN, 32, 16),
    witness={"kHidden": 7168, "lane": 0},
    value=7184,
    table=(
        row("kHidden=7168, kFast=true, T=Pair<int, 4>", Verdict.VIOLATED, value=7184),
        row("kHidden=7168, kFast=false, T=Pair<int, 4>", Verdict.VIOLATED, value=7184),
        row("kHidden=528, kFast=false, T=Pair<int, 4>", Verdict.HOLDS),
    ),
    assumptions=("elected-lane",),
    derivation=(
        step(9, "kBytes = 16 + kHidden"),
        Line(None, "elected-lane", "assumption"),
        step(120, "(lane == 0)", "guard"),
        Line(None, "so message ≡ 0 (mod 32) where kHidden % 32 == 16", "conclusion"),
    ),
)


def test_depends() -> None:
    assert (
        text(DEPENDS)
        == """\
depends  message ≡ 0 (mod 32)  src/ring.cu:181
  that is          kHidden + 16
  holds where      kHidden % 32 == 16
  fails for        kHidden=7168 gives 7184, 7184 mod 32 = 16
  reached with     lane=0
  residues         0, 16
  launches         3; no difference: kFast, T
    kHidden
       7168  violated  7184, 7184 mod 32 = 16
        528  holds
  because
    src/ring.cu:9    kBytes = 16 + kHidden
    src/ring.cu:120  if (lane == 0)
                     so message ≡ 0 (mod 32) where kHidden % 32 == 16
  assuming
    elected-lane  The lane that an elect-one picks is lane 0.
"""
    )


def test_holds_is_short() -> None:
    proof = Proof(Verdict.HOLDS, "message ≡ 0 (mod 32)", "message")
    assert text(proof) == "holds  message ≡ 0 (mod 32)  src/ring.cu:181\n"


def test_unknown_says_why_and_what_would_help() -> None:
    proof = Proof(
        Verdict.UNKNOWN,
        "message ≡ 0 (mod 32)",
        "message",
        why="message is read from memory",
        would_decide="message % 32",
        derivation=(step(3, "message = table[n]"), Line(None, "not decided", "conclusion")),
    )
    assert (
        text(proof)
        == """\
unknown  message ≡ 0 (mod 32)  src/ring.cu:181
  not decided      message is read from memory
  would decide it  message % 32
  because
    src/ring.cu:3  message = table[n]
"""
    )


def test_a_condition_that_only_the_table_has() -> None:
    assert "\n  holds where      the table says\n" in text(replace(DEPENDS, condition=None))
    bare = replace(DEPENDS, condition=None, table=())
    assert "\n  holds where      no exact condition was found\n" in text(bare)


def test_a_witness_without_a_name_of_the_expression() -> None:
    assert "\n  fails with       7184, 7184 mod 32 = 16\n  reached with     lane=0\n" in text(
        replace(DEPENDS, witness={"lane": 0})
    )
    assert "\n  fails for        lane=0\n" in text(replace(DEPENDS, witness={"lane": 0}, value=None))


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ((row("", Verdict.VIOLATED, value=8),), "1: violated: 8, 8 mod 32 = 8"),
        ((row("k=1", Verdict.DEPENDS, "kHidden % 32 == 16"),), "1"),
        (
            (row("k=1", Verdict.DEPENDS, "n % 4 == 0"), row("k=2", Verdict.DEPENDS, "n % 4 == 0")),
            "2, all alike: holds where n % 4 == 0",
        ),
    ],
)
def test_launches_that_are_alike_take_one_line(rows: tuple[Row, ...], line: str) -> None:
    assert f"\n  launches         {line}\n" in text(replace(DEPENDS, table=rows))


def test_a_long_table_is_cut() -> None:
    rows = tuple(row(f"k={n}", Verdict.VIOLATED, value=n) for n in range(100, 120))
    out = text(replace(DEPENDS, table=rows))
    assert out.count(" violated  1") == 16
    assert "\n    and 4 more, all of them in --format json\n" in out


def test_ways_that_are_no_launches() -> None:
    rows = (row("combine via a.cu:3", Verdict.HOLDS), row("combine via a.cu:30", Verdict.UNKNOWN))
    assert """
  ways here        2
    combine via a.cu:3   holds
    combine via a.cu:30  unknown
""" in text(replace(DEPENDS, table=rows))


def test_paths_open_from_the_readers_folder() -> None:
    out = text(DEPENDS, Style(prefix="../"))
    assert out.startswith("depends  message ≡ 0 (mod 32)  ../src/ring.cu:181\n")
    assert "\n    ../src/ring.cu:9    kBytes" in out


def test_nothing_that_a_terminal_would_obey() -> None:
    out = text(replace(DEPENDS, goal="a\x1b[2Jb ≡ 0 (mod 32)", expression="c\nd"))
    assert "\x1b" not in out
    assert "\n  that is          c d\n" in out


def test_only_what_decides_is_a_column() -> None:
    rows = [
        row("a=1, b=1, c=1", Verdict.HOLDS),
        row("a=1, b=2, c=1", Verdict.VIOLATED, value=16),
        row("a=2, b=1, c=1", Verdict.VIOLATED, value=16),
    ]
    table = fold(rows)
    assert (table.names, table.idle) == (("a", "b"), ("c",))
    assert [values for values, _ in table.rows] == [("1", "1"), ("1", "2"), ("2", "1")]


@pytest.mark.parametrize(
    ("given", "width", "shown"),
    [
        ("a + b", 5, "a + b"),
        ("first + second*(x + y) + third + last", 30, "first … + third + last"),
        ("f(a + b + c + d + e + f)", 20, "f(a + b + c … + f)"),
        ("x" * 20 + "y" * 20, 20, "xxxxxxxxxxx…yyyyy"),
    ],
)
def test_the_middle_is_left_out(given: str, width: int, shown: str) -> None:
    assert elided(given, width) == shown
