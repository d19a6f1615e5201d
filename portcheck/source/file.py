"""One source file: its bytes, and the text and places that they stand for."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from portcheck.source.encoding import BOM, characters, detect, neutral
from portcheck.source.lines import LineIndex
from portcheck.source.place import Place


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it lies on disk. All offsets are in bytes of `data`, which is never altered.

    `path` is the shown path. `cuda` is whether the file deserves a full analysis: its suffix
    or its content says CUDA, or the user named it. `parse_bytes` is what a parser should
    read: as long as `data` and, for UTF-8 without a byte order mark, the very same object.
    """

    path: str
    absolute: Path
    data: bytes = field(repr=False)
    encoding: str
    cuda: bool
    lines: LineIndex = field(repr=False, compare=False)
    parse_bytes: bytes = field(repr=False, compare=False)
    _ascii: bool = field(repr=False, compare=False)

    @classmethod
    def of(cls, path: str, absolute: Path, data: bytes, *, cuda: bool = True) -> SourceFile:
        """The file with these bytes, its encoding detected."""
        encoding = detect(data)
        return cls(
            path=path,
            absolute=absolute,
            data=data,
            encoding=encoding,
            cuda=cuda,
            lines=LineIndex(data),
            parse_bytes=neutral(data, encoding),
            _ascii=data.isascii(),
        )

    def text(self, start_byte: int, end_byte: int) -> str:
        """The decoded slice. Half a character at an end reads U+FFFD or, in GB 18030, amiss."""
        start = max(start_byte, self._first_byte)
        return self.data[start : max(start, end_byte)].decode(self._codec, "replace")

    def line_text(self, line: int) -> str:
        """The decoded line without its ending; IndexError where there is no such line."""
        return self.text(self.lines.start(line), self.lines.end(line))

    def place(self, start_byte: int, end_byte: int) -> Place:
        """The span in lines and columns, which count Unicode code points.

        An offset inside a character means, as a start, that character's column and, as an
        end, the column just past it.
        """
        start = min(max(start_byte, 0), len(self.data))
        end = min(max(end_byte, start), len(self.data))
        if self._ascii:  # most files: a byte is a character
            starts = self.lines.starts
            line = bisect_right(starts, start)
            end_line = line if line == len(starts) or end < starts[line] else bisect_right(starts, end)
            column, end_column = start - starts[line - 1] + 1, end - starts[end_line - 1] + 1
            return Place(self.path, start, end, line, column, end_line, end_column)
        line, column, _ = self._position(start)
        end_line, end_column, inside = self._position(end)
        if inside and end > start:
            end_column += 1
        return Place(self.path, start, end, line, column, end_line, end_column)

    @property
    def _first_byte(self) -> int:
        """Where the text begins: past the byte order mark, which has no column."""
        return len(BOM) if self.encoding == "utf-8-sig" else 0

    @property
    def _codec(self) -> str:
        return "utf-8" if self.encoding == "utf-8-sig" else self.encoding

    def _position(self, byte: int) -> tuple[int, int, bool]:
        line = self.lines.line_of(byte)
        start = max(self.lines.start(line), self._first_byte)
        count, inside = characters(self.data[start : max(start, byte)], self._codec)
        return line, count + 1, inside
