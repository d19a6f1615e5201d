"""Reading types from text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.program.types import CType, parse_type, split_top, substitute

TYPES = [
    ("int", CType("int")),
    ("unsigned  long\n long", CType("unsigned long long")),
    ("const float*", CType("float", pointers=1)),
    ("int4 const * __restrict__", CType("int4", pointers=1)),
    ("void **", CType("void", pointers=2)),
    ("const int4&", CType("int4")),
    ("T&&", CType("T")),
    ("volatile uint64_t * const", CType("uint64_t", pointers=1)),
    ("struct Row", CType("Row")),
    ("std::vector<int>", CType("vector", ("int",))),
    ("a::b::c", CType("c")),
    ("::a::b", CType("b")),
    ("Vec<float, 4>*", CType("Vec", ("float", "4"), 1)),
    ("Vec<Pair<a, b>, c>", CType("Vec", ("Pair<a, b>", "c"))),
    ("ns::Bytes<16>::type", CType("type", scope=CType("Bytes", ("16",)))),
    ("typename Bytes<N>::type*", CType("type", (), 1, (), CType("Bytes", ("N",)))),
    ("Array<T, sizeof(int4) / sizeof(T)>", CType("Array", ("T", "sizeof(int4) / sizeof(T)"))),
    ("auto", None),
    ("auto*", None),
    ("const auto&", None),
    ("decltype(x)", None),
    ("void(int)", None),
    ("", None),
    ("*", None),
    ("const", None),
]


@pytest.mark.parametrize(("text", "type_"), TYPES)
def test_parse(text: str, type_: CType | None) -> None:
    assert parse_type(text) == type_


@pytest.mark.parametrize("text", ["constant_t", "structure", "int_class", "staticize", "my_union_t"])
def test_a_qualifier_inside_a_name_stays(text: str) -> None:
    assert parse_type(text) == CType(text)


_QUALIFIERS = ("auto", "decltype", "const", "class", "enum", "union", "struct", "static", "inline", "extern")
names = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,6}", fullmatch=True) | st.sampled_from(["int4", "float", "half"])
plain_arguments = st.lists(names | st.integers(0, 4096).map(str), max_size=3).map(tuple)


@st.composite
def ctypes(draw: st.DrawFn, arrays: bool = False, depth: int = 2) -> CType:
    arguments = draw(plain_arguments)
    if depth and draw(st.booleans()):
        arguments = (*arguments, str(draw(ctypes(depth=depth - 1))))
    scope = None
    if draw(st.booleans()):
        scope = CType(draw(names), draw(plain_arguments.filter(bool)))
    extents = draw(st.lists(st.integers(1, 64).map(str), max_size=3).map(tuple)) if arrays else ()
    return CType(draw(names), arguments, draw(st.integers(0, 3)), extents, scope)


@given(ctypes())
def test_what_is_written_is_read_again(type_: CType) -> None:
    assert parse_type(str(type_)) == type_


@given(ctypes(), st.sampled_from(["const {}", "{} const", "  {}  ", "{}&", "typename {}", "{} __restrict__"]))
def test_qualifiers_do_not_matter(type_: CType, form: str) -> None:
    assert parse_type(form.format(type_)) == type_


@given(ctypes())
def test_the_address_of_a_value_leads_back_to_it(type_: CType) -> None:
    assert type_.pointer().dereferenced() == type_
    assert type_.pointer().is_indirect


@given(ctypes(arrays=True))
def test_taking_off_every_level_ends_at_the_base(type_: CType) -> None:
    levels = 0
    current = type_
    while (inner := current.dereferenced()) is not None:
        current, levels = inner, levels + 1
    assert current == type_.base()
    assert levels == type_.pointers + len(type_.extents)
    assert not current.is_indirect


@given(ctypes(arrays=True).filter(lambda t: t.extents))
def test_an_array_decays_to_its_element(type_: CType) -> None:
    assert type_.pointer().base() == type_.base()
    assert len(type_.pointer().extents) == len(type_.extents) - 1


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = parse_type(text)
    assert found is None or "\n" not in str(found)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("a", ["a"]),
        ("a, b,c", ["a", "b", "c"]),
        ("f(a, b), c[d, e], {g, h}", ["f(a, b)", "c[d, e]", "{g, h}"]),
        ("Pair<a, b>, c", ["Pair<a, b>", "c"]),
        ("a,", ["a", ""]),
        (",", ["", ""]),
    ],
)
def test_split_top(text: str, parts: list[str]) -> None:
    assert split_top(text) == parts


@given(st.lists(ctypes().map(str), min_size=1, max_size=5))
def test_a_joined_list_splits_into_its_parts(parts: list[str]) -> None:
    assert split_top(", ".join(parts)) == parts


def test_split_top_at_another_separator() -> None:
    assert split_top("a<b; c>; d", ";") == ["a<b; c>", "d"]


@pytest.mark.parametrize(
    ("text", "bindings", "result"),
    [
        ("Vec<T, N>", {"T": "float", "N": "4"}, "Vec<float, 4>"),
        ("T2 T xT", {"T": "int"}, "T2 int xT"),
        ("A<B>", {"A": "B", "B": "A"}, "B<A>"),
        ("T", {}, "T"),
        ("a::T*", {"T": "int4"}, "a::int4*"),
    ],
)
def test_substitute(text: str, bindings: dict[str, str], result: str) -> None:
    assert substitute(text, bindings) == result
