"""The interpreter's answers to the questions in `cases/*.cu`, see `support/proof_marks.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from proof_marks import Mark, ask, differences, marks

from portcheck.analysis.engine import Analysis

CASES = sorted((Path(__file__).parent / "cases").glob("*.cu"))


def _parameters() -> list[object]:
    listed: list[object] = []
    for path in CASES:
        for mark in marks(path):
            reason = mark.options.get("xfail")
            wrong = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            listed.append(pytest.param(mark, id=mark.name, marks=wrong))
    return listed


@pytest.mark.parametrize("mark", _parameters())
def test_the_answer_is_the_one_in_the_comment(mark: Mark, analysis_of: Callable[[Path], Analysis]) -> None:
    proof = ask(analysis_of(mark.path), mark)
    wrong = differences(proof, mark)
    assert not wrong, "\n".join([f"{mark.path.name}:{mark.written}: {mark.expr}: {w}" for w in wrong])
