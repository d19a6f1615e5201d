"""Objects of the tree's classes: construction, copies, members that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tree_sitter import Node

from portcheck.analysis import classes, expressions, names
from portcheck.analysis.sizes import is_unsigned
from portcheck.analysis.state import Frame
from portcheck.analysis.values import (
    Argument,
    Array,
    Cell,
    Element,
    Number,
    Structure,
    Vague,
    Value,
)
from portcheck.program import knowledge
from portcheck.program.model import Function, Record
from portcheck.program.types import CType, parse_type, substitute
from portcheck.symbolic.expr import Role, number, of

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine

MAX_MEMBERS = 200
MAX_NESTING = 6


def copied(value: Value) -> Value:
    """The value as another variable holds it: members are the variable's own."""
    if isinstance(value, Structure):
        fields = {n: Cell(copied(c.value), c.name, c.type) for n, c in value.fields.items()}
        return Structure(value.type, fields, value.record, value.frame)
    return value


def forgotten(value: Value) -> Value:
    """What is left of an array or an object that something unknown may have changed."""
    if isinstance(value, Array):
        return Array(value.type, value.length, None, None, value.space, value.address)
    return Vague(value.type if isinstance(value, Vague | Structure) else None, "may be changed by a call")


def class_frame(m: Machine, record: Record, type_: CType, frame: Frame) -> Frame:
    """Where the class's template parameters stand for the arguments of the type."""
    assert record.origin is not None
    outer = Frame(frame.function, record.origin, [{}], calls=frame.calls)
    for position, parameter in enumerate(record.template_parameters):
        text = type_.arguments[position] if position < len(type_.arguments) else parameter.default
        if not text:
            continue
        if parameter.is_type:
            found = m.sizes.parse(text, frame)
            if found is not None:
                outer.types[parameter.name] = found
        else:
            where = frame if position < len(type_.arguments) else outer
            outer.scopes[0][parameter.name] = Cell(m.text_value(text, where), parameter.name)
    return outer


def construct(
    m: Machine, type_: CType, arguments: Sequence[Argument], frame: Frame, node: Node | None
) -> Value:
    """An object of the type made from arguments; a number for an integer type."""
    from portcheck.analysis import calls, overloads

    type_ = m.sizes.resolve(type_, frame)
    if not type_.arguments and frame.this is not None and frame.this.type.name == type_.name:
        type_ = frame.this.type  # in a class template its own name stands for this instance
    record = classes.record_of(m, type_, frame) if not type_.is_indirect else None
    if type_.name in ("pair", "tuple") and record is None:
        return group(m, [_evaluated(m, a, frame) for a in arguments])
    if record is None and type_.name in knowledge.values()["structures"] and not type_.is_indirect:
        return _library_structure(m, type_, [_evaluated(m, a, frame) for a in arguments])
    if record is None:
        values = [_evaluated(m, a, frame) for a in arguments]
        if m.sizes.is_integer(type_) or type_.is_indirect or type_.name in m.enums:
            if type_.extents:
                return Vague(type_, "an array")
            return names.cast(m, values[0], type_, frame) if values else Number(number(0), type_)
        return Vague(type_, f"an object of {type_.name}")
    outer = class_frame(m, record, type_, frame)
    constructors = classes.methods_of(m, record, type_, record.name)
    made = blank(m, record, type_, outer)
    if not constructors:
        for name, argument in zip(record.members, arguments, strict=False):
            value = _evaluated(m, argument, frame)
            cell = made.fields[name]
            cell.value = copied(names.converted(m, value, cell.type, outer))
        return made
    if len(arguments) == 1:
        first = _evaluated(m, arguments[0], frame)
        if isinstance(first, Structure) and first.type.name == type_.name:
            return copied(first)
        if not isinstance(arguments[0], Node):
            arguments = [first]
    chosen = overloads.choose(m, constructors, list(arguments), frame, None)
    if chosen is None:
        for argument in arguments:
            _evaluated(m, argument, frame)
        return unknown_object(m, type_, type_.name, Role.OPAQUE, frame)
    calls.enter(m, chosen, list(arguments), [], frame, node, made)
    return made


def _library_structure(m: Machine, type_: CType, values: list[Value]) -> Structure:
    """A structure of the run-time library; `dim3` counts 1 where nothing is given."""
    missing = Number(number(1 if type_.name == "dim3" else 0), CType("unsigned int"))
    listed = knowledge.values()["structures"][type_.name]
    if len(values) == 1 and isinstance(values[0], Structure) and values[0].type.name == type_.name:
        return values[0]
    fields = {name: Cell(values[i] if i < len(values) else missing, name) for i, name in enumerate(listed)}
    return Structure(type_, fields, None, None)


def group(m: Machine, values: list[Value]) -> Structure:
    """A `std::pair` or `std::tuple`."""
    named = ("first", "second") if len(values) == 2 else tuple(map(str, range(len(values))))
    fields = {n: Cell(copied(v), n) for n, v in zip(named, values, strict=True)}
    return Structure(CType("tuple"), fields, None, None)


def _evaluated(m: Machine, argument: Argument, frame: Frame) -> Value:
    return expressions.value(m, argument, frame) if isinstance(argument, Node) else argument


