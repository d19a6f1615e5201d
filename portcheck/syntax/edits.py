"""A same-length edit of the view."""

from __future__ import annotations

from dataclasses import dataclass

from portcheck.syntax.calls import Site
from portcheck.syntax.directives import BLANK


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace start..end by `text` of the same length; `kind` as in `Blanked`, or ""."""

    start: int
    end: int
    text: bytes
    kind: str


def blank(site: Site, start: int, end: int, kind: str) -> Edit:
    """Spaces for start..end, line breaks kept."""
    return Edit(start, end, site.code[start:end].translate(BLANK), kind)
