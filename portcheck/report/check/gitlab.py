"""GitLab's Code Quality report: a JSON array, paths from the root of the repository.

The members are those that docs.gitlab.com/ci/testing/code_quality names: description, check_name,
fingerprint, severity, location. GitLab keeps one of several issues with the same fingerprint; an identity
is that of one finding alone. What was not read is an issue of the severity info.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256

from portcheck.checked import Checked, Notice
from portcheck.pack import Finding
from portcheck.report import finding_text
from portcheck.report.json import one_line
from portcheck.report.presentation import Presentation
from portcheck.report.records import Record
from portcheck.report.style import safe
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity

_SEVERITIES = {
    Severity.BREAKS: "critical",
    Severity.REDESIGN: "major",
    Severity.SLOW: "minor",
    Severity.NOTE: "info",
}
_UNDECIDED = {"critical": "major", "major": "minor", "minor": "info", "info": "info"}


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The document's lines, each issue on a line of its own."""
    issues = [
        *(_issue(finding, presentation) for finding in checked.listed),
        *(_notice(notice, presentation) for notice in checked.notices),
        *_not_read(checked, presentation),
    ]
    yield "["
    for number, issue in enumerate(issues, 1):
        yield f"  {one_line(issue)}{',' if number < len(issues) else ''}"
    yield "]"


def _issue(finding: Finding, presentation: Presentation) -> Record:
    language = presentation.language
    severity = _SEVERITIES[finding.rule.severity]
    if finding.verdict is Verdict.UNKNOWN:
        severity = _UNDECIDED[severity]
    message = safe(finding_text.message(finding, language))
    text = f"{finding_text.verdicts(finding, language)}: {message}"
    detail = safe(finding_text.detail(finding, language))
    return {
        "description": f"{text}; {detail}" if detail else text,
        "check_name": f"{finding.rule.code} {finding.rule.name}",
        "fingerprint": finding.identity,
        "severity": severity,
        "location": _location(finding.place, presentation),
    }


def _notice(notice: Notice, presentation: Presentation) -> Record:
    place = notice.place
    where = presentation.path("") or "."
    location = {"path": where, "lines": {"begin": 1}} if place is None else _location(place, presentation)
    return _told(notice.id, safe(notice.text), location, 0)


def _not_read(checked: Checked, presentation: Presentation) -> Iterator[Record]:
    for file in checked.result.files:
        for number, region in enumerate(file.unreadable, 1):
            location = _location(region.place, presentation)
            yield _told("unreadable-region", f"not read: {safe(region.reason)}", location, number)
    for skipped in checked.result.skipped:
        location = {"path": presentation.path(skipped.path), "lines": {"begin": 1}}
        yield _told("skipped-file", f"not read: {safe(skipped.reason)}", location, 0)


def _told(name: str, text: str, location: Record, number: int) -> Record:
    """An issue that is no finding; the fingerprint is that of its kind, file and number in it."""
    print_ = sha256(json.dumps([name, location["path"], text, number]).encode()).hexdigest()[:16]
    return {
        "description": text,
        "check_name": name,
        "fingerprint": print_,
        "severity": "info",
        "location": location,
    }


def _location(place: Place, presentation: Presentation) -> Record:
    return {"path": presentation.path(place.path), "lines": {"begin": place.line, "end": place.end_line}}
