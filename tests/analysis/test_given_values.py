"""`symbols` of the configuration and `--set`: the values that an integer argument takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.analysis.proof import Proof
from portcheck.symbolic.verdict import Verdict

SOURCE = """\
__global__ void k(int4* y, int hidden, int n) {
    const int bytes = hidden / 8 * 2;
    y[bytes] = y[0];
}
void go(int hidden, int n) { k<<<1, 32>>>(nullptr, hidden, n); }
"""


def proved(folder: Path, **symbols: tuple[int, ...]) -> Proof:
    (folder / "a.cu").write_text(SOURCE)
    return analyse([str(folder)], symbols=symbols).prove("a.cu", 2, "bytes")


def steps(proof: Proof) -> list[str]:
    return [line.text for line in proof.derivation]


@pytest.mark.parametrize("values", [(4096, 7168), (2048, 2560, 4096, 7168), (4096,), (4100,)])
def test_values_that_all_satisfy(tmp_path: Path, values: tuple[int, ...]) -> None:
    found = proved(tmp_path, hidden=values)
    assert found.verdict is Verdict.HOLDS
    assert f"given: hidden = {' or '.join(map(str, values))}" in steps(found)
    assert found.assumptions == ()


def test_a_value_that_does_not(tmp_path: Path) -> None:
    found = proved(tmp_path, hidden=(4096, 4104))
    assert found.verdict is Verdict.DEPENDS
    assert proved(tmp_path, hidden=(4104,)).verdict is Verdict.VIOLATED


def test_other_names_are_not_concerned(tmp_path: Path) -> None:
    assert str(proved(tmp_path, n=(4096,)).condition) == str(proved(tmp_path).condition)
