"""How a report is to be written, apart from what it says."""

from __future__ import annotations

from dataclasses import dataclass, field

from portcheck.report.style import Style
from portcheck.targets import Language


@dataclass(frozen=True, slots=True)
class Presentation:
    """`style` is for readers at a terminal. `repository` is what services that know a file by its path
    in the repository put before a path of the report: "" or the way down to the scan's root, with a
    slash at its end. `only_summary` asks a text report for its tables alone.
    """

    language: Language = Language.EN
    style: Style = field(default_factory=Style)
    repository: str = ""
    only_summary: bool = False

    def path(self, path: str) -> str:
        """The path as a service wants it: from the root of the repository."""
        return path if path.startswith("/") else self.repository + path
