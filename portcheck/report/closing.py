"""The last words of a short report: how much was found, and what the answer rests on."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.checked import NEVER, Checked
from portcheck.report import words
from portcheck.report.style import safe
from portcheck.targets import Language, Severity


def closing(checked: Checked, language: Language) -> Iterator[str]:
    """One line on findings, and one on what was not read if there is any."""
    yield from map(safe, checked.remarks)
    yield found(checked, language)
    gaps = unread(checked, language)
    if gaps:
        yield gaps


def found(checked: Checked, language: Language) -> str:
    """`12 findings, 3 of them at or above breaks; 5 files read`."""
    failing = sum(map(checked.fails, checked.findings))
    said = [words.FINDINGS.fill(language, count=len(checked.listed))]
    if checked.threshold != NEVER:
        severity = words.SEVERITIES[Severity(checked.threshold)].said(language)
        said.append(words.FAILING.fill(language, count=failing, severity=severity))
    said.append(words.FILES_READ.fill(language, count=len(checked.result.files)))
    if checked.suppressed:
        said.append(words.SUPPRESSED_COUNT.fill(language, count=len(checked.suppressed)))
    if checked.left_out:
        said.append(words.LEFT_OUT.fill(language, count=checked.left_out))
    return words.BETWEEN.said(language).join(said)


def unread(checked: Checked, language: Language) -> str:
    """What was not read, in one line; "" where everything was."""
    result = checked.result
    said = []
    if result.skipped:
        said.append(words.SKIPPED.fill(language, count=len(result.skipped)))
    if result.unreadable_bytes:
        said.append(words.UNREADABLE.fill(language, count=result.unreadable_bytes, total=result.total_bytes))
    return words.NOT_READ.fill(language, what=words.BETWEEN.said(language).join(said)) if said else ""
