"""Layouts and UB budgets of a plan as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.plan.layout_model import Layouts, LayoutTable, Row
from portcheck.report import layout_words as words
from portcheck.report.layout_text import budget_text, residue_text
from portcheck.report.markdown import code, prose, table
from portcheck.symbolic.words import clipped
from portcheck.targets.text import Language, Text

_EXPRESSION = 80
_PLACE = Text("where", "位置")


def layout_lines(found: Layouts, language: Language) -> Iterator[str]:
    """All tables: one line each, then the fields of those that have several."""
    if not found.tables:
        yield words.EMPTY.said(language)
    else:
        named = (words.LAYOUT, words.USERS, words.PITCH)
        head = [*(w.said(language) for w in named), words.PROPOSED.fill(language, target=found.target)]
        yield from table([*head, _PLACE.said(language)], (_row(t, language) for t in found.tables))
    for one in found.tables:
        if len(one.rows) > 1:
            yield from _fields(one, language)
    if found.unknown:
        yield from ("", f"{words.UNKNOWN.said(language)}:", "")
        for unknown in found.unknown:
            at = code(f"{unknown.place.path}:{unknown.place.line}")
            yield f"- {at} {code(unknown.name)}: {prose(unknown.why)}"


def _row(one: LayoutTable, language: Language) -> list[str]:
    kind = words.KINDS[one.kind].said(language)
    users = ", ".join(code(u) for u in one.users)
    return [
        f"{kind} {code(one.name)}",
        users,
        _apart(one),
        _proposed(one, language),
        code(f"{one.place.path}:{one.place.line}"),
    ]


def _apart(one: LayoutTable) -> str:
    """The expression, and the numbers that launches give."""
    numbers = dict.fromkeys(f"{i.pitch_bytes:,}" for i in one.instances if i.pitch_bytes is not None)
    shown = code(clipped(one.pitch, _EXPRESSION)) if one.pitch else ""
    if not numbers or one.pitch.replace(",", "") in {n.replace(",", "") for n in numbers}:
        return shown
    return f"{shown} = {' / '.join(numbers)}" if shown else " / ".join(numbers)


def _proposed(one: LayoutTable, language: Language) -> str:
    known = [p for p in one.proposals if p is not None]
    if not known:
        return words.NOT_PROPOSED.said(language)
    if not any(p.cost_bytes for p in known):
        return words.NO_COST.said(language)
    said = dict.fromkeys(
        f"{p.pitch_bytes:,} ({words.COST.fill(language, bytes=p.cost_bytes)})" for p in known
    )
    return " / ".join(said)


def _fields(one: LayoutTable, language: Language) -> Iterator[str]:
    yield from ("", f"<details><summary>{prose(one.name)}</summary>", "")
    head = [w.said(language) for w in (words.FIELD, words.OFFSET, words.BYTES, words.RESIDUE)]
    launched = [i.label for i in one.instances if i.label]
    rows = ([code(clipped(r.name, 40)), *_numbers(r), residue_text(r)] for r in one.rows)
    yield from table(head, rows)
    if launched:
        yield from ("", f"{words.IN_ORDER.said(language)}: {', '.join(map(code, launched))}")
    for condition in one.conditions:
        yield from ("", f"- {prose(condition.said(language))}")
    yield from ("", "</details>")


def _numbers(row: Row) -> tuple[str, str]:
    return _with_numbers(row.offset, row.offsets), _with_numbers(row.size, row.sizes)


def _with_numbers(expression: str, numbers: tuple[int | None, ...]) -> str:
    listed = ["?" if n is None else f"{n:,}" for n in numbers]
    if not listed or set(listed) in ({"?"}, {expression}):
        return code(clipped(expression, _EXPRESSION)) or "?"
    values = listed[0] if len(set(listed)) == 1 else " / ".join(listed)
    return f"{code(clipped(expression, _EXPRESSION))} = {values}" if expression else values


def budget_lines(found: Layouts, language: Language) -> Iterator[str]:
    """What each launch of a kernel needs of UB."""
    limit = next((b.limit for b in found.budgets if b.limit is not None), None)
    if limit is None:
        yield words.NO_LIMIT.fill(language, target=found.target)
    else:
        yield words.BUDGETS.fill(language, target=found.target, limit=f"{limit:,}")
    if not found.budgets:
        return
    yield ""
    named = (words.KERNEL, words.LAUNCH, words.AS_IS, words.PADDED, words.DOUBLED, words.NOTE)
    rows = []
    for one in found.budgets:
        note = one.why or (words.HAS_STAGES.said(language) if one.has_stages else "")
        sizes = (budget_text(one, n, language) for n in (one.needed, one.padded, one.doubled))
        rows.append([code(one.kernel), code(clipped(one.label, _EXPRESSION)), *sizes, prose(note)])
    yield from table([w.said(language) for w in named], rows, (2, 3, 4))
