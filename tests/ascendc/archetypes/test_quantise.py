"""Quantisation of rows: recognised by what it stores, and on the CPU model against NumPy."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, changed, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes import row_scales
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.quantise import ARCHETYPE, Found, Quantise, write
from portcheck.ascendc.body import Body, Lost
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}
FP8 = Quantise(
    "bfloat16_t", "fp8_e4m3fn_t", 128, 1e-4, "(448.0f / amax)", "(amax * (1.0f / 448.0f))",
    index_dtype="int32_t", skips=True,
)  # fmt: skip
SPECS = {
    "fp8 dispatch": FP8,
    "fp8 expand": replace(
        FP8, group=32, scale="(amax / 448.0f)", inverse="(amax / 448.0f)", divides=True, copies=True
    ),
    "int8": Quantise("bfloat16_t", "int8_t", 0, 1e-4, "(127.0f / amax)", "(amax / 127.0f)"),
    "int8 divided": Quantise("float", "int8_t", 0, 1e-10, "(amax / 127.0f)", "(amax / 127.0f)", divides=True),
    "scales": Quantise("half", "", 0, 0.0, "", "(amax / 448.0f)"),
}
RUNS = [
    ("fp8 dispatch", "950"),
    ("fp8 dispatch", "910B"),
    ("fp8 expand", "950"),
    ("fp8 expand", "910B"),
    ("int8", "910B"),
    ("int8 divided", "950"),
    ("scales", "910B"),
]


@cache
def compiled(name: str, target: str) -> Compiled:
    spec = SPECS[name]
    has = {"out": spec.out_dtype, "scales": "float", "rows": spec.in_dtype, "row_of": spec.index_dtype}
    found = Found(spec, Named(tuple(n for n, there in has.items() if there)))
    return Compiled(write("quantise", found, TARGETS[target], {}), model_arch(TARGETS[target]))


def arrays(
    kernel: Compiled, spec: Quantise, shape: dict[str, int], seed: int, *, special: bool
) -> dict[str, Any]:
    """Rows of many sizes, one of zeros; with `special` the last one holds NaN and infinity."""
    random = np.random.default_rng(seed)
    rows, length = shape["num_rows"], shape["row_elements"]
    numbers = random.normal(size=(rows, length)) * 10.0 ** random.integers(-4, 4, (rows, 1))
    if rows and length:
        numbers[0] = 0.0
        if special:
            numbers[-1, 0] = np.nan
            numbers[-1, -1] = np.inf
    single = numbers.astype(np.float32).reshape(-1)
    found: dict[str, Any] = {"rows": single.astype(np.float16 if spec.in_dtype == "half" else np.float32)}
    if spec.in_dtype == "bfloat16_t":
        found["rows"] = (single.view(np.uint32) >> 16).astype(np.uint16)
    target_rows = shape["num_target_rows"] if spec.index_dtype else rows
    if spec.index_dtype:
        entries = rows * (shape["num_copies"] if spec.copies else 1)
        row_of = random.permutation(target_rows)[:entries]
        row_of[random.random(entries) < 0.2] = -1
        found["row_of"] = row_of.astype(np.int32)
    is_grouped = any("/" in b.shape[-1] for b in kernel.body.buffers)
    groups = length // spec.group if is_grouped else 1
    found["scales"] = random.random(target_rows * groups).astype(np.float32)
    out = next((b.dtype for b in kernel.body.buffers if b.name == "out"), "")
    if out:
        found["out"] = random.integers(0, 100, target_rows * length).astype(
            np.int8 if out == "int8_t" else np.uint8
        )
    return found


@st.composite
def shapes(draw: st.DrawFn, group: int) -> dict[str, int]:
    rows = draw(st.one_of(st.just(0), st.integers(1, 9)))
    length = draw(st.one_of(st.integers(0, 40), st.integers(300, 900), st.sampled_from((64, 256, 512))))
    length = length // 20 * group if group else length
    copies = draw(st.integers(1, 8))
    target_rows = rows * copies + draw(st.integers(0, 3))
    return {
        "num_rows": rows, "row_elements": length, "num_copies": copies, "num_target_rows": target_rows
    }  # fmt: skip


@pytest.mark.parametrize(("name", "target"), RUNS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), cores=st.integers(1, 6), seed=st.integers(0, 5), small=st.booleans())
def test_agrees_with_numpy(
    name: str, target: str, data: st.DataObject, cores: int, seed: int, small: bool
) -> None:
    spec, kernel = SPECS[name], compiled(name, target)
    shape = data.draw(shapes(spec.group))
    found = arrays(kernel, spec, shape, seed, special=False)
    expected = {k: v.copy() for k, v in found.items()}
    ran = kernel.run(found, shape, cores, seed, 10 * 1024 if small else 0)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    for key in found:
        assert found[key].tobytes() == expected[key].tobytes(), key


def test_a_row_with_nan_and_infinity_leaves_the_others_alone() -> None:
    spec, kernel = SPECS["int8"], compiled("int8", "910B")
    shape = {"num_rows": 5, "row_elements": 77}
    found = arrays(kernel, spec, shape, 3, special=True)
    expected = {k: v.copy() for k, v in found.items()}
    assert kernel.run(found, shape, 2).violations == ()
    kernel.reference(expected, shape)
    assert np.array_equal(found["out"][: 4 * 77], expected["out"][: 4 * 77])
    assert np.array_equal(found["scales"][:4], expected["scales"][:4])


@pytest.mark.parametrize("change", [{"row_elements": 200}, {"num_rows": -1}])
def test_the_host_refuses_what_cannot_be(change: dict[str, int]) -> None:
    kernel = compiled("fp8 dispatch", "950")
    shape = {"num_rows": 2, "row_elements": 256, "num_target_rows": 3}
    found = arrays(kernel, FP8, shape, 0, special=False)
    assert kernel.run(found, {**shape, **change}).refused


# -- recognising ---------------------------------------------------------------------------


@cache
def found(target: str) -> dict[str, Body]:
    listed = recognised(ARCHETYPE, CUDA / "quantise.cu", target)
    return {name: body for name, body in listed.items() if body is not None}


def test_quantisation_is_recognised_by_what_it_stores() -> None:
    assert list(found("950")) == ["dispatch_fp8", "expand_fp8", "quantise_int8"]
    assert list(found("910B")) == ["dispatch_fp8", "expand_fp8", "quantise_int8"]
    assert list(found("310P")) == []
    scales = recognised(row_scales.ARCHETYPE, CUDA / "quantise.cu", "910B")
    assert [n for n, body in scales.items() if body is not None] == ["row_scales", "row_amax"]


def test_fp8_stays_fp8_where_there_is_one() -> None:
    body = found("950")["dispatch_fp8"]
    assert {b.name: b.dtype for b in body.buffers} == {
        "out": "fp8_e4m3fn_t", "scales": "float", "rows": "bfloat16_t", "row_of": "int32_t",
    }  # fmt: skip
    assert body.dropped == ()


def test_fp8_becomes_int8_where_there_is_none_and_that_is_said() -> None:
    body = found("910B")["dispatch_fp8"]
    assert {b.name: (b.dtype, b.shape[-1]) for b in body.buffers}["out"] == ("int8_t", "row_elements")
    assert {b.name: b.shape for b in body.buffers}["scales"] == ("num_target_rows",)
    assert [d.how for d in body.dropped] == [Lost.DOWNGRADED]
    assert found("910B")["quantise_int8"].dropped == ()


NEAR_MISSES = [
    ("the largest value has a sign", "quantise_int8", "fabsf(__bfloat162float(x[token * hidden + h]))",
     "__bfloat162float(x[token * hidden + h])"),
    ("truncated and not rounded", "quantise_int8", "rintf(__bfloat162float(x[token * hidden + h]) * scale)",
     "__bfloat162float(x[token * hidden + h]) * scale"),
    ("a bias", "quantise_int8", "* scale));", "* scale + 1.0f));"),
    ("no reduction over lanes", "quantise_int8", "amax = warp_reduce_max(amax);", ""),
    ("half of the lanes", "quantise_int8", "warp_reduce_max(amax)", "warp_reduce_max<16>(amax)"),
    ("the last element is left out", "quantise_int8", "h < hidden; h += 32)\n            amax",
     "h < hidden - 1; h += 32)\n            amax"),
    ("another row's scale", "quantise_int8", "scales[token] =", "scales[token + 1] ="),
    ("the next number", "quantise_int8", "hidden + h]) * scale", "hidden + h + 1]) * scale"),
    ("not every token", "quantise_int8", "token < num_tokens", "token < num_tokens - 1"),
    ("a scale by another lane", "quantise_int8", "if (lane == 0)", "if (lane < 2 && token > 3)"),
    ("the sum", "quantise_int8", "amax = fmaxf(amax, fabsf(", "amax = (amax + fabsf("),
    ("32 lanes share a scale", "dispatch_fp8", "warp_reduce_max<16>", "warp_reduce_max<32>"),
    ("eight lanes share a scale", "dispatch_fp8", "warp_reduce_max<16>", "warp_reduce_max<8>"),
    ("scales of another group", "dispatch_fp8", "kScales + i / 16", "kScales + i / 8"),
    ("another format", "dispatch_fp8", "__NV_E4M3)", "__NV_E5M2)"),
    ("without saturation", "dispatch_fp8", "__NV_SATFINITE", "__NV_NOSAT"),
    ("scales in rows of their own", "dispatch_fp8", "recv_scales[static_cast<int64_t>(slot)",
     "recv_scales[static_cast<int64_t>(token)"),
    ("one of the pair", "dispatch_fp8", "values[j + 1] * scale", "values[j] * scale"),
    ("copies in columns", "expand_fp8", "token * num_topk + k", "k * num_tokens + token"),
    ("one scale for all copies", "expand_fp8", "[slot * num_scales", "[token * num_scales"),
    ("not the last copy", "expand_fp8", "k < num_topk", "k < num_topk - 1"),
    ("every slot", "dispatch_fp8", "slot < 0", "slot < 1"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "kernel", "old", "new"), NEAR_MISSES, ids=[n[0] for n in NEAR_MISSES])
def test_what_differs_in_one_thing_is_not_recognised(
    what: str, kernel: str, old: str, new: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, "quantise.cu", kernel, old, new)
    assert recognised(ARCHETYPE, path, "950")[kernel] is None, what
