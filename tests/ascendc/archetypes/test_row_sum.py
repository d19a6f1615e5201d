"""Sums of rows on the CPU model against NumPy: any shape, any number of cores, NaN and infinity."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from archetype_running import Compiled
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.row_sum import RowSum, can_write, write
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import Target, targets

TARGETS = {t.name: t for t in targets()}
SPECS = {
    "weighted bf16": RowSum("bfloat16_t", "bfloat16_t", "int32_t", skips=True, weighted=True),
    "weighted half int64": RowSum("half", "half", "int64_t", skips=True, weighted=True),
    "biases first": RowSum("bfloat16_t", "bfloat16_t", "int32_t", skips=True, biases=2, from_zero=False),
    "biases last": RowSum("half", "half", "int32_t", skips=True, weighted=True, biases=2, biases_first=False),
    "ranks": RowSum("bfloat16_t", "bfloat16_t", rank_major=True),
    "rows to float": RowSum("bfloat16_t", "float", "int32_t", skips=True),
    "float": RowSum("float", "float"),
    "half": RowSum("half", "half"),
}
RUNS = [
    *((name, target) for name in SPECS for target in ("910B",)),
    *((name, "950") for name in ("weighted bf16", "biases first", "ranks")),
    *((name, "310P") for name in ("weighted half int64", "biases last", "half", "float")),
]


@cache
def compiled(name: str, target: str) -> Compiled:
    spec = SPECS[name]
    order = ["out", "rows", *(["row_of"] if spec.indexed else []), *(["weights"] if spec.weighted else [])]
    named = Named((*order, *(f"bias_{i}" for i in range(spec.biases))), {})
    return Compiled(write("row_sum", "x", spec, named, TARGETS[target], {}), model_arch(TARGETS[target]))


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, int]:
    hidden = draw(st.one_of(st.integers(16, 48), st.integers(200, 700), st.sampled_from((16, 64, 256, 512))))
    tokens = draw(st.one_of(st.just(0), st.integers(1, 9)))
    rows = draw(st.integers(1, 12))
    return {
        "num_tokens": tokens,
        "num_terms": draw(st.integers(0, 16)),
        "hidden": hidden,
        "num_rows": rows,
        "part_rows": tokens + rows % 3,
    }


def numbers(random: np.random.Generator, dtype: str, count: int) -> Any:
    """Numbers of all sizes, some of them NaN or infinite; a bfloat16 as its bits."""
    values = random.normal(size=count) * 10.0 ** random.integers(-3, 3, count)
    special = random.random(count)
    values[special < 0.01] = np.nan
    values[(special >= 0.01) & (special < 0.02)] = np.inf
    values[(special >= 0.02) & (special < 0.03)] = -np.inf
    values[(special >= 0.03) & (special < 0.06)] = 0.0
    single = values.astype(np.float32)
    if dtype == "bfloat16_t":
        return (single.view(np.uint32) >> 16).astype(np.uint16)
    return single.astype(np.float16 if dtype == "half" else np.float32)


def arrays(spec: RowSum, shape: dict[str, int], seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    tokens, terms, hidden, rows = (shape[k] for k in ("num_tokens", "num_terms", "hidden", "num_rows"))
    count = rows if spec.indexed else terms * (shape["part_rows"] if spec.rank_major else tokens)
    found = {
        "out": numbers(random, spec.out_dtype, tokens * hidden),
        "rows": numbers(random, spec.in_dtype, count * hidden),
        "weights": numbers(random, "float", tokens * terms),
        "bias_0": numbers(random, spec.in_dtype, tokens * hidden),
        "bias_1": numbers(random, spec.in_dtype, tokens * hidden),
    }
    if spec.indexed:
        chosen = random.integers(-1, rows, tokens * terms)
        found["row_of"] = chosen.astype(np.int32 if spec.index_dtype == "int32_t" else np.int64)
    return found


def same(left: Any, right: Any, dtype: str) -> bool:
    """Equal bits, or both NaN."""
    nan = [((a & 0x7FFF) > 0x7F80) if dtype == "bfloat16_t" else np.isnan(a) for a in (left, right)]
    bits = [a.view(f"u{a.itemsize}") for a in (left, right)]
    return bool(np.all((bits[0] == bits[1]) | (nan[0] & nan[1])))


@pytest.mark.parametrize(("name", "target"), RUNS)
@settings(max_examples=25, deadline=None)
@given(shape=shapes(), cores=st.integers(1, 5), seed=st.integers(0, 5), small=st.booleans())
def test_agrees_with_numpy(
    name: str, target: str, shape: dict[str, int], cores: int, seed: int, small: bool
) -> None:
    spec = SPECS[name]
    kernel = compiled(name, target)
    found = arrays(spec, shape, seed)
    expected = {k: v.copy() for k, v in found.items()}
    ran = kernel.run(found, shape, cores, seed, 14 * 1024 if small else 0)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    for key in found:
        assert same(found[key], expected[key], spec.out_dtype if key == "out" else "float"), key


@pytest.mark.parametrize("hidden", range(1, 16))
def test_rows_shorter_than_a_block(hidden: int) -> None:
    """Tails of 2 to 30 bytes; without DataCopyPad the host refuses them."""
    shape = {"num_tokens": 3, "num_terms": 2, "hidden": hidden}
    for target in ("910B", "310P"):
        found = arrays(SPECS["half"], {**shape, "num_rows": 1}, hidden)
        expected = {k: v.copy() for k, v in found.items()}
        ran = compiled("half", target).run(found, shape, 2)
        assert ran.refused == (target == "310P")
        if not ran.refused:
            assert ran.violations == ()
            compiled("half", target).reference(expected, shape)
            assert same(found["out"], expected["out"], "half")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"num_tokens": -1}, True), ({"hidden": 1 << 33}, True), ({"num_terms": 1025}, True), ({}, False)],
)
def test_the_host_refuses_what_cannot_be(change: dict[str, int], words: bool) -> None:
    shape = {"num_tokens": 1, "num_terms": 1, "hidden": 32, "num_rows": 1}
    found = arrays(SPECS["weighted bf16"], shape, 0)
    assert compiled("weighted bf16", "910B").run(found, {**shape, **change}).refused is words


def test_a_target_without_bfloat16_has_no_body() -> None:
    def can(name: str) -> list[str]:
        return [t.name for t in _all() if can_write(SPECS[name], t)]

    assert can("weighted bf16") == ["910B", "910C", "950"]
    assert can("weighted half int64") == ["310P", "910B", "910C", "950"]


def _all() -> list[Target]:
    return sorted(TARGETS.values(), key=lambda t: t.name)
