"""Text for comments and string literals of generated C++: whatever the CUDA code holds, it stays there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from portcheck.pack.subjects import View
from portcheck.source import SourceFile
from portcheck.source.place import Place

_MAX_LINE = 96
MAX_LINES = 8


def comment(text: str, width: int = _MAX_LINE) -> str:
    """One line that a `//` comment can hold.

    Control and direction characters are left out, a backslash at the end would join the next line, and
    marks that the writer looks for are broken up.
    """
    plain = "".join(
        c for c in " ".join(text.split()) if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs")
    )
    plain = plain.replace("//@", "// @").replace("PORTCHECK-", "PORTCHECK -").replace("??/", "? ?/")
    plain = plain if len(plain) <= width else f"{plain[: width - 1]}…"
    return plain.rstrip("\\ ")


def literal(text: str) -> str:
    """What stands between the quotes of a string literal."""
    return comment(text, 200).replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")


def position(place: Place) -> str:
    """`file:line` or `file:first-last`, as comments name CUDA code."""
    last = f"-{place.end_line}" if place.end_line > place.line else ""
    return comment(f"{place.path}:{place.line}{last}")


@dataclass(eq=False)
class Sources:
    """The CUDA files of a tree, line by line."""

    view: View

    @cached_property
    def _files(self) -> dict[str, SourceFile]:
        return {p.source.path: p.source for p in self.view.analysis.reading.parsed}

    def quoted(self, places: Iterable[Place]) -> list[str]:
        """`file:line  text` for the lines of some places, each once, the first `MAX_LINES`."""
        lines: dict[tuple[str, int], None] = {}
        for place in places:
            for number in range(place.line, min(place.end_line, place.line + MAX_LINES) + 1):
                lines.setdefault((place.path, number))
        listed = list(lines)
        found = [f"{comment(path)}:{n}  {comment(self._text(path, n))}" for path, n in listed[:MAX_LINES]]
        if len(listed) > MAX_LINES:
            found.append(f"and {len(listed) - MAX_LINES} more lines")
        return found

    def _text(self, path: str, line: int) -> str:
        source = self._files.get(path)
        return source.line_text(line).strip() if source is not None else ""
