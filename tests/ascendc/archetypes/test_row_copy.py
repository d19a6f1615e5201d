"""Row copies: recognised by what they store, and on the CPU model against NumPy."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from archetype_running import Compiled
from archetype_sources import CUDA, recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.row_copy import ARCHETYPE, Copy, RowCopy, write
from portcheck.ascendc.body import Body
from portcheck.ascendc.tiling import model_arch
from portcheck.targets import targets

TARGETS = {t.name: t for t in targets()}
SPECS = {
    "flat": RowCopy("int32_t"),
    "scatter": RowCopy("int32_t", "int32_t", "target", skips=True),
    "gather": RowCopy("half", "int64_t", "source", skips=True, pitched=("source",)),
    "gather all": RowCopy("uint8_t", "int32_t", "source"),
    "expand": RowCopy("bfloat16_t", "int32_t", "target", skips=True, copies=True),
    "pitched": RowCopy("int8_t", pitched=("source", "target")),
    "wide": RowCopy("int64_t", "int64_t", "target", skips=True),
}
RUNS = [  # a compilation each
    *((name, "910B") for name in SPECS if name not in ("gather all", "wide")),
    *((name, "950") for name in ("expand",)),
    *((name, "310P") for name in ("flat", "gather", "wide")),
]
NUMPY = {
    "int8_t": np.int8, "uint8_t": np.uint8, "half": np.float16, "bfloat16_t": np.uint16,
    "int32_t": np.int32, "int64_t": np.int64,
}  # fmt: skip


@cache
def compiled(name: str, target: str) -> Compiled:
    spec = SPECS[name]
    order = ("out", "rows", *(["row_of"] if spec.index_on else []))
    body = write("row_copy", Copy(spec, Named(order)), TARGETS[target], {})
    return Compiled(body, model_arch(TARGETS[target]))


@st.composite
def shapes(draw: st.DrawFn, spec: RowCopy, least: int) -> dict[str, int]:
    length = draw(
        st.one_of(st.integers(least, least + 40), st.integers(200, 900), st.sampled_from((64, 512, 1024)))
    )
    rows = draw(st.one_of(st.just(0), st.integers(1, 12)))
    copies = draw(st.integers(0, 16)) if spec.copies else 1
    return {
        "num_rows": rows,
        "row_elements": length,
        "num_copies": copies,
        "source_pitch": length + draw(st.integers(0, 40)),
        "target_pitch": length + draw(st.integers(0, 40)),
        "num_source_rows": draw(st.integers(1, 12)),
        "num_target_rows": rows * copies + draw(st.integers(0, 4)),
    }


def arrays(spec: RowCopy, shape: dict[str, int], seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    rows, length = shape["num_rows"], shape["row_elements"]
    source_rows = shape["num_source_rows"] if spec.index_on == "source" else rows
    target_rows = shape["num_target_rows"] if spec.index_on == "target" else rows
    source = source_rows * (shape["source_pitch"] if "source" in spec.pitched else length)
    target = target_rows * (shape["target_pitch"] if "target" in spec.pitched else length)
    dtype = np.dtype(NUMPY[spec.dtype])
    found: dict[str, Any] = {
        "rows": np.frombuffer(random.bytes(source * dtype.itemsize), dtype).copy(),
        "out": np.frombuffer(random.bytes(target * dtype.itemsize), dtype).copy(),
    }
    entries = rows * (shape["num_copies"] if spec.copies else 1)
    index = np.int64 if spec.index_dtype == "int64_t" else np.int32
    if spec.index_on == "source":
        found["row_of"] = random.integers(-1 if spec.skips else 0, source_rows, entries).astype(index)
    if spec.index_on == "target":  # no row twice: it would be a race in CUDA too
        chosen = random.permutation(target_rows)[:entries]
        chosen[random.random(entries) < 0.2] = -1
        found["row_of"] = chosen.astype(index)
    return found


def agrees(name: str, target: str, shape: dict[str, int], cores: int, seed: int, ub_bytes: int) -> None:
    spec = SPECS[name]
    kernel = compiled(name, target)
    found = arrays(spec, shape, seed)
    expected = {k: v.copy() for k, v in found.items()}
    ran = kernel.run(found, shape, cores, seed, ub_bytes)
    kernel.reference(expected, shape)
    assert not ran.refused
    assert ran.violations == ()
    for key in found:
        assert found[key].tobytes() == expected[key].tobytes(), key


@pytest.mark.parametrize(("name", "target"), RUNS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), cores=st.integers(1, 7), seed=st.integers(0, 5), small=st.booleans())
def test_agrees_with_numpy(
    name: str, target: str, data: st.DataObject, cores: int, seed: int, small: bool
) -> None:
    width = np.dtype(NUMPY[SPECS[name].dtype]).itemsize
    least = 32 // width if target == "310P" else 0
    shape = data.draw(shapes(SPECS[name], least))
    agrees(name, target, shape, cores, seed, 6 * 1024 if small else 0)


@pytest.mark.parametrize("tail", range(1, 32))
def test_tails_of_every_length(tail: int) -> None:
    """Rows of 1 to 31 bytes, and of some whole blocks and a tail."""
    for length in (tail, 96 + tail):
        shape = {"num_rows": 5, "row_elements": length, "source_pitch": length + 3, "target_pitch": length}
        agrees("pitched", "910B", {**shape, "num_source_rows": 5, "num_target_rows": 5}, 3, tail, 0)


def test_rows_shorter_than_a_block_are_refused_without_pad() -> None:
    shape = {"num_rows": 3, "row_elements": 31, "source_pitch": 40, "target_pitch": 40}
    found = arrays(SPECS["pitched"], {**shape, "num_source_rows": 3, "num_target_rows": 3}, 0)
    assert compiled("pitched", "310P").run(found, shape).refused


@pytest.mark.parametrize("change", [{"num_rows": -1}, {"source_pitch": 63}, {"row_elements": -5}])
def test_the_host_refuses_what_cannot_be(change: dict[str, int]) -> None:
    shape = {"num_rows": 2, "row_elements": 64, "source_pitch": 64, "target_pitch": 64}
    found = arrays(SPECS["pitched"], {**shape, "num_source_rows": 2, "num_target_rows": 2}, 0)
    assert compiled("pitched", "910B").run(found, {**shape, **change}).refused


@cache
def found(file: str, target: str = "910B") -> dict[str, Body]:
    """The kernels of a file that are recognised, and their bodies."""
    listed = recognised(ARCHETYPE, CUDA / file, target)
    return {name: body for name, body in listed.items() if body is not None}


def test_copies_are_recognised_by_what_they_store() -> None:
    expected = ["scatter_rows", "gather_rows", "expand_rows", "copy_rows", "copy_flat"]
    assert list(found("row_copy.cu")) == expected


def test_what_differs_in_one_thing_is_not_recognised() -> None:
    assert list(found("near_row_copy.cu")) == []


def test_the_parts_of_a_gather() -> None:
    body = found("row_copy.cu")["gather_rows"]
    assert [(b.name, b.dtype, b.cuda) for b in body.buffers] == [
        ("out", "half", "out"),
        ("rows", "half", "rows"),
        ("row_of", "int64_t", "row_of"),
    ]
    assert {s.name: s.cuda for s in body.scalars} == {
        "num_rows": "num_rows",
        "row_elements": "hidden",
        "source_pitch": "pitch",
        "num_source_rows": "",
    }
    assert [n.en for n in body.notes] == [
        "taken for granted of the CUDA launch: blockDim.x % 32 == 0",
        "written for the instance with dtype_t = half",
    ]


def test_types_that_a_target_does_not_have_are_moved_as_integers() -> None:
    assert found("row_copy.cu", "310P")["expand_rows"].buffers[0].dtype == "uint16_t"
