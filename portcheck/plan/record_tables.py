"""Structs that the code moves or whose size it uses: their members as the compiler lays them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from portcheck.analysis import classes, members
from portcheck.analysis.engine import Analysis
from portcheck.analysis.machine import Machine
from portcheck.analysis.state import Frame
from portcheck.plan.layout_model import Instance, LayoutKind, LayoutTable, Row, Unknown
from portcheck.plan.proposal import propose
from portcheck.program.model import Function, Record
from portcheck.program.types import CType
from portcheck.source.place import Place
from portcheck.symbolic.expr import Expr
from portcheck.targets.text import Text

_USE = re.compile(
    rb"\bsizeof\s*\(\s*(?:const\s+)?(?:\w*::)*(\w+)\s*\)"
    rb"|\b(?:reinterpret|static)_cast\s*<\s*(?:const\s+|volatile\s+)*(?:\w*::)*(\w+)\s*(?:const\s*)?\*+"
)
_WHOLE = Text(
    "members stay where they are; the record as a whole gets a slot of {bytes} bytes, and both sides change",
    "成员位置不变；整个记录占用 {bytes} 字节的槽位，收发双方须同时修改",
)
_OPEN = "its layout is not modelled, or depends on template arguments"


def record_tables(analysis: Analysis, unknown: list[Unknown]) -> Iterator[LayoutTable]:
    """One for each struct of the tree that is used so, in the order of its definition."""
    used = _used(analysis)
    for parsed in analysis.reading.parsed:
        for record in parsed.unit.records:
            if record.name not in used or not record.members or not _is_code(record):
                continue
            table = _table(analysis, record, used[record.name])
            if isinstance(table, str):
                place, user = _place(record), next(iter(used[record.name]), "")
                unknown.append(Unknown(_qualified(record), place, user, table))
            else:
                yield table


def _is_code(record: Record) -> bool:
    """Whether the definition is there and no `#if` turns it off."""
    return record.node is not None and record.origin is not None and record.origin.active


def _used(analysis: Analysis) -> Mapping[str, dict[str, None]]:
    """The functions that use each name as a moved or measured type."""
    found: dict[str, dict[str, None]] = {}
    spans: dict[str, list[Function]] = {}
    for function in analysis.functions:
        spans.setdefault(function.origin.file.path, []).append(function)
        for parameter in function.parameters if function.is_kernel else ():
            if parameter.type is not None and parameter.type.pointers:
                found.setdefault(parameter.type.name, {})[function.qualified] = None
    for parsed in analysis.reading.parsed:
        for match in _USE.finditer(parsed.syntax.view):
            name = (match[1] or match[2]).decode("utf-8", "replace")
            users = found.setdefault(name, {})
            for function in spans.get(parsed.source.path, ()):
                if function.start_byte <= match.start() < function.end_byte:
                    users[function.qualified] = None
    return found


def _table(analysis: Analysis, record: Record, users: Mapping[str, None]) -> LayoutTable | str:
    assert record.origin is not None
    if record.template_parameters:
        return _OPEN
    machine = Machine(analysis.tree)
    function = classes.region(machine, record.origin, record.namespace, record.name)
    frame = Frame(function, record.origin, [{}])
    found = members.layout(machine, record, CType(record.name), frame, 0)
    if found is None or found.size.value is None:
        return _OPEN
    rows = [_row(machine, record, name, o, frame, users) for name, o in found.offsets.items()]
    rows.sort(key=lambda row: row.offsets[0] or 0)
    instance = Instance("", found.size.value)
    proposal = propose(LayoutKind.RECORD, rows, 0, instance)
    text = _WHOLE
    whole = str(proposal.pitch_bytes) if proposal is not None else "?"
    return LayoutTable(
        f"layout:{LayoutKind.RECORD}:{_qualified(record)}:", LayoutKind.RECORD, _qualified(record),
        _place(record), (), tuple(users), "0", str(found.size), tuple(rows), (instance,), (proposal,),
        (Text(text.en.format(bytes=whole), text.zh.format(bytes=whole)),),
    )  # fmt: skip


def _row(
    machine: Machine, record: Record, name: str, offset: Expr, frame: Frame, users: Mapping[str, None]
) -> Row:
    type_ = record.members.get(name)
    size = machine.sizes.size(type_, frame) if type_ is not None else None
    at = offset.value
    return Row(
        name, str(offset), "" if size is None else str(size), (at,), (None if size is None else size.value,),
        () if at is None else (at % 32,), tuple(users), _place(record),
    )  # fmt: skip


def _place(record: Record) -> Place:
    assert record.origin is not None
    assert record.node is not None
    name = record.node.child_by_field_name("name") or record.node
    return record.origin.place(name.start_byte, name.end_byte)


def _qualified(record: Record) -> str:
    return "::".join((*record.namespace, record.name))
