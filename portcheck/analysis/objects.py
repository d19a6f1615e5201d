"""Objects of the tree's classes: construction, copies, members that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tree_sitter import Node

from portcheck.analysis import classes, expressions, memory, names
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
from portcheck.program.types import CType
from portcheck.symbolic.expr import Role, number, of

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine

MAX_MEMBERS = 200
MAX_NESTING = 6


def copied(value: Value) -> Value:
    """The value as another variable holds it: members are the variable's own."""
    if isinstance(value, Structure):
        bound = classes.references(value.record)
        fields = {
            n: c if n in bound else Cell(copied(c.value), c.name, c.type) for n, c in value.fields.items()
        }
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
    function = classes.region(m, record.origin, record.namespace, record.name)
    outer = Frame(function, record.origin, [{}], calls=frame.calls)
    for position, parameter in enumerate(record.template_parameters):
        given = position < len(type_.arguments)
        text = type_.arguments[position] if given else parameter.default
        where = frame if given else outer
        if not text:
            continue
        if parameter.is_type:
            found = m.sizes.parse(text, where)
            if found is not None:
                outer.types[parameter.name] = found
        else:
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
    if record.is_union:
        for argument in arguments:
            _evaluated(m, argument, frame)
        return Vague(type_, f"the members of the union {type_.name} overlap")
    made = blank(m, record, type_, outer)
    if not constructors:
        if len(arguments) == 1 and not _is_designated(arguments[0]):
            only = _evaluated(m, arguments[0], frame)
            if isinstance(only, Structure) and only.type.name == type_.name:
                return copied(only)
            if isinstance(only, Vague) and (record.bases or only.type is None or only.type == type_):
                return unknown_object(m, type_, type_.name, Role.OPAQUE, frame)
            if not isinstance(arguments[0], Node) or not classes.references(record):
                arguments = [only]
        if record.bases and arguments:  # the first ones are for the bases
            for argument in arguments:
                _evaluated(m, argument, frame)
            return unknown_object(m, type_, type_.name, Role.OPAQUE, frame)
        _aggregate(m, made, arguments, frame, node)
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


def _is_designated(argument: Argument) -> bool:
    return isinstance(argument, Node) and argument.type == "initializer_pair"


def _aggregate(
    m: Machine, made: Structure, arguments: Sequence[Argument], frame: Frame, node: Node | None
) -> None:
    """Members from a list, in order or by name; the others by their own initialisers."""
    assert made.record is not None
    if classes.overlapping(made.record):  # which argument is whose depends on the unions
        for argument in arguments:
            _evaluated(m, argument, frame)
        for cell in made.fields.values():
            cell.value = Vague(cell.type, f"the member {cell.name} of a class with a union")
        return
    listed = list(made.fields)
    given: dict[str, Argument] = {}
    position = 0
    for argument in arguments:
        if _is_designated(argument):
            assert isinstance(argument, Node)
            title, value = argument.child_by_field_name("designator"), argument.child_by_field_name("value")
            name = m.read(title, frame).lstrip(".").strip() if title is not None else ""
            if value is not None and name in made.fields:
                given[name] = value
                position = listed.index(name) + 1 if name in listed else position
            continue
        if position < len(listed):
            given[listed[position]] = argument
        else:
            _evaluated(m, argument, frame)
        position += 1
    for name in made.fields:
        argument_of = given.get(name)
        if argument_of is None:
            if arguments and _default(m, made.record, name) is None:
                _zero(m, made, name)
            else:
                _by_default(m, made, name)
        else:
            _initialise(m, made, name, argument_of, frame, node)


def _zero(m: Machine, made: Structure, name: str) -> None:
    """What a list that is too short leaves a member at."""
    cell = made.fields[name]
    if cell.type is not None and (m.sizes.is_integer(cell.type) or cell.type.is_indirect):
        cell.value = Number(number(0), cell.type)


def _initialise(
    m: Machine, made: Structure, name: str, argument: Argument, frame: Frame, node: Node | None
) -> None:
    """Give one member the value of an argument."""
    assert made.record is not None
    cell = made.fields[name]
    if name in classes.references(made.record):
        if isinstance(argument, Node):
            place = memory.target(m, argument, frame)
            made.fields[name] = place if isinstance(place, Cell) else Cell(_bound_elsewhere(m, place), name)
        else:
            made.fields[name] = Cell(Vague(cell.type, f"what the reference {name} is bound to"), name)
        return
    if isinstance(argument, Node) and argument.type == "initializer_list":
        type_ = cell.type
        if isinstance(cell.value, Array):
            elements = element_list(m, cell.value.type, list(argument.named_children), frame)
            fill = Number(number(0), cell.value.type) if m.sizes.is_integer(cell.value.type) else None
            cell.value = Array(cell.value.type, cell.value.length, elements, fill)
        elif type_ is not None:
            cell.value = construct(m, type_, list(argument.named_children), frame, node)
        else:
            cell.value = Vague(None, f"the member {name}")
        return
    value = _evaluated(m, argument, frame)
    if cell.type is not None and classes.record_of(m, cell.type, frame) is not None:
        if not isinstance(value, Structure) and not cell.type.is_indirect:
            value = construct(m, cell.type, [value], frame, node)
    elif isinstance(cell.value, Array) and not isinstance(value, Array):
        value = Array(cell.value.type, cell.value.length, None)
    cell.value = copied(names.converted(m, value, cell.type, made.frame or frame))


def _bound_elsewhere(m: Machine, place: object) -> Value:
    """A reference to what is no variable: an array it leads into is not followed any more."""
    if isinstance(place, memory.ArrayElement):
        m.state.write(place.cell, forgotten(place.cell.value))
    return Vague(None, "what a reference member is bound to")


