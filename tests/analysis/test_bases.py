"""What the code knows of the addresses that its kernels are given, and of its shared variables."""

from __future__ import annotations

import pytest

from portcheck.analysis import analyse
from portcheck.analysis.bases import Base
from portcheck.symbolic.verdict import Verdict

SOURCE = """\
#define CHECK(c) if (!(c)) { asm("trap;"); }
#define HOST_CHECK(c) do { if (!(c)) throw 1; } while (0)
struct alignas(16) int4 { int x, y, z, w; };
struct Args { int4* rows; int n; };
__global__ void copy(int4* out, const int4* by16,
                     const int4* by64, const int4* hosted, const int4* maybe, int4* idle, Args args) {
    CHECK(reinterpret_cast<uintptr_t>(by16) % 16 == 0);
    CHECK(reinterpret_cast<uint64_t>(by64) % 64 == 0);
    if (maybe != nullptr)
        out[threadIdx.x] = maybe[threadIdx.x];
    out[threadIdx.x] = by16[threadIdx.x];
    out[threadIdx.x] = by64[threadIdx.x];
    args.rows[threadIdx.x] = hosted[threadIdx.x];
}
__global__ void shared() {
    __shared__ __align__(64) int4 wide[64];
    __shared__ int4 rows[64];
    rows[threadIdx.x] = wide[threadIdx.x];
}
__device__ void helper(int4* rows) { rows[threadIdx.x] = rows[0]; }
void launch(int4* out, const int4* a, const int4* b, const int4* x, const int4* y, int4* z, Args args) {
    HOST_CHECK(reinterpret_cast<uintptr_t>(x) % 32 == 0);
    copy<<<1, 32>>>(out, a, b, x, y, z, args);
}
"""


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Base]:
    file = tmp_path_factory.mktemp("bases") / "a.cu"
    file.write_text(SOURCE)
    return {f"{base.kernel} {base.name}": base for base in analyse([str(file)]).bases}


def test_pointers_that_something_moves_from_or_to(bases: dict[str, Base]) -> None:
    assert list(bases) == [
        "copy out",
        "copy by16",
        "copy by64",
        "copy hosted",
        "copy maybe",
        "copy args.rows",
        "shared wide",
        "shared rows",
    ]


@pytest.mark.parametrize("name", ["out", "maybe", "args.rows"])
def test_no_check(bases: dict[str, Base], name: str) -> None:
    proof = bases[f"copy {name}"].proof
    assert proof.verdict is Verdict.UNKNOWN
    assert proof.why == (
        f"{name} is given from outside: no check in the tree constrains its address;"
        " a tensor view may start at any element"
    )
    assert proof.would_decide == (
        f"a check on its address, such as reinterpret_cast<uintptr_t>({name}) % 32 == 0"
    )
    assert proof.derivation[-1].text == f"not decided: {proof.why}"
    assert proof.assumptions == ()


def test_a_check_that_does_not_suffice(bases: dict[str, Base]) -> None:
    proof = bases["copy by16"].proof
    assert (proof.verdict, proof.residues) == (Verdict.UNKNOWN, (0, 16))
    assert "by the code its address is 0 or 16 modulo 32" in proof.why


@pytest.mark.parametrize(("name", "line"), [("by64", 8), ("hosted", 22)])
def test_a_check_that_decides(bases: dict[str, Base], name: str, line: int) -> None:
    proof = bases[f"copy {name}"].proof
    assert proof.verdict is Verdict.HOLDS
    assert line in [step.place.line for step in proof.derivation if step.place is not None]


def test_places(bases: dict[str, Base]) -> None:
    assert [(base.place.line, base.space) for base in bases.values()] == [
        (5, "GM"),
        (5, "GM"),
        (6, "GM"),
        (6, "GM"),
        (6, "GM"),
        (6, "GM"),
        (16, "UB"),
        (17, "UB"),
    ]


def test_shared_variables(bases: dict[str, Base]) -> None:
    wide, rows = bases["shared wide"], bases["shared rows"]
    assert (wide.alignment_bytes, str(wide.size), wide.proof.verdict) == (64, "1024", Verdict.HOLDS)
    assert (rows.alignment_bytes, rows.proof.residues) == (16, (0, 16))
