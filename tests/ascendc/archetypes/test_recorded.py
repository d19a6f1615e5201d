"""Archetypes on the CPU model against what an H100 made of the CUDA kernels they are recognised in.

`benchmarks/gpu/record.py` made the files; each holds the inputs, the numbers, and what came out.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from archetype_running import Compiled

from benchmarks.gpu.recorded_cases import CASES
from benchmarks.gpu.recordings import RECORDED, SOURCES
from portcheck.analysis import analyse
from portcheck.ascendc.body import Role
from portcheck.ascendc.recognition import recognise
from portcheck.ascendc.tiling import model_arch
from portcheck.pack.subjects import View
from portcheck.targets import targets

# FP8 is on 950 alone: elsewhere INT8 takes its place, whose numbers are others.
FP8 = ("dispatch_fp8", "dequantise_blocks")
# Sums: CUDA fuses a product and its addition into one rounding, the vector unit of Ascend rounds twice.
FUSED = ("combine_elements",)
# Numbers of the port that no parameter of CUDA has.
MORE: dict[str, dict[str, int]] = {
    "scatter_rows": {"row_elements": 5 * 4, "num_target_rows": 9},
    "gather_rows": {"num_source_rows": 9},
    "clean_next_buffer": {"count_0": 777 * 4},
    "combine_elements": {"num_rows": 11},
    "combine_with_biases": {"num_rows": 9},
    "count_ranks": {"num_experts": 40},
    "offsets_of_ranks": {"num_rows": 1},
    "dispatch_fp8": {"row_elements": 256, "num_target_rows": 6},
    "clamp_rows": {"count": 133 * 4},
    "add_residual": {"count": 5 * 77},
}
NUMPY = {"bfloat16_t": np.uint16, "half": np.float16, "float": np.float32, "fp8_e4m3fn_t": np.uint8}
TARGETS = {t.name: t for t in targets()}


@cache
def view(source: str) -> View:
    return View(analyse([str(SOURCES / source)]))


@cache
def compiled(name: str) -> Compiled:
    case, target = CASES[name], TARGETS["950" if name in FP8 else "910B"]
    seen, wanted = view(case.source), case.kernel.split("<")[0]
    kernel = next(f for f in seen.analysis.functions if f.is_kernel and f.qualified == wanted)
    body = recognise(seen, kernel, kernel.name, target)
    assert body is not None, wanted
    assert body.is_complete
    return Compiled(body, model_arch(target))


def typed(array: Any, dtype: str) -> Any:
    return np.frombuffer(array.tobytes(), NUMPY.get(dtype) or np.dtype(dtype.removesuffix("_t"))).copy()


def given(name: str, kernel: Compiled, recorded: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body's buffers and scalars, from those of the CUDA kernel."""
    scalars = {
        s.name: recorded[f"scalar_{s.cuda}"].item() if s.cuda else MORE[name][s.name]
        for s in kernel.body.scalars
    }
    buffers = {}
    for one in kernel.body.buffers:
        if one.cuda:
            buffers[one.name] = typed(recorded[f"in_{one.cuda}"], one.dtype)
        else:  # scratch memory of the port
            count = int(np.prod([eval(extent, {}, scalars) for extent in one.shape]))
            buffers[one.name] = np.zeros(count, NUMPY.get(one.dtype) or one.dtype.removesuffix("_t"))
    return buffers, scalars


def distance(got: Any, wanted: Any, dtype: str) -> Any:
    """How many representable numbers lie between two arrays; NaN equals NaN."""
    bits = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}[got.itemsize]
    left, right = got.view(bits).astype(np.int64), wanted.view(bits).astype(np.int64)
    if dtype not in NUMPY:
        return np.abs(left - right)
    width = 8 * got.itemsize
    magnitude = (1 << (width - 1)) - 1
    infinite = {"bfloat16_t": 0x7F80, "half": 0x7C00, "float": 0x7F800000, "fp8_e4m3fn_t": 0x7E}[dtype]
    both_nan = ((left & magnitude) > infinite) & ((right & magnitude) > infinite)
    ordered = [np.where(v < 0, -(v & magnitude), v) for v in (left, right)]
    return np.where(both_nan, 0, np.abs(ordered[0] - ordered[1]))


@pytest.mark.parametrize("cores", [1, 5])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_gpu(name: str, cores: int) -> None:
    kernel = compiled(name)
    with np.load(RECORDED / f"{name}.npz") as recorded:
        buffers, scalars = given(name, kernel, recorded)
        ran = kernel.run(buffers, scalars, cores)
        assert not ran.refused
        assert ran.violations == ()
        compared = 0
        for one in kernel.body.buffers:
            if one.role is not Role.INPUT and one.cuda:
                wanted = recorded.get(f"out_{one.cuda}", recorded[f"in_{one.cuda}"])
                off = distance(buffers[one.name], typed(wanted, one.dtype), one.dtype)
                assert off.max() <= (1 if name in FUSED else 0), (one.name, int(off.max()))
                compared += int(np.any(wanted != recorded[f"in_{one.cuda}"]))
    assert compared, "the GPU wrote nothing"
