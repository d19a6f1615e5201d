"""Whatever a file holds, a scan ends with a result, and the same result each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portcheck.result import ScanResult
from portcheck.scan import scan

SAMPLES = Path(__file__).parents[2] / "samples"
TEXTS = {p.name: p.read_bytes() for p in sorted(SAMPLES.iterdir()) if p.suffix in (".cu", ".cuh")}
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scan_bytes(data: bytes) -> ScanResult:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.cu").write_bytes(data)
        return scan([folder])


def assert_sound(result: ScanResult, data: bytes) -> None:
    """Every place lies inside of the file, and its line and column say where."""
    if not result.files:
        assert len(result.skipped) == 1
        return
    for place in [f.place for f in result.facts] + [r.place for r in result.files[0].unreadable]:
        assert 0 <= place.start_byte <= place.end_byte <= len(data)
        assert place.line == data.count(b"\n", 0, place.start_byte) + 1
        assert place.column >= 1
        assert (place.end_line, place.end_column) >= (place.line, place.column)
    assert 0 <= result.unreadable_bytes <= len(data)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A window of a sample, with pieces of the samples spliced in or cut out."""
    text = draw(st.sampled_from(sorted(TEXTS.values())))
    start = draw(st.integers(0, len(text)))
    text = text[start : start + draw(st.integers(0, 6000))]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 80))
        other = draw(st.sampled_from(sorted(TEXTS.values())))
        begin = draw(st.integers(0, len(other)))
        piece = other[begin : begin + draw(st.integers(0, 120))]
        text = text[:at] + piece + text[at + gone :]
    return text


@given(damaged())
@BOUNDED
def test_splices_and_truncations(data: bytes) -> None:
    assert_sound(scan_bytes(data), data)


TOKENS = r"""
# define if endif else elif undef \ ( ) { } [ ] < > <<< >>> , ; :: * & = + % " ' R"( )" /* */ //
template typename struct namespace using return __global__ __device__ __shared__ extern alignas(16) asm
volatile "ld.global.v4.u32 {%0,%1}, [%4];" "cp.async.bulk" : reinterpret_cast<int4*>( int4 A B x 1 0x
448.0f amax scale __shfl_sync( A(x) A(B)
"""
TOKEN = st.sampled_from([*re.findall(r"\S+", TOKENS), "\n", "\\\n", "\n#"])


@given(st.lists(TOKEN, max_size=80).map(" ".join))
@BOUNDED
def test_any_order_of_tokens(text: str) -> None:
    data = text.encode()
    assert_sound(scan_bytes(data), data)


@given(st.binary(max_size=200))
@BOUNDED
def test_any_bytes(data: bytes) -> None:
    result = scan_bytes(data)
    assert len(result.files) + len(result.skipped) == 1


