"""The C functions of a compiled kernel: arguments, ranks, the report."""

import ctypes
import json
from typing import Any

import pytest
from model_building import ARCHES, CASES, compiled

np = pytest.importorskip("numpy")


@pytest.fixture(scope="module", params=ARCHES)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    target = tmp_path_factory.mktemp("model") / "exchange.so"
    library = ctypes.CDLL(str(compiled(CASES / "exchange.cpp", request.param, target, "-fPIC", "-shared")))
    library.portcheck_model_run.restype = ctypes.c_int64
    library.portcheck_model_run_ranks.restype = ctypes.c_int64
    library.portcheck_model_report.restype = ctypes.c_char_p
    return library


def run(library: ctypes.CDLL, ranks: list[list[Any]], scalars: list[tuple[int, float]], seed: int = 0) -> int:
    """The result of a run; one list of buffers and one of scalars a rank."""
    arrays = [array for buffers in ranks for array in buffers]
    addresses = (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
    sizes = (ctypes.c_uint64 * len(arrays))(*[array.nbytes for array in arrays])
    given = b"".join(bytes(ctypes.c_int64(n)) + bytes(ctypes.c_double(f)) for n, f in scalars)
    cells = (ctypes.c_uint64 * (2 * len(scalars))).from_buffer_copy(given)
    arguments = (
        ctypes.c_uint32(4),
        ctypes.c_uint32(0),
        ctypes.c_uint64(seed),
        ctypes.c_uint32(len(ranks[0])),
        addresses,
        sizes,
        ctypes.c_uint32(2),
        cells,
    )
    if len(ranks) == 1:
        return int(library.portcheck_model_run(*arguments))
    return int(library.portcheck_model_run_ranks(ctypes.c_uint32(len(ranks)), *arguments))


def report(library: ctypes.CDLL) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(library.portcheck_model_report().decode("utf-8"))
    return told


@pytest.mark.parametrize("seed", range(5))
def test_two_ranks_exchange_rows(library: ctypes.CDLL, seed: int) -> None:
    rows = [np.arange(64, dtype=np.float32), -np.arange(64, dtype=np.float32)]
    windows = [np.zeros(72, np.float32) for _ in rows]
    results = [np.zeros(64, np.float32) for _ in rows]
    buffers = [[rows[r], windows[r], windows[1 - r], results[r]] for r in (0, 1)]
    assert run(library, buffers, [(64, 2.0), (64, 3.0)], seed) == 0, report(library)
    assert (results[0] == rows[1] * np.float32(3)).all()
    assert (results[1] == rows[0] * np.float32(2)).all()
    assert report(library)["violations"] == []


def test_one_rank_waits_for_ever(library: ctypes.CDLL) -> None:
    buffers = [np.zeros(72, np.float32) for _ in range(4)]
    assert run(library, [buffers], [(64, 2.0)]) == 1
    (violation,) = report(library)["violations"]
    assert violation["check"] == "deadlock"
    assert violation["file"].endswith("exchange.cpp")
    assert violation["line"] > 0
    assert set(violation["message"]) == {"en", "zh"}


def test_what_the_arguments_lack(library: ctypes.CDLL) -> None:
    buffers = [np.zeros(72, np.float32) for _ in range(4)]
    assert run(library, [buffers], [(63, 2.0)]) == -1
    assert report(library)["error"] == "elements is not a multiple of 8 that fits"
    assert run(library, [buffers[:3]], [(64, 2.0)]) == -2
    assert report(library)["error"] == "4 buffers and 2 scalars are wanted"
