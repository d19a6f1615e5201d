"""Kernels, their launches and instantiations, and the call graph."""

from __future__ import annotations

import pytest

from portcheck.result import Parameter
from portcheck.scan import scan

NAMED = """
namespace a {
template <typename T, int N = 4>
__global__ void __launch_bounds__(N * 32, 2) first(const T* __restrict__ x, int n) {}
namespace {
__global__ void __cluster_dims__(2, 1, 1) second() {}
}
__global__ void declared_only(int n);
__device__ void no_kernel() {}
}
"""


def test_kernels(scan_text) -> None:
    first, second = scan_text(NAMED).kernels
    assert (first.name, first.place.line, first.launch_bounds) == ("a::first", 4, "N * 32, 2")
    assert first.template_parameters == (Parameter("typename", "T"), Parameter("int", "N", "4"))
    assert first.parameters == (Parameter("const T* __restrict__", "x"), Parameter("int", "n"))
    assert (second.name, second.cluster_dims, second.launch_bounds) == ("a::second", "2, 1, 1", "")
    assert (first.launches, second.instantiations, first.active) == ((), (), True)


KERNELS = """
template <int kHidden, typename T> __global__ void run(T* x) {}
__global__ void plain(int* x) {}
__global__ void other(int* x) {}
"""
SWITCH = """
#define SWITCH_HIDDEN(CASE) \\
    switch (hidden) { \\
        case 2048: CASE(2048); break; \\
        case 7168: CASE(7168); break; \\
        default: throw 1; \\
    }
#define SWITCH_TYPE(NAME, ...) \\
    if (wide) { using NAME = int4; __VA_ARGS__(); } \\
    else { using NAME = int2; __VA_ARGS__(); }
"""
INSTANTIATIONS = {
    "none": ("void h() {}", "run", 0, []),
    "written out": ("void h(float* x) { run<4, float><<<1, 1>>>(x); }", "run", 1, [("4", "float")]),
    "each once": (
        "void h(float* x) {"
        + "".join(f" run<{n}, float><<<{g}, 1>>>(x);" for n, g in ((4, 1), (4, 2), (8, 1)))
        + " }",
        "run",
        3,
        [("4", "float"), ("8", "float")],
    ),
    "a conditional": (
        "void h(float* x, bool b) { auto k = b ? run<4, float> : run<8, half>; k<<<1, 1>>>(x); }",
        "run",
        1,
        [("4", "float"), ("8", "half")],
    ),
    "a switch over values": (
        SWITCH
        + "void h(float* x, int hidden) {\n"
        + "#define CASE(H) run<H, float><<<1, 1>>>(x)\n    SWITCH_HIDDEN(CASE);\n#undef CASE\n}\n",
        "run",
        None,
        [("2048", "float"), ("7168", "float")],
    ),
    "no template": ("void h(int* x) { plain<<<1, 1>>>(x); plain<<<2, 1>>>(x); }", "plain", 2, []),
}


@pytest.mark.parametrize(
    ("code", "name", "launches", "instantiations"), INSTANTIATIONS.values(), ids=INSTANTIATIONS.keys()
)
def test_instantiations(scan_text, code: str, name: str, launches: int | None, instantiations: list) -> None:
    (kernel,) = [k for k in scan_text(KERNELS + code).kernels if k.name == name]
    assert list(kernel.instantiations) == instantiations
    if launches is None:
        assert len(kernel.launches) > 0
    else:
        assert len(kernel.launches) == launches


def test_a_kernel_picked_by_a_condition(scan_text) -> None:
    code = "void h(int* x, bool b) {\n    auto k = b ? plain : other;\n    k<<<1, 1>>>(x);\n}\n"
    kernels = {k.name: k for k in scan_text(KERNELS + code).kernels}
    assert [len(kernels[n].launches) for n in ("plain", "other", "run")] == [1, 1, 0]


def test_kernels_of_one_name_in_two_files(scan_text) -> None:
    text = "__global__ void same(int* x) {{}}\nvoid host_{0}(int* x) {{ same<<<{0}, 1>>>(x); }}\n"
    kernels = scan_text(text.format(1), {"b.cu": text.format(2)}).kernels
    assert [(k.place.path, [p.path for p in k.launches]) for k in kernels] == [
        ("b.cu", ["b.cu"]),
        ("main.cu", ["main.cu"]),
    ]


