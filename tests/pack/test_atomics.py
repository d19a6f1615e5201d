"""What memory an atomic works on, and when that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack.functions.syn import atomic
from portcheck.pack.subjects import View

VOTE = "v += __shfl_sync(~0u, v, 0);"  # with it the function is no wrapper of the atomic
CASES = {
    "global": "__global__ void k(int* p) { atomicAdd(p, 1); }",
    "shared": "__global__ void k() { __shared__ int n; atomicAdd(&n, 1); }",
    None: f"struct S {{ int id; }};\n__device__ void f(S& s, int v) {{ {VOTE} atomicMin(&s.id, v); }}",
}


@pytest.mark.parametrize("memory", CASES)
def test_memory_of_an_atomic(tmp_path: Path, memory: str | None) -> None:
    source = tmp_path / "a.cu"
    source.write_text(CASES[memory])
    (found,) = atomic(View(analyse([str(source)])))
    assert found.fields["memory"] == memory


def test_a_wide_scope_is_global(tmp_path: Path) -> None:
    source = tmp_path / "a.cu"
    source.write_text(f"__device__ void f(int* p, int v) {{ {VOTE} atomicAdd_system(p, v); }}")
    (found,) = atomic(View(analyse([str(source)])))
    assert found.fields["memory"] == "global"
