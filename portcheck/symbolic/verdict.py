"""The four answers. Apart from what finds them, so that a reader of answers needs no more than this."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """Whether a goal holds wherever the premises do."""

    HOLDS = "holds"
    VIOLATED = "violated"
    DEPENDS = "depends"
    UNKNOWN = "unknown"
