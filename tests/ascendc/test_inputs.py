"""Inputs of runs and the comparison with a reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from portcheck.ascendc import inputs
from portcheck.ascendc.body import Buffer, Role, Scalar
from portcheck.ascendc.inputs import Case
from portcheck.ascendc.manifest import Manifest
from portcheck.targets.text import Text

REFERENCE = """
def reference(buffers, scalars):
    buffers["out"][...] = buffers["rows"][: len(buffers["out"])]
"""


def manifest(dtype: str) -> Manifest:
    shape = ("rows * 2", "width")
    buffers = (
        Buffer("out", dtype, Role.OUTPUT, shape, "out"),
        Buffer("rows", dtype, Role.INPUT, shape, "rows"),
    )
    scalars = tuple(Scalar(n, "int64_t", Text("", "")) for n in ("rows", "width"))
    return Manifest("k", "k", "910B", 2201, 48, 1024, "", False, buffers, scalars, (), (), {"width": 8})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / inputs.REFERENCE_NAME).write_text(REFERENCE)
    return tmp_path


def compare(project: Path, dtype: str, bits: str, expected: list[int], got: list[int]) -> tuple[str, ...]:
    rows = np.array(expected, bits)
    case = Case((bytes(rows.nbytes), rows.tobytes()), {"rows": 1, "width": 1})
    found = inputs.differences(
        manifest(dtype), project, case, (np.array(got, bits).tobytes(), rows.tobytes())
    )
    assert found is not None
    return found


def test_equal_buffers_have_no_difference(project: Path) -> None:
    assert compare(project, "int32_t", "int32", [1, -2], [1, -2]) == ()


def test_integers_must_be_equal(project: Path) -> None:
    assert compare(project, "int32_t", "int32", [1, 2], [1, 3]) == ("out[1] is 3, NumPy says 2",)


@pytest.mark.parametrize(("dtype", "bits", "one"), [
    ("bfloat16_t", "uint16", 0x3F80), ("half", "uint16", 0x3C00), ("float", "uint32", 0x3F800000),
])  # fmt: skip
def test_numbers_may_be_one_unit_apart(project: Path, dtype: str, bits: str, one: int) -> None:
    assert compare(project, dtype, bits, [one], [one + 1]) == ()
    assert compare(project, dtype, bits, [one], [one + 2]) != ()
    minus_zero = 1 << (np.dtype(bits).itemsize * 8 - 1)
    assert compare(project, dtype, bits, [0], [minus_zero]) == ()
    assert compare(project, dtype, bits, [1], [minus_zero | 1]) != ()


def test_every_nan_is_a_nan_and_nothing_else(project: Path) -> None:
    assert compare(project, "bfloat16_t", "uint16", [0x7FC0], [0xFFC1]) == ()
    assert compare(project, "bfloat16_t", "uint16", [0x7FC0], [0x7F80]) != ()


def test_without_a_reference_nothing_is_compared(tmp_path: Path) -> None:
    case = Case((b"", b""), {"rows": 0, "width": 0})
    assert inputs.differences(manifest("int32_t"), tmp_path, case, (b"", b"")) is None


def test_generic_inputs_have_the_shape_and_begin_with_real_sizes(tmp_path: Path) -> None:
    first = next(inputs.cases(manifest("int32_t"), tmp_path, seed=1))
    assert first.scalars == {"rows": 2, "width": 8}
    assert [len(b) for b in first.buffers] == [2 * 2 * 8 * 4] * 2
    assert next(inputs.cases(manifest("int32_t"), tmp_path, seed=1)) == first


@pytest.mark.parametrize("text", ["__import__('os').getcwd()", "n.__class__", "(", "m", "1 if n else 2"])
def test_an_extent_is_arithmetic_only(text: str) -> None:
    with pytest.raises(ValueError, match=r"extent|arithmetic"):
        inputs.extent(text, {"n": 3})


def test_an_extent_computes_in_whole_numbers() -> None:
    assert inputs.extent("(n + 31) / 32 * 32 - n % 2", {"n": 33}) == 63
