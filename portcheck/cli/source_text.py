"""The user's source lines for a report, read again when they are quoted."""

from __future__ import annotations

import os

from portcheck.result import ScanResult


class SourceText:
    """Gives line `line` of a scanned file, or None where the file is no longer there.

    Reports go file by file, so only the last file's lines are kept.
    """

    def __init__(self, result: ScanResult) -> None:
        self._root = result.root
        self._encodings = {file.path: file.encoding for file in result.files}
        self._path: str | None = None
        self._lines: list[str] = []

    def __call__(self, path: str, line: int) -> str | None:
        if path != self._path:
            self._path, self._lines = path, self._read(path)
        return self._lines[line - 1] if 0 < line <= len(self._lines) else None

    def _read(self, path: str) -> list[str]:
        try:
            with open(os.path.join(self._root, path), "rb") as stream:
                data = stream.read()
        except OSError:
            return []
        text = data.decode(self._encodings.get(path, "utf-8"), "replace")
        return text.split("\n")
