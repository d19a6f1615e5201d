"""What an archetype is: a dataflow that portcheck knows how to write completely."""

from __future__ import annotations

from typing import Protocol

from portcheck.ascendc.body import Body
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.targets import Target


class Archetype(Protocol):
    """A module-level object `ARCHETYPE` of each module of this package that holds one."""

    @property
    def name(self) -> str:
        """A few words with hyphens, for example "row-copy"."""

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body, None where the kernel's dataflow is another or a part of it is not known."""
