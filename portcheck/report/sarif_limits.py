"""What GitHub takes of a SARIF file, and what is left out where there is more.

From docs.github.com, "SARIF support for code scanning" and "SARIF results exceed one or more limits": a
file is at most 10 MB after gzip and has at most 20 runs, a run 25,000 results (5,000 are shown, by
severity) and 25,000 rules, a result 1,000 locations (100 are shown) and 10,000 thread flow locations
(1,000 are shown), a rule 20 tags. Descriptions of a rule are shown up to 1,024 characters. A run of
portcheck has one run, 256 rules and three tags of a rule; the others are kept to here.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from portcheck.pack import Finding

RESULTS_A_RUN = 25_000
LOCATIONS_A_RESULT = 1_000
STEPS_A_RESULT = 10_000
FILE_BYTES = 10_000_000
DESCRIPTION_CHARACTERS = 1_024
RESULTS, FLOWS, LOCATIONS, STEPS = (
    "left-out-results",
    "left-out-flows",
    "left-out-locations",
    "left-out-steps",
)
NOTIFICATIONS = {
    RESULTS: "The least severe results have no room in a file that GitHub takes.",
    FLOWS: "Derivations have no room in a file that GitHub takes.",
    LOCATIONS: "Related locations of a result have no room in a file that GitHub takes.",
    STEPS: "Steps of a derivation have no room in a file that GitHub takes.",
}
_LEAST_RESULTS = 100


@dataclass(frozen=True, slots=True)
class Cut:
    """How much a file may hold: `most` results, and derivations or none."""

    most: int = RESULTS_A_RUN
    flows: bool = True

    def results(self, findings: Sequence[Finding]) -> tuple[Sequence[Finding], dict[str, str]]:
        """Of findings, the worst first: those that stay, and what is to be told of those that do not."""
        told = {} if self.flows else {FLOWS: "the file would be larger than 10 MB after gzip"}
        left = len(findings) - self.most
        if left > 0:
            told[RESULTS] = f"{left:,} of {len(findings):,}; the other formats have them all"
        return findings[: self.most], told


def fitting(write: Callable[[Cut], str]) -> Iterator[str]:
    """The lines of the fullest file that is not too large: first derivations go, then results."""
    cut = Cut()
    text = write(cut)
    while _is_too_large(text) and cut.most > _LEAST_RESULTS:
        cut = Cut(cut.most if cut.flows else cut.most // 2, flows=False)
        text = write(cut)
    yield from text.splitlines()


def _is_too_large(text: str) -> bool:
    data = text.encode()
    return len(data) > FILE_BYTES and len(gzip.compress(data, compresslevel=6)) > FILE_BYTES


def description(text: str) -> str:
    """A rule's description at the length that is shown."""
    return text if len(text) <= DESCRIPTION_CHARACTERS else f"{text[: DESCRIPTION_CHARACTERS - 1]}…"
