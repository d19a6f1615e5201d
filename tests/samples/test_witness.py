"""The comparison of portcheck's facts with nvcc's output, on the small PTX text."""

from __future__ import annotations

import json
from pathlib import Path

import nvcc_witness
import pytest

FIXTURE = Path(__file__).parent / "fixture.ptx"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A source root whose files have the paths that a copy of the fixture names."""
    source = tmp_path / "src"
    (source / "with space").mkdir(parents=True)
    (source / "kernel.cu").write_text("\n".join(f"kernel line {n}" for n in range(1, 41)))
    (source / "with space" / "helpers.cuh").write_text("\n".join(f"helper line {n}" for n in range(1, 51)))
    (tmp_path / "unit.ptx").write_text(FIXTURE.read_text().replace("/src/", f"{source}/"))
    return source


def run(root: Path, facts: list[dict[str, object]], *extra: str) -> tuple[int, dict[str, object]]:
    report, rows = root.parent / "report.json", root.parent / "facts.jsonl"
    rows.write_text("\n".join(json.dumps(fact) for fact in facts))
    unit = str(root.parent / "unit.ptx")
    code = nvcc_witness.main(["--facts", str(rows), "--root", str(root), unit, "--json", str(report), *extra])
    return code, json.loads(report.read_text()) if report.exists() else {}


def fact(line: int, kind: str = "vec_access", path: str = "kernel.cu", **more: object) -> dict[str, object]:
    base = {"kind": kind, "path": path, "line": line, "end_line": line, "bytes": 16}
    return {**base, "active": True, "definition": False, **more}


def where(report: dict[str, object], role: str) -> list[tuple[str, int]]:
    rows = report["lines"]
    assert isinstance(rows, list)
    return [(row["path"], row["line"]) for row in rows if row[role]]


def test_inner_and_outer_lines(root: Path) -> None:
    code, report = run(root, [])
    assert code == 0
    helpers = "with space/helpers.cuh"
    assert where(report, "inner") == [
        *[("kernel.cu", 12), ("kernel.cu", 25), ("kernel.cu", 31)],
        *[(helpers, 30), (helpers, 40)],
    ]
    assert where(report, "outer") == [("kernel.cu", n) for n in (12, 20, 21, 25, 31)]
    assert where(report, "found") == []


def test_found_within_tolerance_and_span(root: Path) -> None:
    _, report = run(root, [fact(13), fact(18, kind="tma_copy", end_line=19), fact(40, kind="mbarrier")])
    assert where(report, "found") == [("kernel.cu", 12), ("kernel.cu", 20)]
    _, report = run(root, [fact(13)], "--tolerance", "0")
    assert where(report, "found") == []


def test_narrow_facts_find_nothing(root: Path) -> None:
    _, report = run(root, [fact(12, bytes=8)])
    assert where(report, "found") == []
    _, report = run(root, [fact(12, bytes=None)])
    assert where(report, "found") == [("kernel.cu", 12)]


def test_reverse(root: Path) -> None:
    facts = [fact(12), fact(15), fact(38), fact(16, active=False), fact(17, bytes=8)]
    _, report = run(root, facts)
    lines = {
        name: [row["line"] for row in report[name]]
        for name in ("confirmed", "unconfirmed", "not_instantiated")
    }  # type: ignore[attr-defined]
    assert lines == {"confirmed": [12], "unconfirmed": [15], "not_instantiated": [38]}


def test_judged_lines_are_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = root.parent / "judged.txt"
    judged.write_text("# by hand\nkernel.cu:31 four neighbours joined\n")
    run(root, [], "--judged", str(judged))
    out = capsys.readouterr().out
    assert "vectorised by the compiler, judged by a person (1):" in out
    assert "four neighbours joined" in out
    assert "0/5 = 0.0 %" in out
    assert "without those vectorised by the compiler: 0/4 = 0.0 %" in out


def test_unusable_facts(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = run(root, [{"kind": "vec_access"}])
    assert code == 2
    assert "facts.jsonl:1: not a fact" in capsys.readouterr().err
