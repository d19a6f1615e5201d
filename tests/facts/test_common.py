"""What holds for facts of every kind: inactive branches, macro bodies, functions, places."""

from __future__ import annotations

from dataclasses import fields

import pytest
from marks import cases, scan_of

from portcheck.facts.base import Fact, FactKind
from portcheck.source.place import Place

BRANCHES = """
__global__ void k(char* x) {
#ifdef USE_WIDE
    auto v = reinterpret_cast<int4*>(x);  // expect: vec_cast 16 @wide
#else
    auto v = reinterpret_cast<int2*>(x);  // expect: vec_cast 8 @narrow
#endif
}
"""


@pytest.mark.parametrize(
    ("defines", "wide", "narrow"),
    [((), "inactive", ""), (("USE_WIDE",), "", "inactive"), (("USE_WIDE=0",), "", "inactive")],
)
def test_only_one_side_is_active(check, defines: tuple[str, ...], wide: str, narrow: str) -> None:
    code = BRANCHES.replace("@wide", wide).replace("@narrow", narrow)
    check(code, "vec_cast", defines=defines)


NESTED = """
__global__ void k(char* x) {
#if __CUDA_ARCH__ >= 900
    auto a = (int4*)x;  // expect: vec_cast
#elif __CUDA_ARCH__ >= 800
    auto b = (int4*)x;  // expect: vec_cast inactive
#if defined(NEVER)
    auto c = (int4*)x;  // expect: vec_cast inactive
#endif
#else
    auto d = (int4*)x;  // expect: vec_cast inactive
#endif
#if 0
    auto e = (int4*)x;  // expect: vec_cast inactive
#endif
}
"""


def test_chains_and_nesting(check) -> None:
    check(NESTED, "vec_cast")


def test_a_chosen_architecture(check) -> None:
    swapped = NESTED.replace("vec_cast\n#elif", "vec_cast inactive\n#elif")
    swapped = swapped.replace(
        "auto b = (int4*)x;  // expect: vec_cast inactive", "auto b = (int4*)x;  // expect: vec_cast"
    )
    check(swapped, "vec_cast", defines=("__CUDA_ARCH__=800",))


def test_the_condition_of_an_inactive_fact(facts_of) -> None:
    facts = [f for f in facts_of(BRANCHES) if f.kind == "vec_cast"]
    assert [(f.active, "USE_WIDE" in f.condition) for f in facts] == [(False, True), (True, False)]


def test_half_a_statement_in_a_branch(check) -> None:
    check(
        """
__global__ void k(char* x, bool b) {
#ifdef A
    if (b) {
        auto v = (int4*)x;  // expect: vec_cast inactive
#else
    if (!b) {
        auto v = (int2*)x;  // expect: vec_cast 8
#endif
    }
    auto w = (uint4*)x;  // expect: vec_cast 16
}
""",
        "vec_cast",
    )


MACROS = {
    "independent of the parameters: once, at the body": """
#define ZERO(i) do { auto v = reinterpret_cast<int4*>(buffer); v[i] = zero; } while (0)\
  // expect: vec_cast 16
__global__ void k(char* buffer, int4 zero) {
    ZERO(0);  // expect: nothing
    ZERO(1);
}""",
    "dependent on a parameter: at each call": """
#define VIEW(p) reinterpret_cast<const int4*>(p)  // expect: vec_cast 16 definition
__global__ void k(char* a, char* b) {
    auto v = VIEW(a);  // expect: vec_cast 16 operand=a
    auto w = VIEW(b);  // expect: vec_cast 16 operand=b
}""",
    "the type is the parameter": """
#define AS(T, p) reinterpret_cast<T*>(p)
__global__ void k(char* a) {
    auto v = AS(int4, a);  // expect: vec_cast 16
    auto w = AS(float, a);  // expect: nothing
}""",
    "an argument is no part of the body": """
#define TWICE(x) do { use(x); asm volatile("nop;"); } while (0)
__global__ void k(char* a) { TWICE((int4*)a); }  // expect: vec_cast 16
""",
    "a macro of a macro": """
#define VIEW(p) reinterpret_cast<const int4*>(p)  // expect: vec_cast 16 definition
#define AT(p, i) VIEW(p)  // expect: vec_cast 16 definition
__global__ void k(char* a) { auto v = AT(a, 1); }  // expect: vec_cast 16
""",
    "never called": """
#define UNUSED_VIEW(p) reinterpret_cast<const int4*>(p)  // expect: vec_cast 16 definition
""",
}