def blank(m: Machine, record: Record, type_: CType, outer: Frame) -> Structure:
    """An object before anything is set."""
    fields: dict[str, Cell] = {}
    made = Structure(type_, fields, record, outer)
    shared, references = classes.overlapping(record), classes.references(record)
    for name, member in list(record.members.items())[:MAX_MEMBERS]:
        if name in shared:  # to write one of those changes the others: none of them is followed
            continue
        resolved = m.sizes.resolve(member, outer)
        value: Value = Vague(resolved, f"{name} is not set", unset=name not in references)
        if resolved.extents and name not in references:
            value = _array(m, resolved, outer, name)
        fields[name] = Cell(value, name, None if resolved.extents else resolved)
    return made


def _by_default(m: Machine, made: Structure, name: str) -> None:
    """A member by its own initialiser, which sees the members before it; a class's by its constructor."""
    record, outer = made.record, made.frame
    assert record is not None
    assert outer is not None
    cell = made.fields[name]
    default = _default(m, record, name)
    inner = Frame(outer.function, outer.origin, [dict(outer.scopes[0])], outer.types, made, outer.calls)
    if default is not None:
        _initialise(m, made, name, default, inner, default)
        return
    type_ = cell.type
    if type_ is None or type_.is_indirect or not isinstance(cell.value, Vague) or not cell.value.unset:
        return
    if type_.name in m.program.records and classes.record_of(m, type_, inner) not in (None, record):
        cell.value = construct(m, type_, [], inner, None)


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
    if record.is_union:
        return Vague(type_, f"the members of the union {type_.name} overlap")
    outer = class_frame(m, record, type_, frame)
    shared, references = classes.overlapping(record), classes.references(record)
    fields: dict[str, Cell] = {}
    for member, declared in list(record.members.items())[:MAX_MEMBERS]:
        title = f"{name}.{member}" if name else member
        if member in shared:
            continue
        if member in references:
            fields[member] = Cell(Vague(declared, f"the member {member} is not followed"), member)
            continue
        fields[member] = Cell(unknown_of(m, declared, title, role, outer, depth + 1), member)
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
        if role is Role.PARAMETER:
            return m.parameter(name, resolved, f"{name} is given from outside")[1]
        low = 0 if is_unsigned(resolved) else None
        high = 1 if resolved.name == "bool" else None
        return Number(m.state.fresh(name, role, low, high, f"{name} is given from outside"), resolved)
    if resolved.name in m.program.records:
        return unknown_object(m, resolved, name, role, frame, depth)
    return Vague(resolved, f"{name} is no integer")


def run_initialisers(m: Machine, function: Function, frame: Frame) -> None:
    """The members of an object whose constructor begins, in the order of their declarations."""
    made = frame.this
    record = made.record if made is not None else None
    if function.node is None or made is None or record is None or function.name != record.name:
        return
    listed = next((c for c in function.node.named_children if c.type == "field_initializer_list"), None)
    written: dict[str, tuple[Node, list[Node]]] = {}
    for child in listed.named_children if listed is not None else ():
        parts = child.named_children
        if child.type != "field_initializer" or not parts:
            continue
        name = m.read(parts[0], frame).split("<", 1)[0]
        arguments = [c for c in parts[-1].named_children if c.type != "comment"] if len(parts) > 1 else []
        if name == record.name:  # another constructor does it
            _delegate(m, made, arguments, frame, child)
            return
        written[name] = (child, arguments)
        if name not in made.fields:
            for argument in arguments:
                expressions.value(m, argument, frame)
    for name in made.fields:
        if name in written:
            _written_initialiser(m, made, name, *written[name], frame)
        else:
            _by_default(m, made, name)


def _delegate(m: Machine, made: Structure, arguments: list[Node], frame: Frame, node: Node) -> None:
    from portcheck.analysis import calls, overloads

    assert made.record is not None
    constructors = classes.methods_of(m, made.record, made.type, made.record.name)
    chosen = overloads.choose(m, constructors, list(arguments), frame, None)
    if chosen is not None:
        calls.enter(m, chosen, list(arguments), [], frame, node, made)
        return
    for cell in made.fields.values():
        m.state.write(cell, Vague(cell.type, "a constructor that is not followed"))


def _written_initialiser(
    m: Machine, made: Structure, name: str, child: Node, arguments: list[Node], frame: Frame
) -> None:
    """One `name(arguments)` of a constructor."""
    assert made.record is not None
    cell = made.fields[name]
    if name in classes.references(made.record):
        if arguments:
            _initialise(m, made, name, arguments[0], frame, child)
        return
    if cell.type is not None and cell.type.name in m.program.records and not cell.type.is_indirect:
        m.state.write(cell, construct(m, cell.type, list(arguments), frame, child))
    elif isinstance(cell.value, Array):
        m.state.write(cell, Array(cell.value.type, cell.value.length, None if arguments else ()))
    elif arguments:
        outer = made.frame or frame
        found = names.converted(m, expressions.value(m, arguments[0], frame), cell.type, outer)
        if isinstance(found, Number):
            tag = m.state.step(m.place(child, frame), f"{name} = {names.brief(found)}", "value", found.tags)
            found = Number(found.expr, found.type, found.tags | {tag})
        m.state.write(cell, copied(found))
    elif isinstance(cell.value, Vague):
        zero = cell.type is not None and (m.sizes.is_integer(cell.type) or cell.type.is_indirect)
        m.state.write(cell, Number(number(0), cell.type) if zero else Vague(cell.type, f"the member {name}"))


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
