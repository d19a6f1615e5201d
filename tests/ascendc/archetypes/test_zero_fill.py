"""Fills: recognised by what they store, and on the CPU model against NumPy."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.zero_fill import ARCHETYPE, Filled, ZeroFill, write
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}
FILLS = (Filled("int64_t", 0), Filled("uint8_t", 0), Filled("float", None), Filled("half", 1.0))
NUMPY = (np.int64, np.uint8, np.float32, np.float16)
COUNTS = st.one_of(st.just(0), st.integers(1, 70), st.integers(1000, 40_000))


@cache
def compiled(target: str) -> Compiled:
    order = ("out_0", "out_1", "out_2", "out_3")
    names = Named(order, dict.fromkeys(order, ""))
    return Compiled(write("fill", ZeroFill(FILLS, names), TARGETS[target], {}), model_arch(TARGETS[target]))


@pytest.mark.parametrize("target", ["910B", "950"])
@settings(max_examples=25, deadline=None)
@given(
    counts=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
    value=st.floats(width=32, allow_nan=False),
    cores=st.integers(1, 6),
    seed=st.integers(0, 5),
)
def test_agrees_with_numpy(target: str, counts: tuple[int, ...], value: float, cores: int, seed: int) -> None:
    """Also: nothing behind the counted elements is written."""
    kernel = compiled(target)
    random = np.random.default_rng(seed)
    found = {f"out_{n}": random.integers(1, 99, counts[n] + 5).astype(NUMPY[n]) for n in range(4)}
    expected = {k: v.copy() for k, v in found.items()}
    shape: dict[str, int | float] = {f"count_{n}": counts[n] for n in range(4)}
    shape["value_2"] = value
    ran = kernel.run(found, shape, cores, seed, 2048)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    for key in found:
        assert found[key].tobytes() == expected[key].tobytes(), key


def test_the_host_refuses_what_cannot_be() -> None:
    found = {f"out_{n}": np.zeros(4, NUMPY[n]) for n in range(4)}
    shape = {"count_0": 1, "count_1": -1, "count_2": 1, "count_3": 1, "value_2": 0.0}
    assert compiled("910B").run(found, shape).refused


def test_fills_are_recognised_by_what_they_store() -> None:
    found = recognised(ARCHETYPE, CUDA / "zero_fill.cu", "910B")
    expected = ["clean_next_buffer", "clear_counters", "fill_ones", "clean_two"]
    assert [n for n, body in found.items() if body is not None] == expected


def test_what_differs_in_one_thing_is_not_recognised() -> None:
    found = recognised(ARCHETYPE, CUDA / "near_zero_fill.cu", "910B")
    assert [n for n, body in found.items() if body is not None] == []
