"""Transfers and layouts for a person: one block a place, one line a requirement, counts last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from portcheck.analysis.transfers import End, Layout, Transfer
from portcheck.analysis.verdicts import Judged, Statement
from portcheck.report.proof_text import failure, telling
from portcheck.report.sites import Answer, Site, kernels, sites
from portcheck.report.style import Style, counted, elided, safe
from portcheck.report.summary import coverage
from portcheck.result import ScanResult
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity

_EXPRESSION_COLUMNS = 100
_REASON_COLUMNS = 160
_SHOWN_NAMES = 2
_COLUMNS = {Verdict.HOLDS: 6, Verdict.DEPENDS: 7, Verdict.VIOLATED: 8, Verdict.UNKNOWN: 7}


def render(
    result: ScanResult, judged: Sequence[Judged], assumptions: Mapping[str, str], style: Style | None = None
) -> Iterator[str]:
    """The report's lines; `assumptions` gives the sentence of each that is in force by its id."""
    style = style or Style()
    statements = [s for one in judged for s in one.statements]
    widths = _widths(statements)
    layouts = [one for one in judged if isinstance(one.subject, Layout)]
    transfers = [one for one in judged if isinstance(one.subject, Transfer)]
    for heading, listed in (("Transfers", transfers), ("Layouts", layouts)):
        if listed:
            yield style("heading", heading)
        for site in sites(listed):
            yield from _block(site, widths, style)
            yield ""
    yield style("heading", "Summary")
    yield from _counts(transfers, layouts, statements)
    yield "  assuming"
    width = max(map(len, assumptions), default=0)
    for name, text in assumptions.items():
        yield f"    {style('kind', name.ljust(width))}  {text}"
    yield from coverage(result, style)


# -- one place -----------------------------------------------------------------------------


def _block(site: Site, widths: Sequence[int], style: Style) -> Iterator[str]:
    subject = site.subject
    what = f"layout {subject.name}" if isinstance(subject, Layout) else _operation(subject)
    inside = style("quiet", f"  in {_names(kernels(site.ways))}{_through(site)}")
    yield f"{style.place(site.place)}  {style('kind', safe(what))}{inside}"
    if isinstance(subject, Layout):
        yield f"  at      {_end(subject.end)}"
    else:
        yield from (f"  from    {_end(end)}" for end in (subject.source,) if end is not None)
        yield from (f"  to      {_end(end)}" for end in (subject.destination,) if end is not None)
        length = "not known" if subject.length is None else str(subject.length)
        yield f"  length  {_short(length)}"
    for answer in sorted(site.answers(), key=lambda answer: not _breaks(answer.statement)):
        yield _answer(answer, widths, style)


def _operation(transfer: Transfer) -> str:
    over = " over blocks" if transfer.by_blocks else ""
    return f"{transfer.operation}  {transfer.pattern.value}{over}"


def _through(site: Site) -> str:
    function = site.subject.function
    through = "" if function in kernels(site.ways) else f", {safe(function)}"
    return through + (f", {len(site.ways):,} ways" if len(site.ways) > 1 else "")


def _end(end: End) -> str:
    return f"{end.space}:{_short(str(end.start))}"


def _answer(answer: Answer, widths: Sequence[int], style: Style) -> str:
    statement = answer.statement
    cells = [text.ljust(width) for text, width in zip(_cells(statement), widths, strict=True)]
    word = _word(statement)
    role = statement.verdict.value if _breaks(statement) else "quiet"
    detail = _detail(statement)
    width = _REASON_COLUMNS if statement.verdict is Verdict.UNKNOWN else _EXPRESSION_COLUMNS
    said = style(role, word) + (f": {elided(safe(detail), width)}" if detail else "")
    ways = style("quiet", f"  ({_ways(answer)})") if answer.ways else ""
    return f"  {'  '.join(cells)}  {said}{ways}"


def _cells(statement: Statement) -> tuple[str, str, str, str]:
    requirement = statement.requirement
    return (
        statement.severity.value,
        f"{requirement.code} {requirement.name}",
        f"{statement.role} % {statement.modulus}",
        " ".join(statement.targets),
    )


def _widths(statements: Sequence[Statement]) -> list[int]:
    return [max(map(len, column)) for column in zip(*map(_cells, statements), strict=True)]


def _word(statement: Statement) -> str:
    """The verdict; where missing a requirement costs speed only, `violated` would say too much."""
    if statement.verdict is Verdict.VIOLATED and not _breaks(statement):
        return "not met"
    return statement.verdict.value


def _breaks(statement: Statement) -> bool:
    return statement.severity is Severity.BREAKS


def _detail(statement: Statement) -> str:
    proof = statement.proof
    if statement.verdict is Verdict.UNKNOWN:
        return proof.why
    if statement.verdict is Verdict.DEPENDS and proof.condition is not None:
        return f"holds where {proof.condition}"
    if statement.verdict is Verdict.HOLDS:
        return ""
    return failure(telling(proof), proof.value, statement.modulus)


def _ways(answer: Answer) -> str:
    """`in a, b` or, for ways from one kernel, `through a.cu:12`."""
    shown = dict.fromkeys(_way(way) for way in answer.ways)
    return _names(tuple(shown))


def _way(way: Judged) -> str:
    subject = way.subject
    calls = "".join(f" via {place.path}:{place.line}" for place in subject.calls)
    return f"in {subject.kernel}{calls}"


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
    return safe(", ".join(names[:_SHOWN_NAMES])) + more


def _short(text: str) -> str:
    return elided(safe(text), _EXPRESSION_COLUMNS)


# -- counts --------------------------------------------------------------------------------


def _counts(
    transfers: Sequence[Judged], layouts: Sequence[Judged], statements: Sequence[Statement]
) -> Iterator[str]:
    heads = "  ".join(f"{verdict.value:>{width}}" for verdict, width in _COLUMNS.items())
    yield f"  {'':<20}  {'all':>6}  {heads}"
    for name, listed in (("transfers", transfers), ("layout offsets", layouts)):
        places = counted(len(sites(listed)), "place")
        yield f"{_row(name, [one.verdict for one in listed])}  at {places}"
    breaks = [s.verdict for s in statements if _breaks(s)]
    yield _row("what would break", breaks)
    speed = Counter(s.verdict for s in statements if not _breaks(s))
    if speed:
        met = f"{speed[Verdict.HOLDS]:,} met, {speed[Verdict.DEPENDS]:,} met in part"
        missed = f"{speed[Verdict.VIOLATED]:,} not met, {speed[Verdict.UNKNOWN]:,} unknown"
        yield f"  only speed            {sum(speed.values()):>6,}  {met}, {missed}"


def _row(name: str, verdicts: Sequence[Verdict]) -> str:
    count = Counter(verdicts)
    cells = [f"{len(verdicts):>6,}"] + [f"{count[v]:>{width},}" for v, width in _COLUMNS.items()]
    unknown = 100 * count[Verdict.UNKNOWN] / len(verdicts) if verdicts else 0.0
    return f"  {name:<20}  {'  '.join(cells)}  {unknown:5.1f} % unknown"
