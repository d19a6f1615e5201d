"""Findings against comments and decisions: what counts no more, and which comments do nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches

from portcheck.checked import Notice, SuppressedBy, Suppression
from portcheck.pack import Finding
from portcheck.plan.decisions import Decisions, Status
from portcheck.suppression.mark import Mark
from portcheck.suppression.words import MISUSED, NO_SUCH_RULE, PROBLEMS, UNUSED
from portcheck.targets import Language

MISUSED_ID, UNUSED_ID = "suppression-misused", "suppression-unused"

Suppressions = dict[str, tuple[Suppression, ...]]


def by_marks(findings: Iterable[Finding], marks: Iterable[Mark]) -> Suppressions:
    """The comments that suppress each finding, by its identity."""
    by_path: dict[str, list[Mark]] = {}
    for mark in marks:
        if mark.problem is None:
            by_path.setdefault(mark.place.path, []).append(mark)
    found: Suppressions = {}
    for finding in findings:
        listed = tuple(map(_suppression, _suppressing(finding, by_path.get(finding.place.path, ()))))
        if listed:
            found[finding.identity] = listed
    return found


def by_decisions(findings: Iterable[Finding], decisions: Decisions) -> Suppressions:
    """What was decided about findings, by identity; what is to be done is no suppression."""
    found: Suppressions = {}
    for finding in findings:
        decision = decisions.of(finding.identity)
        if finding.open and decision is not None and decision.status is not Status.TODO:
            said = Suppression(SuppressedBy.EXTERNAL, decision.status.value, decision.reason)
            found[finding.identity] = (said,)
    return found


def joined(*all_of_them: Mapping[str, tuple[Suppression, ...]]) -> Suppressions:
    """Several maps as one; who said it first stands first."""
    found: Suppressions = {}
    for one in all_of_them:
        for identity, listed in one.items():
            found[identity] = (*found.get(identity, ()), *listed)
    return found


def notices(
    findings: Iterable[Finding],
    marks: Iterable[Mark],
    known: Collection[str],
    judged: Collection[str],
    language: Language,
) -> Iterator[Notice]:
    """What is wrong with comments: those without effect, unknown codes, and codes that suppress nothing.

    `known` are the codes of all rules; `judged` of those that were evaluated for every target of
    the project: of the others nobody can say whether a comment is needed.
    """
    listed = tuple(findings)
    for mark in marks:
        if mark.off:
            continue
        if mark.problem is not None:
            why = PROBLEMS[mark.problem].fill(language, wrong=mark.wrong)
            yield Notice(MISUSED_ID, MISUSED.fill(language, problem=why), mark.place)
            continue
        for code in mark.codes:
            if code not in known:
                text = NO_SUCH_RULE.fill(language, code=code, guess=_guess(code, known))
                yield Notice(MISUSED_ID, text, mark.place)
            elif code in judged and not any(
                f.rule.code == code for f in listed if f.open and mark.covers(f.place)
            ):
                yield Notice(UNUSED_ID, UNUSED.fill(language, code=code, status=mark.status), mark.place)


def _guess(code: str, known: Collection[str]) -> str:
    close = get_close_matches(code, known, n=1)
    return f" ({close[0]}?)" if close else ""


def _suppressing(finding: Finding, marks: Iterable[Mark]) -> Iterator[Mark]:
    if finding.open:
        yield from (m for m in marks if finding.rule.code in m.codes and m.covers(finding.place))


def _suppression(mark: Mark) -> Suppression:
    return Suppression(SuppressedBy.IN_SOURCE, mark.status, mark.reason, mark.place)
