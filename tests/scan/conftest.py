"""Scans of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.result import ScanResult
from portcheck.scan import scan

Scan = Callable[..., ScanResult]


@pytest.fixture
def scan_text(tmp_path: Path) -> Scan:
    """Scan a text as main.cu, with further files given by name."""

    def run(code: str | bytes, files: dict[str, str] | None = None, **options: object) -> ScanResult:
        for name, text in {"main.cu": code, **(files or {})}.items():
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return scan([str(tmp_path)], **options)  # type: ignore[arg-type]

    return run
