"""Shared memory for a person who lays out UB: a map a kernel, what has to fit, what a repair costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from portcheck.analysis.bases import Base
from portcheck.analysis.repairs import Repair
from portcheck.report.memory_map import MODULUS, MemoryMap, Row, User
from portcheck.report.memory_needs import Check, Need
from portcheck.report.memory_report import MemoryReport
from portcheck.report.need_text import cut, joined, needs_lines
from portcheck.report.proof_text import telling
from portcheck.report.style import Style, counted, elided, safe
from portcheck.report.summary import coverage
from portcheck.result import ScanResult
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity

_OFFSET_COLUMNS = 48
_WHAT_COLUMNS = 34
_LENGTH_COLUMNS = 28
_LINE_COLUMNS = 110
_REASON_COLUMNS = 150
_SHOWN_USERS = 4
_SHOWN_RESIDUES = 4
_SHOWN_KERNELS = 2
_CAST = re.compile(r"(?:reinterpret|static|const)_cast<[^()]*>\(")
_ALWAYS, _AT_TIMES, _NEVER, _OPEN = f"multiples of {MODULUS}", "at times", "never", "not known"


def render(
    result: ScanResult, found: MemoryReport, assumptions: Mapping[str, str], style: Style | None = None
) -> Iterator[str]:
    """The report's lines; `assumptions` gives the sentence of each that is in force by its id."""
    style = style or Style()
    places = {kernel.name: kernel.place for kernel in reversed(result.kernels)}
    if found.maps:
        yield style("heading", "Shared memory")
    for one in found.maps:
        place = places.get(one.kernel)
        where = "" if place is None else f"{_at(place, style)}  "
        yield f"{where}{style('kernel', safe(one.kernel))}"
        yield from _table(one, style)
        yield from needs_lines(found.needs.get(one.kernel, ()), style)
        yield ""
    yield from _section("Repairs", _repairs(found.repairs, style), style)
    yield from _section("Size checks", _checks(found.checks, style), style)
    yield from _section("Bases in global memory", _bases(found.bases, style), style)
    yield style("heading", "Summary")
    yield from _counts(found)
    yield "  assuming"
    width = max(map(len, assumptions), default=0)
    for name, text in assumptions.items():
        yield f"    {style('kind', name.ljust(width))}  {text}"
    yield from coverage(result, style)


def _section(heading: str, lines: Iterator[str], style: Style) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield style("heading", heading)
        yield from listed
        yield ""


def _at(place: Place, style: Style) -> str:
    return f"{style.path(place.path)}:{place.line}"


def _kernels(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_KERNELS:,} more" if len(names) > _SHOWN_KERNELS else ""
    return safe(", ".join(names[:_SHOWN_KERNELS])) + more


# -- the map -------------------------------------------------------------------------------

_Cells = tuple[str, str, str, str, str]  # offset, residue, bytes, what, where


def _table(one: MemoryMap, style: Style) -> Iterator[str]:
    lines: list[tuple[_Cells, str]] = []
    for base in one.variables:
        lines.append((_variable(base, style), "kind"))
        lines += _rows(one.at(base.name), style)
    known = {base.name for base in one.variables}
    lines += _rows([row for row in one.rows if row.base not in known], style)
    heads = ("offset", f"% {MODULUS}", "bytes", "what", "where")
    table = [heads, *(cells for cells, _ in lines if any(cells[1:]))]
    widths = [max(len(row[i]) for row in table) for i in range(len(heads))]
    yield style("quiet", _joined(heads, widths))
    for cells, role in lines:
        text = _joined(cells, widths) if any(cells[1:]) else f"  {cells[0]}"
        yield style(role, text) if role else text


def _joined(cells: _Cells, widths: Sequence[int]) -> str:
    offset, residue, size, what, where = cells
    return (
        f"  {offset:<{widths[0]}}  {residue:<{widths[1]}}  {size:>{widths[2]}}"
        f"  {what:<{widths[3]}}  {where}".rstrip()
    )


def _variable(base: Base, style: Style) -> _Cells:
    size = "at launch" if base.size is None else _short(str(base.size), _LENGTH_COLUMNS)
    residue = residues_text(base.proof.residues)
    if residue == "?" and base.proof.verdict is Verdict.HOLDS:
        residue = "0"
    what = f"shared, aligned to {base.alignment_bytes}"
    return safe(base.name), residue, size, what, _at(base.place, style)


def _rows(rows: Sequence[Row], style: Style) -> Iterator[tuple[_Cells, str]]:
    """Offsets that look the same once their middle is left out share a row."""
    seen: dict[tuple[str, str, str], dict[_Cells, None]] = {}
    for row in rows:
        offset = f"  {_short(row.offset, _OFFSET_COLUMNS)}"
        users = seen.setdefault((offset, residues_text(row.residues), row.condition), {})
        for user in row.users:
            size = "" if user.length is None else _short(user.length, _LENGTH_COLUMNS)
            users["", "", size, _what(user), _at(user.place, style)] = None
    for (offset, residue, condition), users in seen.items():
        for index, cells in enumerate(list(users)[:_SHOWN_USERS]):
            yield (cells if index else (offset, residue, *cells[2:])), ""
        left = len(users) - _SHOWN_USERS
        if left > 0:
            yield ("", "", "", f"and {left:,} more", ""), "quiet"
        if condition:
            text = f"    0 where {_short(condition, _LINE_COLUMNS)}"
            yield (text, "", "", "", ""), "quiet"


def _what(user: User) -> str:
    """A name, or what is computed: without the cast around it, and without an instruction's details."""
    text = user.what
    if not user.is_layout:
        text = text.partition("::")[0] if text.startswith("cp.") else text
    elif cast := _CAST.match(text):
        text = text[cast.end() :].removesuffix(")")
    return _short(text, _WHAT_COLUMNS)


