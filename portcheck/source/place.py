"""Where something stands in a user's file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A span of one source file.

    `path` is as the user named it, relative to the scan's root, with forward slashes.
    `start_byte` and `end_byte` are offsets into the file's bytes as they lie on disk.
    Lines and columns are 1-based; columns count characters, not bytes; `end_column` is
    the column just past the last character.
    """

    path: str
    start_byte: int
    end_byte: int
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
