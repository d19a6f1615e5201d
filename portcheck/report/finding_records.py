"""Findings and rules as plain JSON values; the field names are public (`schema/scan-1.json`)."""

from __future__ import annotations

from portcheck.pack import Finding, Rule
from portcheck.report.findings_text import shortened
from portcheck.report.proof_records import proof_record
from portcheck.report.records import Record, place_record
from portcheck.targets import Language


def finding_record(finding: Finding, language: Language) -> Record:
    """A JSON line as it stands."""
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
        "proof": None if finding.proof is None else proof_record(finding.proof),
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
