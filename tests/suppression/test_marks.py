"""The grammar of comments that suppress, and what each is about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portcheck.scan import read
from portcheck.suppression.mark import Mark
from portcheck.suppression.marks import marks
from portcheck.suppression.words import PROBLEMS
from portcheck.targets import Language


def found(folder: Path, text: str) -> tuple[Mark, ...]:
    (folder / "a.cu").write_bytes(text.encode())
    return marks(read([str(folder)]).parsed)


def said(mark: Mark) -> str:
    """Why the mark has no effect, in English."""
    assert mark.problem is not None
    return PROBLEMS[mark.problem].fill(Language.EN, wrong=mark.wrong)


def check_about(folder: Path, text: str) -> None:
    """That the one comment of a file, `@` or `@@` for a block, is about the code between « and »."""
    text = text.replace("@@", "// portcheck: accept-block[MTE003] r")
    text = text.replace("@", "// portcheck: accept[MTE003] r")
    before, code, after = re.split("[«»]", text)
    (mark,) = found(folder, before + code + after)
    assert mark.problem is None
    assert (before + code + after)[mark.start_byte : mark.end_byte] == code


@pytest.mark.parametrize(
    ("comment", "status", "codes", "reason"),
    [
        ("// portcheck: accept[MTE003] by design", "accepted", ("MTE003",), "by design"),
        ("//portcheck:accept[MTE003]x", "accepted", ("MTE003",), "x"),
        ("/// portcheck: deferred[MTE003, VEC001]: issue 12", "deferred", ("MTE003", "VEC001"), "issue 12"),
        ("//!< portcheck: ported[QNT002] - in !214", "ported", ("QNT002",), "in !214"),
        ("/* portcheck: false-positive[ALN001] padded\n   on the host */", "false-positive", ("ALN001",),
         "padded on the host"),
        ("/** portcheck: accept[MTE003,MTE003] 对齐由主机保证 */", "accepted", ("MTE003",), "对齐由主机保证"),
    ],
)  # fmt: skip
def test_grammar(tmp_path: Path, comment: str, status: str, codes: tuple[str, ...], reason: str) -> None:
    (mark,) = found(tmp_path, f"{comment}\nint a;\n")
    assert (mark.status, mark.codes, mark.reason, mark.problem) == (status, codes, reason, None)


@pytest.mark.parametrize(
    "text",
    [
        '#define T "// portcheck: accept[MTE003] no"\nconst char *s = "/* portcheck: accept[MTE003] x */";\n',
        'const char *s = R"x(\n// portcheck: accept[MTE003] no\n)x";\n',
        "// see portcheck: accept[MTE003] in the manual\nint a;\n",
        "int portcheck; // no mark\n",
    ],
)
def test_no_marks(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("// portcheck: accept", "write: portcheck: accept[CODE] reason"),
        ("// portcheck: accept MTE003 reason", "write: portcheck: accept[CODE] reason"),
        ("// portcheck: accept[MTE003]", "it gives no reason"),
        ("// portcheck: accept[MTE003] --", "it gives no reason"),
        ("// portcheck: accept[] reason", "it names no rule; write: portcheck: accept[CODE] reason"),
        ("// portcheck: accept[mte3] r", "'mte3' is no rule's code; write: portcheck: accept[CODE] reason"),
        (
            "// portcheck: acept[MTE003] r",
            (
                "unknown word 'acept' (accept?); there are accept, deferred, ported, false-positive, "
                "each also with -block, -file"
            ),
        ),
        ("// portcheck: accept-block[MTE003] r", "no block begins there"),
    ],
)
def test_marks_without_effect(tmp_path: Path, comment: str, problem: str) -> None:
    (mark,) = found(tmp_path, f"{comment}\nint a;\n")
    assert said(mark) == problem


def test_nothing_follows(tmp_path: Path) -> None:
    (mark,) = found(tmp_path, "int a;\n// portcheck: accept[MTE003] r\n\n// the end\n")
    assert said(mark) == "no code follows it"


@pytest.mark.parametrize(
    "text",
    [
        "void f() {\n  a(1);\n  «b(2);» @\n  c(3);\n}\n",
        "void f() {\n  a(1);\n  @\n\n  // prose\n  «b(2);»\n  c(3);\n}\n",
        "void f() {\n  «b(1,\n    2, @\n    3);»\n  c(3);\n}\n",
        "void f() {\n  @\n  «b(1,\n    2);»\n}\n",
        "void f() {\n  «a(1); b(2);» @\n}\n",
        "void f() {\n  /* portcheck: accept[MTE003] r */ «b(2);»\n  c(3);\n}\n",
        "void f() {\n  @\n  «for (int i = 0;\n    i < 4; ++i) »{\n    b(2);\n  }\n}\n",
        "@\n«template <int N>\n__global__ void f(int a,\n  int b) »{\n  b(2);\n}\n",
        "@\n«__global__\nvoid f(int a) »{\n  b(2);\n}\n",
        "void f() {\n  @\n  «__shared__ int4 x[2],\n    y;»\n}\n",
        "@\n«#define B(x) \\\n  b(x)»\nint a;\n",
        "«#define B(x) b(x) /* portcheck: accept[MTE003] r */»\nint a;\n",
        "«int n = 3;» @",
    ],
)
def test_a_statement(tmp_path: Path, text: str) -> None:
    check_about(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "void f() {\n  «if (a) { @@\n    b(2);\n  }»\n  c(3);\n}\n",
        "void f()\n«{ @@\n  b(2);\n}»\nint a;\n",
        "@@\n«__global__ void f(int a,\n  int b) {\n  b(2);\n}»\nint a;\n",
        "@@\n«struct S {\n  int a;\n}»;\nint a;\n",
        "void f() {\n  @@\n  «for (;;) {\n    if (a) {\n      b(2);\n    }\n  }»\n}\n",
        "@@\n«namespace n {\nint a;\n}»\nint b;\n",
    ],
)
def test_a_block(tmp_path: Path, text: str) -> None:
    check_about(tmp_path, text)


def test_a_file(tmp_path: Path) -> None:
    text = "// Copyright\n#pragma once\n#include <a.h>\n// portcheck: accept-file[MTE003] r\nint a;\n"
    (mark,) = found(tmp_path, text)
    assert (mark.problem, mark.start_byte) == (None, 0)
    assert mark.end_byte > len(text)


def test_a_file_mark_behind_code(tmp_path: Path) -> None:
    (mark,) = found(tmp_path, "int a;\n// portcheck: accept-file[MTE003] r\nint b;\n")
    assert said(mark) == "a comment for the whole file stands before its first code"


def test_a_branch_that_is_off(tmp_path: Path) -> None:
    (mark,) = found(tmp_path, "#ifdef NEVER\nint a; // portcheck: accept[MTE003] r\n#endif\nint b;\n")
    assert mark.off


def test_places_are_of_the_file_as_it_lies_on_disk(tmp_path: Path) -> None:
    text = "﻿// 注释\r\nint a; // portcheck: accept[MTE003] r\r\n"
    (mark,) = found(tmp_path, text)
    assert text.encode()[mark.start_byte : mark.end_byte] == b"int a;"
    assert (mark.place.line, mark.place.column, mark.reason) == (2, 8, "r")
