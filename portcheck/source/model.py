"""What the source layer hands on: candidates, what was left out, and the one error it raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SourceError(Exception):
    """A named path cannot be used at all; the message is one line: `PATH: cause`."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns in the syntax of `.gitignore`, relative to the folder `base`, "" for the root of the scan."""

    patterns: tuple[str, ...]
    base: str = ""

    def __iter__(self) -> Iterator[str]:
        return iter(self.patterns)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that was not analysed, and why (one short clause).

    `size_bytes` is a file's size, 0 for a folder or where it is not known.
    """

    path: str
    reason: str
    size_bytes: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file worth opening: where it is, how it is shown, and whether the user named it."""

    shown: str
    absolute: str
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files that a scan should open, sorted by shown path.

    `skipped` lists what could hold CUDA but cannot be read. `counts` holds what was left out
    on purpose, by reason: entries, where an entry is one file with a source suffix or one
    folder that was not entered (its files were never listed, so they cannot be counted).
    """

    root: Path
    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(Path(c.absolute) for c in self.candidates)
