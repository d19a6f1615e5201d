"""The kernel of the tutorial, ported by hand on a skeleton, runs on the CPU model and agrees with NumPy."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from portcheck.ascendc import inputs, manifest
from portcheck.ascendc.checking import Library, NoCompilerError, Ran, compiled
from portcheck.ascendc.inputs import Case

np = pytest.importorskip("numpy")
PROJECT = Path(__file__).parents[2] / "reports" / "tutorial" / "finalize_moe_routing_kernel"
pytestmark = pytest.mark.skipif(not PROJECT.is_dir(), reason="reports are not part of the source package")
SIZES = (  # rows, cols, k, residuals
    (1, 1, 1, 1),
    (3, 15, 2, 2),  # 30 bytes: less than a block of UB
    (48, 16, 1, 1),  # one row a core
    (49, 17, 8, 2),  # one row more than cores, a tail of 2 bytes
    (5, 31, 16, 1),
    (7, 257, 4, 2),
    (2, 9216, 2, 1),  # one whole tile
    (3, 9217, 2, 2),  # a second tile of one element
    (2, 20001, 3, 1),  # three tiles
    (4, 64, 0, 2),  # nothing to add
    (0, 64, 2, 1),  # no rows
)


@pytest.fixture(scope="module")
def library() -> Library:
    try:
        return compiled(PROJECT)
    except NoCompilerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = util.spec_from_file_location("tutorial_reference", PROJECT / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def case_of(library: Library, made: tuple[dict[str, Any], dict[str, float]]) -> Case:
    buffers, scalars = made
    data = tuple(np.ascontiguousarray(buffers[b.name]).tobytes() for b in library.manifest.buffers)
    return Case(data, {s.name: scalars[s.name] for s in library.manifest.scalars})


def assert_agrees(library: Library, case: Case, ran: Ran) -> None:
    assert ran.result == 0, ran.report
    assert inputs.differences(library.manifest, PROJECT, case, ran.buffers) == ()


@pytest.mark.parametrize("sizes", SIZES)
def test_every_size_on_one_core_and_many(
    library: Library, reference: ModuleType, sizes: tuple[int, int, int, int]
) -> None:
    for cores, seed in ((1, 0), (3, 1), (48, 2)):
        case = case_of(library, reference.inputs(np.random.default_rng(seed), *sizes))
        assert_agrees(library, case, library.run(case, cores=cores, seed=seed))


def test_infinity_and_nan_go_through(library: Library, reference: ModuleType) -> None:
    made = reference.inputs(np.random.default_rng(3), 6, 70, 3, 2)
    for name, bits in (("skip_1", 0x7F80), ("expanded_permuted_rows", 0xFF80), ("scales", 0x7FC0)):
        made[0][name][::5] = bits
    case = case_of(library, made)
    assert_agrees(library, case, library.run(case, cores=3, seed=3))


def test_the_wrong_number_of_residuals_is_refused(library: Library, reference: ModuleType) -> None:
    case = case_of(library, reference.inputs(np.random.default_rng(0), 2, 8, 1, 3))
    ran = library.run(case, cores=1, seed=0)
    assert ran.result < 0
    assert "RESIDUAL_NUM" in ran.report["error"]


def test_no_gap_is_left() -> None:
    assert manifest.gaps_left(PROJECT, manifest.read(PROJECT)) == ()
