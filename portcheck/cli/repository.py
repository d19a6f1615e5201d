"""Where a scan lies in its repository, for services that know files by their path in it."""

from __future__ import annotations

import os
from pathlib import Path


def repository_of(folder: str) -> Path | None:
    """The nearest folder, this one or one above it, that is the root of a Git repository."""
    start = Path(os.path.realpath(folder))
    return next((f for f in (start, *start.parents) if (f / ".git").exists()), None)


def way_from_repository(root: str) -> str:
    """The way from the repository's root down to the scan's, with a slash at its end; "" where they are
    one. Outside of a repository, the way from the current folder if the scan lies below it."""
    base = repository_of(root) or Path(os.path.realpath(os.curdir))
    inside = Path(os.path.realpath(root))
    if base not in inside.parents:
        return ""
    return f"{inside.relative_to(base).as_posix()}/"