def test_a_launch_from_another_file(scan_text) -> None:
    (kernel,) = scan_text(
        "#include <k.cuh>\nvoid h(int* x) { ns::k<<<1, 1>>>(x); }\n",
        {"k.cuh": "namespace ns { __global__ void k(int* x) {} }\n"},
    ).kernels
    assert (kernel.name, kernel.place.path) == ("ns::k", "k.cuh")
    assert [(p.path, p.line) for p in kernel.launches] == [("main.cu", 2)]


def test_an_inactive_kernel(scan_text) -> None:
    code = "#ifdef OLD\n__global__ void k() { work(); }\n#else\n__global__ void k2() { work(); }\n#endif\n"
    assert {k.name: k.active for k in scan_text(code).kernels} == {"k": False, "k2": True}
    assert {k.name: k.active for k in scan_text(code, defines=["OLD"]).kernels} == {"k": True, "k2": False}


CALLS = """
namespace n {
__device__ int leaf(int a) { return a; }
struct S { __device__ int twice(int a) { return leaf(a) + leaf(a); } };
}
__global__ void k(int n) {
    n::S s;
    s.twice(n);
    auto f = [&](int a) { return n::leaf(a); };
    unknown(reinterpret_cast<int*>(n));
}
"""


def test_call_graph(scan_text) -> None:
    calls = scan_text(CALLS).calls
    assert [(c.caller, c.callee, c.place.line, c.resolved) for c in calls if c.resolved] == [
        ("n::S::twice", "n::leaf", 4, True),
        ("n::S::twice", "n::leaf", 4, True),
        ("k", "n::S::twice", 8, True),
        ("k", "n::leaf", 9, True),
    ]
    assert [(c.caller, c.callee, c.place.line) for c in calls if not c.resolved] == [("k", "unknown", 10)]


def test_a_dispatch_macro_binds_names_inside_its_block(scan_text) -> None:
    code = """#define DISPATCH(dim, DIM, ...) \\
    switch (dim) { \\
        case 64: { constexpr int DIM = 64; __VA_ARGS__ break; } \\
        case 128: { constexpr int DIM = 128; __VA_ARGS__ break; } \\
    }
template <int D, bool B> __global__ void k(float* p) {}
void go(int dim, float* p) { DISPATCH(dim, HEAD, { k<HEAD, true><<<1, 32>>>(p); }); }
"""
    (kernel,) = scan_text(code).kernels
    assert kernel.instantiations == (("64", "true"), ("128", "true"))


def test_files_reuse_the_names_of_their_case_macros(tmp_path) -> None:
    (tmp_path / "switch.cuh").write_text(
        "#define SWITCH(CASE) switch (n) { case 2: CASE(2); case 4: CASE(4); }\n"
    )
    for name in ("one", "two"):
        (tmp_path / f"{name}.cu").write_text(
            '#include "switch.cuh"\n'
            f"template <int N> __global__ void {name}(int* p) {{}}\n"
            "void go(int n, int* p) {\n"
            f"#define CASE_K(N) {name}<N><<<1, 32>>>(p); break\n"
            "    SWITCH(CASE_K);\n#undef CASE_K\n}\n"
        )
    kernels = {k.name: k.instantiations for k in scan([str(tmp_path)]).kernels}
    assert kernels == {"one": (("2",), ("4",)), "two": (("2",), ("4",))}


def test_defines_of_an_included_header_decide_an_if(tmp_path) -> None:
    (tmp_path / "config.h").write_text("#define WITH_BULK 1\n")
    (tmp_path / "a.cu").write_text(
        '#include "config.h"\n'
        "#if WITH_BULK\n__global__ void on() {}\n#else\n__global__ void off() {}\n#endif\n"
    )
    (tmp_path / "b.cu").write_text("#if WITH_BULK\n__global__ void alone() {}\n#endif\n")
    active = {k.name: k.active for k in scan([str(tmp_path)]).kernels}
    assert active == {"on": True, "off": False, "alone": False}