HOSTILE = {
    "opening parentheses": b"(" * 50_000,
    "angle brackets": b"a<" * 20_000,
    "casts in casts": b"void f(){ x = " + b"(int4*)" * 2_000 + b"x; }",
    "sums": b"void f(){ int n_bytes = sizeof(int)" + b" + sizeof(int4)" * 5_000 + b"; }",
    "terms": b"__global__ void k(char* p, int n) { auto q = p"
    + b" + n" * 5_000
    + b"; q[0] = 1; float s = 0; s = n"
    + b" + n" * 5_000
    + b"; }",
    "members of members": b"void f(S s){ s" + b".a" * 5_000 + b" = 1; auto p = s" + b"->b" * 5_000 + b"; }",
    "subscripts": b"__global__ void k(int4** x){ x" + b"[0]" * 5_000 + b" = 1; }",
    "pointers": b"__global__ void k(int4** x){ " + b"*" * 5_000 + b"x = 1; }",
    "choices": b"void h(bool b){ auto k = b" + b" ? k1 : b" * 2_000 + b" ? k1 : k2; k<<<1, 1>>>(); }",
    "else if": b"void f(int n){ if (n) {}" + b" else if (n % 2) throw 1;" * 3_000 + b" }",
    "lambdas in lambdas": b"void f(){ " + b"g([&](int a) { " * 1_000 + b"});" * 1_000 + b" }",
    "namespaces": b"namespace a { " * 1_000 + b"__global__ void k() {}" + b"}" * 1_000,
    "classes in classes": b"struct S { " * 1_000 + b"int a;" + b"};" * 1_000,
    "template arguments": b"void f(){ " + b"A<" * 1_000 + b"int" + b">" * 1_000 + b" x; }",
    "strings": b"void f(){ asm(" + b'"ld.global.v4.u32 {%0,%1,%2,%3}, [%4];"\n' * 3_000 + b"); }",
    "comparisons": b"void f(int n){ assert(n % 2 == 0" + b" && n % 2 == 0" * 3_000 + b"); }",
    "a long table": b"const int t[] = {" + b"448," * 50_000 + b"};",
    "calls in calls": b"void f(){ " + b"g(" * 2_000 + b")" * 2_000 + b"; }",
    "nested conditions": b"#if A\n" * 2_000 + b"int x;\n" + b"#endif\n" * 2_000,
    "conditions without an end": b"#if A\n#else\n#if B\n" * 500,
    "a macro of itself": b"#define A(x) A(A(x))\n__global__ void k() { A(A(1)); }\n",
    "two macros of each other": b"#define A(x) B(x) B(x)\n"
    b"#define B(x) A(x) A(x)\n__global__ void k() { A(int4); }\n",
    "a macro that doubles": b"#define M0(x) (int4*)x, (int4*)x\n"
    + b"".join(b"#define M%d(x) M%d(x), M%d(x)\n" % (i, i - 1, i - 1) for i in range(1, 30))
    + b"__global__ void k(char* x) { use(M29(x)); }\n",
    "functions that call each other": b"__device__ int* f(int* p) { return g(p) + 1; }\n"
    b"__device__ int* g(int* p) { return f(p) + 1; }\n__global__ void k(int* p) { f(p)[0] = 1; }\n",
    "a name from itself": b"__global__ void k() { auto a = b; auto b = a; auto c = c + 1;\n"
    b"a[0] = *c; c = a; b = c; }\n",
    "types of each other": b"using a = b; using b = a*;\nstruct R { R r; a x; };\n"
    b"__global__ void k(a x, R* r) { *x = r[0].x[1]; (b*)x; }\n",
    "a string without an end": b'const char* s = "reinterpret_cast<int4*>(x);\n__global__ void k() {}\n',
    "a comment without an end": b"__global__ void k() {}\n/* reinterpret_cast<int4*>(x)",
    "a raw string without an end": b'auto s = R"x(\n__global__ void k() {}\n',
    "a line that goes on": b"#define A \\",
    "only a byte order mark": b"\xef\xbb\xbf",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name: str) -> None:
    data = HOSTILE[name]
    assert_sound(scan_bytes(data), data)


def test_braces_do_not_hide_the_other_files(tmp_path: Path) -> None:
    (tmp_path / "bad.cu").write_bytes(b"{" * 200_000)
    (tmp_path / "good.cu").write_bytes(b"__global__ void k(char* x) { auto v = (int4*)x; }\n")
    result = scan([str(tmp_path)])
    assert [(f.kind, f.place.path) for f in result.facts if f.kind == "vec_cast"] == [("vec_cast", "good.cu")]
    assert [k.name for k in result.kernels] == ["k"]
    bad = next(f for f in result.files if f.path == "bad.cu")
    assert bad.unreadable_bytes > 0


def test_two_scans_are_equal() -> None:
    first, second = scan([str(SAMPLES)]), scan([str(SAMPLES)])
    assert first == second
    assert len(first.facts) > 100


_SCRIPT = "import sys; from portcheck.scan import scan; print(scan(sys.argv[1:]))"


def test_the_hash_seed_changes_nothing() -> None:
    texts = [
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(SAMPLES)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=SAMPLES.parent,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "4711")
    ]
    assert texts[0] == texts[1]
    assert "FileCoverage" in texts[0]


def test_the_order_of_paths_given_changes_nothing() -> None:
    paths = [str(SAMPLES / name) for name in TEXTS]
    assert {f.place for f in scan(paths).facts} == {f.place for f in scan(paths[::-1]).facts}
