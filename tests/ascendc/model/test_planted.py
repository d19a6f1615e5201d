"""Mistakes that ports make, planted one at a time in two good kernels: the model finds each of them."""

import subprocess
from pathlib import Path

import pytest
from model_building import CASES, compiled

LEAST = 40
NO_MISTAKE: dict[int, set[str]] = {  # 950 adds bfloat16, and its ReduceMax needs no work tensor
    2201: set(),
    3510: {"work tensor of one element", "bfloat16 is added without a cast"},
}
BY_RESULT_ALONE = {"reduction over the filler too", "sum of the wrong half"}


@pytest.mark.parametrize("arch", [2201, 3510])
def test_planted_mistakes_are_found(arch: int, tmp_path: Path) -> None:
    program = compiled(CASES / "planted.cpp", arch, tmp_path / "planted")
    done = subprocess.run([program], capture_output=True, text=True, timeout=300, check=True)
    rows = [line.split("\t")[1:] for line in done.stdout.splitlines()]
    assert [names for name, _, names, _ in rows if name == "none"] == ["{}", "{}"]
    found = {name: (wanted, set(names.strip("{}").split(", "))) for name, wanted, names, _ in rows}
    del found["none"]
    assert len(found) >= LEAST
    assert {name for name, (wanted, names) in found.items() if wanted not in names} == NO_MISTAKE[arch]
    by_result = {name for name, (_, names) in found.items() if names == {"result"}}
    assert by_result - NO_MISTAKE[arch] == BY_RESULT_ALONE
