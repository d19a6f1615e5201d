"""Which declaration a name means where it stands."""

from __future__ import annotations

import pytest

SCOPES = {
    "an inner block": (
        "void f(int a) { probe(a); { float a; probe(a); } probe(a); }",
        ["int", "float", "int"],
    ),
    "before its own declaration": (
        "void f(int a) { { probe(a); double a; probe(a); } }",
        ["int", "double"],
    ),
    "a for loop's variable": (
        "void f(int i) { for (long i = 0; i < 3; ++i) { probe(i); } probe(i); }",
        ["long", "int"],
    ),
    "a for loop without braces": (
        "void f(int i) { for (long i = 0; i < 3; ++i) probe(i); probe(i); }",
        ["long", "int"],
    ),
    "two loops after each other": (
        "void f() { for (int i = 0; i < 3; ++i) { probe(i); } for (float i = 0; i < 3; ++i) { probe(i); } }",
        ["int", "float"],
    ),
    "a lambda's parameter": (
        "void f(int a) { auto g = [&](float a, half* b) { probe(a); probe(b); }; probe(a); }",
        ["float", "half*", "int"],
    ),
    "a name after its block has no type": ("void f() { { int a; } probe(a); }", [None]),
    "an unknown name": ("void f() { probe(somewhere); }", [None]),
    "functions do not share names": (
        "void f(int a) { probe(a); } void g(float a) { probe(a); } void h() { probe(a); }",
        ["int", "float", None],
    ),
    "a constant of the file": ("constexpr float kA = 1.0f; void f() { probe(kA); }", ["float"]),
    "a member": (
        "struct S { int4* p; void f() { probe(p); } void g(float p) { probe(p); } };",
        ["int4*", "float"],
    ),
    "a method outside of its class": (
        "struct S { int4* p; void f(); }; void S::f() { probe(p); }",
        ["int4*"],
    ),
    "several declarators": (
        "void f() { int *a, b[4], c = 3; probe(a); probe(b); probe(c); }",
        ["int*", "int[4]", "int"],
    ),
}


@pytest.mark.parametrize(("code", "types"), SCOPES.values(), ids=SCOPES.keys())
def test_scopes(model, code: str, types: list[str | None]) -> None:
    assert [None if t is None else str(t) for t in model(code).types()] == types
