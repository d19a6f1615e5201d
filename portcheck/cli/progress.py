"""A line that counts files on a terminal, once the work has taken a moment."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import Self

_QUIET_SECONDS = 0.5
_REDRAW_SECONDS = 0.1


class Progress:
    """Call it with (files done, files in all); it draws on stderr, and cleans up on exit.

    Nothing is drawn where stderr is no terminal or `enabled` is False.
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled and sys.stderr is not None and sys.stderr.isatty()
        self._next_draw = monotonic() + _QUIET_SECONDS
        self._drawn = 0

    def __call__(self, done: int, total: int) -> None:
        if not self._enabled or (now := monotonic()) < self._next_draw:
            return
        self._next_draw = now + _REDRAW_SECONDS
        self._draw(f"portcheck: {done:,} of {total:,} files")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._draw("")
            print(end="\r", file=sys.stderr, flush=True)

    def _draw(self, text: str) -> None:
        print(f"\r{text:<{self._drawn}}", end="", file=sys.stderr, flush=True)
        self._drawn = len(text)
