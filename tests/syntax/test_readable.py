"""Real CUDA shapes become clean trees, and nothing moves."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snippets import SNIPPETS

from portcheck.syntax import Configuration, MacroTable, SyntaxFile, collect_macros, parse_file

MACROS = MacroTable()
SPLICES = [b"", b"(", b"}", b"\n#else\n", b'"', b"/*", b"<<<", b"\\\n"]
CONFIGURATION = Configuration.default()


def parse(data: bytes, *defines: str) -> SyntaxFile:
    table = MacroTable(collect_macros("a.cu", data))
    return parse_file("a.cu", data, table, Configuration.default(defines))


def breaks(text: bytes) -> list[int]:
    return [index for index, byte in enumerate(text) if byte in b"\r\n"]


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_construct_is_read_without_errors(name: str) -> None:
    file = parse_file("a.cu", SNIPPETS[name], MACROS, CONFIGURATION)
    assert file.unreadable == (), file.view.decode()
    assert file.missing_count == 0, file.view.decode()
    assert len(file.view) == len(file.data)
    assert breaks(file.view) == breaks(file.data)


@given(st.lists(st.sampled_from(sorted(SNIPPETS)), max_size=6), st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_offset_stays_the_users(names: list[str], draw: st.DataObject) -> None:
    text = b"".join(SNIPPETS[name] for name in names)
    for _ in range(draw.draw(st.integers(0, 3))):
        low = draw.draw(st.integers(0, len(text)))
        high = draw.draw(st.integers(low, min(len(text), low + 20)))
        text = text[:low] + draw.draw(st.sampled_from(SPLICES)) + text[high:]
    file = parse(text)
    assert len(file.view) == len(text)
    assert breaks(file.view) == breaks(text)
    assert file.tree.root_node.end_byte <= len(text)
    for item in file.blanked:
        assert text[item.start_byte : item.end_byte] == item.text
    starts = [item.start_byte for item in file.blanked]
    assert starts == sorted(starts)
    # What is left in the view is the user's own text, but for the edits that are on record.
    edits = {i for item in file.blanked for i in range(item.start_byte, item.end_byte)}
    for one in file.launches:
        edits.update(range(one.start_byte, one.start_byte + 3), range(one.end_byte - 3, one.end_byte))
    for index, (mine, theirs) in enumerate(zip(file.view, text, strict=True)):
        assert mine == theirs or mine == 32 or index in edits or mine in b";{}()_0+", index


def test_launch_arguments_are_kept() -> None:
    text = b"void f() { k<A, 2><<<grid(1, 2),  b , 0>>>(x); }\n"
    (launch,) = parse(text).launches
    assert text[launch.start_byte : launch.end_byte] == b"<<<grid(1, 2),  b , 0>>>"
    assert [text[low:high] for low, high in launch.arguments] == [b"grid(1, 2)", b"b", b"0"]


def test_shifts_and_nested_templates_are_no_launch() -> None:
    text = b"auto a = x << 2; std::vector<std::vector<std::vector<int>>> v; bool b = y<<<1;\n"
    file = parse(text)
    assert file.launches == ()
    assert file.view == text


def test_blanked_text_is_data() -> None:
    text = b"__global__ void __launch_bounds__(kThreads, 1)\nk(const __grid_constant__ int a) { }\n"
    file = parse(text)
    assert [(b.kind, b.text) for b in file.blanked] == [
        ("qualifier", b"__global__"),
        ("attribute", b"__launch_bounds__(kThreads, 1)"),
        ("qualifier", b"__grid_constant__"),
    ]
    at = text.index(b"\nk(")
    assert [b.text for b in file.blanked_between(11, at)] == [b"__launch_bounds__(kThreads, 1)"]


def test_keywords_in_strings_and_comments_stay() -> None:
    text = b'const char* s = "__global__ <<<1, 2>>>"; // __device__ <<<1>>>\nauto c = R"(__host__)";\n'
    file = parse(text)
    assert file.blanked == ()
    assert file.launches == ()
    assert b'"__global__ <<<1, 2>>>"' in file.view
    assert b'R"(__host__)"' in file.view


def test_statements_in_a_macro_argument_keep_their_offsets() -> None:
    text = b"void f() {\n  SWITCH(dt, T, g<T>(x); auto p = reinterpret_cast<int4*>(x););\n}\n"
    file = parse(text)
    assert file.unreadable == ()
    at = text.index(b"reinterpret_cast<int4*>(x)")
    node = file.tree.root_node.descendant_for_byte_range(at, at + 1)
    assert node is not None
    assert node.parent is not None
    assert node.parent.parent is not None
    assert node.parent.parent.type == "call_expression"
    assert node.parent.parent.start_byte == at


def test_a_plain_file_is_left_alone() -> None:
    text = b"int f(int a) {\n  return a + 1;\n}\n"
    assert parse(text).view == text


def test_errors_are_reported_where_they_are() -> None:
    text = b"int a;\nvoid f() { int 3x = = ; }\nint b;\n"
    file = parse(text)
    assert file.unreadable
    assert all(text.index(b"void") <= low < high <= text.index(b"int b") for low, high in file.unreadable)
