"""`#define`s: what is collected, which are attributes, and their bodies as fragments."""

from __future__ import annotations

from portcheck.syntax import Configuration, MacroTable, SyntaxFile, collect_macros, parse_file


def table(*texts: bytes) -> MacroTable:
    return MacroTable(m for i, text in enumerate(texts) for m in collect_macros(f"d{i}/a.h", text))


def parse(data: bytes) -> SyntaxFile:
    return parse_file("a.cu", data, MacroTable(collect_macros("a.cu", data)), Configuration.default())


def test_a_definition_says_where_it_lies() -> None:
    data = b"int a;\n#define ADD(x, y, ...) \\\n  ((x) + /* no \\\n */ (y)) // end\nint b;\n"
    (one,) = collect_macros("a.h", data)
    assert (one.name, one.parameters, one.line) == ("ADD", ("x", "y", "..."), 2)
    assert data[one.start_byte : one.start_byte + 7] == b"#define"
    assert data[one.end_byte :] == b"\nint b;\n"
    assert data[one.body_start : one.body_end].startswith(b"((x)")
    assert len(one.body) == one.body_end - one.body_start
    assert one.body.split() == b"((x) + (y))".split()


def test_kinds_of_definitions() -> None:
    data = b"#define A\n#define B 1\n#define C() 2\n#define D (x)\n#  define E(args...) f(args)\n"
    assert [(m.name, m.parameters, m.body.strip()) for m in collect_macros("a.h", data)] == [
        ("A", None, b""),
        ("B", None, b"1"),
        ("C", (), b"2"),
        ("D", None, b"(x)"),
        ("E", ("args...",), b"f(args)"),
    ]


def test_defines_in_comments_and_strings_do_not_count() -> None:
    assert collect_macros("a.h", b'/*\n#define A 1\n*/\nconst char* s = R"(\n#define B 1\n)";\n') == []


def test_attribute_macros_by_fix_point() -> None:
    names = table(
        b"#define HD __host__ __device__\n#define HDI HD inline\n#define BOUNDS(n) __launch_bounds__(n)\n"
        b"#define NOTHING\n#define VALUE HD + 1\n#define ALSO VALUE\n"
        b"#define NS_BEGIN namespace x {\n#define NS_END }\n"
    ).attribute_names
    assert {b"HD", b"HDI", b"BOUNDS", b"NOTHING", b"NS_BEGIN", b"NS_END"} <= names
    assert not {b"VALUE", b"ALSO"} & names


def test_an_empty_function_like_macro_is_no_attribute() -> None:
    data = b"#define assert(x)\n#define EP_CHECK(x)\n"
    data += b"void f(int a) { assert(a % 16 == 0); EP_CHECK(a > 1); }\n"
    file = parse(data)
    assert b"assert(a % 16 == 0)" in file.view
    assert b"EP_CHECK(a > 1)" in file.view


def test_the_scans_own_definition_wins_over_the_shipped_table() -> None:
    assert b"CUTLASS_DEVICE" in table().attribute_names
    assert b"CUTLASS_DEVICE" not in table(b"#define CUTLASS_DEVICE f(1);\n").attribute_names


def test_an_attribute_name_used_as_a_value_stays() -> None:
    data = b"#define STEP\nvoid f() { for (int i = 0; i < STEP; i++) g(i); }\n"
    assert b"i < STEP;" in parse(data).view


def test_lookup_prefers_the_near_and_the_last() -> None:
    macros = table(b"#define M 1\n#undef M\n#define M 2\n", b"#define M 3\n", b"#define OTHER\n")
    nearest = [macros.get("M", path) for path in ("d0/a.h", "d1/b.cu", "d2/a.h")]
    assert [m.body for m in nearest if m is not None] == [b"2", b"3", b"1"]
    first = macros.get(b"M", "d0/a.h", 14)
    assert first is not None
    assert first.body == b"1"
    assert macros.get("ABSENT") is None


def test_lookup_prefers_the_active_branch() -> None:
    macros = table(b"#if 1\n#define M 1\n#else\n#define M 2\n#endif\n")
    found = macros.get("M", "d0/a.h")
    assert found is not None
    assert found.body == b"1"


def test_macro_bodies_are_fragments_at_their_own_offsets() -> None:
    data = (
        b"#define COPY(n, dst, src) \\\n  do { /* why */ \\\n"
        b"    auto v = reinterpret_cast<const int4*>(src); \\\n"
        b"    (dst)[n] = v[n]; \\\n  } while (0)\n#define ONE 1\n#define NAME other\nint a;\n"
    )
    file = parse(data)
    (fragment,) = file.fragments
    assert fragment.kind == "macro"
    assert fragment.macro is not None
    assert fragment.macro.name == "COPY"
    at = data.index(b"reinterpret_cast")
    node = fragment.tree.root_node.descendant_for_byte_range(at, at + 3)
    assert node is not None
    assert (node.start_byte, node.start_point.row) == (at, 2)
    assert not any(n.is_error for n in fragment.tree.root_node.children)
    assert b"COPY" not in file.view


def test_two_bodies_are_never_mixed() -> None:
    data = b"#define A(x) f(x, [] {\n#define B(x) g(x); })\nint a;\n"
    first, second = parse(data).fragments
    assert first.tree.root_node.end_byte <= second.tree.root_node.start_byte
    assert first.has_error


def test_a_launch_in_a_macro_body_is_recorded() -> None:
    data = b"#define LAUNCH(k, g, b, ...) k<<<g, b>>>(__VA_ARGS__)\n"
    (launch,) = parse(data).launches
    assert [data[low:high] for low, high in launch.arguments] == [b"g", b"b"]
