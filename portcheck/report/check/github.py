"""Workflow commands, which GitHub Actions shows as annotations at the lines of a pull request.

The escapes are those of the runner (`actions/toolkit`, `packages/core/src/command.ts`): `%`, CR and LF
in a message, `:` and `,` as well in a property. GitHub shows 10 annotations of each level a step and 50 a
job, the first of the log (github.com/orgs/community/discussions/26680), and takes columns only where a
span ends on the line that it begins on (REST API, check runs, `start_column`). So the worst findings come
first, 10 of each level are annotated, and the rest are plain lines in a folded group of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from portcheck.checked import Checked, worst_first
from portcheck.pack import Finding
from portcheck.report import finding_text, words
from portcheck.report.check.concise import line
from portcheck.report.closing import closing
from portcheck.report.levels import Level, level_of
from portcheck.report.presentation import Presentation
from portcheck.report.style import Style, safe
from portcheck.source.place import Place
from portcheck.targets import Language

ANNOTATIONS_OF_A_LEVEL = 10
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_SUMMARY_LEVEL = Level.NOTE


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The report's lines."""
    language = presentation.language
    room = Counter(dict.fromkeys(Level, ANNOTATIONS_OF_A_LEVEL))
    room[_SUMMARY_LEVEL] -= 1 + len(checked.notices[: ANNOTATIONS_OF_A_LEVEL - 1])
    rest: list[Finding] = []
    for finding in sorted(checked.listed, key=worst_first):
        level = Level.ERROR if checked.fails(finding) else level_of(finding)
        if room[level] > 0:
            room[level] -= 1
            yield _annotation(finding, level, presentation)
        else:
            rest.append(finding)
    for notice in checked.notices:
        yield _command(_SUMMARY_LEVEL, notice.id, notice.text, notice.place, presentation)
    if rest:
        yield from _group(rest, presentation)
    text = "\n".join([*closing(checked, language), *_not_annotated(len(rest), language)])
    yield _command(_SUMMARY_LEVEL, "portcheck", text, None, presentation)


def _annotation(finding: Finding, level: Level, presentation: Presentation) -> str:
    language = presentation.language
    said = [f"{finding_text.verdicts(finding, language)}: {safe(finding_text.message(finding, language))}"]
    detail = safe(finding_text.detail(finding, language))
    severity = finding_text.severity(finding, language)
    title = f"{finding.rule.code} {finding.rule.name} ({severity})"
    return _command(level, title, "\n".join([*said, *filter(None, [detail])]), finding.place, presentation)


def _command(level: Level, title: str, text: str, place: Place | None, presentation: Presentation) -> str:
    properties: dict[str, object] = {}
    if place is not None:
        properties |= {"file": presentation.path(place.path), "line": place.line, "endLine": place.end_line}
        if place.line == place.end_line:
            properties |= {"col": place.column, "endColumn": place.end_column}
    properties["title"] = title
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[level]} {written}::{_data(text)}"


def _group(findings: list[Finding], presentation: Presentation) -> Iterator[str]:
    """What is not annotated, as lines that the runner takes for no command."""
    style = Style(prefix=presentation.repository)
    title = words.NOT_ANNOTATED.fill(presentation.language, count=len(findings))
    yield f"::group::{_data(title)}"
    for finding in findings:
        yield f"- {line(finding, presentation.language, style)}".replace("##[", "## [")
    yield "::endgroup::"


def _not_annotated(count: int, language: Language) -> Iterator[str]:
    if count:
        yield words.ANNOTATION_LIMIT.fill(language, count=count, most=ANNOTATIONS_OF_A_LEVEL)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
