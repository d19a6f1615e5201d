"""What a warp collective is said to reduce is the value, not the group of threads that reduces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack import findings, pack
from portcheck.pack.functions.wrp import warp_collective
from portcheck.pack.subjects import View
from portcheck.targets import targets

CODE = """
namespace cg = cooperative_groups;
__device__ unsigned largest(cg::thread_block_tile<32> const& warp, unsigned key) {{
  unsigned best;
  asm volatile("redux.sync.max.u32 %0, %1, 0xffffffff;" : "=r"(best) : "r"(key));
  return best;
}}
__global__ void k(const unsigned* keys, unsigned* out) {{
  {group} warp = cg::tiled_partition<32>(cg::this_thread_block());
  out[threadIdx.x] = largest(warp, keys[threadIdx.x]);
}}
"""


@pytest.mark.parametrize("group", ["auto", "cg::thread_block_tile<32>"])
def test_the_value_behind_a_group(tmp_path: Path, group: str) -> None:
    source = tmp_path / "a.cu"
    source.write_text(CODE.format(group=group), encoding="utf-8")
    rules = [rule for rule in pack() if rule.code == "WRP003"]
    (found,) = findings(analyse([str(source)]), rules, targets())
    assert found.fields["value"] == "keys[threadIdx.x]"


HELPERS = """
__device__ float swap(float v, int o) { return __shfl_xor_sync(0xffffffff, v, o); }
__device__ float all_sum(float x) { for (int o = 16; o > 0; o >>= 1) x += swap(x, o); return x; }
__device__ float offset_of(int id, float p) { float mine = p * id; mine = all_sum(mine); return mine; }
__device__ int first() { int seed = clock(); return __shfl_sync(0xffffffff, seed, 0); }
__device__ int warp_id() { return __shfl_sync(0xffffffff, threadIdx.x / 32, 0); }
__device__ float other(float v) { return swap(v, 1); }
__global__ void k(float* x) { x[0] = CALL; }
"""


@pytest.mark.parametrize(
    ("call", "what", "value", "type_"),
    [
        ("offset_of(3, x[1])", "reduce", "mine", "float"),
        ("first()", "broadcast", "seed", "integer"),
        ("warp_id()", "uniform", "threadIdx.x / 32", ""),
        ("other(x[1])", "exchange", "x[1]", "float"),
    ],
)
def test_a_wrapper_is_looked_into(tmp_path: Path, call: str, what: str, value: str, type_: str) -> None:
    """A reduction may end in a helper's shuffle, and a wrapper without arguments chooses its own value."""
    source = tmp_path / "a.cu"
    source.write_text(HELPERS.replace("CALL", call), encoding="utf-8")
    (found,) = warp_collective(View(analyse([str(source)])))
    assert (found.fields["what"], found.fields["value"], found.fields["type"]) == (what, value, type_)
