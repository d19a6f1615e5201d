"""Answers name the assumptions that they rest on, and change where those are switched off."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.analysis.proof import Proof
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import assumptions

SOURCE = """\
__global__ void sizes(int n, unsigned m) {
    int x = n < 0 ? 5 : 32;
    unsigned y = m * 64;
    use(x, y);
}
__global__ void elected() {
    int lane;
    asm("mov.u32 %0, %%laneid;" : "=r"(lane));
    if (cute::elect_one_sync()) {
        use(lane);
    }
}
__global__ void guarded(int n, int k) {
    int total = 0;
    for (int i = 0; i < n; i++)
        if (i % 3 == k)
            total += 8;
    if (total == 16) {
        int at_guarded = k;
    }
    if (k == 40) {
        int at_plain = k;
    }
}
"""
OF_SIGNED, OF_UNSIGNED, OF_LANE, OF_GUARDED, OF_PLAIN = (4, "x"), (4, "y"), (10, "lane"), (19, "k"), (22, "k")


def proved(folder: Path, question: tuple[int, str], off: str = "") -> Proof:
    file = folder / "a.cu"
    file.write_text(SOURCE)
    assumed = assumptions({off: False} if off else {})
    return analyse([str(file)], assumed=assumed).prove(str(file), *question)


@pytest.mark.parametrize(
    ("question", "assumption"), [(OF_SIGNED, "sizes-not-negative"), (OF_LANE, "elected-lane")]
)
def test_listed_where_used_and_gone_where_off(
    tmp_path: Path, question: tuple[int, str], assumption: str
) -> None:
    on = proved(tmp_path, question)
    assert on.verdict is Verdict.HOLDS
    assert on.assumptions == (assumption,)
    off = proved(tmp_path, question, assumption)
    assert off.verdict is not Verdict.HOLDS
    assert off.assumptions == ()


def test_an_unsigned_size_needs_no_assumption(tmp_path: Path) -> None:
    assert proved(tmp_path, OF_UNSIGNED).assumptions == ()


def test_a_failure_behind_a_test_that_is_not_followed_takes_for_granted_that_a_run_comes_there(
    tmp_path: Path,
) -> None:
    on = proved(tmp_path, OF_GUARDED)
    assert on.verdict is Verdict.DEPENDS
    assert "lines-reached" in on.assumptions
    off = proved(tmp_path, OF_GUARDED, "lines-reached")
    assert off.verdict is Verdict.UNKNOWN
    assert off.why.startswith("whether this line is reached is not known; it is where ")


def test_a_failure_behind_a_test_that_values_pass_takes_nothing_for_granted(tmp_path: Path) -> None:
    found = proved(tmp_path, OF_PLAIN, "lines-reached")
    assert found.verdict is Verdict.VIOLATED
    assert "lines-reached" not in found.assumptions
