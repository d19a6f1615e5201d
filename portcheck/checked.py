"""What `check` answers with. Every report renders this and computes nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from portcheck.pack import Finding, Rule
from portcheck.pack.finding import WORST_FIRST
from portcheck.result import ScanResult
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Assumptions, Severity, Target

_SEVERE_FIRST = tuple(s.value for s in (Severity.BREAKS, Severity.REDESIGN, Severity.SLOW, Severity.NOTE))
NEVER = "never"
THRESHOLDS = (*_SEVERE_FIRST, NEVER)


class SuppressedBy(StrEnum):
    """Where a suppression stands; the words are SARIF's."""

    IN_SOURCE = "inSource"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding counts no more.

    `status` is the user's word (accepted, deferred, ported, false-positive, or what an earlier report is
    called), `justification` the reason, `place` where it was written down, None for a file of decisions.
    """

    kind: SuppressedBy
    status: str
    justification: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What the run has to say of itself, such as a suppression that nothing needs.

    `id` is stable and says which kind it is.
    """

    id: str
    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything that one run of the rules found, in the order of places.

    `findings` holds the suppressed ones as well; `suppressions` says by identity which those are.
    `threshold` is the severity from which a finding fails the run, or `NEVER`. `remarks` are sentences on
    what the findings were compared with, and which part of the tree they are of. `reported` are the files
    whose findings are told, None for all that were read.
    """

    result: ScanResult
    rules: tuple[Rule, ...]
    targets: tuple[Target, ...]
    findings: tuple[Finding, ...]
    assumed: Assumptions
    threshold: str = Severity.BREAKS.value
    suppressions: Mapping[str, tuple[Suppression, ...]] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    remarks: tuple[str, ...] = ()
    reported: frozenset[str] | None = None

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that are not suppressed."""
        return tuple(f for f in self.findings if f.identity not in self.suppressions)

    @property
    def listed(self) -> tuple[Finding, ...]:
        """What a person should see: what does not hold; where only speed is at stake, or the rule only
        points something out, what is not known is left out."""
        return tuple(f for f in self.counted if is_listed(f))

    @property
    def suppressed(self) -> tuple[Finding, ...]:
        """What would be listed if it were not suppressed."""
        return tuple(f for f in self.findings if f.identity in self.suppressions and is_listed(f))

    @property
    def left_out(self) -> int:
        """How many findings do not hold and are still not listed."""
        return sum(f.open for f in self.counted) - len(self.listed)

    def fails(self, finding: Finding) -> bool:
        """Whether this finding makes the run fail."""
        severe = THRESHOLDS.index(finding.rule.severity.value) <= THRESHOLDS.index(self.threshold)
        decided = finding.verdict in (Verdict.VIOLATED, Verdict.DEPENDS)
        return severe and decided and self.threshold != NEVER and finding.identity not in self.suppressions

    @property
    def failing(self) -> bool:
        """Whether anything makes the run fail."""
        return any(map(self.fails, self.findings))


def is_listed(finding: Finding) -> bool:
    """Whether a finding is worth a line, suppressed or not."""
    minor = finding.rule.severity in (Severity.SLOW, Severity.NOTE)
    return finding.open and not (minor and finding.verdict is Verdict.UNKNOWN)


def worst_first(finding: Finding) -> tuple[int, int, Place]:
    """A key to sort findings by where there is no room for all of them."""
    return THRESHOLDS.index(finding.rule.severity.value), WORST_FIRST.index(finding.verdict), finding.place
