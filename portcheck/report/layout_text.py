"""Layout tables as plain text: the same everywhere, no colours, no box characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portcheck.plan.layout_model import Budget, LayoutKind, Layouts, LayoutTable, Proposal, Row, Unknown
from portcheck.report import layout_words as words
from portcheck.symbolic.words import clipped
from portcheck.targets.text import Language

_NAME, _EXPRESSION = 40, 48


def render(found: Layouts, language: Language = Language.EN) -> Iterator[str]:
    """All tables, budgets and what was not followed, a line at a time without line ends."""
    for table in found.tables:
        yield from render_table(table, found.target, language)
        yield ""
    if found.budgets:
        yield from _budgets(found, language)
        yield ""
    if found.unknown:
        yield words.UNKNOWN.said(language)
        yield from _unknown(found.unknown)
        yield ""
    if not (found.tables or found.budgets or found.unknown):
        yield words.EMPTY.said(language)


def render_table(table: LayoutTable, target: str, language: Language = Language.EN) -> Iterator[str]:
    """One layout: its fields, then the numbers of each instance as they are and as proposed."""
    kind = words.KINDS[table.kind].said(language)
    yield f"{kind}  {table.name}  {table.place.path}:{table.place.line}"
    if table.pitch:
        yield f"  {words.PITCH.said(language)}  {clipped(table.pitch, 2 * _EXPRESSION)}"
    yield f"  {words.USERS.said(language)}  {', '.join(table.users) or '-'}"
    yield from _indented(_columns(_head(language), [_cells(row) for row in table.rows]))
    if any(row.is_room for row in table.rows):
        yield f"  * {words.ROOM.said(language)}"
    yield from _indented(_columns(_instance_head(table, target, language), _instances(table, language)))
    for condition in table.conditions:
        yield f"  - {condition.said(language)}"


def _head(language: Language) -> list[str]:
    return [w.said(language) for w in (words.FIELD, words.OFFSET, words.BYTES, words.RESIDUE)]


def _cells(row: Row) -> list[str]:
    size = clipped(row.size, _EXPRESSION) if row.size else "?"
    star = " *" if row.is_room else ""
    return [clipped(row.name, _NAME), clipped(row.offset, _EXPRESSION), size + star, residue_text(row)]


def residue_text(row: Row) -> str:
    """`0 or 16`, or `0, 4, … 28` for many."""
    left = [str(r) for r in row.residues]
    if not left:
        return "?"
    if len(left) > 2:
        return f"{left[0]}, {left[1]}, … {left[-1]}"
    return " or ".join(left)


def _instance_head(table: LayoutTable, target: str, language: Language) -> list[str]:
    numbers = [clipped(row.name, 16) for row in table.rows]
    proposed = words.PROPOSED.fill(language, target=target)
    whole = words.PITCH if table.pitch else words.BYTES
    return ["", *numbers, whole.said(language), proposed]


def _instances(table: LayoutTable, language: Language) -> list[list[str]]:
    lines = []
    for at, (instance, proposal) in enumerate(zip(table.instances, table.proposals, strict=True)):
        numbers = [_number(row.offsets[at]) for row in table.rows]
        said = _proposal(proposal, table.kind, language)
        lines.append([instance.label or "-", *numbers, _number(instance.pitch_bytes), said])
    return lines


def _proposal(proposal: Proposal | None, kind: LayoutKind, language: Language) -> str:
    if proposal is None:
        return words.NOT_PROPOSED.said(language)
    cost = words.COST.fill(language, bytes=proposal.cost_bytes)
    if not proposal.cost_bytes:
        cost = words.NO_COST.said(language)
    starts = "" if kind is LayoutKind.RECORD else " / ".join(f"{slot.offset:,}" for slot in proposal.slots)
    return f"{proposal.pitch_bytes:,} ({cost})" + (f"  {starts}" if starts else "")


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _budgets(found: Layouts, language: Language) -> Iterator[str]:
    limit = next((b.limit for b in found.budgets if b.limit is not None), None)
    if limit is None:
        yield words.NO_LIMIT.fill(language, target=found.target)
    else:
        yield words.BUDGETS.fill(language, target=found.target, limit=f"{limit:,}")
    head = ["", *(w.said(language) for w in (words.AS_IS, words.PADDED, words.DOUBLED)), ""]
    yield from _indented(_columns(head, [_budget(one, language) for one in found.budgets]))


def _budget(one: Budget, language: Language) -> list[str]:
    label = f"{one.kernel} {clipped(one.label, 2 * _NAME)}".rstrip()
    note = one.why or (words.HAS_STAGES.said(language) if one.has_stages else "")
    return [label, *(budget_text(one, n, language) for n in (one.needed, one.padded, one.doubled)), note]


def budget_text(one: Budget, needed: int | None, language: Language) -> str:
    """`49,664 (146,688 left)`."""
    left = one.left(needed)
    if needed is None or left is None:
        return _number(needed)
    word = words.LEFT if left >= 0 else words.OVER
    return f"{needed:,} ({word.fill(language, bytes=abs(left))})"


def _unknown(listed: Sequence[Unknown]) -> Iterator[str]:
    for one in listed:
        at = f"{one.place.path}:{one.place.line}"
        yield f"  {at}  {clipped(one.name, _NAME)}  {one.user}  {clipped(one.why, 160)}"


def _columns(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(line[at]) for line in (head, *lines)) for at in range(len(head))]
    for line in (head, *lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
