"""The symbolic reading of kernels: what stores are, and what is not followed."""

from __future__ import annotations

from pathlib import Path

import pytest
from archetype_sources import CUDA, recognised_by

from portcheck.analysis.engine import analyse
from portcheck.ascendc.archetypes import ARCHETYPES
from portcheck.ascendc.archetypes.dataflow import Const, Flow, Load, Op, Reduce, instances, merged, read, walk
from portcheck.pack.subjects import View


def flow_of(
    folder: Path, body: str, parameters: str = "int* out, const int* x, int n", before: str = ""
) -> Flow:
    """The flow of one kernel with a body."""
    path = folder / "kernel.cu"
    path.write_text(f"#include <cstdint>\n{before}\n__global__ void kernel({parameters}) {{\n{body}\n}}\n")
    view = View(analyse([str(path)]))
    function = next(f for f in view.analysis.functions if f.is_kernel)
    return read(view, function, next(instances(view, function)))


def test_a_loop_over_the_grid_is_an_index(tmp_path: Path) -> None:
    flow = flow_of(
        tmp_path,
        "const int step = gridDim.x * blockDim.x;"
        "for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) out[i] = x[i];",
    )
    (store,) = flow.stores
    assert len(store.indices) == 1
    assert isinstance(store.store.value, Load)
    assert store.store.value.address == store.store.address
    assert flow.assumes == ()


def test_a_bound_without_a_loop_asks_for_a_large_enough_launch(tmp_path: Path) -> None:
    flow = flow_of(
        tmp_path, "int i = blockIdx.x * blockDim.x + threadIdx.x; if (i >= n) return; out[i] = x[i];"
    )
    assert flow.is_known
    assert flow.assumes == ("blockDim.x * gridDim.x >= n",)


def test_vectors_are_elements_side_by_side(tmp_path: Path) -> None:
    flow = flow_of(
        tmp_path,
        "for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = x[i];",
        "int4* out, const int4* x, int n",
    )
    joined = merged(flow.stores[0])
    assert joined is not None
    assert joined[0].store.ctype == "int32"
    assert len(joined[0].indices) == 1


def test_a_sum_over_a_loop_and_the_lanes_is_one_reduction(tmp_path: Path) -> None:
    body = """
    const int lane = threadIdx.x % 32, row = threadIdx.x / 32;
    float sum = 0.0f;
    for (int i = lane; i < n; i += 32) sum += x[row * n + i];
    for (int step = 16; step > 0; step >>= 1) sum += __shfl_xor_sync(~0u, sum, step);
    if (lane == 0) out[row] = sum;"""
    flow = flow_of(tmp_path, body, "float* out, const float* x, int n")
    assert flow.is_known
    value = flow.stores[0].store.value
    assert isinstance(value, Reduce)
    assert (value.op, value.missing) == ("+", frozenset())


def test_a_share_that_is_not_put_together_is_not_known(tmp_path: Path) -> None:
    body = "float sum = 0.0f; for (int i = threadIdx.x; i < n; i += blockDim.x) sum += x[i]; out[0] = sum;"
    assert not flow_of(tmp_path, body, "float* out, const float* x, int n").is_known


def test_what_a_branch_skips_counts_only_there(tmp_path: Path) -> None:
    body = """
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        int sum = 0;
        for (int k = 0; k < n; ++k) { if (x[k] < 0) continue; sum += x[k]; }
        out[i] = sum;
    }"""
    value = flow_of(tmp_path, body).stores[0].store.value
    assert any(isinstance(v, Op) and v.name == "where" for v in walk(value))


def test_functions_of_the_tree_are_entered(tmp_path: Path) -> None:
    before = "__device__ int twice(int v) { return v + v; }\n__device__ void put(int* to, int v) { *to = v; }"
    flow = flow_of(tmp_path, "int i = threadIdx.x; if (i < n) put(out + i, twice(3));", before=before)
    assert flow.stores[0].store.value == Const(6)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("shared memory", "__shared__ int t[32]; t[threadIdx.x] = x[threadIdx.x]; out[threadIdx.x] = t[0];"),
        ("a spin", "while (x[0] != 1) { out[0] = 1; }"),
        ("a call of what is not there", "out[threadIdx.x] = somewhere_else(x[threadIdx.x]);"),
        ("assembly", 'asm volatile("bar.sync 1, 32;" ::: "memory"); out[threadIdx.x] = 1;'),
        ("a break", "for (int i = 0; i < n; ++i) { if (x[i]) break; out[i] = 1; }"),
        ("a return out of a loop", "for (int i = 0; i < n; ++i) { if (x[i]) return; out[i] = 1; }"),
        ("a volatile local", "volatile int v = x[0]; out[0] = v;"),
        (
            "an ordered load",
            'int v; asm volatile("ld.acquire.gpu.global.s32 %0, [%1];" : "=r"(v) : "l"(x)); out[0] = v;',
        ),
        ("a predicated store", 'asm volatile("@p st.global.s32 [%0], %1;" :: "l"(out), "r"(n));'),
        ("lanes that do not divide", "for (int i = threadIdx.x; i < n; i += blockDim.x + 1) out[i] = 1;"),
        ("a switch", "switch (n) { case 1: out[0] = 1; }"),
        ("an address from memory", "int* p = reinterpret_cast<int**>(out)[0]; p[0] = 1;"),
        ("recursion", "out[0] = again(n);"),
    ],
)
def test_what_is_not_followed_is_not_known(what: str, body: str, tmp_path: Path) -> None:
    before = "__device__ int again(int v) { return v == 0 ? 0 : again(v - 1); }"
    flow = flow_of(tmp_path, body, before=before)
    assert not flow.is_known, what


def test_a_volatile_parameter_is_not_followed(tmp_path: Path) -> None:
    assert flow_of(tmp_path, "out[0] = 1;", "volatile int* out, int n").stopped == "a volatile parameter"


def test_a_launch_with_larger_blocks_than_a_parameter_says_is_not_assumed(tmp_path: Path) -> None:
    """Only a constant of the template may be the size of a block."""
    body = "for (int i = threadIdx.x; i < n; i += stride) out[i] = x[i];"
    assert not flow_of(tmp_path, body, "int* out, const int* x, int n, int stride").is_known


def test_no_archetype_takes_a_near_miss_of_another() -> None:
    taken = {
        (name, archetype.name)
        for file in ("near_row_copy.cu", "near_zero_fill.cu")
        for name, bodies in recognised_by(ARCHETYPES, CUDA / file).items()
        for archetype, body in zip(ARCHETYPES, bodies, strict=True)
        if body is not None
    }
    assert taken == {("interleaved", "transpose")}  # which it is
