"""Row normalisation on the CPU model against NumPy, and which kernels are one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, TARGETS, changed, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.row_norm import RowNorm, write
from portcheck.ascendc.archetypes.row_norm_match import ARCHETYPE
from portcheck.ascendc.tiling import model_arch

SPECS = {
    "bf16": RowNorm("bfloat16_t", "bfloat16_t", "bfloat16_t"),
    "half": RowNorm("half", "half"),
    "float": RowNorm("float", "float", "float"),
}
# ruff: noqa: E501
# What it is, the kernel, a text of it, what stands there instead.
NEAR_MISSES = [
    ("the sum and not the mean", "normalise_rows", "sum / hidden", "sum"),
    ("by one less", "normalise_rows", "sum / hidden", "sum / (hidden - 1)"),
    ("not squares", "normalise_rows", "sum += x * x", "sum += x"),
    ("absolute values", "normalise_rows", "sum += x * x", "sum += fabsf(x)"),
    ("no root", "normalise_rows", "rsqrtf(", "1.0f / ("),
    ("the root", "normalise_rows", "rsqrtf(", "sqrtf("),
    ("epsilon outside of the root", "normalise_rows", "rsqrtf(sum / hidden + epsilon)", "rsqrtf(sum / hidden) + epsilon"),
    ("epsilon is taken away", "normalise_rows", "hidden + epsilon", "hidden - epsilon"),
    ("half of a warp", "normalise_rows", "int mask = 16", "int mask = 8"),
    ("no reduction over lanes", "normalise_rows", "mask > 0", "mask > 16"),
    ("weights plus one", "normalise_rows", "__bfloat162float(weights[h])", "(1.0f + __bfloat162float(weights[h]))"),
    ("weights by token", "normalise_rows", "weights[h]", "weights[token]"),
    ("weights and scale meet first", "normalise_rows", "* scale * __bfloat162float(weights[h])", "* (scale * __bfloat162float(weights[h]))"),
    ("a bias", "normalise_rows", "__bfloat162float(weights[h]))", "__bfloat162float(weights[h]) + epsilon)"),
    ("the last element is not counted", "normalise_rows", "int h = lane; h < hidden", "int h = lane; h < hidden - 1"),
    ("elements from the second on", "normalise_rows", "int h = lane;", "int h = lane + 1;"),
    ("squares of another row", "normalise_rows", "rows[token * hidden + h]);", "rows[h]);"),
    ("products with a neighbour", "normalise_rows", "sum += x * x", "sum += x * __bfloat162float(rows[token * hidden + h + 1])"),
    ("in place", "normalise_rows", "__bfloat162float(rows[token * hidden + h]) * scale", "__bfloat162float(out[token * hidden + h]) * scale"),
    ("the mean is kept too", "normalise_rows", "const float scale", "out[token] = __float2bfloat16(sum); const float scale"),
    ("two rows a warp", "normalise_rows", "threadIdx.x) / 32", "threadIdx.x) / 16"),
    ("half of the lanes", "normalise_rows", "threadIdx.x % 32", "threadIdx.x % 16"),
    ("every other step", "normalise_rows", "h += 32", "h += 64"),
    ("squares are rounded", "normalise_short_rows", "sum = fmaf(x, x, sum)", "sum += __half2float(__float2half(x * x))"),
    ("starts at epsilon", "normalise_short_rows", "float sum = 0.0f", "float sum = epsilon"),
]  # fmt: skip


@cache
def compiled(name: str, target: str) -> Compiled:
    spec = SPECS[name]
    named = Named(("out", "rows", *(["weights"] if spec.weight_dtype else [])))
    return Compiled(write("norm", spec, named, TARGETS[target], {}), model_arch(TARGETS[target]))


def distance(found: Any, expected: Any, dtype: str) -> int:
    """By how many units in the last place two arrays differ at most; NaN must meet NaN."""
    nan = [((a & 0x7FFF) > 0x7F80) if dtype == "bfloat16_t" else np.isnan(a) for a in (found, expected)]
    assert np.array_equal(*nan)
    wide = [a.view(f"i{a.itemsize}").astype(np.int64) for a in (found, expected)]
    top = 1 << (8 * found.itemsize - 1)
    ordered = [np.where(w < 0, -top - w, w) for w in wide]
    return int(np.abs(ordered[0] - ordered[1])[~nan[0]].max(initial=0))


@pytest.mark.parametrize(
    ("name", "target"), [("bf16", "910B"), ("bf16", "950"), ("half", "910B"), ("float", "910B")]
)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), cores=st.integers(1, 5), small=st.booleans(), zero=st.booleans())
def test_agrees_with_numpy(name: str, target: str, seed: int, cores: int, small: bool, zero: bool) -> None:
    kernel = compiled(name, target)
    found, scalars = kernel.example(np.random.default_rng(seed))
    if zero:
        scalars["num_tokens"] = 0
        found |= {k: found[k][:0] for k in ("out", "rows")}
    expected = {k: v.copy() for k, v in found.items()}
    ran = kernel.run(found, scalars, cores, seed % 7, 4096 if small else 0)
    kernel.reference(expected, scalars)
    assert not ran.refused
    assert ran.violations == ()
    assert distance(found["out"], expected["out"], SPECS[name].out_dtype) <= (16 if name == "float" else 1)


@pytest.mark.parametrize("hidden", range(1, 18))
def test_short_rows(hidden: int) -> None:
    kernel = compiled("half", "910B")
    random = np.random.default_rng(hidden)
    found = {k: random.normal(size=3 * hidden).astype(np.float16) for k in ("out", "rows")}
    expected = {k: v.copy() for k, v in found.items()}
    scalars = {"num_tokens": 3, "hidden": hidden, "epsilon": 1e-5}
    assert kernel.run(found, scalars, 2).violations == ()
    kernel.reference(expected, scalars)
    assert distance(found["out"], expected["out"], "half") <= 1


def test_kernels_are_recognised() -> None:
    found = recognised(ARCHETYPE, CUDA / "row_norm.cu")
    assert {k: [b.name for b in body.buffers] for k, body in found.items() if body} == {
        "normalise_rows": ["out", "rows", "weights"],
        "normalise_short_rows": ["out", "rows"],
    }
    assert set(recognised(ARCHETYPE, CUDA / "row_norm.cu", "310P").values()) == {None}


@pytest.mark.parametrize(
    ("kernel", "old", "new"), [n[1:] for n in NEAR_MISSES], ids=[n[0] for n in NEAR_MISSES]
)
def test_what_is_another_kernel_is_not_recognised(tmp_path: Path, kernel: str, old: str, new: str) -> None:
    path = changed(tmp_path, "row_norm.cu", kernel, old, new)
    assert recognised(ARCHETYPE, path)[kernel] is None
