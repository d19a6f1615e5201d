"""How loudly a service is to show a finding: the three levels that SARIF and GitHub know."""

from __future__ import annotations

from enum import StrEnum

from portcheck.pack import Finding
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity


class Level(StrEnum):
    """The words are SARIF's."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_OF_SEVERITY = {
    Severity.BREAKS: Level.ERROR,
    Severity.REDESIGN: Level.WARNING,
    Severity.SLOW: Level.WARNING,
    Severity.NOTE: Level.NOTE,
}


def level_of_rule(severity: Severity) -> Level:
    return _OF_SEVERITY[severity]


def level_of(finding: Finding) -> Level:
    """What is not decided is never an error."""
    level = _OF_SEVERITY[finding.rule.severity]
    return Level.WARNING if level is Level.ERROR and finding.verdict is Verdict.UNKNOWN else level
