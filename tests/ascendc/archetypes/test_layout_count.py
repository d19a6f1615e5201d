"""Counting on the CPU model against NumPy."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from archetype_running import Compiled
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.layout_count import LayoutCount, can_write, write
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}
SPECS = {
    "all": LayoutCount("int64_t", experts=True, ranks=True, in_rank=True),
    "experts": LayoutCount("int32_t", experts=True, adds=True),
    "ranks": LayoutCount("int32_t", ranks=True),
    "ranks and flags": LayoutCount("int32_t", ranks=True, in_rank=True),
}
RUNS = [*((name, "910B") for name in SPECS), ("all", "950")]
NAMES = ("tokens_per_expert", "tokens_per_rank", "in_rank")


@cache
def compiled(name: str, target: str) -> Compiled:
    spec = SPECS[name]
    has = (spec.experts, spec.ranks, spec.in_rank)
    order = ("topk_idx", *(n for n, there in zip(NAMES, has, strict=True) if there))
    return Compiled(write("count", spec, Named(order, {}), TARGETS[target], {}), model_arch(TARGETS[target]))


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, int]:
    ranks = draw(st.integers(1, 17))
    return {
        "num_tokens": draw(st.one_of(st.just(0), st.integers(1, 70))),
        "num_topk": draw(st.integers(0, 16)),
        "num_experts": ranks * draw(st.integers(1, 9)),
        "num_ranks": ranks,
    }


def arrays(name: str, shape: dict[str, int], seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    tokens, topk, experts, ranks = (shape[k] for k in ("num_tokens", "num_topk", "num_experts", "num_ranks"))
    index = np.int64 if SPECS[name].index_dtype == "int64_t" else np.int32
    return {
        "topk_idx": random.integers(-2, experts, tokens * topk).astype(index),
        "tokens_per_expert": random.integers(0, 99, experts).astype(np.int32),
        "tokens_per_rank": random.integers(0, 99, ranks).astype(np.int32),
        "in_rank": random.integers(0, 255, tokens * ranks).astype(np.uint8),
        "workspace": np.zeros(128 * (experts + ranks + 16), np.int32),
    }


@pytest.mark.parametrize(("name", "target"), RUNS)
@settings(max_examples=25, deadline=None)
@given(shape=shapes(), cores=st.integers(1, 6), seed=st.integers(0, 5), small=st.booleans())
def test_agrees_with_numpy(
    name: str, target: str, shape: dict[str, int], cores: int, seed: int, small: bool
) -> None:
    kernel = compiled(name, target)
    found = arrays(name, shape, seed)
    expected = {k: v.copy() for k, v in found.items()}
    ran = kernel.run(found, shape, cores, seed, 4096 if small else 0)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    for key in {b.name for b in kernel.body.buffers} - {"workspace"}:
        assert np.array_equal(found[key], expected[key]), key


def test_the_host_refuses_experts_that_do_not_divide() -> None:
    shape = {"num_tokens": 1, "num_topk": 1, "num_experts": 7, "num_ranks": 2}
    assert compiled("all", "910B").run(arrays("all", shape, 0), shape).refused


def test_the_workspace_is_large_enough_for_the_rows_of_all_blocks() -> None:
    for experts in range(1, 40):
        for ranks in range(1, 20):
            assert -(-experts // 8) * 8 + -(-ranks // 8) * 8 <= experts + ranks + 16


def test_the_coupled_core_has_no_body() -> None:
    assert sorted(t.name for t in TARGETS.values() if can_write(t)) == ["910B", "910C", "950"]
