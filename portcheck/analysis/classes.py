"""Which class a type names, and its member functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame
    from portcheck.program.model import Function, Record
    from portcheck.program.types import CType


def record_of(m: Machine, type_: CType, frame: Frame) -> Record | None:
    """The class that a type names here; None where several could be meant."""
    listed = m.program.records.get(type_.name, ())
    special = [r for r in listed if r.specialization and r.specialization == type_.arguments]
    found = special or [r for r in listed if not r.specialization]
    if type_.arguments and len(found) > 1:
        found = [r for r in found if len(r.template_parameters) >= len(type_.arguments)] or found
    if len(found) > 1:
        found = [r for r in found if bool(r.template_parameters) == bool(type_.arguments)] or found
    if len(found) > 1:
        namespace = frame.function.namespace
        visible = [r for r in found if r.namespace == namespace[: len(r.namespace)]]
        deepest = max((len(r.namespace) for r in visible), default=0)
        found = [r for r in visible if len(r.namespace) == deepest] or found
    if len(found) > 1:
        own = [r for r in found if r.origin is not None and r.origin.file is frame.origin.file]
        found = own or found
    return found[0] if len(found) == 1 else None


def methods_of(m: Machine, record: Record | None, type_: CType, name: str) -> list[Function]:
    """The member functions of a name with a body, of that class and no other of its name."""
    found = [f for f in m.program.methods(type_.name, name) if f.body is not None]
    if record is None or record.origin is None or record.node is None:
        return found
    inside = [
        f
        for f in found
        if f.origin.file is record.origin.file
        and record.node.start_byte <= f.start_byte < record.node.end_byte
    ]
    return inside or [f for f in found if f.namespace == record.namespace]
