"""One JSON object a line: findings, what the run says of itself, and then what was not read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from portcheck.checked import Checked
from portcheck.report import jsonl
from portcheck.report.finding_records import finding_record, notice_line
from portcheck.report.presentation import Presentation


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The report's lines; every finding, also what holds and what is suppressed."""
    findings = (finding_record(one, presentation.language, checked.suppressions) for one in checked.findings)
    return jsonl.render(checked.result, (), chain(findings, map(notice_line, checked.notices)))
