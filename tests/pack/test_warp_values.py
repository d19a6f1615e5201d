"""What a warp collective is said to reduce is the value, not the group of threads that reduces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack import findings, pack
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
