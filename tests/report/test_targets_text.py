"""The profiles of targets as a person reads them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from portcheck.report.style import Style, cell
from portcheck.report.targets_text import render_table, render_target
from portcheck.targets import Language, Target, targets
from portcheck.targets.target import Value
from portcheck.targets.text import Text

LINES = list(render_table(targets()))


def row(key: str) -> str:
    found = [line for line in LINES if line.split()[:1] == [key]]
    assert len(found) == 1, key
    return " ".join(found[0].split()[1:])


def block(lines: list[str], key: str) -> list[str]:
    """The lines of a key, without blanks at their ends, up to the next key."""
    start = next(i for i, line in enumerate(lines) if line.split()[:1] == [key])
    rest = (i for i in range(start + 1, len(lines)) if not lines[i].startswith("      "))
    return [line.strip() for line in lines[start : next(rest)]]


@pytest.mark.parametrize(
    ("key", "cells"),
    [
        ("npu_arch", "2002 2201 2201 3510"),
        ("ub_bytes", "262,144 196,608 196,608 253,952 bytes"),
        ("cube_cores_min..max", "8..10 20..24 20..24 4..36 cores"),
        ("datacopypad", "no yes yes yes"),
        ("datacopypad_gm_align_bytes", "- 1 1 1 bytes"),
        ("datacopy_gap_max_blocks", "65,535 65,535 65,535 65,535 32-byte blocks"),
        ("core_model", "coupled split split split"),
    ],
)
def test_a_row_has_a_cell_a_target_and_the_unit(key: str, cells: str) -> None:
    assert row(key) == cells


def test_what_is_too_long_for_a_column_has_a_line_a_value() -> None:
    assert block(LINES, "add_types")[0].endswith("310P 910B 910C: int16, half, int32, float")
    assert block(LINES, "add_types")[1].startswith("950: int8, uint8, int16, uint16, half, bfloat16")
    assert block(LINES, "l2_bytes_min..max")[1] == "910B: 100,663,296..201,326,592 bytes"
    assert block(LINES, "fp8_formats")[0].endswith("310P 910B 910C: -")


def test_every_key_stands_once_and_in_a_group() -> None:
    first = {line.split()[0] for line in LINES if re.match(r"  \S", line)}
    expanded = {
        f"{key.removesuffix('_min..max')}_{end}" for key in first if ".." in key for end in ("min", "max")
    }
    assert targets()[0].keys == {key for key in first if ".." not in key} | expanded
    assert "Other" not in LINES


@pytest.mark.parametrize("language", list(Language))
def test_columns_line_up_in_every_language(language: Language) -> None:
    lines = list(render_table(targets(), language=language))

    def ends(line: str) -> list[int]:
        """Where each of the first five cells ends, in columns of a terminal."""
        cells = list(re.finditer(r"\S+(?: \S+)*", line))[:5]
        return [sum(cell(char)[1] for char in line[: found.end()]) for found in cells]

    expected = ends(lines[0])[1:]
    for key in ("ub_bytes", "npu_arch", "datacopypad", "simt", "cross_core_flag_modes"):
        line = next(line for line in lines if line.split()[:1] == [key])
        assert ends(line)[1:] == expected, key


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
@pytest.mark.parametrize("language", list(Language))
def test_one_target_says_value_and_source_or_the_reason(target: Target, language: Language) -> None:
    lines = list(render_target(target, language=language))
    for key in target.keys:
        head, *rest = block([*lines, ""], key)
        source, reason = target.source(key), target.reason(key, language)
        if source is None:
            assert head.endswith(" -")
            assert rest == [reason]
        else:
            assert rest[-len(source.split("; ")) :] == source.split("; ")
            assert not target.note(key, language) or rest[0] == target.note(key, language)


def test_values_are_in_the_language() -> None:
    lines = list(render_target(targets()[1], language=Language.ZH))
    assert block(lines, "ub_bytes")[0].endswith("196,608 字节")
    assert block(lines, "datacopypad")[0].endswith("是")
    assert "统一缓冲区（UB）" in lines


def test_a_profile_cannot_move_the_cursor_and_an_unknown_key_has_a_group() -> None:
    fact = Value("extra", "a\x1b[2J", "x", Text("n", "n"))
    made = replace(targets()[1], values=(*targets()[1].values, fact))
    lines = list(render_target(made))
    assert "Other" in lines
    assert not any("\x1b" in line for line in lines)


def test_colour_adds_nothing_but_colour() -> None:
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in render_table(targets(), Style(colour=True))]
    assert plain == LINES
