"""Markdown for a comment on a pull or merge request.

The first line is a comment that a bot finds its own message by. GitHub takes 65,536 characters a comment
(GitLab 1,000,000): rows are written, worst first, while there is room, and the rest are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from portcheck.checked import Checked, worst_first
from portcheck.pack import Finding
from portcheck.report import finding_text, words
from portcheck.report.closing import closing
from portcheck.report.markdown import code, prose
from portcheck.report.presentation import Presentation
from portcheck.report.style import elided
from portcheck.targets import Language

MARK = "<!-- portcheck -->"
ROOM_CHARACTERS = 60_000
_DETAIL_CHARACTERS = 300
_FILES = 20


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The report's lines."""
    language = presentation.language
    head = [MARK, f"### portcheck: {_outcome(checked, language)}", ""]
    foot = [*_notices(checked, presentation), *_basis(checked, language)]
    yield from head
    room = ROOM_CHARACTERS - _size([*head, *foot])
    yield from _within(checked, presentation, room)
    yield from foot


def _outcome(checked: Checked, language: Language) -> str:
    failing = sum(map(checked.fails, checked.findings))
    if failing:
        return words.FAILS.fill(language, count=failing)
    return (words.PASSES if checked.listed else words.NOTHING_FOUND).said(language)


def _within(checked: Checked, presentation: Presentation, room: int) -> Iterator[str]:
    """The tables, a severity each, as far as there is room."""
    language = presentation.language
    left = len(checked.listed)
    if presentation.only_summary:
        return
    for severity, group in groupby(sorted(checked.listed, key=worst_first), lambda f: f.rule.severity):
        listed = list(group)
        name = words.SEVERITIES[severity].said(language)
        lines = [f"**{name}** ({len(listed):,})", "", *_head(language)]
        for finding in listed:
            lines.append(_row(finding, presentation))
            room -= _size(lines)
            if room < 0:
                break
            yield from lines
            lines = []
            left -= 1
        if room < 0:
            break
        yield ""
    if left:
        yield ""
        yield words.NO_ROOM.fill(language, count=left)
        yield ""


def _head(language: Language) -> Iterator[str]:
    cells = (words.PLACE, words.RULE, words.SAYS)
    yield f"| {' | '.join(text.said(language) for text in cells)} |"
    yield "| --- | --- | --- |"


def _row(finding: Finding, presentation: Presentation) -> str:
    language = presentation.language
    place = finding.place
    where = f"{presentation.path(place.path)}:{place.line}"
    said = f"{finding_text.verdicts(finding, language)}: {finding_text.message(finding, language)}"
    detail = elided(finding_text.detail(finding, language), _DETAIL_CHARACTERS)
    cells = [
        code(where),
        f"{finding.rule.code}<br>{finding.rule.name}",
        prose(said) + (f"<br>{prose(detail)}" if detail else ""),
    ]
    return f"| {' | '.join(cells)} |"


def _notices(checked: Checked, presentation: Presentation) -> Iterator[str]:
    for notice in checked.notices:
        place = notice.place
        where = f"{code(f'{presentation.path(place.path)}:{place.line}')} " if place is not None else ""
        yield f"- {where}{prose(notice.text)}"
    if checked.notices:
        yield ""


def _basis(checked: Checked, language: Language) -> Iterator[str]:
    yield "<details><summary>" + "; ".join(map(prose, closing(checked, language))) + "</summary>"
    yield ""
    yield f"{words.ASSUMING.said(language)}:"
    yield ""
    for name, text in checked.assumed.texts(language):
        yield f"- {code(name)} {prose(text)}"
    yield from _unread(checked, language)
    yield ""
    yield "</details>"


def _unread(checked: Checked, language: Language) -> Iterator[str]:
    """The first files that were not read or not understood in full."""
    said = [f"{code(s.path)} {prose(s.reason)}" for s in checked.result.skipped]
    for file in checked.result.files:
        if file.unreadable:
            share = words.UNREADABLE.fill(language, count=file.unreadable_bytes, total=file.total_bytes)
            said.append(f"{code(file.path)} {share}")
    if not said:
        return
    yield ""
    yield words.NOT_READ.fill(language, what="").strip()
    yield ""
    yield from (f"- {one}" for one in said[:_FILES])
    if len(said) > _FILES:
        yield f"- … +{len(said) - _FILES:,}"


def _size(lines: list[str]) -> int:
    return sum(len(line) + 1 for line in lines)
