"""Macro calls written out, with the origin of each piece."""

from __future__ import annotations

import pytest

from portcheck.syntax import Expansion, MacroTable, collect_macros, expand_call, parse_text, split_arguments

SOURCE = b"""
#define UNROLLED_COPY(FACTOR, N, DST, SRC, LD, ST) \\
    { \\
        for (int i = 0; i < (N); i += 32 * (FACTOR)) { \\
            ST((DST) + i, LD((SRC) + i)); /* one */ \\
        } \\
    }
#define SWITCH_RANKS(case_macro) \\
    switch (n) { \\
        case 2: case_macro(2); \\
        case 4: case_macro(4); \\
        default: abort(); \\
    }
#define DISPATCH_CASE(ranks) launch(kernel<ranks, N_SMS>); break
#define N_SMS 24
#define LAUNCH(config, kernel, ...) check(run(#kernel, config, kernel, ##__VA_ARGS__))
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define STR_(x) #x
#define STR(x) STR_(x)
#define SELF(x) SELF(x) + N_SMS
#define PING PONG
#define PONG PING
#define OPT(a, ...) f(a __VA_OPT__(,) __VA_ARGS__)
#define NAMED(args...) g(args)
#define CALLS(x) PARTIAL(x)
#define PARTIAL DISPATCH_CASE
#define TWICE(x) x x
#define HASH(x) #x
"""
TABLE = MacroTable(collect_macros("m.cuh", SOURCE))


def expand(name: str, *arguments: bytes, depth: int = 8, budget: int = 65536) -> Expansion:
    definition = TABLE.get(name)
    assert definition is not None
    return expand_call(definition, arguments, TABLE, depth=depth, budget_bytes=budget)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            ("UNROLLED_COPY", b"4", b"n", b"d", b"s", b"ld_nc", b"st"),
            b"{ for (int i = 0; i < (n); i += 32 * (4)) { st((d) + i, ld_nc((s) + i)); } }",
        ),
        (
            ("SWITCH_RANKS", b"DISPATCH_CASE"),
            (
                b"switch (n) { case 2: launch(kernel<2, 24>); break; "
                b"case 4: launch(kernel<4, 24>); break; default: abort(); }"
            ),
        ),
        (("LAUNCH", b"&c", b"k<1, 2>"), b'check(run("k<1, 2>", &c, k<1, 2>))'),
        (("LAUNCH", b"&c", b"k", b"x", b"f(y, z)"), b'check(run("k", &c, k, x, f(y, z)))'),
        (("CAT_", b"a", b"N_SMS"), b"aN_SMS"),
        (("CAT", b"a", b"N_SMS"), b"a24"),
        (("STR", b"N_SMS"), b'"24"'),
        (("STR_", b"N_SMS"), b'"N_SMS"'),
        (("HASH", b'a "q\\n"'), rb'"a \"q\\n\""'),
        (("SELF", b"1"), b"SELF(1) + 24"),
        (("PING",), b"PING"),
        (("OPT", b"1"), b"f(1 )"),
        (("OPT", b"1", b"2", b"3"), b"f(1 , 2, 3)"),
        (("NAMED", b"1", b"2"), b"g(1, 2)"),
        (("NAMED",), b"g()"),
        (("CALLS", b"8"), b"launch(kernel<8, 24>); break"),
        (("CAT", b"N_", b"SMS"), b"24"),
        (("TWICE",), b""),
    ],
)
def test_expansion(call: tuple[str, *tuple[bytes, ...]], text: bytes) -> None:
    assert b" ".join(expand(call[0], *call[1:]).text.split()) == text


def test_every_byte_has_an_origin() -> None:
    arguments = (b"4", b"n", b"dst", b"src", b"ld_nc", b"st")
    result = expand("UNROLLED_COPY", *arguments)
    assert b"".join(result.text[s.start : s.end] for s in result.segments) == result.text
    for segment in result.segments:
        piece = result.text[segment.start : segment.end]
        if segment.source == "argument":
            assert arguments[segment.offset][segment.inner :].startswith(piece)
        else:
            # Continuations and comments of the body are spaces here.
            origin = SOURCE[segment.offset : segment.offset + len(piece)]
            assert all(a == b or a == 32 for a, b in zip(piece, origin, strict=True))


def test_nested_macros_keep_their_own_origin() -> None:
    result = expand("SWITCH_RANKS", b"DISPATCH_CASE")
    origins = {(s.source, s.macro, result.text[s.start : s.end]) for s in result.segments}
    assert ("body", "N_SMS", b"24") in origins
    assert any(macro == "DISPATCH_CASE" and b"launch(kernel<" in text for _, macro, text in origins)


def test_bounds() -> None:
    doubling = b"".join(b"#define D%d(x) D%d(x x) D%d(x x)\n" % (i, i + 1, i + 1) for i in range(40))
    table = MacroTable(collect_macros("a.h", doubling))
    definition = table.get("D0")
    assert definition is not None
    result = expand_call(definition, [b"a"], table, depth=64, budget_bytes=10_000)
    assert not result.complete
    assert len(result.text) < 3_000_000
    shallow = expand_call(definition, [b"a"], table, depth=2)
    assert b"D2(" in shallow.text


def test_an_expansion_parses() -> None:
    result = expand("SWITCH_RANKS", b"DISPATCH_CASE")
    root = parse_text(result.text).root_node
    assert not root.has_error
    assert root.children[0].type == "switch_statement"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"", [b""]),
        (b" a , b ", [b"a", b"b"]),
        (b"f(a, b), (c, d), e", [b"f(a, b)", b"(c, d)", b"e"]),
        (b'",", \',\', "\\","', [b'","', b"','", b'"\\","']),
        (b"a<b, c>, d", [b"a<b", b"c>", b"d"]),
        (b"[a, b]", [b"[a", b"b]"]),
        (b"a /* , */, b", [b"a /* , */", b"b"]),
        (b"1'000, 2", [b"1'000", b"2"]),
        (b"a,,b", [b"a", b"", b"b"]),
    ],
)
def test_arguments_split_as_c_does(text: bytes, parts: list[bytes]) -> None:
    assert split_arguments(text) == parts
