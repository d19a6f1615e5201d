"""From byte offsets to lines and back."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate


class LineIndex:
    """Where the lines of `data` begin; built on first use, since most files need no place.

    Only `\\n` ends a line, as for GCC, Git and tree-sitter: the `\\r` of `\\r\\n` belongs to
    the line ending, and a lone `\\r` is a character like any other. Neither byte occurs
    inside a multi-byte character of the encodings that are read. Lines are 1-based; the
    offset just past a final `\\n` stands on a last, empty line.
    """

    __slots__ = ("_data", "_starts")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts: list[int] | None = None

    def _index(self) -> list[int]:
        if self._starts is None:
            ends = accumulate(len(line) + 1 for line in self._data.split(b"\n"))
            starts = [0, *ends]
            starts.pop()
            self._starts = starts
        return self._starts

    @property
    def starts(self) -> list[int]:
        """The offset of the first byte of each line, in order."""
        return self._index()

    def __len__(self) -> int:
        return len(self._index())

    def line_of(self, byte: int) -> int:
        """The line that `byte` stands on; offsets outside the file count as its ends."""
        return max(1, bisect_right(self._index(), byte))

    def start(self, line: int) -> int:
        """The offset of the first byte of `line`."""
        if not 1 <= line <= len(self):
            raise IndexError(f"line {line} of {len(self)}")
        return self._index()[line - 1]

    def end(self, line: int) -> int:
        """The offset just past the last byte of `line`, its line ending not included."""
        start = self.start(line)
        if line == len(self):
            return len(self._data)
        end = self._index()[line] - 1
        return end - 1 if end > start and self._data[end - 1] == 0x0D else end
