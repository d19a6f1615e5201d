"""Prefix sums on the CPU model against NumPy."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from archetype_running import Compiled
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.prefix_sum import PrefixSum, write
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}


@cache
def compiled(inclusive: bool, target: str) -> Compiled:
    body = write("prefix", PrefixSum(inclusive), Named(("prefix", "values"), {}), TARGETS[target], {})
    return Compiled(body, model_arch(TARGETS[target]))


@pytest.mark.parametrize(("inclusive", "target"), [(True, "910B"), (False, "910B"), (False, "950")])
@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(0, 5),
    elements=st.one_of(st.integers(0, 40), st.integers(200, 700)),
    cores=st.integers(1, 4),
    seed=st.integers(0, 5),
    small=st.booleans(),
)
def test_agrees_with_numpy(
    inclusive: bool, target: str, rows: int, elements: int, cores: int, seed: int, small: bool
) -> None:
    kernel = compiled(inclusive, target)
    random = np.random.default_rng(seed)
    found = {
        "values": random.integers(-(2**31), 2**31, rows * elements).astype(np.int32),
        "prefix": random.integers(0, 99, rows * elements).astype(np.int32),
    }
    expected = {k: v.copy() for k, v in found.items()}
    shape = {"num_rows": rows, "row_elements": elements}
    ran = kernel.run(found, shape, cores, seed, 4096 if small else 0)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    assert np.array_equal(found["prefix"], expected["prefix"])
