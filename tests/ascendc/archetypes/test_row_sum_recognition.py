"""Which kernels are row sums, and which look like one and are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from archetype_sources import CUDA, changed, recognised, recognised_by

from portcheck.ascendc.archetypes import bias_combine, plain_sum, weighted_combine
from portcheck.ascendc.archetypes.row_sum_match import RowSumArchetype

ARCHETYPES: dict[str, RowSumArchetype] = {
    "weighted_combine": weighted_combine.ARCHETYPE,
    "bias_combine": bias_combine.ARCHETYPE,
    "plain_sum": plain_sum.ARCHETYPE,
}

# ruff: noqa: E501
# What it is, the kernel, a text of it, what stands there instead.
NEAR_MISSES = [
    ("a constant is added", "combine_elements", "bfloat16(sum)", "bfloat16(sum + 1.0f)"),
    ("the sum starts at one", "combine_elements", "sum = 0.0f", "sum = 1.0f"),
    ("the sum is weighted", "combine_elements", "bfloat16(sum)", "bfloat16(sum * topk_weights[token])"),
    ("row 0 is skipped", "combine_elements", "row < 0", "row < 1"),
    ("row 0 is skipped too", "combine_elements", "row < 0", "row <= 0"),
    ("rows from 9 on are skipped", "combine_elements", "row < 0", "row < 0 or row >= 9"),
    ("a skip ends the sum", "combine_elements", "continue", "break"),
    ("chosen by weight", "combine_elements", "row < 0", "topk_weights[token * num_topk + k] == 0"),
    ("the last choice is left out", "combine_elements", "k < num_topk", "k < num_topk - 1"),
    ("the number of choices is clipped", "combine_elements", "k < num_topk", "k < min(num_topk, 4)"),
    ("every other choice", "combine_elements", "++k", "k += 2"),
    ("from the last choice to the first", "combine_elements", "int k = 0; k < num_topk; ++k",
     "int k = num_topk - 1; k >= 0; --k"),
    ("the first choice is left out", "combine_elements", "int k = 0", "int k = 1"),
    ("weights of the first token", "combine_elements", "topk_weights[token * num_topk + k]", "topk_weights[k]"),
    ("one weight for a token", "combine_elements", "topk_weights[token * num_topk + k]", "topk_weights[token]"),
    ("indices by choice first", "combine_elements", "row_of[token * num_topk + k]",
     "row_of[k * num_tokens + token]"),
    ("weights twice", "combine_elements", "topk_weights[token * num_topk + k] *",
     "topk_weights[token * num_topk + k] * topk_weights[token * num_topk + k] *"),
    ("weights are divided by", "combine_elements", "sum += topk_weights[token * num_topk + k] *",
     "sum += 1.0f / topk_weights[token * num_topk + k] *"),
    ("rows of another pitch", "combine_elements", "(row) * hidden + h", "(row) * (hidden + 8) + h"),
    ("rows start one later", "combine_elements", "(row) * hidden + h", "(row) * hidden + h + 1"),
    ("every other row", "combine_elements", "(row) * hidden + h", "(2 * row) * hidden + h"),
    ("indices into indices", "combine_elements", "int row = row_of[token * num_topk + k]",
     "int row = row_of[row_of[token * num_topk + k]]"),
    ("the last element is not written", "combine_elements", "h < hidden", "h < hidden - 1"),
    ("the last token is not written", "combine_elements", "token < num_tokens", "token < num_tokens - 1"),
    ("only where the sum is positive", "combine_elements", "combined[", "if (sum > 0.0f) combined["),
    ("rounded to zero", "combine_elements", "__float2bfloat16(sum)", "__float2bfloat16_rz(sum)"),
    ("the output is added to", "combine_elements", "__float2bfloat16(sum)",
     "__float2bfloat16(sum + __bfloat162float(combined[static_cast<int64_t>(token) * hidden + h]))"),
    ("summed in bf16", "combine_elements", "float sum = 0.0f", "nv_bfloat16 sum = 0.0f"),
    ("products are rounded", "combine_elements", "__bfloat162float(rows[static_cast<int64_t>(row) * hidden + h])",
     "__bfloat162float(__float2bfloat16(2.0f * __bfloat162float(rows[static_cast<int64_t>(row) * hidden + h])))"),
    ("the largest instead of the sum", "combine_elements", "sum += topk", "sum = fmaxf(sum, 0.0f) + topk"),
    ("in place", "combine_elements", "const nv_bfloat16* rows,", "const nv_bfloat16* unused,"),
    ("a volatile output", "combine_elements", "nv_bfloat16* combined", "volatile nv_bfloat16* combined"),
    ("a second store", "combine_elements", "float sum = 0.0f;",
     "float sum = 0.0f; if (h == 0) combined[token] = __float2bfloat16(0.0f);"),
    ("an atomic", "combine_elements", "combined[static_cast<int64_t>(token) * hidden + h] = __float2bfloat16(sum)",
     "atomicAdd(&combined[static_cast<int64_t>(token) * hidden + h], __float2bfloat16(sum))"),
    ("a fence and a flag", "combine_elements", "float sum = 0.0f;",
     "float sum = 0.0f; asm volatile(\"st.release.sys.global.u32 [%0], %1;\" ::\"l\"(combined), \"r\"(1));"),
    ("a call that is not known", "combine_elements", "bfloat16(sum)", "bfloat16(finish(sum))"),
    ("two sums", "combine_packs", "sums[j] += weight", "sums[j ^ 1] += weight"),
    ("half of the pack", "combine_packs", "j < kPerPack; ++j)\n                    sums",
     "j < kPerPack / 2; ++j)\n                    sums"),
    ("an unguarded tail", "combine_half", "h >= hidden", "h >= hidden - 1"),
    ("another index than -1", "combine_half", "row != -1", "row != -2"),
    ("only what the first thread has", "combine_elements", "combined[", "if (threadIdx.x == 0) combined["),
    ("only what the first lanes have", "combine_elements", "combined[", "if (threadIdx.x % 32 == 0) combined["),
    ("only what the first block has", "combine_elements", "for (int token", "if (blockIdx.x == 0) for (int token"),
    ("the first threads alone", "combine_elements", "for (int token", "if (threadIdx.x >= 128) return; for (int token"),
    ("every other column", "combine_elements", "h += blockDim.x", "h += 2 * blockDim.x"),
    ("every other token", "combine_elements", "token += gridDim.x", "token += 2 * gridDim.x"),
    ("a variable that threads share", "combine_elements", "float sum", "static float sum"),
    ("in double", "combine_elements", "float sum = 0.0f", "double sum = 0.0f"),
    ("indices without a sign", "combine_elements", "const int row", "const unsigned row"),
    ("short indices", "combine_elements", "const int row", "const short row"),
    ("the last term", "combine_elements", "sum += topk", "sum = topk"),
    ("differences", "combine_elements", "sum += topk", "sum -= topk"),
    ("a loop that skips", "combine_elements", "if (row < 0)", "++k; if (row < 0)"),
    ("tokens from the last to the first", "combine_packs", "int token = blockIdx.x", "int token = gridDim.x - 1 - blockIdx.x"),
    ("a block has a part of the output", "combine_elements", "combined[static_cast<int64_t>(token) * hidden + h]",
     "combined[static_cast<int64_t>(blockIdx.x * num_tokens + token) * hidden + h]"),
    ("the indices of the block's number", "combine_elements", "row_of[token * num_topk + k]", "row_of[blockIdx.x * num_topk + k]"),
    ("terms of other threads", "sum_topk", "(static_cast<int64_t>(token) * num_topk + k)", "(static_cast<int64_t>(threadIdx.x) * num_topk + k)"),
    ("the pairs are swapped", "combine_pairs", "(sum.x, sum.y)", "(sum.y, sum.x)"),
    ("one element of a pair", "combine_pairs", "sum.y = fmaf(weight, pair.y, sum.y)", "sum.y = 0.0f"),
    ("skipped terms count one", "combine_flat", "0.0f : weights", "1.0f : weights"),
    ("the other rows are chosen", "combine_flat", "row < 0 ?", "row >= 0 ?"),
    ("columns by rows", "combine_flat", "token = i / hidden, h = i % hidden", "token = i % num_tokens, h = i / num_tokens"),
    ("rows of another length", "combine_flat", "token = i / hidden, h = i % hidden", "token = i / num_topk, h = i % num_topk"),
    ("a bias is added last", "combine_with_biases", "combined[at] = static_cast<nv_bfloat16>(sum)",
     "combined[at] = static_cast<nv_bfloat16>(sum + static_cast<float>(bias_1[at]))"),
    ("the biases meet in bf16", "combine_with_biases",
     "static_cast<float>(bias_0[at]) + static_cast<float>(bias_1[at])", "static_cast<float>(bias_0[at] + bias_1[at])"),
    ("the bias of a token", "combine_with_biases", "bias_0[at]", "bias_0[h]"),
    ("a bias is scaled", "combine_with_biases", "static_cast<float>(bias_1[at])", "2.0f * static_cast<float>(bias_1[at])"),
    ("ranks at a distance that is computed", "sum_ranks", "r) * num_tokens + token", "r) * (num_tokens + 1) + token"),
    ("a rank is left out", "sum_ranks", "r < num_ranks", "r < num_ranks - 1"),
    ("rows that overlap", "sum_topk", "(static_cast<int64_t>(token) * num_topk + k)", "(token + k)"),
    ("two terms at once", "sum_topk", "sum += __half2float(rows[(static_cast<int64_t>(token) * num_topk + k) * hidden + h])",
     "sum += __half2float(rows[(static_cast<int64_t>(token) * num_topk + k) * hidden + h]) + __half2float(rows[(static_cast<int64_t>(token) * num_topk + k + 1) * hidden + h])"),
    ("the mean", "sum_topk", "half(sum)", "half(sum / num_topk)"),
]  # fmt: skip
SOURCES = {"combine_with_biases": "bias_combine.cu", "sum_ranks": "plain_sum.cu", "sum_topk": "plain_sum.cu"}


@pytest.mark.parametrize(
    ("archetype", "kernels"),
    [
        (
            "weighted_combine",
            {"combine_elements", "combine_packs", "combine_half", "combine_pairs", "combine_flat"},
        ),
        ("bias_combine", {"combine_with_biases", "combine_packs_with_biases"}),
        ("plain_sum", {"sum_topk", "sum_ranks", "sum_rows"}),
    ],
)
def test_kernels_are_recognised_by_their_own_archetype_alone(archetype: str, kernels: set[str]) -> None:
    found = recognised_by([*ARCHETYPES.values()], CUDA / f"{archetype}.cu")
    position = [*ARCHETYPES].index(archetype)
    assert set(found) == kernels
    for bodies in found.values():
        assert [b is not None for b in bodies] == [n == position for n in range(3)]
        body = bodies[position]
        assert body is not None
        assert body.is_complete


@pytest.mark.parametrize(
    ("kernel", "old", "new"), [n[1:] for n in NEAR_MISSES], ids=[n[0] for n in NEAR_MISSES]
)
def test_what_is_another_kernel_is_not_recognised(tmp_path: Path, kernel: str, old: str, new: str) -> None:
    path = changed(tmp_path, SOURCES.get(kernel, "weighted_combine.cu"), kernel, old, new)
    if old.startswith("const nv_bfloat16* rows"):
        path.write_text(path.read_text().replace("(rows[", "(combined[", 1))
    assert recognised_by([*ARCHETYPES.values()], path)[kernel] == (None, None, None)


def test_indices_that_are_always_given_are_not_skipped(tmp_path: Path) -> None:
    path = changed(tmp_path, "weighted_combine.cu", "combine_elements", "if (row < 0)\n", "if (false)\n")
    body = recognised(weighted_combine.ARCHETYPE, path)["combine_elements"]
    assert body is not None
    assert "row < 0" not in body.kernel


def test_a_sum_keeps_the_sign_of_the_zero_that_it_starts_at(tmp_path: Path) -> None:
    path = changed(tmp_path, "weighted_combine.cu", "combine_elements", "sum = 0.0f", "sum = -0.0f")
    body = recognised(weighted_combine.ARCHETYPE, path)["combine_elements"]
    assert body is not None
    assert "Duplicate(sum, -0.0f" in body.kernel


def test_parameters_keep_the_order_of_the_kernel_and_their_names() -> None:
    body = recognised(weighted_combine.ARCHETYPE, CUDA / "weighted_combine.cu")["combine_elements"]
    assert body is not None
    assert [(b.name, b.cuda) for b in body.buffers] == [
        ("out", "combined"),
        ("rows", "rows"),
        ("row_of", "row_of"),
        ("weights", "topk_weights"),
    ]
    cuda = {s.name: s.cuda for s in body.scalars}
    assert cuda == {"num_tokens": "num_tokens", "num_terms": "num_topk", "hidden": "hidden", "num_rows": ""}
    assert [p.line for p in body.trace["store"]] == [26]


def test_bfloat16_has_no_body_where_there_is_none() -> None:
    found = recognised(weighted_combine.ARCHETYPE, CUDA / "weighted_combine.cu", "310P")
    assert {k for k, body in found.items() if body} == {"combine_half", "combine_flat"}


@pytest.mark.parametrize(
    ("value", "is_sum"),
    [
        ("row(0) + row(1) + row(2) + row(3)", True),
        ("row(3) + (row(2) + (row(1) + row(0)))", False),
        ("(row(0) + row(1)) + (row(2) + row(3))", False),
        ("row(0) + (row(1) + row(2) + row(3))", False),
        ("row(3) + row(2) + row(1) + row(0)", False),
        ("row(0) + row(1) + row(2)", False),
        ("row(0) + row(1) + row(3) + row(2)", False),
    ],
)
def test_the_order_of_a_sum_that_is_written_out_counts(tmp_path: Path, value: str, is_sum: bool) -> None:
    """Floating sums in another order are other numbers."""
    path = tmp_path / "sum.cu"
    path.write_text(
        "__global__ void sum_four(float* out, const float* rows, int tokens, int hidden) {\n"
        "    for (int t = blockIdx.x; t < tokens; t += gridDim.x)\n"
        "        for (int h = threadIdx.x; h < hidden; h += blockDim.x) {\n"
        "            const auto row = [&](int k) { return rows[(t * 4 + k) * hidden + h]; };\n"
        f"            out[t * hidden + h] = {value};\n"
        "        }\n"
        "}\n"
    )
    body = recognised(plain_sum.ARCHETYPE, path)["sum_four"]
    assert (body is not None) == is_sum
    if body is not None:
        assert "Duplicate(sum, -0.0f" in body.kernel
