"""A question as it was asked, for the report of its answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked. `path` is relative to `root`, the folder that the proof's places are relative to."""

    root: str
    path: str
    line: int
    text: str
    modulus: int
    equals: int
    function: str | None = None
    given: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
