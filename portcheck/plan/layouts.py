"""Layout tables of a tree: messages, ring slots, stages, shared memory and structs, as they are and proposed.

Only what the analysis proves is in a table: an address counts as base + index * pitch + offset, where
the offset and the pitch are fixed by the launch. Addresses of another form are listed as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from portcheck.analysis.engine import Analysis
from portcheck.analysis.repairs import Repair
from portcheck.plan.address import placed, residues
from portcheck.plan.budgets import budgets
from portcheck.plan.families import Family, Field, families, instances, merged
from portcheck.plan.layout_model import Instance, LayoutKind, Layouts, LayoutTable, Row, Unknown
from portcheck.plan.memory_tables import memory_tables
from portcheck.plan.proposal import granule, propose
from portcheck.plan.record_tables import record_tables
from portcheck.symbolic.expr import Expr
from portcheck.targets import Target
from portcheck.targets.text import Text

_BASE = Text("every base starts at a multiple of {granule} bytes", "每个基址均为 {granule} 字节的整数倍")
_TOGETHER = Text(
    "{users} have rows of this length: where one reads what another writes they change together",
    "{users} 的行长度相同：若其一读取另一者写入的数据，则须同时修改",
)
_BREAKS = Text(
    "{name} {now} → {needed} makes {text} at {place} fail",
    "{name} {now} → {needed} 会使 {place} 处的 {text} 失败",
)
_NOT_ORDERED = "no launch fixes the order of the fields, or launches order them differently"


def layouts(analysis: Analysis, target: Target) -> Layouts:
    """Every table of the tree for one target."""
    kernels = {f.qualified: f for f in analysis.functions if f.is_kernel}
    contexts = {name: analysis.launches.of(kernel)[0] for name, kernel in kernels.items()}
    unknown: list[Unknown] = []
    found = families(analysis.judged, contexts, unknown)
    rows = [f for f in found if f.pitch is not None]
    tables = [t for f in merged(rows) if (t := _table(f, analysis.repairs, unknown))]
    alone = [f for f in found if f.pitch is None]
    tables += memory_tables(analysis, contexts, alone)
    tables += record_tables(analysis, unknown)
    order = list(LayoutKind)
    ordered = _distinct(sorted(tables, key=lambda t: (order.index(t.kind), t.place, t.id)))
    return Layouts(
        target.name,
        tuple(ordered),
        budgets(analysis, contexts, ordered, target),
        tuple(dict.fromkeys(unknown)),
    )


def _distinct(tables: Sequence[LayoutTable]) -> list[LayoutTable]:
    """Ids made distinct: several regions of one buffer are counted."""
    seen: dict[str, int] = {}
    result = []
    for table in tables:
        count = seen[table.id] = seen.get(table.id, 0) + 1
        result.append(table if count == 1 else replace(table, id=f"{table.id}#{count}"))
    return result


def _table(family: Family, repairs: Sequence[Repair], unknown: list[Unknown]) -> LayoutTable | None:
    """The table of a family that has a pitch."""
    assert family.pitch is not None
    offsets = family.offsets
    cases = instances(family, offsets)
    order = _order([numbers for _, numbers in cases])
    if order is None:
        unknown += [Unknown(f.name, f.place, f.user, _NOT_ORDERED) for f in family.fields if f.name]
        return None
    offsets = [offsets[at] for at in order]
    numbers = [[listed[at] for at in order] for _, listed in cases]
    only = tuple(case for case, _ in cases)
    rows = tuple(_row(family, offsets, at, numbers, only) for at in range(len(offsets)))
    kind = LayoutKind.STAGE
    if family.space == "GM":
        kind = LayoutKind.MESSAGE if len(rows) > 1 else LayoutKind.SLOT
    proposals = tuple(propose(kind, rows, at, case) for at, case in enumerate(only))
    first = _first(family, offsets[0])
    return LayoutTable(
        f"layout:{kind}:{first.user}:{family.bases[0]}", kind, f"{first.name} in {family.bases[0]}",
        first.place, tuple(family.bases), family.users, str(offsets[0]), str(family.pitch), rows, only,
        proposals, tuple(_conditions(family, kind, only, repairs)), _alternates(family),
    )  # fmt: skip


def _alternates(family: Family) -> bool:
    levels = (level for f in family.fields for level in f.address.levels)
    return any(level.count is not None and level.pitch == family.pitch for level in levels)


def _first(family: Family, origin: Expr) -> Field:
    """The field that names the table."""
    named = [f for f in family.fields if f.name]
    return next((f for f in named if f.offset == origin), named[0])


def _order(numbers: Sequence[Sequence[int | None]]) -> list[int] | None:
    """The order of the offsets, if it is the same in every instance."""
    found: list[int] | None = None
    for listed in numbers:
        known = [n for n in listed if n is not None]
        if len(listed) == 1:
            return [0]
        if len(known) < len(listed):
            return None
        order = sorted(range(len(known)), key=known.__getitem__)
        if found is None:
            found = order
        elif [known[at] for at in found] != sorted(known):
            return None
    return found


def _row(
    family: Family,
    offsets: Sequence[Expr],
    at: int,
    numbers: Sequence[Sequence[int | None]],
    cases: Sequence[Instance],
) -> Row:
    offset, pitch, origin = offsets[at], family.pitch, offsets[0]
    assert pitch is not None
    here = [f for f in family.fields if f.offset == offset]
    first = next((f for f in here if f.name), here[0])
    names = dict.fromkeys(f.name for f in here if f.name)
    is_last = at + 1 == len(offsets)
    end = origin + pitch if is_last else offsets[at + 1]
    alone = len(offsets) == 1
    starts = [0 if alone else _less(listed[at], listed[0]) for listed in numbers]
    ends = [
        case.pitch_bytes if is_last else _less(listed[at + 1], listed[0])
        for case, listed in zip(cases, numbers, strict=True)
    ]
    return Row(
        " = ".join(names) or f"copy of {here[0].moved or '?'} bytes",
        str(offset - origin),
        str(end - offset),
        tuple(starts),
        tuple(_less(e, s) for e, s in zip(ends, starts, strict=True)),
        _residues(family, here),
        tuple(dict.fromkeys(f.user for f in here)),
        first.place,
        tuple(dict.fromkeys(f.moved for f in here if f.moved)),
        is_room=True,
    )


def _less(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a - b


def _residues(family: Family, fields: Sequence[Field]) -> tuple[int, ...]:
    """What the fields' addresses can leave modulo 32 in any launch, counted from their base."""
    found: set[int] = set()
    for one in fields:
        for parameters in family.launches or ({},):
            offset = placed(one.address.offset, parameters)
            pitches = tuple(placed(level.pitch, parameters) for level in one.address.levels)
            found |= set(residues(offset, pitches))
    return tuple(sorted(found))


def _conditions(
    family: Family, kind: LayoutKind, cases: Sequence[Instance], repairs: Sequence[Repair]
) -> Iterable[Text]:
    yield _filled(_BASE, granule=max(granule(kind, case.pitch_bytes or 0) for case in cases))
    if len(family.users) > 1 and kind is not LayoutKind.STAGE:
        yield _filled(_TOGETHER, users=", ".join(family.users))
    pitches = {case.pitch_bytes for case in cases}
    seen: set[object] = set()
    for repair in repairs:
        if kind is not LayoutKind.STAGE or repair.bytes_now not in pitches:
            continue
        for broken in repair.breaks:
            now, needed = repair.bytes_now, repair.bytes_needed
            where = f"{broken.place.path}:{broken.place.line}"
            told = _filled(_BREAKS, name=repair.name, now=now, needed=needed, text=broken.text, place=where)
            if told not in seen:
                seen.add(told)
                yield told


def _filled(template: Text, **fields: object) -> Text:
    return Text(template.en.format(**fields), template.zh.format(**fields))
