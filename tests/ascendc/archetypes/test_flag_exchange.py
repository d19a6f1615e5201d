"""Flags on the CPU model, and which kernels exchange flags and nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, TARGETS, changed, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.flag_exchange import ARCHETYPE, FlagExchange, write
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.tiling import model_arch

SPECS = {
    "both": FlagExchange(publishes=True, awaits="at least"),
    "publish": FlagExchange(publishes=True, awaits=""),
    "wait": FlagExchange(publishes=False, awaits="equal"),
}
# ruff: noqa: E501
# What it is, the kernel, a text of it, what stands there instead.
NEAR_MISSES = [
    ("waits for more", "exchange_flags", "< epoch", "<= epoch"),
    ("waits for less", "exchange_flags", "< epoch", "> epoch"),
    ("waits for the next epoch", "exchange_flags", "< epoch", "< epoch + 1"),
    ("publishes the next epoch", "exchange_flags", "rank, epoch)", "rank, epoch + 1)"),
    ("publishes the rank", "exchange_flags", "rank, epoch)", "rank, rank)"),
    ("waits for its own flag", "exchange_flags", "incoming + rank", "outgoing + rank"),
    ("flags from the second on", "exchange_flags", "outgoing + rank", "outgoing + rank + 1"),
    ("one flag for all", "exchange_flags", "outgoing + rank", "outgoing"),
    ("all but the last rank", "exchange_flags", "rank < num_ranks", "rank < num_ranks - 1"),
    ("waits, then publishes", "exchange_flags", "store_release_sys(outgoing + rank, epoch);\n        while (load_acquire_sys(incoming + rank) < epoch) {\n        }",
     "while (load_acquire_sys(incoming + rank) < epoch) {\n        }\n        store_release_sys(outgoing + rank, epoch);"),
    ("clears the flag", "exchange_flags", "< epoch) {\n        }", "< epoch) {\n        }\n        store_release_sys(outgoing + rank, 0);"),
    ("stores something too", "exchange_flags", "store_release_sys(outgoing + rank, epoch);", "outgoing[num_ranks + rank] = 1; store_release_sys(outgoing + rank, epoch);"),
    ("gives up waiting", "exchange_flags", "< epoch) {", "< epoch) { if (epoch == 7) break;"),
    ("an ordinary load", "exchange_flags", "load_acquire_sys(incoming + rank)", "incoming[rank]"),
    ("an ordinary store", "exchange_flags", "store_release_sys(outgoing + rank, epoch)", "outgoing[rank] = epoch"),
    ("one after the other", "exchange_flags", "if (rank < num_ranks) {", "for (int rank = threadIdx.x; rank < num_ranks; rank += blockDim.x) {"),
    ("waits only for some", "await_flags", "while", "if (i > 0) while"),
    ("two conditions", "await_flags", "!= value)", "!= value and value > 0)"),
]  # fmt: skip


@cache
def compiled(name: str, target: str) -> Compiled:
    has = {"both": ("published", "awaited"), "publish": ("published",), "wait": ("awaited",)}
    return Compiled(write("flags", SPECS[name], Named(has[name]), {}), model_arch(TARGETS[target]))


def lines(count: int, value: int) -> Any:
    return np.full(8 * count, value, np.int32)


@pytest.mark.parametrize("target", ["910B", "950", "310P"])
@settings(max_examples=20, deadline=None)
@given(flags=st.integers(0, 9), cores=st.integers(1, 4), seed=st.integers(0, 9))
def test_two_ranks_meet(target: str, flags: int, cores: int, seed: int) -> None:
    there, back = lines(flags, 3), lines(flags, 3)
    ranks = [{"published": there, "awaited": back}, {"published": back, "awaited": there}]
    ran = compiled("both", target).run_ranks(ranks, {"num_flags": flags, "number": 4}, cores, seed)
    assert not ran.refused
    assert ran.violations == ()
    assert (there == 4).all()
    assert (back == 4).all()


@pytest.mark.parametrize("seed", range(6))
def test_who_waits_for_what_nobody_publishes_is_found(seed: int) -> None:
    ran = compiled("wait", "910B").run({"awaited": lines(3, 1)}, {"num_flags": 3, "number": 2}, 2, seed)
    assert "deadlock" in {v["check"] for v in ran.violations}


@pytest.mark.parametrize("name", ["both", "publish", "wait"])
def test_one_rank_by_itself(name: str) -> None:
    found = {"published": lines(5, 0), "awaited": lines(5, 7)}
    expected = {k: v.copy() for k, v in found.items()}
    scalars = {"num_flags": 5, "number": 7}
    ran = compiled(name, "910B").run(found, scalars, 3)
    compiled(name, "910B").reference(expected, scalars)
    assert ran.violations == ()
    assert all(np.array_equal(found[k], expected[k]) for k in found)


def test_kernels_are_recognised() -> None:
    found = recognised(ARCHETYPE, CUDA / "flag_exchange.cu")
    assert {k: [b.name for b in body.buffers] for k, body in found.items() if body} == {
        "exchange_flags": ["published", "awaited"],
        "publish_flags": ["published"],
        "await_flags": ["awaited"],
    }
    both = found["exchange_flags"]
    assert both is not None
    assert {s.name: s.cuda for s in both.scalars} == {"num_flags": "num_ranks", "number": "epoch"}
    assert "taken for granted of the CUDA launch: blockDim.x >= num_ranks" in [n.en for n in both.notes]


@pytest.mark.parametrize(
    ("kernel", "old", "new"), [n[1:] for n in NEAR_MISSES], ids=[n[0] for n in NEAR_MISSES]
)
def test_what_does_more_is_not_recognised(tmp_path: Path, kernel: str, old: str, new: str) -> None:
    path = changed(tmp_path, "flag_exchange.cu", kernel, old, new)
    assert recognised(ARCHETYPE, path)[kernel] is None


@pytest.mark.parametrize(
    ("old", "new"), [("st.release.sys", "st.relaxed.sys"), ("ld.acquire.sys", "ld.volatile")]
)
def test_other_orders_are_not_recognised(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "flags.cu"
    path.write_text((CUDA / "flag_exchange.cu").read_text().replace(old, new))
    assert recognised(ARCHETYPE, path)["exchange_flags"] is None
