"""What is read of a function's head."""

from __future__ import annotations

import pytest

HEADS = [
    ("void f() {}", "f", "void", []),
    ("int4* f(const int4* p, int n = 3) {}", "f", "int4*", [("p", "const int4*", ""), ("n", "int", "3")]),
    ("auto f(int) -> float* {}", "f", "float*", [("", "int", "")]),
    ("auto f() {}", "f", None, []),
    ("namespace a { namespace b { void f() {} } }", "a::b::f", "void", []),
    ("namespace a::b { void f() {} }", "a::b::f", "void", []),
    ("namespace { void f() {} }", "f", "void", []),
    ("struct S { void f() {} };", "S::f", "void", []),
    ("void S::f() {}", "S::f", "void", []),
    ("template <typename T> void S<T>::f(T* p) {}", "S::f", "void", [("p", "T*", "")]),
    (
        "__global__ void __launch_bounds__(64, 2) f(void** x, float (&y)[4]) {}",
        "f",
        "void",
        [("x", "void**", ""), ("y", "float (&)[4]", "")],
    ),
]


@pytest.mark.parametrize(("code", "qualified", "returns", "parameters"), HEADS)
def test_heads(
    model, code: str, qualified: str, returns: str | None, parameters: list[tuple[str, str, str]]
) -> None:
    found = model(code).function("f")
    assert found.qualified == qualified
    assert (None if found.return_type is None else str(found.return_type)) == returns
    assert [(p.name, p.type_text, p.default) for p in found.parameters] == parameters


def test_template_parameters(model) -> None:
    code = "template <typename T, int N = 4, bool B = (N > 2), typename... R> __global__ void f(T* p) {}"
    found = model(code).function("f")
    assert [(p.name, p.is_type, p.default) for p in found.template_parameters] == [
        ("T", True, ""),
        ("N", False, "4"),
        ("B", False, "(N > 2)"),
        ("R", True, ""),
    ]
    assert found.is_kernel


@pytest.mark.parametrize(
    ("head", "kernel"),
    [
        ("__global__ void f()", True),
        ("static __global__ void f()", True),
        ('extern "C" __global__ void f()', True),
        ("__device__ __forceinline__ void f()", False),
        ("void f(__global_ptr p)", False),
    ],
)
def test_kernels(model, head: str, kernel: bool) -> None:
    assert model(f"{head} {{}}").function("f").is_kernel is kernel


def test_attributes_are_kept(model) -> None:
    code = "__global__ void __launch_bounds__(kN, 1) __cluster_dims__(2, 1, 1) f() {}"
    assert set(model(code).function("f").attributes) == {
        "__launch_bounds__(kN, 1)",
        "__cluster_dims__(2, 1, 1)",
    }
