"""The caret stands under what it means, whatever the line is made of."""

from __future__ import annotations

from unicodedata import east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.report.snippet import snippet
from portcheck.report.style import Style
from portcheck.source.place import Place

PLAIN = Style()


def at(line: int, column: int, end_column: int, end_line: int | None = None) -> Place:
    return Place("a.cu", 0, 0, line, column, end_line or line, end_column)


def columns(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def test_plain_line() -> None:
    assert snippet("int x = f(y);", at(7, 9, 13), 80, PLAIN) == [
        "     7 | int x = f(y);",
        "       |         ^~~~",
    ]


def test_tabs_become_spaces_up_to_the_next_stop() -> None:
    assert snippet("\tif (a)\tb;", at(7, 9, 10), 80, PLAIN) == [
        "     7 |     if (a)  b;",
        "       |             ^",
    ]


def test_wide_characters_take_two_columns() -> None:
    assert snippet("/* 令牌 */ f(令);", at(12, 10, 14), 80, PLAIN) == [
        "    12 | /* 令牌 */ f(令);",
        "       |            ^~~~~",
    ]


def test_a_combining_mark_takes_none() -> None:
    assert snippet("e\u0301 = f;", at(1, 6, 7), 80, PLAIN) == [
        "     1 | e\u0301 = f;",
        "       |     ^",
    ]


def test_several_lines_are_underlined_to_the_end_of_the_first() -> None:
    assert snippet("copy(a,   ", at(3, 1, 4, end_line=5), 80, PLAIN) == [
        "     3 | copy(a,",
        "       | ^~~~~~~",
    ]


def test_controls_and_reordering_marks_never_reach_the_terminal() -> None:
    lines = snippet("a\x1b[31m\u202eb\x00", at(1, 1, 2), 80, PLAIN)
    assert lines[0] == "     1 | a\ufffd[31m\ufffdb\ufffd"


def test_a_carriage_return_is_part_of_the_line_ending() -> None:
    assert snippet("f();\r", at(1, 1, 99), 80, PLAIN)[1] == "       | ^~~~"


def test_a_place_past_the_end_still_gets_a_caret() -> None:
    assert snippet("", at(9, 1, 1), 80, PLAIN) == ["     9 |", "       | ^"]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (3, ["     1 | 01234567890123456789012345678...", "       |   ^~~"]),
        (60, ["     1 | ...34567890123456789012345678...", "       |          ^~~"]),
        (98, ["     1 | ...12345678901234567890123456789", "       |                              ^~~"]),
    ],
)
def test_a_long_line_is_cut_around_the_carets(column: int, expected: list[str]) -> None:
    text = "0123456789" * 10
    shown, carets = snippet(text, at(1, column, column + 3), 41, PLAIN)
    assert [shown, carets] == expected
    assert len(shown) <= 41
    start = carets.index("^")
    assert shown[start : start + 3] == text[column - 1 : column + 2]


def test_a_long_target_near_the_start_keeps_the_indentation() -> None:
    assert snippet("    asm(" + "x" * 90 + ");", at(1, 5, 100), 41, PLAIN) == [
        "     1 |     asm(xxxxxxxxxxxxxxxxxxxxx...",
        "       |     ^~~~~~~~~~~~~~~~~~~~~~~~~",
    ]


def test_colour_wraps_the_gutter_and_the_carets() -> None:
    assert snippet("f();", at(1, 1, 2), 80, Style(colour=True)) == [
        "\x1b[2m     1 |\x1b[0m f();",
        "\x1b[2m       |\x1b[0m \x1b[32m^\x1b[0m",
    ]


@given(
    before=st.text(st.sampled_from("ab \t令é"), max_size=80),
    target=st.text(st.sampled_from("xyz"), min_size=1, max_size=10),
    after=st.text(st.sampled_from("cd 牌"), max_size=80),
    width=st.integers(40, 120),
)
def test_the_carets_cover_exactly_the_target(before: str, target: str, after: str, width: int) -> None:
    first = len(before) + 1
    place = at(1, first, first + len(target))
    shown, carets = snippet(before + target + after, place, width, PLAIN)
    start = columns(carets[: carets.index("^")])
    length = columns(carets) - start
    position, covered = 0, ""
    for char in shown:
        if start <= position < start + length:
            covered += char
        position += columns(char)
    assert covered == target
    assert position <= width
