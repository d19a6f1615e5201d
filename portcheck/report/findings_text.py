"""Findings for a person: one block a finding, then what each rule found and where targets differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from portcheck.pack import Finding, Rule
from portcheck.report import words
from portcheck.report.proof_text import failure, telling
from portcheck.report.style import Style, columns, elided, padded, safe
from portcheck.report.summary import coverage
from portcheck.result import ScanResult
from portcheck.symbolic.answers import Verdict
from portcheck.targets import Language, Severity, Target

_DETAIL_COLUMNS = 160
_FIELD_COLUMNS = 72
_SPACE = "  "


def render(
    result: ScanResult,
    found: Sequence[Finding],
    profiles: Sequence[Target],
    assumptions: Mapping[str, str],
    language: Language,
    style: Style | None = None,
    only_summary: bool = False,
) -> Iterator[str]:
    """The report's lines; `assumptions` gives the sentence of each that is in force by its id."""
    style = style or Style()
    listed = [f for f in found if _is_listed(f)]
    if not only_summary:
        for _, group in groupby(listed, lambda f: (f.place, f.rule.code)):
            yield from _block(tuple(group), language, style)
            yield ""
    yield style("heading", words.SUMMARY.said(language))
    if found:
        yield from _counts(found, language, style)
        left_out = sum(f.open for f in found) - len(listed)
        if left_out and not only_summary:
            yield f"  {words.NOT_LISTED.fill(language, count=left_out)}"
        if len(profiles) > 1:
            yield from _differences(found, profiles, language, style)
    else:
        yield f"  {words.NOTHING_FOUND.said(language)}"
    yield f"  {words.ASSUMING.said(language)}"
    width = max(map(len, assumptions), default=0)
    for name, text in assumptions.items():
        yield f"    {style('kind', name.ljust(width))}  {text}"
    yield from coverage(result, style)


# -- one place -----------------------------------------------------------------------------


def _is_listed(finding: Finding) -> bool:
    """What does not hold; where only speed is at stake, what is not known is counted only."""
    minor = finding.rule.severity in (Severity.SLOW, Severity.NOTE)
    return finding.open and not (minor and finding.verdict is Verdict.UNKNOWN)


def _block(group: Sequence[Finding], language: Language, style: Style) -> Iterator[str]:
    """What one rule says at one place."""
    first = group[0]
    code = style("code", f"{first.rule.code} {first.rule.name}")
    where = words.IN_FUNCTION.fill(language, name=safe(first.function)) if first.function else ""
    severity = words.SEVERITIES[first.rule.severity].said(language)
    yield _SPACE.join(
        (style.place(first.place), code, severity, *((style("quiet", where),) if where else ()))
    )
    said: dict[str, None] = {}
    for finding in group:
        message = safe(finding.message(language, shortened))
        said[f"  {_verdicts(finding, language, style)}: {message}"] = None
        detail = _detail(finding, language)
        if detail:
            said[style("quiet", f"    {elided(safe(detail), _DETAIL_COLUMNS)}")] = None
    yield from said


def shortened(text: str) -> str:
    """What a message says of code or of an expression; the proof has it in full."""
    return elided(text, _FIELD_COLUMNS)


def _verdicts(finding: Finding, language: Language, style: Style) -> str:
    """`violated 310P 910B; holds 950`."""
    by_verdict: dict[Verdict, list[str]] = {}
    for target, verdict in finding.verdicts:
        by_verdict.setdefault(verdict, []).append(target)
    said = []
    for verdict in words.VERDICTS:
        if verdict in by_verdict:
            applies = verdict is Verdict.VIOLATED and finding.rule.severity is Severity.NOTE
            word = (words.APPLIES if applies else words.VERDICTS[verdict]).said(language)
            names = " ".join(by_verdict[verdict])
            said.append(f"{style('kind' if applies else verdict.value, word)} {names}")
    return "; ".join(said)


def _detail(finding: Finding, language: Language) -> str:
    proof = finding.proof
    if finding.verdict is Verdict.UNKNOWN:
        return words.NOT_DECIDED.fill(language, why=finding.why) if finding.why else ""
    if proof is None:
        return ""
    if finding.verdict is Verdict.DEPENDS and proof.condition is not None:
        return words.HOLDS_WHERE.fill(language, condition=proof.condition)
    modulus = finding.fields.get("modulus")
    values = failure(telling(proof), proof.value, modulus if isinstance(modulus, int) else None)
    return words.FAILS_FOR.fill(language, values=values) if values else ""


# -- counts --------------------------------------------------------------------------------


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
