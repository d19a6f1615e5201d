"""Every sample compiles for sm_90a without a warning, where nvcc is installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nvcc_witness
import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
UNITS = sorted(path.name for path in SAMPLES.glob("*.cu"))
NVCC = nvcc_witness.find_nvcc()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NVCC is None, reason="no nvcc on PATH, under CUDA_HOME or in /usr/local/cuda/bin"),
]


def compile_unit(unit: Path, target: Path, *flags: str) -> str:
    """nvcc's words; the compiler must succeed."""
    command = [
        str(NVCC),
        "-arch=sm_90a",
        "-std=c++17",
        "--expt-relaxed-constexpr",
        *flags,
        "-o",
        str(target),
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_there_are_samples() -> None:
    assert len(UNITS) >= 7


@pytest.mark.parametrize("unit", UNITS)
def test_compiles_without_warnings(unit: str, tmp_path: Path) -> None:
    # To PTX: the device code is checked, ptxas (most of the time) is not run.
    assert compile_unit(SAMPLES / unit, tmp_path / "unit.ptx", "-O3", "-ptx").strip() == ""


@pytest.mark.parametrize("unit", ["row_copy.cu", "intranode_dispatch.cu"])
def test_the_plain_launch_compiles_to_an_object(unit: str, tmp_path: Path) -> None:
    # The other side of launch.cuh, with ptxas and the host compiler.
    said = compile_unit(
        SAMPLES / unit, tmp_path / "unit.o", "-O1", "-DMOEWIRE_PLAIN_LAUNCH", "-c", "-Xcompiler=-Wall"
    )
    assert said.strip() == ""
