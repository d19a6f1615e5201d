"""Hostile input ends in reasonable time and never crashes; offsets still stay."""

from __future__ import annotations

import pytest

from portcheck.syntax import Configuration, MacroTable, collect_macros, parse_file, parse_text

HOSTILE = {
    "braces": b"{" * 200_000,
    "brackets": b"(" * 200_000,
    "launch signs": b"<<<<" * 250_000,
    "launches in launches": b"k<<<" * 50_000,
    "closing": b">>>)" * 100_000,
    "attribute brackets": b"__launch_bounds__(" * 30_000,
    "macro calls": b"AAAA(" * 60_000,
    "macro calls closed": b"AAAA(" * 20_000 + b")" * 20_000,
    "open comments": b"#define A /*" * 50_000,
    "open strings": b'"' * 100_001,
    "raw strings": b'R"x(' * 50_000,
    "ifs": b"#if 1\n" * 50_000,
    "offs": b"#if 0\n" * 20_000 + b"int a;\n",
    "elses": b"#if 0\n" + b"#else\n" * 20_000,
    "continuations": b"#define A \\\n" + b"\\\n" * 100_000,
    "templates": b"a<" * 50_000,
    "typenames": b"typename " * 50_000,
    "equals": b"x <= >= < = {} " * 20_000,
    "mixed": b"SWITCH(a, T, { if (x) <<< >>> ;" * 4_000,
    "nul": b"\0" * 50_000,
    "not utf-8": bytes(range(128, 256)) * 200,
    "backslashes": b"\\" * 100_000,
    "apostrophes": b"a'" * 50_000,
    "defines": b"".join(b"#define M%d(x) f(x, %d)\n" % (i, i) for i in range(5_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends(name: str) -> None:
    data = HOSTILE[name]
    file = parse_file("a.cu", data, MacroTable(collect_macros("a.cu", data)), Configuration.default())
    assert len(file.view) == len(data)
    assert file.view.count(b"\n") == data.count(b"\n")


def test_macro_cycles_end() -> None:
    data = b"#define A B\n#define B A\n"
    data += b"#define C(x) D(x)\n#define D(x) C(x)\n#if A\nint x;\n#endif\nA B C(1)\n"
    file = parse_file("a.cu", data, MacroTable(collect_macros("a.cu", data)), Configuration.default())
    assert len(file.view) == len(data)


def test_empty_text() -> None:
    assert parse_text(b"").root_node.end_byte == 0
