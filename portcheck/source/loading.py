"""Finding and reading in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from portcheck.source.cuda import HEADER_SUFFIXES, suffix
from portcheck.source.discovery import discover
from portcheck.source.file import SourceFile
from portcheck.source.model import Patterns, Skipped
from portcheck.source.reading import MAX_FILE_BYTES, read


@dataclass(frozen=True, slots=True)
class Collection:
    """The files to analyse, sorted by path, and what was left out.

    Headers without CUDA are among `files` (with `cuda` False) because their macros may be
    used elsewhere. Other files without CUDA are no loss: `counts` says how many there were,
    next to the counts of `Discovery`, and `others` where they are.
    """

    root: str
    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]
    counts: Mapping[str, int]
    others: tuple[Path, ...] = ()


def collect(
    paths: Iterable[str | Path],
    *,
    exclude: Iterable[str] | Patterns = (),
    max_file_bytes: int = MAX_FILE_BYTES,
    root: str | None = None,
) -> Collection:
    """Find and read the files below `paths`; see `discover` and `read` for the rules."""
    found = discover(paths, exclude=exclude, root=root)
    files: list[SourceFile] = []
    others: list[Path] = []
    skipped = list(found.skipped)
    counts = Counter(found.counts)
    for candidate in found.candidates:
        result = read(
            candidate.absolute,
            candidate.shown,
            explicit=candidate.explicit,
            max_file_bytes=max_file_bytes,
        )
        if isinstance(result, Skipped):
            skipped.append(result)
        elif result.cuda or suffix(candidate.absolute) in HEADER_SUFFIXES:
            files.append(result)
        else:
            counts["no CUDA"] += 1
            others.append(Path(candidate.absolute))
    skipped.sort(key=lambda skip: (skip.path, skip.reason))
    return Collection(
        str(found.root), tuple(files), tuple(skipped), dict(sorted(counts.items())), tuple(others)
    )


def load(
    paths: Iterable[str | Path],
    *,
    exclude: Iterable[str] = (),
    max_file_bytes: int = MAX_FILE_BYTES,
) -> tuple[str, list[SourceFile], list[Skipped]]:
    """`collect` without the counts: the root, the files and what was skipped."""
    found = collect(paths, exclude=exclude, max_file_bytes=max_file_bytes)
    return found.root, list(found.files), list(found.skipped)
