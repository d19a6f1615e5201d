"""Makes `marks.py` beside this file importable, and wraps it for the tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.facts.base import Fact

sys.path.insert(0, str(Path(__file__).parent))

from marks import differences, scan_of

Facts = Callable[..., list[Fact]]
Check = Callable[..., None]


@pytest.fixture
def facts_of(tmp_path: Path) -> Facts:
    """The facts of a text scanned as main.cu, with further files beside it."""

    def facts(code: str, *, defines: tuple[str, ...] = (), **files: str) -> list[Fact]:
        return list(scan_of(tmp_path, code, defines=defines, **files).facts)

    return facts


@pytest.fixture
def check(facts_of: Facts) -> Check:
    """Compares all facts of the kinds, on every line of main.cu, with the marks."""

    def compare(code: str, *kinds: str, defines: tuple[str, ...] = (), **files: str) -> None:
        wrong = differences(facts_of(code, defines=defines, **files), code, kinds)
        assert not wrong, "\n".join(wrong)

    return compare
