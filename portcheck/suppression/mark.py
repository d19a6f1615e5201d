"""What was found in a tree before anybody says which of it counts."""

from __future__ import annotations

from dataclasses import dataclass

from portcheck.checked import Checked
from portcheck.source.place import Place


@dataclass(frozen=True, slots=True)
class Mark:
    """One comment. `start_byte` and `end_byte` are what it is about, in its own file.

    `status` is the word of decisions (`accepted` for `accept`). `problem` says why the comment has no
    effect, "" where it has one; `off` is whether it stands in a branch that is not compiled.
    """

    place: Place
    status: str = ""
    codes: tuple[str, ...] = ()
    reason: str = ""
    start_byte: int = 0
    end_byte: int = 0
    off: bool = False
    problem: str = ""

    def covers(self, place: Place) -> bool:
        """Whether something at this place is what the comment is about."""
        return place.path == self.place.path and self.start_byte <= place.start_byte < self.end_byte


@dataclass(frozen=True, slots=True)
class Examined:
    """All findings, the comments that address portcheck, and the codes of all rules, chosen or not."""

    checked: Checked
    marks: tuple[Mark, ...]
    codes: tuple[str, ...]
