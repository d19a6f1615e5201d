"""Findings for a person: one block a finding, then what each rule found and where targets differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from portcheck.checked import Checked
from portcheck.pack import Finding, Rule
from portcheck.report import finding_text, words
from portcheck.report.presentation import Presentation
from portcheck.report.style import Style, columns, elided, padded, safe
from portcheck.report.summary import coverage
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language, Severity, Target

_DETAIL_COLUMNS = 160
_SPACE = "  "


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The report's lines."""
    language, style = presentation.language, presentation.style
    found, profiles = checked.counted, checked.targets
    if not presentation.only_summary:
        for _, group in groupby(checked.listed, lambda f: (f.place, f.rule.code)):
            yield from _block(tuple(group), language, style)
            yield ""
        yield from _notices(checked, style)
    yield style("heading", words.SUMMARY.said(language))
    yield from (f"  {safe(remark)}" for remark in checked.remarks)
    yield from _suppressed(checked, language)
    if found:
        yield from _counts(found, language, style)
        if checked.left_out and not presentation.only_summary:
            yield f"  {words.NOT_LISTED.fill(language, count=checked.left_out)}"
        if len(profiles) > 1:
            yield from _differences(found, profiles, language, style)
    else:
        yield f"  {words.NOTHING_FOUND.said(language)}"
    yield f"  {words.ASSUMING.said(language)}"
    assumptions = checked.assumed.texts(language)
    width = max((len(name) for name, _ in assumptions), default=0)
    for name, text in assumptions:
        yield f"    {style('kind', name.ljust(width))}  {text}"
    yield from coverage(checked.result, style)


# -- one place -----------------------------------------------------------------------------


def _block(group: Sequence[Finding], language: Language, style: Style) -> Iterator[str]:
    """What one rule says at one place."""
    first = group[0]
    code = style("code", f"{first.rule.code} {first.rule.name}")
    where = words.IN_FUNCTION.fill(language, name=safe(first.function)) if first.function else ""
    severity = finding_text.severity(first, language)
    yield _SPACE.join(
        (style.place(first.place), code, severity, *((style("quiet", where),) if where else ()))
    )
    said: dict[str, None] = {}
    for finding in group:
        message = safe(finding_text.message(finding, language))
        said[f"  {finding_text.verdicts(finding, language, style)}: {message}"] = None
        detail = finding_text.detail(finding, language)
        if detail:
            said[style("quiet", f"    {elided(safe(detail), _DETAIL_COLUMNS)}")] = None
    yield from said


def _notices(checked: Checked, style: Style) -> Iterator[str]:
    for notice in checked.notices:
        place = (style.place(notice.place),) if notice.place is not None else ()
        yield _SPACE.join((*place, style("warning", notice.id), safe(notice.text)))
    if checked.notices:
        yield ""


# -- counts --------------------------------------------------------------------------------


def _suppressed(checked: Checked, language: Language) -> Iterator[str]:
    """How many findings count no more, by what the user said of them."""
    count = Counter(checked.suppressions[f.identity][0].status for f in checked.suppressed)
    if count:
        by_status = ", ".join(f"{number:,} {status}" for status, number in sorted(count.items()))
        yield f"  {words.SUPPRESSED.fill(language, count=count.total(), statuses=by_status)}"


def _counts(found: Sequence[Finding], language: Language, style: Style) -> Iterator[str]:
    rows = [[words.RULE.said(language), "", words.PLACES.said(language)]]
    rows[0] += [text.said(language) for text in (words.APPLIES, *words.VERDICTS.values())]
    for rule, findings in _by_rule(found):
        count = Counter(f.verdict for f in findings)
        cells = [f"{rule.code} {rule.name}", words.SEVERITIES[rule.severity].said(language)]
        numbers = [len({f.place for f in findings}), 0, *(count[v] for v in words.VERDICTS)]
        if rule.severity is Severity.NOTE:
            numbers[1:3] = numbers[2], 0
        rows.append([*cells, *(f"{n:,}" if n else "" for n in numbers)])
    yield from _table(rows, 2, style)


def _differences(
    found: Sequence[Finding], profiles: Sequence[Target], language: Language, style: Style
) -> Iterator[str]:
    names = [target.name for target in profiles]
    rows = [[words.RULE.said(language), *names]]
    for rule, findings in _by_rule(found):
        cells = [_of_target([dict(f.verdicts).get(name) for f in findings]) for name in names]
        if len(set(cells)) > 1:
            rows.append([f"{rule.code} {rule.name}", *cells])
    if len(rows) == 1:
        yield f"  {words.NOTHING_DIFFERS.said(language)}"
        return
    yield f"  {words.DIFFERING.said(language)}"
    yield from _table(rows, 1, style)


def _of_target(verdicts: Iterable[Verdict | None]) -> str:
    count = Counter(verdicts)
    if not any(count[v] for v in words.VERDICTS):
        return "-"
    return " / ".join(f"{count[v]:,}" for v in words.VERDICTS)


def _by_rule(found: Sequence[Finding]) -> list[tuple[Rule, list[Finding]]]:
    grouped: dict[str, list[Finding]] = {}
    for finding in found:
        grouped.setdefault(finding.rule.code, []).append(finding)
    return [(listed[0].rule, listed) for _, listed in sorted(grouped.items())]


def _table(rows: Sequence[Sequence[str]], left: int, style: Style) -> Iterator[str]:
    """Columns side by side; the first `left` are text, the others numbers."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [
            padded(text, width) if at < left else " " * (width - columns(text)) + text
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = f"    {_SPACE.join(cells)}".rstrip()
        yield style("quiet", line) if number == 0 else line
