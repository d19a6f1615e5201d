"""One analysis a case file, kept for all its questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis.engine import Analysis, analyse


@pytest.fixture(scope="session")
def analysed() -> dict[Path, Analysis]:
    return {}


@pytest.fixture
def analysis_of(analysed: dict[Path, Analysis]):
    def find(path: Path) -> Analysis:
        if path not in analysed:
            analysed[path] = analyse([str(path)])
        return analysed[path]

    return find
