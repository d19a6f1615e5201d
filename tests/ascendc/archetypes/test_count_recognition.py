"""Which kernels count and add up, and which look like it and do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from archetype_sources import CUDA, changed, recognised

from portcheck.ascendc.archetypes import layout_count_match, prefix_sum

# ruff: noqa: E501
# What it is, the kernel, a text of it, what stands there instead.
NOT_PREFIXES = [
    ("starts at one", "offsets_of_ranks", "int sum = 0", "int sum = 1"),
    ("from the second count on", "offsets_of_ranks", "int r = 0", "int r = 1"),
    ("the last is left out", "offsets_of_ranks", "r < num_ranks", "r < num_ranks - 1"),
    ("counts are scaled", "offsets_of_ranks", "sum += counts[r]", "sum += 2 * counts[r]"),
    ("counts are rounded up", "offsets_of_ranks", "sum += counts[r]", "sum += (counts[r] + 7) / 8 * 8"),
    (
        "some counts are left out",
        "offsets_of_ranks",
        "sum += counts[r]",
        "if (counts[r] > 0) sum += counts[r]",
    ),
    ("an offset is added", "offsets_of_ranks", "offsets[r] = sum", "offsets[r] = sum + 1"),
    ("stored one later", "offsets_of_ranks", "offsets[r] = sum", "offsets[r + 1] = sum"),
    ("only some are stored", "offsets_of_ranks", "offsets[r] = sum", "if (r > 0) offsets[r] = sum"),
    ("the total too", "offsets_of_ranks", "sum += counts[r];", "sum += counts[r]; offsets[num_ranks] = sum;"),
    ("the counts of a neighbour", "offsets_of_ranks", "counts[r]", "counts[r + 1]"),
    ("in place", "offsets_of_ranks", "sum += counts[r]", "sum += offsets[r]"),
    ("products", "offsets_of_ranks", "sum += counts[r]", "sum *= counts[r]"),
    ("the largest so far", "offsets_of_ranks", "sum += counts[r]", "sum = max(sum, counts[r])"),
    ("in float", "offsets_of_ranks", "int sum = 0", "float sum = 0"),
    ("added atomically", "offsets_of_ranks", "offsets[r] = sum", "atomicAdd(&offsets[r], sum)"),
    ("in 16 bits", "offsets_of_ranks", "int sum = 0", "short sum = 0"),
    ("by another block", "offsets_of_ranks", "blockIdx.x == 0", "blockIdx.x > 0"),
    ("not every row", "ends_of_channels", "rank >= num_ranks", "rank >= num_ranks or rank == 3"),
    ("rows by channel", "ends_of_channels", "ends[rank * num_channels + c]", "ends[c * num_ranks + rank]"),
    ("another row", "ends_of_channels", "counts[rank * num_channels + c]", "counts[c]"),
    (
        "twice the sum",
        "ends_of_channels",
        "ends[rank * num_channels + c] = sum",
        "ends[rank * num_channels + c] = sum + sum",
    ),
]
NOT_COUNTS = [
    ("two at a time", "count_experts_by_atomics", "[expert], 1)", "[expert], 2)"),
    ("the counter of the next", "count_experts_by_atomics", "[expert], 1)", "[expert + 1], 1)"),
    ("weights are added", "count_experts_by_atomics", "[expert], 1)", "[expert], expert)"),
    ("negative choices are not left out", "count_experts_by_atomics", "expert >= 0 and ", ""),
    ("expert 0 is left out", "count_experts_by_atomics", "expert >= 0", "expert > 0"),
    ("only even experts", "count_experts_by_atomics", "expert >= 0", "expert >= 0 and expert % 2 == 0"),
    ("the last expert is left out", "count_experts_by_atomics", "expert < num_experts", "expert < num_experts - 1"),
    ("every thread counts all", "count_experts_by_atomics", "int i = blockIdx.x * blockDim.x + threadIdx.x; i < num_tokens * num_topk; i += gridDim.x * blockDim.x",
     "int i = 0; i < num_tokens * num_topk; ++i"),
    ("every block counts all", "count_experts_by_atomics", "int i = blockIdx.x * blockDim.x + threadIdx.x; i < num_tokens * num_topk; i += gridDim.x * blockDim.x",
     "int i = threadIdx.x; i < num_tokens * num_topk; i += blockDim.x"),
    ("the first choice alone", "count_experts_by_atomics", "topk_idx[i]", "topk_idx[i * num_topk]"),
    ("the largest", "count_experts_by_atomics", "atomicAdd", "atomicMax"),
    ("the old value is used", "count_experts_by_atomics", "atomicAdd(&tokens_per_expert[expert], 1);",
     "tokens_per_expert[num_experts] = atomicAdd(&tokens_per_expert[expert], 1);"),
    ("not equal", "count_experts", "topk_idx[i] == expert", "topk_idx[i] != expert"),
    ("up to the expert", "count_experts", "topk_idx[i] == expert", "topk_idx[i] <= expert"),
    ("the expert before", "count_experts", "topk_idx[i] == expert", "topk_idx[i] == expert - 1"),
    ("counts from one", "count_experts", "int count = 0", "int count = 1"),
    ("all but the last", "count_experts", "i < num_tokens * num_topk", "i < num_tokens * num_topk - 1"),
    ("rounded up", "count_experts", "= count;", "= (count + 127) / 128 * 128;"),
    ("counters of one byte", "count_experts", "int count = 0", "unsigned char count = 0"),
    ("some threads alone", "count_experts", "for (int expert", "if (threadIdx.x < 3) for (int expert"),
    ("all but the first thread", "count_experts_by_atomics", "for (int i", "if (threadIdx.x != 0) for (int i"),
    ("experts of one byte", "count_experts_by_atomics", "const int expert", "const unsigned char expert"),
    ("choices and not tokens", "count_ranks", "goes = true;", "{ goes = true; ++count; }"),
    ("negative choices go to rank 0", "count_ranks", "expert >= 0 and ", ""),
    ("ranks by remainder", "count_ranks", "expert / experts_per_rank", "expert % experts_per_rank"),
    ("the opposite flag", "count_ranks", "= goes;", "= !goes;"),
    ("flags by rank", "count_ranks", "[token * num_ranks + rank]", "[rank * num_tokens + token]"),
    ("the first choice alone", "count_ranks", "k < num_topk", "k < 1"),
    ("tokens that do not go", "count_ranks", "if (goes)", "if (!goes)"),
    ("a flag only where it is set", "count_ranks", "is_token_in_rank[token * num_ranks + rank] = goes;",
     "if (goes) is_token_in_rank[token * num_ranks + rank] = goes;"),
    ("flags that stay set", "count_ranks", "for (int token = 0; token < num_tokens; ++token) {\n        bool goes = false;",
     "bool goes = false;\n    for (int token = 0; token < num_tokens; ++token) {"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["prefix_sum", "layout_count"])
def test_kernels_are_recognised(name: str) -> None:
    archetype = {"prefix_sum": prefix_sum.ARCHETYPE, "layout_count": layout_count_match.ARCHETYPE}
    for own, one in archetype.items():
        found = recognised(one, CUDA / f"{name}.cu")
        assert all((body is not None) == (own == name) for body in found.values())
        assert all(body.is_complete for body in found.values() if body)


@pytest.mark.parametrize(
    ("kernel", "old", "new"), [n[1:] for n in NOT_PREFIXES], ids=[n[0] for n in NOT_PREFIXES]
)
def test_what_is_no_prefix_sum_is_not_recognised(tmp_path: Path, kernel: str, old: str, new: str) -> None:
    path = changed(tmp_path, "prefix_sum.cu", kernel, old, new)
    assert recognised(prefix_sum.ARCHETYPE, path)[kernel] is None


@pytest.mark.parametrize(
    ("kernel", "old", "new"), [n[1:] for n in NOT_COUNTS], ids=[n[0] for n in NOT_COUNTS]
)
def test_what_does_not_count_is_not_recognised(tmp_path: Path, kernel: str, old: str, new: str) -> None:
    path = changed(tmp_path, "layout_count.cu", kernel, old, new)
    assert recognised(layout_count_match.ARCHETYPE, path)[kernel] is None


def test_exclusive_and_inclusive_sums_are_told_apart() -> None:
    found = recognised(prefix_sum.ARCHETYPE, CUDA / "prefix_sum.cu")
    formulas = {name: body.reference.split('"""')[1] for name, body in found.items() if body}
    assert "j < i" in formulas["offsets_of_ranks"]
    assert "j <= i" in formulas["ends_of_channels"]


def test_the_coupled_core_has_no_body() -> None:
    for archetype, source in (
        (prefix_sum.ARCHETYPE, "prefix_sum"),
        (layout_count_match.ARCHETYPE, "layout_count"),
    ):
        assert set(recognised(archetype, CUDA / f"{source}.cu", "310P").values()) == {None}
