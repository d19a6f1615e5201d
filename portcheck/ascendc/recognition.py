"""Which archetype a kernel is, and its complete body."""

from __future__ import annotations

from portcheck.ascendc.archetypes import ARCHETYPES
from portcheck.ascendc.body import Body
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.targets import Target


def recognise(view: View, kernel: Function, target: Target) -> Body | None:
    """The body of the first archetype that the kernel is; None where it is none."""
    for archetype in ARCHETYPES:
        body = archetype.recognise(view, kernel, target)
        if body is not None:
            return body
    return None
