"""One line a finding, for editors, `grep` and hooks; the last line sums up."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.checked import Checked
from portcheck.pack import Finding
from portcheck.report import finding_text
from portcheck.report.closing import closing
from portcheck.report.presentation import Presentation
from portcheck.report.style import Style, safe
from portcheck.targets import Language


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The report's lines."""
    language, style = presentation.language, presentation.style
    if not presentation.only_summary:
        for finding in checked.listed:
            yield line(finding, language, style)
        for notice in checked.notices:
            place = f"{style.place(notice.place)}: " if notice.place is not None else ""
            yield f"{place}{style('warning', notice.id)} {safe(notice.text)}"
    yield from closing(checked, language)


def line(finding: Finding, language: Language, style: Style) -> str:
    """`path:line:column: CODE severity: verdicts: message`."""
    severity = finding_text.severity(finding, language)
    verdicts = finding_text.verdicts(finding, language, style)
    message = safe(finding_text.message(finding, language))
    code = style("code", finding.rule.code)
    return f"{style.place(finding.place)}: {code} {severity}: {verdicts}: {message}"
