"""Functions of elements: recognised by what they store, and on the CPU model against NumPy."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, changed, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.elementwise import ARCHETYPE
from portcheck.ascendc.body import Body
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}
RUNS = [
    ("scale_and_cast", "910B"),
    ("gate", "910B"),
    ("clamp_rows", "910B"),
    ("relu_in_place", "910B"),
    ("add_residual", "950"),
]
NUMPY = {"half": np.float16, "float": np.float32, "bfloat16_t": np.uint16}


@cache
def bodies(target: str) -> dict[str, Body]:
    listed = recognised(ARCHETYPE, CUDA / "elementwise.cu", target)
    return {name: body for name, body in listed.items() if body is not None}


@cache
def compiled(name: str, target: str) -> Compiled:
    return Compiled(bodies(target)[name], model_arch(TARGETS[target]))


def numbers(random: np.random.Generator, dtype: str, count: int, *, special: bool) -> np.ndarray:
    """Numbers of many sizes; with `special` some of them NaN or infinite; a bfloat16 as its bits."""
    values = (random.normal(size=count) * 10.0 ** random.integers(-3, 3, count)).astype(np.float32)
    if special:
        for one in (np.nan, np.inf, -np.inf, 0.0, -0.0):
            values[random.random(count) < 0.02] = one
    if dtype == "bfloat16_t":
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    with np.errstate(over="ignore"):
        return values.astype(NUMPY[dtype])


def same(left: np.ndarray, right: np.ndarray, dtype: str, *, exact: bool) -> bool:
    """Equal bits or both NaN; where exp is computed, neighbours."""
    nan = [((a & 0x7FFF) > 0x7F80) if dtype == "bfloat16_t" else np.isnan(a) for a in (left, right)]
    bits = [a.view(f"u{a.itemsize}").astype(np.int64) for a in (left, right)]
    apart = np.abs(bits[0] - bits[1])
    return bool(np.all((apart <= (0 if exact else 1)) | (nan[0] & nan[1])))


@pytest.mark.parametrize(("name", "target"), RUNS)
@settings(max_examples=25, deadline=None)
@given(
    count=st.one_of(st.integers(0, 70), st.integers(1000, 5000)),
    cores=st.integers(1, 6),
    seed=st.integers(0, 5),
    small=st.booleans(),
)
def test_agrees_with_numpy(name: str, target: str, count: int, cores: int, seed: int, small: bool) -> None:
    kernel = compiled(name, target)
    random = np.random.default_rng(seed)
    compares = name in (
        "clamp_rows",
        "relu_in_place",
    )  # of NaN, which the vector unit's max is not documented for
    found = {b.name: numbers(random, b.dtype, count, special=not compares) for b in kernel.body.buffers}
    expected = {k: v.copy() for k, v in found.items()}
    shape: dict[str, int | float] = {"count": count, "p_0": 1.5, "p_1": -2.25}
    ran = kernel.run(found, shape, cores, seed, 6 * 1024 if small else 0)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    dtype = next(b.dtype for b in kernel.body.buffers if b.name == "out")
    assert same(found["out"], expected["out"], dtype, exact=name != "gate")


def test_the_host_refuses_a_negative_count() -> None:
    kernel = compiled("relu_in_place", "910B")
    assert kernel.run({"out": np.zeros(4, np.float32)}, {"count": -1}).refused


def test_functions_of_elements_are_recognised_by_what_they_store() -> None:
    expected = ["scale_and_cast", "convert", "gate", "clamp_rows", "relu_in_place", "add_residual"]
    assert list(bodies("910B")) == expected
    assert list(bodies("310P")) == []


def test_the_instance_that_is_written_is_named() -> None:
    notes = [n.en for n in bodies("910B")["convert"].notes]
    assert "written for the instance with in_t = nv_bfloat16, out_t = float" in notes


NEAR_MISSES = [
    ("another element", "scale_and_cast", "x[i] * factor", "x[i + 1] * factor"),
    ("reversed", "scale_and_cast", "x[i]", "x[count - 1 - i]"),
    ("every second", "scale_and_cast", "x[i]", "x[2 * i]"),
    ("rounded to zero", "scale_and_cast", "__float2bfloat16(", "__float2bfloat16_rz("),
    ("an index in the value", "scale_and_cast", "* factor)", "* factor + i)"),
    ("the last is left out", "scale_and_cast", "i < count;", "i < count - 1;"),
    ("only the positive", "relu_in_place", "x[i] = fmaxf", "if (x[i] > 1.0f) x[i] = fmaxf"),
    ("into its neighbour", "relu_in_place", "x[i] = fmaxf", "x[i + 1] = fmaxf"),
    ("a function that is not known", "gate", "__half2float(up[i])", "tanhf(__half2float(up[i]))"),
    ("an atomic sum", "relu_in_place", "x[i] = fmaxf(x[i], 0.0f)", "atomicAdd(&x[i], fmaxf(x[i], 0.0f))"),
    ("one residual row for all", "add_residual", "residual[row * hidden + h]", "residual[h]"),
    ("a fused multiply-add", "add_residual", "__bfloat162float(x[row * hidden + h]) +",
     "fmaf(2.0f, __bfloat162float(x[row * hidden + h]), 1.0f) +"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "kernel", "old", "new"), NEAR_MISSES, ids=[n[0] for n in NEAR_MISSES])
def test_what_differs_in_one_thing_is_not_recognised(
    what: str, kernel: str, old: str, new: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, "elementwise.cu", kernel, old, new)
    assert recognised(ARCHETYPE, path, "910B")[kernel] is None, what
