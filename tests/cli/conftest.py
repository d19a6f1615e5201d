"""The command line with a scan made by hand behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from example_scan import example, write_tree

import portcheck.scan
from portcheck.cli import main
from portcheck.result import ScanResult


@dataclass
class FakeScan:
    """Stands in for `portcheck.scan.scan`: notes how it was called, answers with `result`."""

    result: ScanResult
    calls: list[tuple[list[str], dict[str, Any]]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def __call__(self, paths: list[str], **options: Any) -> ScanResult:
        progress = options.pop("progress")
        self.calls.append((list(paths), options))
        self.before()
        progress(1, 2)
        return self.result


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's tree, the current directory too."""
    write_tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "PORTCHECK_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def fake(tree: Path, monkeypatch: pytest.MonkeyPatch) -> FakeScan:
    """The scan behind `cli`, to look at and to change."""
    scan = FakeScan(example(str(tree)))
    monkeypatch.setattr(portcheck.scan, "scan", scan)
    return scan


@pytest.fixture
def cli(fake: FakeScan, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `portcheck` with these arguments in this process."""

    def run(*arguments: str) -> Ran:
        code = main(arguments)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