@pytest.mark.parametrize("code", cases(MACROS))
def test_macros(check, code: str) -> None:
    check(code, "vec_cast")


def test_a_use_of_a_macro_names_its_definition(facts_of) -> None:
    facts = facts_of(
        "#include <util.cuh>\n__global__ void k(char* a) { auto v = VIEW(a); }\n",
        util_cuh=("#pragma once\n\n#define VIEW(p) reinterpret_cast<const int4*>(p)\n"),
    )
    definition, use = sorted((f for f in facts if f.kind == "vec_cast"), key=lambda f: not f.definition)
    assert (definition.place.path, definition.place.line) == ("util.cuh", 3)
    assert (use.place.path, use.place.line, use.definition) == ("main.cu", 2, False)
    assert [(p.path, p.line) for p in use.related] == [("util.cuh", 3)]


def test_a_call_of_a_wrapper_names_the_wrapper(facts_of) -> None:
    facts = facts_of(
        "__global__ void k() { drain(); }\n",
        util_cuh='#pragma once\n__device__ void drain() { asm volatile("cp.async.wait_all;"); }\n',
    )
    use = next(f for f in facts if not f.definition)
    assert [(p.path, p.line) for p in use.related] == [("util.cuh", 2)]


FUNCTIONS = """
namespace a { namespace b {
template <int N> __global__ void kernel(char* x) { auto v = (int4*)x; }
struct S { __device__ void method(char* x) { auto v = (int4*)x; } };
}  // namespace b
namespace { __device__ void hidden(char* x) { auto v = (int4*)x; } }
__device__ void b::S::outside(char* x) { auto v = (int4*)x; }
void host(char* x) { auto f = [=] { auto v = (int4*)x; }; }
}
"""


def test_the_enclosing_function(facts_of) -> None:
    facts = [f for f in facts_of(FUNCTIONS) if f.kind == "vec_cast"]
    names = {f.place.line: f.function for f in facts}
    assert {n: names[n] for n in (3, 4, 6, 8)} == {
        3: "a::b::kernel",
        4: "a::b::S::method",
        6: "a::hidden",
        8: "a::host",
    }
    assert names[7].endswith("S::outside")


def test_a_place_is_the_expression_itself(facts_of) -> None:
    code = "__global__ void k(char* x) {\n  // π ≈ 3\n  auto π = f(reinterpret_cast<int4*>(x));\n}\n"
    (fact,) = [f for f in facts_of(code) if f.kind == "vec_cast"]
    data = code.encode()
    place = fact.place
    assert data[place.start_byte : place.end_byte] == b"reinterpret_cast<int4*>(x)"
    assert (place.line, place.column, place.end_column) == (3, 14, 40)


def test_facts_come_in_the_order_of_places(facts_of) -> None:
    facts = facts_of(FUNCTIONS, b_cu="__global__ void z(char* x) { auto v = (int4*)x; }\n")
    keys = [(f.place.path, f.place.start_byte) for f in facts]
    assert keys == sorted(keys)
    assert {p for p, _ in keys} == {"b.cu", "main.cu"}


def test_no_fact_twice(tmp_path) -> None:
    facts = scan_of(tmp_path, FUNCTIONS + BRANCHES + NESTED + "".join(MACROS.values())).facts
    assert len({(f.place, f.kind) for f in facts}) == len(facts) > 10


def test_content_leaves_the_common_fields_out() -> None:
    for class_ in _classes(Fact):
        assert class_.kind in FactKind
        own = {f.name for f in fields(class_)} - {f.name for f in fields(Fact)}
        place = Place("a.cu", 0, 1, 1, 1, 1, 2)
        values = dict.fromkeys(own, "t")
        fact = class_(place=place, function="f", **values)
        assert fact.content() == values
        assert "t" in fact.detail


def test_every_kind_has_a_class() -> None:
    assert {c.kind for c in _classes(Fact)} == set(FactKind)


def _classes(base: type[Fact]) -> list[type[Fact]]:
    found: list[type[Fact]] = []
    for class_ in base.__subclasses__():
        found += [class_] if "kind" in vars(class_) else []
        found += _classes(class_)
    return found
