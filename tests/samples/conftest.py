"""Fixtures for the samples and for the benchmark scripts that read nvcc's output."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: runs a compiler; seconds for each case")


@pytest.fixture
def samples() -> Path:
    return ROOT / "samples"
