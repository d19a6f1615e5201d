"""Kernels that look like archetypes: each was judged by hand, most compute something else."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from archetype_sources import CUDA, changed, recognised_by

from portcheck.ascendc.archetypes import ARCHETYPES
from portcheck.ascendc.body import Body

# Those that are what they seem, and what their reference must say.
WHAT_THEY_ARE = {
    "lam_value": "x_0 * np.float32(1.0)",
    "lam_ret_h": "rounded((x_0 * np.float32(3.0)), 'half')",
    "macro_redef1": "x_0 * np.float32(1.0)",
    "macro_redef2": "x_0 * np.float32(2.0)",
    "octal": "x_0 * np.float32(8.0)",
    "r2_full": "np.fmax.reduce(np.abs(parts), axis=1)",
    "r2_width_ok": "np.fmax.reduce(np.abs(parts), axis=1)",
    "e_relu": "np.fmax(x_0, np.float32(0.0))",
}

# The source, the kernel, a text of it, what stands there instead.
CHANGES = [
    ("quantise.cu", "quantise_int8", "127.0f / amax", "128.0f / amax"),
    ("quantise.cu", "quantise_int8", "127.0f / amax", "127.0f / amax / amax"),
    ("quantise.cu", "quantise_int8", "rintf(", "roundf("),
    ("quantise.cu", "quantise_int8", "amax = fmaxf(amax,", "amax = fminf(amax,"),
    ("quantise.cu", "quantise_int8", "fabsf(", "("),
    ("quantise.cu", "dispatch_fp8", "slot < 0", "slot <= 0"),
    ("quantise.cu", "dispatch_fp8", "i / 16] =", "i / 8] ="),
    ("quantise.cu", "dispatch_fp8", "__NV_SATFINITE", "__NV_NOSAT"),
    ("quantise.cu", "dispatch_fp8", "warp_reduce_max<16>", "warp_reduce_max<8>"),
    ("quantise.cu", "row_amax", "fmaxf(amax, fabsf(x[row * hidden + h]))",
     "amax > fabsf(x[row * hidden + h]) ? amax : fabsf(x[row * hidden + h])"),
    ("dequantise.cu", "dequantise_blocks", "/ 128]", "/ 64]"),
    ("row_norm.cu", "normalise_rows", "sum / hidden + epsilon", "sum / (hidden - 1) + epsilon"),
    ("row_norm.cu", "normalise_rows", "sum / hidden + epsilon", "sum / hidden + 1e-6"),
    ("layout_count.cu", "count_experts", "++count;", "++count; else count = 0;"),
    ("layout_count.cu", "count_experts", "int count", "unsigned char count"),
    ("layout_count.cu", "count_ranks", "if (goes)", "if (!goes)"),
    ("prefix_sum.cu", "offsets_of_ranks", "sum += counts[r];", "sum += counts[r]; if (r == 3) sum = 0;"),
    ("prefix_sum.cu", "offsets_of_ranks", "sum += counts[r]", "sum += offsets[r]"),
    ("flag_exchange.cu", "exchange_flags", "< epoch", "<= epoch"),
    ("flag_exchange.cu", "exchange_flags", "incoming + rank", "outgoing + rank"),
]  # fmt: skip


@cache
def found() -> dict[str, tuple[Body | None, ...]]:
    return recognised_by(ARCHETYPES, CUDA / "near_more.cu")


def test_only_what_is_one_is_recognised() -> None:
    assert {name for name, bodies in found().items() if any(bodies)} == set(WHAT_THEY_ARE)


@pytest.mark.parametrize("name", WHAT_THEY_ARE)
def test_what_is_one_is_written_as_it_is(name: str) -> None:
    body = next(b for b in found()[name] if b is not None)
    assert WHAT_THEY_ARE[name] in body.reference


@pytest.mark.parametrize(("source", "kernel", "old", "new"), CHANGES)
def test_what_differs_in_one_place_is_not_recognised(
    source: str, kernel: str, old: str, new: str, tmp_path: Path
) -> None:
    bodies = recognised_by(ARCHETYPES, changed(tmp_path, source, kernel, old, new))[kernel]
    assert not any(bodies)
