"""Findings and rules as plain JSON values; the field names are public (`schema/scan-1.json`)."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.checked import Notice, Suppression
from portcheck.pack import Finding, Rule
from portcheck.report.finding_text import shortened
from portcheck.report.proof_records import proof_record
from portcheck.report.records import Record, place_record
from portcheck.targets import Language


def finding_record(
    finding: Finding, language: Language, suppressions: Mapping[str, tuple[Suppression, ...]]
) -> Record:
    """A JSON line as it stands; `suppressions` by identity."""
    return {
        "kind": "finding",
        **place_record(finding.place),
        "function": finding.function,
        "bytes": None,
        "detail": finding.message(language, shortened),
        "code": finding.rule.code,
        "name": finding.rule.name,
        "identity": finding.identity,
        "severity": finding.rule.severity.value,
        "effort": finding.rule.effort.value,
        "verdict": finding.verdict.value,
        "targets": [{"name": name, "verdict": verdict.value} for name, verdict in finding.verdicts],
        "why": finding.why,
        "related": [place_record(place) for place in finding.related],
        "suppressions": [suppression_record(one) for one in suppressions.get(finding.identity, ())],
        "proof": None if finding.proof is None else proof_record(finding.proof),
    }


def suppression_record(suppression: Suppression) -> Record:
    place = suppression.place
    return {
        "kind": suppression.kind.value,
        "status": suppression.status,
        "justification": suppression.justification,
        "place": None if place is None else place_record(place),
    }


def notice_record(notice: Notice) -> Record:
    place = notice.place
    return {"id": notice.id, "text": notice.text, "place": None if place is None else place_record(place)}


def notice_line(notice: Notice) -> Record:
    """A JSON line as it stands; without a place it stands at the first line of no file."""
    place = notice.place
    where = {"path": "", "line": 1, "column": 1, "end_line": 1} if place is None else place_record(place)
    return {
        "kind": "notice",
        **where,
        "function": "",
        "bytes": None,
        "detail": notice.text,
        "id": notice.id,
    }


def rule_record(rule: Rule, language: Language) -> Record:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "effort": rule.effort.value,
        "title": rule.page.title.said(language),
        "sources": list(rule.sources),
    }
