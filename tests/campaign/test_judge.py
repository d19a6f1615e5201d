"""The judge catches provers that are wrong, and lets those be that are not."""

from pathlib import Path

import pytest

from benchmarks.soundness.campaign import judged, run
from benchmarks.soundness.judge import Judge
from benchmarks.soundness.provers import Claim
from benchmarks.soundness.subject import Subject
from portcheck.symbolic.condition import Condition, congruent
from portcheck.symbolic.expr import Role, Symbol, of

KERNEL = """\
__device__ void probe(int id, long long value);
__device__ void trap();
#define DEVICE_ASSERT(cond) do { if (!(cond)) { trap(); } } while (0)

namespace one {
__global__ void kernel(int hidden, int rows) {
    DEVICE_ASSERT(hidden % 8 == 0);
    probe(0, hidden * rows);  // mod 32 equals 0
    probe(1, hidden * 4);  // mod 32 equals 0
    if (rows > 4 && rows < 2)
        probe(2, rows);  // mod 32 equals 0
}
void launch(int hidden, int rows, int num_sms, cudaStream_t stream) {
    kernel<<<num_sms, 64, 1024, stream>>>(hidden, rows);
}
}
"""
HIDDEN = of(Symbol("hidden", Role.PARAMETER))
ROWS = of(Symbol("rows", Role.PARAMETER))


def outcome(number: int, claim: Claim) -> str:
    subject = Subject(KERNEL)
    return Judge(subject, 1).finding(subject.probes[number], claim).outcome


def depends(condition: Condition) -> Claim:
    return Claim("depends", condition)


@pytest.mark.parametrize(
    ("number", "claim", "expected"),
    [
        (0, Claim("holds"), "REFUTED"),
        (1, Claim("holds"), "ok"),
        (2, Claim("holds"), "ok"),
        (0, Claim("violated", witness={"hidden": 8, "rows": 1}), "ok"),
        (0, Claim("violated", witness={"hidden": 8, "rows": 4}), "WITNESS"),
        (0, Claim("violated", witness={"hidden": 7, "rows": 1}), "WITNESS"),
        (0, Claim("violated", witness={"hidden": 8, "rows": 1, "threadIdx.x": 64}), "WITNESS"),
        (1, Claim("violated"), "NO FAILURE"),
        (2, Claim("violated"), "NO FAILURE"),
        (2, Claim("violated", assumptions=("lines-reached",)), "assumed"),
        (1, Claim("violated", assumptions=("lines-reached",)), "NO FAILURE"),
        (0, depends(congruent(HIDDEN * ROWS, 32)), "ok"),
        (0, depends(congruent(HIDDEN, 16)), "REFUTED"),
        (0, depends(congruent(HIDDEN * ROWS, 64)), "inexact"),
        (0, depends(congruent(of(Symbol("other", Role.PARAMETER)), 2)), "skipped"),
        (1, Claim("holds", residues=(0,)), "ok"),
        (1, Claim("holds", residues=(16,)), "RESIDUES"),
        (0, Claim("unknown"), "ok"),
    ],
)
def test_outcome_of_a_claim(number, claim, expected):
    assert outcome(number, claim) == expected


def test_a_prover_that_knows_nothing_is_not_wrong():
    report = run(20, 7, "unknown", jobs=1)
    assert not report.disagreements
    assert report.reached > 0.7 * report.probes


def test_a_prover_that_always_says_holds_is_caught():
    report = run(20, 7, "holds", jobs=1)
    assert report.counts["holds", "REFUTED"] > 20
    assert report.counts["holds", "REFUTED"] == report.failing


def test_honest_witnesses_reproduce():
    report = run(12, 7, "sampler", jobs=1)
    assert report.counts["violated", "ok"] > 15
    assert not report.disagreements


def test_a_witness_is_led_through_the_arguments_of_the_launch(tmp_path: Path):
    text = KERNEL.replace("launch(int hidden,", "launch(int units,")
    text = text.replace("(hidden, rows);", "(units * 8, rows);")
    subject = Subject(text)
    claim = Claim("violated", witness={"hidden": 8 * 1237, "rows": 3})
    assert Judge(subject, 1).finding(subject.probes[0], claim).outcome == "ok"
    assert judged({"a.cu": text}, tmp_path, "unknown", 1).probes == 3
