"""Transposition: recognised by what it stores, and on the CPU model against NumPy."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, changed, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.transpose import ARCHETYPE, Found, write
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}
RUNS = [("half", "910B"), ("float", "950")]
NUMPY = {"half": np.float16, "float": np.float32}
SIDES = st.one_of(st.just(0), st.integers(1, 40), st.integers(60, 200))


@cache
def compiled(dtype: str, target: str) -> Compiled:
    body = write("transpose", Found(dtype, Named(("out", "x"))), TARGETS[target], {})
    return Compiled(body, model_arch(TARGETS[target]))


@pytest.mark.parametrize(("dtype", "target"), RUNS)
@settings(max_examples=25, deadline=None)
@given(rows=SIDES, columns=SIDES, cores=st.integers(1, 6), seed=st.integers(0, 5))
def test_agrees_with_numpy(dtype: str, target: str, rows: int, columns: int, cores: int, seed: int) -> None:
    kernel = compiled(dtype, target)
    random = np.random.default_rng(seed)
    width = np.dtype(NUMPY[dtype]).itemsize
    found = {
        n: np.frombuffer(random.bytes(rows * columns * width), NUMPY[dtype]).copy() for n in ("out", "x")
    }
    expected = {k: v.copy() for k, v in found.items()}
    ran = kernel.run(found, {"num_rows": rows, "num_columns": columns}, cores, seed)
    kernel.reference(expected, {"num_rows": rows, "num_columns": columns})
    assert not ran.refused
    assert ran.violations == ()
    assert found["out"].tobytes() == expected["out"].tobytes()


def test_the_host_refuses_what_cannot_be() -> None:
    found = {n: np.zeros(4, np.float16) for n in ("out", "x")}
    assert compiled("half", "910B").run(found, {"num_rows": -1, "num_columns": 4}).refused
    assert compiled("half", "910B").run(found, {"num_rows": 1 << 40, "num_columns": 4}).refused


def test_transpositions_are_recognised_by_what_they_store() -> None:
    found = recognised(ARCHETYPE, CUDA / "transpose.cu", "910B")
    assert [n for n, body in found.items() if body is not None] == ["transpose_scales", "transpose_flat"]


NEAR_MISSES = [
    ("a pitch", "transpose_scales", "g * num_tokens + token", "g * (num_tokens + 4) + token"),
    ("a copy", "transpose_scales", "g * num_tokens + token", "token * num_groups + g"),
    (
        "a factor",
        "transpose_scales",
        "= scales[token * num_groups + g]",
        "= 2.0f * scales[token * num_groups + g]",
    ),
    ("the last column is left out", "transpose_scales", "g < num_groups", "g < num_groups - 1"),
    ("an offset", "transpose_flat", "= x[i]", "= x[i + 1]"),
    ("another divisor", "transpose_flat", "+ i / cols]", "+ i / rows]"),
    ("not all elements", "transpose_flat", "i < rows * cols", "i < rows * cols - 1"),
    ("only some", "transpose_flat", "out[(i", "if (x[i] > __float2half(0.0f)) out[(i"),
]


@pytest.mark.parametrize(("what", "kernel", "old", "new"), NEAR_MISSES, ids=[n[0] for n in NEAR_MISSES])
def test_what_differs_in_one_thing_is_not_recognised(
    what: str, kernel: str, old: str, new: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, "transpose.cu", kernel, old, new)
    assert recognised(ARCHETYPE, path, "910B")[kernel] is None, what
