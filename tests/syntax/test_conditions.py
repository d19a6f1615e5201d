"""`#if`: the value of expressions, and the branches that are off."""

from __future__ import annotations

import pytest

from portcheck.syntax import Configuration, MacroTable, SyntaxFile, collect_macros, parse_file
from portcheck.syntax.expression import evaluate

NAMES = {"A": "1", "B": "2", "EMPTY": "", "ARCH": "900", "SUM": "(A + B)", "LOOP": "LOOP + 1", "L": "201703L"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("0", 0),
        ("A == 1 && B == 2", 1),
        ("A and not B", 0),
        ("A or UNKNOWN", 1),
        ("UNKNOWN", 0),
        ("!UNKNOWN", 1),
        ("defined(A)", 1),
        ("defined A && !defined(UNKNOWN)", 1),
        ("ARCH >= 900 and defined(B)", 1),
        ("(ARCH / 100) % 10 == 9", 1),
        ("SUM * 2 == 6", 1),
        ("A + B * 2 == 5", 1),
        ("(A + B) * 2 == 6", 1),
        ("1 << 3 | 1", 9),
        ("0x10 == 16 && 010 == 8 && 0b11 == 3 && 1'000 == 1000", 1),
        ("L >= 201402L", 1),
        ("-1 < 0", 1),
        ("~0 == -1", 1),
        ("A ? 7 : 8", 7),
        ("UNKNOWN ? 7 : 8", 8),
        ("'A' == 65", 1),
        ("__has_include(<cuda/x.h>)", 0),
        ('!__has_include("x.h") && A', 1),
        ("UNKNOWN_CALL(1, (2)) || A", 1),
        ("LOOP", 1),
        ("1 / 0", 0),
        ("1 || 1 / 0", 1),
        ("", 0),
        ("((", 0),
        ("A B", 1),
        ("EMPTY", 0),
        ("7 - 2 - 1 == 4", 1),
        ("true && !false", 1),
    ],
)
def test_the_value_of_an_expression(text: str, value: int) -> None:
    assert evaluate(text, NAMES) == value


def test_deep_and_long_expressions_end() -> None:
    assert evaluate("(" * 100_000 + "1" + ")" * 100_000, {}) == 0
    assert evaluate("X0", {f"X{i}": f"X{i + 1} + X{i + 1}" for i in range(60)}) == 0


def parse(data: bytes, *defines: str) -> SyntaxFile:
    return parse_file("a.cu", data, MacroTable(collect_macros("a.cu", data)), Configuration.default(defines))


def off(file: SyntaxFile) -> list[tuple[str, bytes]]:
    return [(r.condition, file.data[r.start_byte : r.end_byte].strip()) for r in file.inactive]


def test_the_condition_is_the_users_text() -> None:
    data = b"#ifdef SLOW_PATH // why\nint a;\n#endif\n#ifndef X\nint b;\n#else\nint c;\n#endif\n"
    assert off(parse(data)) == [("#ifdef SLOW_PATH", b"int a;"), ("#else of #ifndef X", b"int c;")]
    assert off(parse(data, "SLOW_PATH", "X=0")) == [("#ifndef X", b"int b;")]


def test_elif_chains() -> None:
    data = b"#if V == 1\nint a;\n#elif V == 2\nint b;\n#elif V >= 2\nint c;\n#else\nint d;\n#endif\n"
    assert [text for _, text in off(parse(data, "V=1"))] == [b"int b;", b"int c;", b"int d;"]
    assert [text for _, text in off(parse(data, "V=2"))] == [b"int a;", b"int c;", b"int d;"]
    assert [text for _, text in off(parse(data, "V=9"))] == [b"int a;", b"int b;", b"int d;"]
    assert [text for _, text in off(parse(data))] == [b"int a;", b"int b;", b"int c;"]


def test_include_guards_and_local_defines() -> None:
    data = b"#ifndef A_H\n#define A_H\n#define MODE 2\n"
    data += b"#if MODE == 2\nint a;\n#else\nint b;\n#endif\n"
    data += b"#undef MODE\n#if MODE\nint c;\n#endif\n#endif\n"
    assert [text for _, text in off(parse(data))] == [b"int b;", b"int c;"]


def test_defines_in_a_branch_that_is_off_do_not_count() -> None:
    data = b"#if 0\n#define X 1\n#endif\n#if X\nint a;\n#endif\n"
    assert [text for _, text in off(parse(data))][1:] == [b"int a;"]


def test_nested_branches_are_one_outer_range() -> None:
    data = b"#if 0\nint a;\n#if 1\nint b;\n#else\nint c;\n#endif\nint d;\n#endif\nint e;\n"
    file = parse(data)
    assert [r.condition for r in file.inactive] == ["#if 0"]
    assert [f.condition for f in file.fragments] == ["#if 0", "#else of #if 1, inside #if 0"]
    assert file.view.strip() == b"int e;"


def test_both_sides_are_never_in_one_tree() -> None:
    data = b"void f() {\n#if FAST\n  fast();\n#else\n  slow();\n#endif\n}\n"
    for define, seen, other in (("FAST=1", b"fast", b"slow"), ("FAST=0", b"slow", b"fast")):
        file = parse(data, define)
        assert seen in file.view
        assert other not in file.view
        (fragment,) = file.fragments
        node = fragment.tree.root_node
        assert other in fragment.view[node.start_byte : node.end_byte]
        assert seen not in fragment.view[node.start_byte : node.end_byte]


def test_a_cast_in_an_else_branch_is_found() -> None:
    data = b"void f(T* p) {\n#ifndef SLOW\n  g(p);\n#else\n"
    data += b"  auto v = reinterpret_cast<const int4*>(p);\n#endif\n}\n"
    (fragment,) = parse(data).fragments
    at = data.index(b"reinterpret_cast")
    node = fragment.tree.root_node.descendant_for_byte_range(at, at + 3)
    assert node is not None
    assert node.start_byte == at
    assert node.start_point.row == 4
    assert not fragment.has_error
    assert fragment.condition == "#else of #ifndef SLOW"


@pytest.mark.parametrize(
    "data", [b"#if 0\nint a;\n", b"#if 1\nint a;\n#else\nint b;", b"#else\n#endif\n#elif X\nint a;\n"]
)
def test_unbalanced_groups_do_not_crash(data: bytes) -> None:
    file = parse(data)
    assert len(file.view) == len(data)
    assert file.unreadable == ()


def test_an_open_group_runs_to_the_end() -> None:
    data = b"int a;\n#if 0\nint b;\n"
    (only,) = parse(data).inactive
    assert only.end_byte == len(data)


def test_configuration_items() -> None:
    configuration = Configuration.default(["A", "B=2", "-__CUDA_ARCH__", "C="])
    assert configuration.defines["A"] == "1"
    assert configuration.defines["B"] == "2"
    assert configuration.defines["C"] == ""
    assert "__CUDA_ARCH__" not in configuration.defines
    assert Configuration.default().defines["__CUDA_ARCH__"] == "900"
    assert "NDEBUG" not in Configuration.default().defines
