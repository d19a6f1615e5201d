"""From the paths that the user named to the files that a scan should open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from portcheck.source.model import Discovery, Patterns, SourceError
from portcheck.source.paths import absolute, printable, reason
from portcheck.source.walk import Walk


def discover(
    paths: Iterable[str | Path], *, exclude: Iterable[str] | Patterns = (), root: str | None = None
) -> Discovery:
    """Find the files with a source suffix below `paths`, and the files among `paths`.

    `root` is the folder that shown paths are relative to. Without it, a single folder is itself the
    root; otherwise it is the current directory. What lies outside is shown with its absolute path.
    `exclude` holds patterns in the syntax of `.gitignore`, relative to the root (for a named
    folder outside it: to that folder); no `.gitignore` can bring back what they match.

    A path that does not exist raises SourceError; one that exists but cannot be read, and is
    the only one or one of many, is listed as skipped.
    """
    named = list(dict.fromkeys(os.fspath(path) for path in paths))
    modes = [_mode(path) for path in named]
    here = _current_directory()
    only_folder = len(named) == 1 and isinstance(modes[0], int) and stat.S_ISDIR(modes[0])
    if root is None:
        root = absolute(named[0]) if only_folder else here
    base = exclude.base if isinstance(exclude, Patterns) else ""
    walk = Walk(root, tuple(os.fsencode(pattern.removeprefix("./")) for pattern in exclude), base)
    for path, mode in zip(named, modes, strict=True):
        if isinstance(mode, str):
            walk.skip(absolute(path), mode)
        elif stat.S_ISDIR(mode):
            walk.add_folder(absolute(path))
        elif stat.S_ISREG(mode):
            walk.add_file(absolute(path))
        else:
            walk.skip(absolute(path), "not a regular file")
    walk.follow_links()
    skipped = tuple(sorted(walk.skipped, key=lambda skip: (skip.path, skip.reason)))
    return Discovery(Path(root), walk.candidates(), skipped, dict(sorted(walk.counts.items())))


def _mode(path: str) -> int | str:
    """The mode bits of what `path` leads to, or why they cannot be had."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        if isinstance(error, FileNotFoundError) and os.path.islink(path):
            return "broken symlink"
        raise SourceError(f"{printable(path)}: no such file or folder") from error
    except OSError as error:
        return reason(error)


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise SourceError(f"current directory: {reason(error)}") from error
