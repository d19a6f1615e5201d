"""Layout tables and budgets as pages show them: in one line, at full length, and what they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from portcheck.plan.layout_model import Budget, LayoutKind, Layouts, LayoutTable, Proposal, Row
from portcheck.plan.model import ItemKind, WorkItem
from portcheck.report import layout_svg
from portcheck.report.layout_text import residue_text
from portcheck.targets.text import Language

BLOCK = layout_svg.BLOCK
_OPEN_DRAWINGS = 4  # of a table with more instances only the first is open


@dataclass(frozen=True, slots=True)
class Drawn:
    """One instance: its numbers side by side with the proposal, and its drawing in both languages.

    `residue` is what is left of the pitch modulo a block of UB, where the next one starts; None
    where there is no next one.
    """

    label: str
    starts: tuple[int | None, ...]
    pitch: int | None
    proposal: Proposal | None
    slots: tuple[int | None, ...]
    svg: Markup
    is_open: bool
    residue: int | None


def drawn(table: LayoutTable, target: str) -> list[Drawn]:
    """Every instance of a table."""
    made = []
    for at, (case, proposal) in enumerate(zip(table.instances, table.proposals, strict=True)):
        starts = tuple(row.offsets[at] for row in table.rows)
        is_open = at == 0 or len(table.instances) <= _OPEN_DRAWINGS
        slots = _slots(table, proposal)
        svg = _svg(table, at, target)
        pitch = case.pitch_bytes
        residue = pitch % BLOCK if pitch is not None and table.pitch else None
        made.append(Drawn(case.label, starts, pitch, proposal, slots, svg, is_open, residue))
    return made


def _slots(table: LayoutTable, proposal: Proposal | None) -> tuple[int | None, ...]:
    """Where the proposal puts each field; None for one that has no slot of its own."""
    listed = list(proposal.slots) if proposal is not None else []
    found: list[int | None] = []
    for row in table.rows:
        at = next((n for n, slot in enumerate(listed) if slot.name == row.name), None)
        found.append(None if at is None else listed.pop(at).offset)
    return tuple(found)


def _svg(table: LayoutTable, at: int, target: str) -> Markup:
    en, zh = (layout_svg.draw(table, at, target, language) for language in (Language.EN, Language.ZH))
    return Markup('<div lang="en">{}</div><div lang="zh">{}</div>').format(Markup(en), Markup(zh))


@dataclass(frozen=True, slots=True)
class Figures:
    """A table in one line; each figure is a range over its instances, "" where none is known."""

    pitch: str
    proposed: str
    cost: str
    most_pitch: int
    most_proposed: int
    most_cost: int
    off: int


def figures(table: LayoutTable) -> Figures:
    """`most_…` are upper ends, -1 where none is known; `off` counts the instances whose next row
    starts off a block."""
    proposals = [p for p in table.proposals if p is not None]
    pitches = [case.pitch_bytes for case in table.instances if case.pitch_bytes is not None]
    proposed = [p.pitch_bytes for p in proposals]
    costs = [p.cost_bytes for p in proposals]
    return Figures(
        _range(pitches),
        _range(proposed),
        _range(costs, "+"),
        max(pitches, default=-1),
        max(proposed, default=-1),
        max(costs, default=-1),
        sum(bool(pitch % BLOCK) for pitch in pitches) if table.pitch else 0,
    )


def _range(values: Sequence[int], sign: str = "") -> str:
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{sign}{low:,}" if low == high else f"{sign}{low:,}–{high:,}"


def ordered(tables: Iterable[LayoutTable]) -> list[LayoutTable]:
    """By kind, plain rows last; in each those that leave the grid of blocks first, then what is known."""
    kinds = sorted(LayoutKind, key=lambda kind: kind is LayoutKind.SLOT)

    def rank(table: LayoutTable) -> tuple[int, bool, bool]:
        found = figures(table)
        return kinds.index(table.kind), not found.off, not found.proposed

    return sorted(tables, key=rank)


def residues(row: Row) -> str:
    """`0, 16`, or `0, 4, … 28` for many: the same in every language."""
    return residue_text(row).replace(" or ", ", ")


def of_kernel(found: Layouts, name: str) -> list[LayoutTable]:
    """The layouts that a kernel uses."""
    return [table for table in found.tables if name in table.users]


def of_item(found: Layouts, item: WorkItem) -> list[LayoutTable]:
    """The layouts that belong to an item: those of its name, or with fields that its functions hand out."""
    if item.kind is ItemKind.KERNEL:
        return of_kernel(found, item.name)
    if item.kind is not ItemKind.LAYOUT:
        return []
    return [table for table in found.tables if table.name == item.name or _hands_out(item, table)]


def _hands_out(item: WorkItem, table: LayoutTable) -> bool:
    parts = item.name.split("::")
    names = (name.split("::") for row in table.rows for name in row.name.split(" = "))
    return any(_ends(parts, name) or (len(name) > 1 and _ends(parts, name[:-1])) for name in names)


def _ends(parts: Sequence[str], name: Sequence[str]) -> bool:
    return list(parts[-len(name) :]) == list(name)


@dataclass(frozen=True, slots=True)
class Need:
    """The launches of one kernel: the one that needs most, and why those that are open are.

    `most` is an open one where all are.
    """

    kernel: str
    most: Budget
    launches: int
    why: tuple[str, ...]


def needs(budgets: Iterable[Budget]) -> list[Need]:
    """One for each kernel, in the order of kernels."""
    by_kernel: dict[str, list[Budget]] = {}
    for one in budgets:
        by_kernel.setdefault(one.kernel, []).append(one)
    made = []
    for kernel, listed in by_kernel.items():
        most = max(listed, key=lambda b: -1 if b.needed is None else b.needed)
        made.append(Need(kernel, most, len(listed), tuple(dict.fromkeys(b.why for b in listed if b.why))))
    return made


@dataclass(frozen=True, slots=True)
class Bar:
    """A number of bytes against the limit: `share` of 100 that is filled."""

    share: float
    is_over: bool


def bar(one: Budget, needed: int | None) -> Bar | None:
    """None where there is nothing to compare."""
    if needed is None or not one.limit:
        return None
    return Bar(round(min(100.0, 100 * needed / one.limit), 1), needed > one.limit)
