"""`assert-macros` and `launch-macros` of the configuration: what a project says of its own macros."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import Analysis, analyse
from portcheck.facts.base import FactKind
from portcheck.program.knowledge import NO_OWN_MACROS, OwnLaunch, OwnMacros
from portcheck.symbolic.verdict import Verdict

SOURCE = """\
__global__ void k(int4* y, int hidden, int n) {
    CONFIRM(hidden % 16 == 0, "no");
    const int bytes = hidden * 2;
    y[n] = y[0];
}
void go(int4* p, int n) { START(64, k, p, 48, n); }
"""
DEFINED = """\
#define CONFIRM(c, text) my_handler((c), text)
#define START(grid, kernel, ...) my_launcher(grid, #kernel, __VA_ARGS__)
"""


def analysed(folder: Path, text: str, own: OwnMacros) -> Analysis:
    (folder / "a.cu").write_text(text)
    return analyse([str(folder)], own_macros=own)


def verdict(analysis: Analysis) -> Verdict:
    lines = analysis.reading.collection.files[0].data.splitlines()
    (line,) = (number for number, text in enumerate(lines, 1) if b"bytes" in text)
    return analysis.prove("a.cu", line, "bytes").verdict


@pytest.mark.parametrize("text", [SOURCE, DEFINED + SOURCE])
def test_a_macro_that_stops(tmp_path: Path, text: str) -> None:
    assert verdict(analysed(tmp_path, text, NO_OWN_MACROS)) is Verdict.DEPENDS
    found = analysed(tmp_path, text, OwnMacros(frozenset(("CONFIRM",))))
    assert verdict(found) is Verdict.HOLDS
    (check,) = (f for f in found.reading.facts if f.kind is FactKind.ALIGN_ASSERT)
    assert check.detail == "CONFIRM requires hidden % 16 == 0 (divisibility)"


@pytest.mark.parametrize("text", [SOURCE, DEFINED + SOURCE])
@pytest.mark.parametrize(
    ("launch", "expected"), [(OwnLaunch(1, 2), Verdict.HOLDS), (OwnLaunch(1), Verdict.DEPENDS)]
)
def test_a_macro_that_launches(tmp_path: Path, text: str, launch: OwnLaunch, expected: Verdict) -> None:
    found = analysed(tmp_path, text, OwnMacros(launches={"START": launch}))
    assert verdict(found) is expected
    (fact,) = (f for f in found.reading.facts if f.kind is FactKind.LAUNCH)
    assert fact.detail == "START: k"
