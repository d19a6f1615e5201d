"""What was found in a tree before anybody says which of it counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portcheck.checked import Checked
from portcheck.source.place import Place


class Problem(StrEnum):
    """Why a comment has no effect; `words` has the sentences."""

    FORM = "form"
    WORD = "word"
    NO_RULE = "no-rule"
    NO_CODE = "no-code"
    NO_REASON = "no-reason"
    NOT_LEADING = "not-leading"
    NOTHING_FOLLOWS = "nothing-follows"
    NO_BLOCK = "no-block"


@dataclass(frozen=True, slots=True)
class Mark:
    """One comment. `start_byte` and `end_byte` are what it is about, in its own file.

    `status` is the word of decisions (`accepted` for `accept`). `problem` says why the comment has no
    effect, None where it has one, and `wrong` which part of it is to blame; `off` is whether it stands in
    a branch that is not compiled.
    """

    place: Place
    status: str = ""
    codes: tuple[str, ...] = ()
    reason: str = ""
    start_byte: int = 0
    end_byte: int = 0
    off: bool = False
    problem: Problem | None = None
    wrong: str = ""

    def covers(self, place: Place) -> bool:
        """Whether something at this place is what the comment is about."""
        return place.path == self.place.path and self.start_byte <= place.start_byte < self.end_byte


@dataclass(frozen=True, slots=True)
class Examined:
    """All findings, the comments that address portcheck, and the codes of all rules, chosen or not."""

    checked: Checked
    marks: tuple[Mark, ...]
    codes: tuple[str, ...]