def residues_text(residues: Sequence[int]) -> str:
    """`16`, `0 or 16`, `0, 4, … 28`, `?`."""
    if not residues:
        return "?"
    if len(residues) <= _SHOWN_RESIDUES:
        first = ", ".join(map(str, residues[:-1]))
        return f"{first} or {residues[-1]}" if first else str(residues[-1])
    if len(residues) == MODULUS:
        return "any"
    return f"{residues[0]}, {residues[1]}, … {residues[-1]}"


def _short(text: str, width: int) -> str:
    return elided(safe(text), width)


# -- repairs, checks, bases ------------------------------------------------------------------


def _repairs(repairs: Sequence[Repair], style: Style) -> Iterator[str]:
    for one in repairs:
        change = f"{safe(one.name)} {one.bytes_now:,} → {one.bytes_needed:,}".replace(",", "")
        cost = style("quiet", f"(+{one.cost_bytes} bytes a stage)")
        yield f"  {_at(one.place, style)}  {style('kind', change)}  {cost}"
        for broken in one.breaks:
            where = _at(broken.place, style)
            yield f"    {style('violated', 'then breaks')}  {_short(broken.text, _LINE_COLUMNS)}  {where}"


def _checks(checks: Sequence[Check], style: Style) -> Iterator[str]:
    held = 0
    for one in checks:
        if one.proof.verdict is Verdict.HOLDS:
            held += 1
            continue
        inside = style("quiet", f"  in {_kernels(one.kernels)}")
        yield f"  {_at(one.place, style)}  {_short(one.text, _LINE_COLUMNS)}{inside}"
        yield f"    {style(one.proof.verdict.value, _stops(one))}"
        example = _example(one)
        if example:
            yield style("quiet", f"    e.g. {example}")
    if held:
        noun = "check" if held == len(checks) else "more check"
        yield f"  {counted(held, noun)} that can never fail"


def _stops(check: Check) -> str:
    """`traps unless n <= 32`."""
    proof = check.proof
    stops = "does not compile" if "static" in check.text.partition("(")[0].lower() else "traps"
    if proof.verdict is Verdict.UNKNOWN:
        return cut(f"unknown: {proof.why}", _REASON_COLUMNS)
    if proof.verdict is Verdict.VIOLATED:
        return f"always {stops}" if not telling(proof) else stops
    if proof.condition is None:
        return f"{stops} in some launches"
    return _short(f"{stops} unless {proof.condition}", _LINE_COLUMNS)


def _example(check: Check) -> str:
    """`n=33: 1 too much`: the check says `0 <= value` of what is left."""
    proof = check.proof
    values = ", ".join(f"{name}={value}" for name, value in telling(proof).items())
    if not values:
        return ""
    over = f": {-proof.value:,} too much" if proof.value is not None and proof.value < 0 else ""
    return _short(values + over, _LINE_COLUMNS)


def _bases(bases: Sequence[Base], style: Style) -> Iterator[str]:
    """The pointers by what is known of them, and each kernel's on a line."""
    grouped: dict[tuple[Verdict, str, str], dict[str, list[Base]]] = {}
    for base in bases:
        if base.space == "GM":
            said = (base.proof.verdict, _why(base), base.proof.would_decide.replace(f"({base.name})", "(p)"))
            grouped.setdefault(said, {}).setdefault(base.kernel, []).append(base)
    for (verdict, why, would), kernels in grouped.items():
        yield f"  {style(verdict.value, verdict.value)}  {why}"
        if would:
            yield style("quiet", f"  would decide it: {would}")
        width = max(map(len, map(safe, kernels)))
        for kernel, own in kernels.items():
            names = ", ".join(dict.fromkeys(safe(base.name) for base in own))
            yield f"    {safe(kernel):<{width}}  {elided(names, _LINE_COLUMNS)}"


def _why(base: Base) -> str:
    proof = base.proof
    if proof.verdict is Verdict.HOLDS:
        return f"a check makes the address a multiple of {MODULUS}"
    if proof.verdict is Verdict.UNKNOWN:
        return safe(proof.why.removeprefix(f"{base.name} is "))
    return safe(f"a multiple of {MODULUS} where {proof.condition}")


# -- counts ----------------------------------------------------------------------------------


def _counts(found: MemoryReport) -> Iterator[str]:
    count = Counter(_kind(row) for one in found.maps for row in one.rows)
    amounts = [need for one in found.maps for need in joined(found.needs.get(one.kernel, ()))]
    worst = Counter(_worst(need) for need in amounts)
    big, partly = worst[Verdict.VIOLATED], worst[Verdict.DEPENDS]
    said = ", ".join(f"{count[kind]:,} {kind}" for kind in (_ALWAYS, _AT_TIMES, _NEVER, _OPEN))
    yield f"  kernels   {len(found.maps):,} with shared memory"
    yield f"  offsets   {count.total():,}: {said}"
    yield f"  amounts   {len(amounts):,}: {big:,} too much for a target, {partly:,} for some sizes"


def _kind(row: Row) -> str:
    if row.verdict in (Verdict.HOLDS, Verdict.UNKNOWN):
        return _ALWAYS if row.verdict is Verdict.HOLDS else _OPEN
    return _AT_TIMES if not row.residues or 0 in row.residues else _NEVER


def _worst(need: Need) -> Verdict:
    """Of what breaks: is it too much for a target, always or for some sizes?"""
    found = {fit.proof.verdict for fit in need.fits if fit.requirement.severity is Severity.BREAKS}
    order = (Verdict.VIOLATED, Verdict.DEPENDS, Verdict.UNKNOWN)
    return next((verdict for verdict in order if verdict in found), Verdict.HOLDS)