def blank(m: Machine, record: Record, type_: CType, outer: Frame) -> Structure:
    """An object before its constructor runs; default member initialisers are carried out."""
    fields: dict[str, Cell] = {}
    made = Structure(type_, fields, record, outer)
    for name, member in list(record.members.items())[:MAX_MEMBERS]:
        resolved = m.sizes.resolve(member, outer)
        value: Value = Vague(resolved, f"{name} is not set", unset=True)
        default = _default(m, record, name)
        if default is not None:
            value = names.converted(m, expressions.value(m, default, outer), resolved, outer)
        elif resolved.extents:
            value = _array(m, resolved, outer, name)
        fields[name] = Cell(value, name, None if resolved.extents else resolved)
    return made


def _array(m: Machine, type_: CType, frame: Frame, name: str) -> Value:
    element = type_.dereferenced()
    assert element is not None
    length = m.text_number(type_.extents[0], frame) if type_.extents[0] else None
    return Array(element, length)


def _default(m: Machine, record: Record, name: str) -> Node | None:
    assert record.origin is not None
    assert record.node is not None
    for node, origin in m.program.constants.get(name, ()):
        if (
            origin.file is record.origin.file
            and record.node.start_byte <= node.start_byte < record.node.end_byte
        ):
            return node
    return None


def unknown_object(m: Machine, type_: CType, name: str, role: Role, frame: Frame, depth: int = 0) -> Value:
    """An object of the type whose members nobody knows; as a `PARAMETER` they are named `name.member`."""
    record = classes.record_of(m, type_, frame)
    if record is None or depth > MAX_NESTING:
        return Vague(type_, f"an object of {type_.name}")
    outer = class_frame(m, record, type_, frame)
    fields: dict[str, Cell] = {}
    for member, declared in list(record.members.items())[:MAX_MEMBERS]:
        fields[member] = Cell(
            unknown_of(m, declared, f"{name}.{member}" if name else member, role, outer, depth + 1), member
        )
    return Structure(type_, fields, record, outer)


def unknown_of(m: Machine, declared: CType, name: str, role: Role, frame: Frame, depth: int = 0) -> Value:
    """A value of any type that nobody knows."""
    resolved = m.sizes.resolve(declared, frame)
    if resolved.extents:
        element = resolved.dereferenced()
        assert element is not None
        return Array(element, None, None)
    if resolved.is_indirect:
        symbol = m.state.symbol(name, Role.BASE, 0, note=f"the pointer {name}")
        if role is Role.PARAMETER:
            m.bases.add(symbol)
        return Number(of(symbol), resolved)
    if m.sizes.is_integer(resolved) or resolved.name in m.enums:
        low = 0 if is_unsigned(resolved) or role is Role.PARAMETER else None
        high = 1 if resolved.name == "bool" else None
        return Number(m.state.fresh(name, role, low, high, f"{name} is given from outside"), resolved)
    if resolved.name in m.program.records:
        return unknown_object(m, resolved, name, role, frame, depth)
    return Vague(resolved, f"{name} is no integer")


def run_initialisers(m: Machine, function: Function, frame: Frame) -> None:
    """The member initialisers of a constructor, in the order in which they are written."""
    if function.node is None or frame.this is None:
        return
    listed = next((c for c in function.node.named_children if c.type == "field_initializer_list"), None)
    for child in listed.named_children if listed is not None else ():
        parts = child.named_children
        if child.type != "field_initializer" or not parts:
            continue
        name = m.read(parts[0], frame)
        arguments = parts[-1].named_children if len(parts) > 1 else []
        cell = frame.this.fields.get(name)
        if cell is None:
            for argument in arguments:
                expressions.value(m, argument, frame)
            continue
        outer = frame.this.frame or frame
        if cell.type is not None and cell.type.name in m.program.records and not cell.type.is_indirect:
            m.state.write(cell, construct(m, cell.type, list(arguments), frame, child))
        elif arguments:
            found = names.converted(m, expressions.value(m, arguments[0], frame), cell.type, outer)
            if isinstance(found, Number):
                tag = m.state.step(
                    m.place(child, frame), f"{name} = {names.brief(found)}", "value", found.tags
                )
                found = Number(found.expr, found.type, found.tags | {tag})
            m.state.write(cell, copied(found))
        elif isinstance(cell.value, Vague):
            m.state.write(cell, Number(number(0), cell.type))


def element_list(m: Machine, type_: CType, nodes: list[Node], frame: Frame) -> tuple[Element, ...]:
    """The elements that an initialiser list gives to an array."""
    found: list[Element] = []
    for position, node in enumerate(nodes):
        if node.type == "initializer_list":
            value = construct(m, type_, list(node.named_children), frame, node)
        else:
            value = names.converted(m, expressions.value(m, node, frame), type_, frame)
        found.append(Element(number(position), value))
    return tuple(found)


def bound_texts(record: Record, type_: CType) -> dict[str, str]:
    names_ = [p.name for p in record.template_parameters]
    return dict(zip(names_, type_.arguments, strict=False))


def member_type(record: Record, type_: CType, name: str) -> CType | None:
    """A member's type with the class's template arguments put in."""
    member = record.members.get(name)
    if member is None:
        return None
    return parse_type(substitute(str(member.base()), bound_texts(record, type_)))
