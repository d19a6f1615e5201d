"""Types of expressions, and sizes of types."""

from __future__ import annotations

import pytest

from portcheck.program.types import CType, parse_type

HEAD = """
struct Inner { half h; };
struct Outer { int4* rows; Inner in; float at[4]; Inner* next() { return 0; } };
template <typename T, int N> struct alignas(16) Vec { T at[N]; T* data() { return at; } };
template <int N> struct Bytes;
template <> struct Bytes<16> { using type = int4; };
using pack_t = uint4;
constexpr int kRows = 4;
float measure(const int* p);
float measure(const int* p) { return 1.0f; }
template <typename T> T* advance(T* p, long n) { return p + n; }
template <typename T> T* as(void* p) { return static_cast<T*>(p); }
struct A { int v() { return 1; } };
template <typename T, bool kWide>
__global__ void k(int i, unsigned u, int64_t l, float f, double d, half h, void* v, char* c, int4* p,
                  int** pp, const Outer& o, Outer* op, Vec<float, 4> vec, T t, T* tp,
                  float4 f4, Bytes<16>::type b) {
    __shared__ int4 tile[8][2];
    auto a = p + 1;
    auto copy = a;
    const auto lambda = [&](int n) { return p[n]; };
    const auto typed = [&](int n) -> float2 { return f2; };
    probe(%s);
}
"""

EXPRESSIONS = [
    ("i", "int"),
    ("(i)", "int"),
    ("1", "int"),
    ("1.5f", "float"),
    ("1.5", "double"),
    ("0x1f", "int"),
    ("1ll", "int64_t"),
    ("i + f", "float"),
    ("f * d", "double"),
    ("i + l", "int64_t"),
    ("i << l", "int"),
    ("p + 1", "int4*"),
    ("1 + p", "int4*"),
    ("p[i]", "int4"),
    ("*p", "int4"),
    ("&p", "int4**"),
    ("&p[2]", "int4*"),
    ("**pp", "int"),
    ("pp[0] + 3", "int*"),
    ("p[i].x", "int"),
    ("f4.w", "float"),
    ("p->x", "int"),
    ("tile", "int4[8][2]"),
    ("tile[1]", "int4[2]"),
    ("tile[1][0]", "int4"),
    ("tile[1] + 1", "int4*"),
    ("a", "int4*"),
    ("copy[3]", "int4"),
    ("o.rows", "int4*"),
    ("o.rows[2]", "int4"),
    ("o.in.h", "half"),
    ("op->at[1]", "float"),
    ("op->next()", "Inner*"),
    ("op->next()->h", "half"),
    ("vec.at[2]", "float"),
    ("vec.data()", "float*"),
    ("t", "T"),
    ("tp[1]", "T"),
    ("i > 2 ? p : nullptr", "int4*"),
    ("i > 2 ? nullptr : p", "int4*"),
    ("i = 3", "int"),
    ("-f", "float"),
    ("++i", "int"),
    ("sizeof(int4)", "size_t"),
    ("(float*)v", "float*"),
    ("static_cast<const int4*>(v)", "int4*"),
    ("reinterpret_cast<pack_t*>(c)[1]", "pack_t"),
    ("measure(pp[0])", "float"),
    ("advance(p, 3)", "int4*"),
    ("advance<float>(0, 3)", "float*"),
    ("as<uint2>(v)", "uint2*"),
    ("__ldg(p + 1)", "int4"),
    ("__shfl_sync(~0u, f, 0)", "float"),
    ("make_float4(0, 0, 0, 0)", "float4"),
    ("max(f, 0.0f)", "float"),
    ("lambda(3)", "int4"),
    ("typed(3)", "float2"),
    ("kRows", "int"),
    ("Vec<half, 8>()", "Vec<half, 8>"),
    ("unknown", None),
    ("unknown(p)", None),
    ("unknown.x", None),
    ("o.missing", None),
    ("i[0]", None),
    ("*i", None),
    ("p - unknown", "int4*"),
    ("unknown + 1", None),
]


@pytest.mark.parametrize(("expression", "type_"), EXPRESSIONS)
def test_expressions(model, expression: str, type_: str | None) -> None:
    (found,) = model(HEAD % expression).types()
    assert (None if found is None else str(found)) == type_


SIZES = [
    ("int4", 16, True),
    ("float2", 8, True),
    ("half2", 4, False),
    ("double", 8, False),
    ("void*", 8, False),
    ("int4*", 8, False),
    ("pack_t", 16, True),
    ("Bytes<16>::type", 16, True),
    ("Vec<float, 4>", 16, True),
    ("Vec<half, 8>", 16, True),
    ("Vec<half, N>", None, True),
    ("Inner", 2, False),
    ("std::conditional_t<kWide, int2, int4>", None, True),
    ("std::conditional_t<kWide, int4, uint4>", 16, True),
    ("std::conditional_t<kWide, int, int4>", None, True),
    ("std::conditional_t<kWide, int, half>", None, False),
    ("T", None, False),
    ("Unheard", None, False),
]


@pytest.mark.parametrize(("text", "width", "vector"), SIZES)
def test_sizes(model, text: str, width: int | None, vector: bool) -> None:
    built = model(HEAD % "i")
    type_ = parse_type(text)
    assert type_ is not None
    assert built.typer.width_bytes(type_, built.function("k")) == width
    assert built.typer.is_vector(type_, built.function("k")) is vector


RECORDS = [
    ("struct R { int a; int4 b; };", 32),
    ("struct R { char a[3]; int b; };", 8),
    ("struct R { int a; char* p; };", 16),
    ("union R { int4 a; half b[8]; };", 16),
    ("struct In { float2 v[2]; }; struct R { In i; };", 16),
    ("struct R { Unheard u; };", None),
    ("struct R {};", None),
    ("struct R { int a[N]; };", None),
    ("struct R { R* next; R* last; };", 16),
    ("struct R { R again; };", None),
]


@pytest.mark.parametrize(("code", "width"), RECORDS)
def test_sizes_of_records(model, code: str, width: int | None) -> None:
    assert model(code).typer.width_bytes(CType("R")) == width


ALIASES = [
    ("using a_t = int4;", "a_t", ["int4"]),
    ("using a_t = b_t; using b_t = float2*;", "a_t", ["float2*"]),
    ("typedef struct { int x; } s_t; typedef int4 a_t[2];", "a_t", ["int4[2]"]),
    ("using a_t = a_t;", "a_t", ["a_t"]),
    ("using a_t = b_t; using b_t = a_t;", "a_t", None),
    ("template <typename T> struct S { using v = T*; };", "S<int>::v", ["int*"]),
]


@pytest.mark.parametrize(("code", "text", "meanings"), ALIASES)
def test_aliases(model, code: str, text: str, meanings: list[str] | None) -> None:
    type_ = parse_type(text)
    assert type_ is not None
    found = [str(t) for t in model(code).typer.resolve(type_)]
    if meanings is None:  # a circle: some answer, and an end
        assert set(found) <= {"a_t", "b_t"}
    else:
        assert found == meanings
