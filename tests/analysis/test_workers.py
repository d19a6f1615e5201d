"""Pieces of work on several processes: each is lost by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portcheck.analysis import workers
from portcheck.analysis.workers import Lost, each

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture(params=[1, 3])
def processors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(workers, "_processors", lambda: request.param)
    return int(request.param)


def test_results_come_in_the_order_of_the_items(processors: int) -> None:
    assert each(lambda n: n * n, range(20)) == [n * n for n in range(20)]


def test_too_little_memory_or_depth_loses_one_piece(processors: int) -> None:
    def work(n: int) -> int:
        if n == 2:
            raise MemoryError
        if n == 5:
            raise RecursionError
        return n

    found = each(work, range(8))
    assert found[2] == Lost("the memory did not suffice")
    assert found[5] == Lost("it nests too deeply")
    assert [n for n in found if not isinstance(n, Lost)] == [0, 1, 3, 4, 6, 7]


def test_another_error_ends_the_run_and_leaves_nobody_behind(processors: int) -> None:
    def work(n: int) -> int:
        if n == 3:
            raise KeyError("three")
        return n

    with pytest.raises(KeyError, match="three"):
        each(work, range(8))


@needs_fork
def test_a_killed_process_loses_the_piece_that_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_processors", lambda: 2)

    def work(n: int) -> int:
        if n % 3 == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return n

    found = each(work, range(9))
    assert [n for n in found if not isinstance(n, Lost)] == [0, 2, 3, 5, 6, 8]
    assert {n for n in found if isinstance(n, Lost)} == {Lost("its process was ended by SIGKILL")}


@needs_fork
def test_all_processes_killed_is_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_processors", lambda: 2)
    found = each(lambda n: os._exit(7), range(6))
    assert found == [Lost("its process ended with 7")] * 6


@needs_fork
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from portcheck.analysis import workers\n"
        "workers._processors = lambda: 3\n"
        "def work(n):\n"
        f"    Path({str(tmp_path)!r}, str(os.getpid())).touch()\n"
        "    time.sleep(0.4)\n"
        "workers.each(work, range(100))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    deadline = time.monotonic() + 20
    while len(list(tmp_path.iterdir())) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    children = [int(p.name) for p in tmp_path.iterdir()]
    while any(map(_runs, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(children) == 3
    assert not any(map(_runs, children))


def _runs(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:  # gone, or gone while it was read
        return False
