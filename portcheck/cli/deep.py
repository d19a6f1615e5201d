"""Room for code and expressions that nest deeply, and one line where even that is not enough."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from portcheck.cli.errors import UsageError

_DEPTH = 10_000


@contextmanager
def deep(what: str) -> Iterator[None]:
    """Raises UsageError, which names `what`, where the work inside nests too deeply."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    except RecursionError:
        raise UsageError(f"{what} nests too deeply to be analysed") from None
    finally:
        sys.setrecursionlimit(before)
