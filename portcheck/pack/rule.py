"""What a rule is: its code, what it looks at, what it requires, its page and its examples."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from portcheck.pack.predicate import Predicate
from portcheck.targets import Requirement, Severity
from portcheck.targets.text import Text

SILENT = "silent"


class Effort(StrEnum):
    """What the port needs at one such place: hours, days, or weeks with a new design."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a rule, in Markdown; "" in both languages for a part that was not written."""

    title: Text
    what: Text
    why: Text
    decided: Text
    depends: Text
    instead: Text
    ascend_c: str


@dataclass(frozen=True, slots=True)
class Example:
    """Code with what the rule says of it on one target: a verdict, or `silent`.

    Lines that end in `//!` are those that the rule reports with that verdict.
    """

    expect: str
    target: str
    code: str

    @property
    def lines(self) -> tuple[int, ...]:
        """The marked lines, from 1."""
        marked = enumerate(self.code.splitlines(), 1)
        return tuple(number for number, line in marked if line.rstrip().endswith("//!"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    It looks at facts of the kind `to`, at what the registered function `find` yields, or at the
    statements of `requirement`: one of the three. `where` chooses among them, `concerns` the
    targets; `requires` decides the verdict on a target. Without it, what is found fails.
    """

    code: str
    name: str
    severity: Severity
    effort: Effort
    message: Text
    to: str
    find: str
    requirement: Requirement | None
    where: Predicate | None
    concerns: Predicate | None
    requires: Predicate | None
    page: Page
    sources: tuple[str, ...]
    examples: tuple[Example, ...]
    file: Path

    @property
    def family(self) -> str:
        """The letters of the code."""
        return self.code.rstrip("0123456789")
