"""Dequantisation: recognised by what it stores, and on the CPU model against NumPy."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, changed, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.dequantise import ARCHETYPE, Dequantise, Found, write
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.body import Body, Lost
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}
SPECS = {
    "int8 tokens": Dequantise("int8_t", "bfloat16_t", 0),
    "int8 groups": Dequantise("int8_t", "half", 64),
    "fp8": Dequantise("fp8_e4m3fn_t", "float", 128),
}
RUNS = [("int8 tokens", "910B"), ("int8 groups", "910B"), ("fp8", "950")]
NUMPY = {"half": np.float16, "float": np.float32, "bfloat16_t": np.uint16}


@cache
def compiled(name: str, target: str) -> Compiled:
    body = write("dequantise", Found(SPECS[name], Named(("out", "rows", "scales"))), TARGETS[target], {})
    return Compiled(body, model_arch(TARGETS[target]))


@pytest.mark.parametrize(("name", "target"), RUNS)
@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(0, 7),
    length=st.one_of(st.integers(0, 70), st.integers(300, 900)),
    cores=st.integers(1, 6),
    seed=st.integers(0, 5),
    small=st.booleans(),
)
def test_agrees_with_numpy(
    name: str, target: str, rows: int, length: int, cores: int, seed: int, small: bool
) -> None:
    """Every code there is, NaN and the largest included, times scales of all sizes, infinity included."""
    spec, kernel = SPECS[name], compiled(name, target)
    length = length // 20 * spec.group if spec.group else length
    random = np.random.default_rng(seed)
    scales = rows * (length // spec.group if spec.group else 1)
    codes = random.integers(0, 256, rows * length).astype(np.uint8)
    found = {
        "rows": codes.view(np.int8) if spec.in_dtype == "int8_t" else codes,
        "scales": (random.random(scales) * 10.0 ** random.integers(-6, 6, scales)).astype(np.float32),
        "out": random.integers(0, 9, rows * length).astype(NUMPY[spec.out_dtype]),
    }
    found["scales"][random.random(scales) < 0.05] = np.inf
    expected = {k: v.copy() for k, v in found.items()}
    shape = {"num_rows": rows, "row_elements": length}
    ran = kernel.run(found, shape, cores, seed, 10 * 1024 if small else 0)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    assert same(found["out"], expected["out"], spec.out_dtype)


def same(left: np.ndarray, right: np.ndarray, dtype: str) -> bool:
    """Equal bits, or both NaN."""
    nan = [((a & 0x7FFF) > 0x7F80) if dtype == "bfloat16_t" else np.isnan(a) for a in (left, right)]
    bits = [a.view(f"u{a.itemsize}") for a in (left, right)]
    return bool(np.all((bits[0] == bits[1]) | (nan[0] & nan[1])))


def test_the_host_refuses_rows_that_groups_do_not_divide() -> None:
    found = {
        "rows": np.zeros(100, np.int8),
        "scales": np.zeros(2, np.float32),
        "out": np.zeros(100, np.float16),
    }
    assert compiled("int8 groups", "910B").run(found, {"num_rows": 1, "row_elements": 100}).refused


# -- recognising ---------------------------------------------------------------------------


@cache
def bodies(target: str) -> dict[str, Body]:
    listed = recognised(ARCHETYPE, CUDA / "dequantise.cu", target)
    return {name: body for name, body in listed.items() if body is not None}


def test_dequantisation_is_recognised_by_what_it_stores() -> None:
    assert list(bodies("950")) == ["dequantise_tokens", "dequantise_blocks"]
    assert {b.name: b.dtype for b in bodies("950")["dequantise_blocks"].buffers}["rows"] == "fp8_e4m3fn_t"
    assert bodies("950")["dequantise_blocks"].dropped == ()


def test_fp8_is_int8_where_there_is_none_and_that_is_said() -> None:
    body = bodies("910B")["dequantise_blocks"]
    assert {b.name: (b.dtype, b.shape) for b in body.buffers}["scales"] == ("float", ("num_rows",))
    assert [d.how for d in body.dropped] == [Lost.DOWNGRADED]


NEAR_MISSES = [
    ("a bias", "dequantise_tokens", "* scale);", "* scale + 1.0f);"),
    ("a division", "dequantise_tokens", "* scale);", "/ scale);"),
    ("the scale twice", "dequantise_tokens", "* scale);", "* scale * scale);"),
    ("one scale for all", "dequantise_tokens", "scales[token]", "scales[0]"),
    ("the next token's scale", "dequantise_tokens", "scales[token]", "scales[token + 1]"),
    ("scales of another group", "dequantise_blocks", "h / 128", "h / 64"),
    (
        "scales by column",
        "dequantise_blocks",
        "token * num_scales + h / 128",
        "(h / 128) * num_tokens + token",
    ),
    ("a part of the row", "dequantise_blocks", "h < hidden", "h < hidden / 2"),
    ("rounded to zero", "dequantise_blocks", "__float2bfloat16(", "__float2bfloat16_rz("),
    ("not every token", "dequantise_tokens", "token < num_tokens", "token < num_tokens - 1"),
    ("only where the scale is positive", "dequantise_tokens", "out[token", "if (scale > 0.0f) out[token"),
]


@pytest.mark.parametrize(("what", "kernel", "old", "new"), NEAR_MISSES, ids=[n[0] for n in NEAR_MISSES])
def test_what_differs_in_one_thing_is_not_recognised(
    what: str, kernel: str, old: str, new: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, "dequantise.cu", kernel, old, new)
    assert recognised(ARCHETYPE, path, "950")[kernel] is None, what
