"""Compiles C++ against the model, as `verify` does."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "ascendc" / "model"
MODEL = ROOT / "portcheck" / "ascendc" / "model"
ARCHES = (2201, 3510, 3002)
STRICT = ("-std=c++17", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off")


def compiled(source: Path, arch: int, target: Path, *options: str) -> Path:
    """`source` as the program or library `target`; tests are skipped where there is no compiler."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++")
    command = [compiler, *STRICT, f"-DASCENDC_ARCH={arch}", "-I", str(MODEL), "-I", str(CASES), *options]
    command += [str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target
