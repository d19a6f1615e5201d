"""What rules ask of the runs: the checks in bytes, shared memory by threads, pitches; with one run a root."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from portcheck.analysis import analyse, workers
from portcheck.analysis.machine import Machine
from portcheck.program.model import Function

SOURCE = """\
#define CHECK(c) if (!(c)) { asm("trap;"); }
struct alignas(16) int4 { int x, y, z, w; };
__device__ void inner(int4* out, const int4* in, int n);
__device__ void outer(int4* out, const int4* in, int n) { inner(out, in, n); }
__device__ void inner(int4* out, const int4* in, int n) {
    for (int i = threadIdx.x; i < n; i += 32) out[i] = in[i];
}
__global__ void rows(int4* out, const int4* in, int n) {
    __shared__ float tile[32 * 33];
    CHECK(n % 4 == 0);
    tile[threadIdx.x * 33] = 1.0f;
    if (threadIdx.x < 8) tile[threadIdx.x] = 2.0f;
    for (int i = threadIdx.x; i < n; i += 32) out[blockIdx.x * n + i] = in[i];
}
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(workers, "_processors", lambda: 1)
    path = tmp_path / "rows.cu"
    path.write_text(SOURCE)
    return str(path)


def test_a_check_in_bytes(source: str) -> None:
    units = [one for uses in analyse([source]).check_uses for one in uses.units]
    assert [(u.text, u.role, u.quantity, u.unit_bytes, u.implied_bytes) for u in units] == [
        ("CHECK(n % 4 == 0)", "pitch in GM", "16*n", 16, 64)
    ]


def test_shared_memory_by_lanes(source: str) -> None:
    (use,) = [u for u in analyse([source]).shared_uses if u.root == "rows"]
    lanes = [a.lanes for a in use.accesses if a.lanes is not None]
    assert [(one.stride, len(one.offsets), one.width) for one in lanes] == [(132, 32, 4), (4, 8, 4)]
    assert {v.name for v in map(use.variable, use.accesses) if v is not None} == {"tile"}


def test_a_function_inside_another_root_is_told_once(source: str) -> None:
    analysis = analyse([source])
    assert {j.subject.kernel for j in analysis.judged} == {"inner", "outer", "rows"}
    assert [u.root for u in analysis.shared_uses] == ["rows", "outer"]
    assert len(analysis.check_uses) == 2


def test_one_run_a_root(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: Counter[str] = Counter()
    run = Machine.run

    def counted(machine: Machine, function: Function) -> None:
        ran[function.name] += 1
        run(machine, function)

    monkeypatch.setattr(Machine, "run", counted)
    analysis = analyse([source])
    analysis.for_rules = True
    assert analysis.judged
    assert analysis.check_uses
    assert analysis.shared_uses
    assert not analysis.pitches
    assert set(ran.values()) == {1}


def test_only_rules_pay_for_it(source: str) -> None:
    analysis = analyse([source])
    assert analysis.judged
    assert not analysis._everything.shared_uses
    assert analysis.shared_uses  # computed again, with what was left out
