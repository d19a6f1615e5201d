"""What expressions designate, and loads and stores through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portcheck.analysis import calls, classes, expressions, losing, names, objects
from portcheck.analysis.values import (
    NO_TAGS,
    Array,
    Cell,
    Element,
    FunctionName,
    Number,
    Structure,
    Tags,
    Vague,
    Value,
)
from portcheck.program.nodes import first_child
from portcheck.program.types import CType
from portcheck.symbolic.condition import TRUE, Condition, equal
from portcheck.symbolic.evaluate import substitute
from portcheck.symbolic.expr import ZERO, Expr, Role, Symbol, choose, floor_divide, number, of

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

MAX_ELEMENTS = 64


@dataclass(frozen=True, slots=True)
class Memory:
    """A place in memory: `address` in bytes, and the type of what lies there."""

    address: Expr
    type: CType | None
    tags: Tags = NO_TAGS


@dataclass(frozen=True, slots=True)
class ArrayElement:
    """An element of a local array that a variable holds."""

    cell: Cell
    index: Expr
    type: CType
    tags: Tags = NO_TAGS


@dataclass(frozen=True, slots=True)
class Nowhere:
    """What the interpreter does not follow; `value` is what reading it gives, if known.

    `cells` are the variables that a write may change; None for any whose address was formed.
    """

    type: CType | None = None
    reason: str = ""
    value: Value | None = None
    cells: tuple[Cell, ...] | None = ()


Target = Cell | Memory | ArrayElement | Nowhere


def target(m: Machine, node: Node, frame: Frame) -> Target:
    """What an lvalue expression designates."""
    kind = node.type
    if kind == "parenthesized_expression":
        inner = first_child(node)
        return target(m, inner, frame) if inner is not None else Nowhere()
    if kind in ("identifier", "field_identifier", "qualified_identifier"):
        cell = names.cell_of(m, m.read(node, frame), frame)
        if cell is not None:
            return through(cell)
        return Nowhere(None, "", names.identifier(m, node, frame))
    if kind == "pointer_expression":
        return _dereferenced(m, node, frame)
    if kind == "subscript_expression":
        return _subscripted(m, node, frame)
    if kind == "field_expression":
        return _member(m, node, frame)
    if kind in ("assignment_expression", "update_expression"):
        expressions.value(m, node, frame)
        inner = node.child_by_field_name("left") or node.child_by_field_name("argument")
        return target(m, inner, frame) if inner is not None else Nowhere()
    if kind == "conditional_expression":
        return _either(m, node, frame)
    if kind == "comma_expression":
        children = node.named_children
        for child in children[:-1]:
            expressions.value(m, child, frame)
        return target(m, children[-1], frame)
    found = expressions.value(m, node, frame)
    if isinstance(found, Structure | Array):
        return Cell(found, m.shown(node, frame), found.type)
    return Nowhere(found.type if isinstance(found, Number | Vague) else None, "", found)


def through(cell: Cell) -> Target:
    """The variable itself, or what it refers to."""
    return cell.place if isinstance(cell.place, Memory | ArrayElement) else cell


def _either(m: Machine, node: Node, frame: Frame) -> Target:
    """`c ? a : b`: reading gives one of them, a write may change both."""
    cells: list[Cell] = []
    for name in ("consequence", "alternative"):
        branch = node.child_by_field_name(name)
        if branch is None:
            continue
        m.dry += 1
        try:
            place = target(m, branch, frame)
        finally:
            m.dry -= 1
        cells += _changed_by(place)
    return Nowhere(None, "", expressions.value(m, node, frame), tuple(cells))


def _changed_by(place: Target) -> list[Cell]:
    if isinstance(place, Cell):
        return [place]
    if isinstance(place, ArrayElement):
        return [place.cell]
    return list(place.cells or ()) if isinstance(place, Nowhere) else []


def _dereferenced(m: Machine, node: Node, frame: Frame) -> Target:
    argument, operator = node.child_by_field_name("argument"), node.child_by_field_name("operator")
    if argument is None or operator is None or operator.type != "*":
        return Nowhere(None, "", expressions.value(m, node, frame))
    found = decayed(m, expressions.value(m, argument, frame), frame)
    if isinstance(found, Structure):
        return Cell(found) if argument.type == "this" else Nowhere(None, "operator* of a class")
    return pointed(m, found, ZERO, NO_TAGS, frame)


def pointed(m: Machine, pointer: Value, index: Expr, index_tags: Tags, frame: Frame) -> Target:
    """`pointer[index]`."""
    if not isinstance(pointer, Number) or pointer.type is None:
        reason = pointer.reason if isinstance(pointer, Vague) else "an address that is not followed"
        type_ = pointer.type.dereferenced() if isinstance(pointer, Vague) and pointer.type else None
        return Nowhere(type_, reason, cells=None)
    element = pointer.type.dereferenced()
    if element is None:
        return Nowhere(None, "what is dereferenced is no pointer", cells=None)
    address = pointer.expr
    if index is not ZERO:
        size = m.sizes.size(element, frame)
        if size is None:
            return Nowhere(element, f"the size of {element} is not known", cells=None)
        address = address + index * size
    tags = pointer.tags | index_tags
    local = _local_object(m, address)
    if local is not None:
        cell, offset = local
        if isinstance(cell.value, Array) and cell.type is not None:
            width = m.sizes.size(cell.value.type, frame)
            element_type = m.sizes.resolve(element, frame)
            if width is not None and width.value and m.sizes.size(element_type, frame) == width:
                return ArrayElement(cell, floor_divide(offset, width), cell.value.type, tags)
            return Nowhere(element, "a local array seen as another type", cells=(cell,))
        if offset == ZERO and (cell.type is None or _same_size(m, cell.type, element, frame)):
            return cell
        return Nowhere(element, "a part of a local object", cells=(cell,))
    return Memory(address, element, tags)


def _same_size(m: Machine, left: CType, right: CType, frame: Frame) -> bool:
    if left == right:
        return True
    a, b = m.sizes.resolve(left, frame), m.sizes.resolve(right, frame)
    return a == b


def _local_object(m: Machine, address: Expr) -> tuple[Cell, Expr] | None:
    """The local variable that an address leads into, with the offset in it."""
    for monomial, coefficient in address.terms:
        if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol):
            cell = m.state.objects.get(monomial[0])
            if cell is not None:
                return cell, address - of(monomial[0])
    return None


def _subscripted(m: Machine, node: Node, frame: Frame) -> Target:
    argument, indices = node.child_by_field_name("argument"), node.child_by_field_name("indices")
    index_node = first_child(indices) if indices is not None else None
    if argument is None or index_node is None:
        return Nowhere()
    container = target(m, argument, frame) if argument.type != "call_expression" else None
    held = _held(container) if container is not None else expressions.value(m, argument, frame)
    index = m.as_number(expressions.value(m, index_node, frame), m.shown(index_node, frame), frame)
    if isinstance(held, Array):
        if isinstance(container, Cell):
            return ArrayElement(container, index.expr, held.type, index.tags)
        return Nowhere(held.type, "an element of an array of arrays", cells=None)
    if isinstance(held, Structure):
        found = calls.method(m, held, "operator[]", [index], frame, node)
        return Nowhere(None, "", found, tuple(held.fields.values()))
    pointer = load(m, container, frame, argument) if container is not None else held or Vague()
    return pointed(m, decayed(m, pointer, frame), index.expr, index.tags, frame)


def _held(place: Target) -> Value | None:
    if isinstance(place, Cell):
        return place.value
    return place.value if isinstance(place, Nowhere) else None


def _member(m: Machine, node: Node, frame: Frame) -> Target:
    argument, field_node = node.child_by_field_name("argument"), node.child_by_field_name("field")
    if argument is None or field_node is None:
        return Nowhere()
    text = m.read(node, frame)
    builtin = m.builtin(text)
    if builtin is not None:
        return Nowhere(builtin.type, "", builtin)
    name = m.read(field_node, frame)
    place: Target | None = None
    if argument.type == "this":
        owner: Value | None = frame.this
    else:
        place = target(m, argument, frame)
        if isinstance(place, Memory) and place.type is not None and not place.type.is_indirect:
            resolved = m.sizes.resolve(place.type, frame)
            if not resolved.is_indirect and classes.record_of(m, resolved, frame) is not None:
                return _field_in_memory(m, place, name, frame)
        owner = _held(place)
        if owner is None or isinstance(owner, Number):
            owner = load(m, place, frame, argument)
        if isinstance(owner, Number):  # `p->x`
            inner = pointed(m, owner, ZERO, NO_TAGS, frame)
            if isinstance(inner, Cell):
                owner = inner.value
            elif isinstance(inner, Memory) and inner.type is not None:
                return _field_in_memory(m, inner, name, frame)
    if isinstance(owner, Structure):
        cell = owner.fields.get(name)
        if cell is not None:
            if isinstance(place, ArrayElement):  # the element's value is a copy
                return Nowhere(cell.type, "", cell.value, (place.cell,))
            return through(cell)
    type_ = m.context.typer.type_of(node, frame.function, frame.origin)
    reason = (
        owner.reason
        if isinstance(owner, Vague) and owner.reason
        else f"the value of `{m.shown(node, frame)}`"
    )
    return Nowhere(type_, reason, cells=None)


def _field_in_memory(m: Machine, place: Memory, name: str, frame: Frame) -> Target:
    """A member of an object in memory, at its offset where the class is known."""
    assert place.type is not None
    resolved = m.sizes.resolve(place.type, frame)
    record = classes.record_of(m, resolved, frame)
    if record is not None and name in record.members:
        offset = m.sizes.offset(record, resolved, name, frame)
        if offset is not None:
            return Memory(place.address + offset, record.members[name], place.tags)
    type_ = record.members.get(name) if record is not None else None
    reason = f"the member {name} of {resolved.name} in memory"
    return Nowhere(type_, reason, cells=() if has_base(place.address) and not m.leaked else None)


def has_base(address: Expr) -> bool:
    """Whether what an address is counted from is known: not of a pointer that a loop may have moved."""
    return any(symbol.role is Role.BASE for symbol in address.symbols())


def load(m: Machine, place: Target, frame: Frame, node: Node) -> Value:
    """The value at a place."""
    if isinstance(place, Cell):
        held = place.value
        if isinstance(held, Array) and held.address is None and held.space == "local":
            place.value = replace(held, address=address_symbol(m, place))
        return place.value
    if isinstance(place, ArrayElement):
        return element_of(m, place, frame, node)
    text = m.shown(node, frame)
    if isinstance(place, Nowhere):
        if place.value is not None:
            return place.value
        return m.unknown(place.type, text, place.reason, frame)
    if place.type is not None and place.type.extents:  # an array in memory decays to its address
        return Number(place.address, place.type, place.tags)
    if m.recorder is not None and not m.dry:
        m.recorder.access(m, "load", place.address, place.type, place.tags, node, frame)
    return from_memory(m, place, text, frame)


def from_memory(m: Machine, place: Memory, text: str, frame: Frame) -> Value:
    """An unknown value of the type at a place in memory."""
    type_ = m.sizes.resolve(place.type, frame) if place.type is not None else None
    if type_ is not None and type_.name in m.program.records and not type_.is_indirect:
        return objects.unknown_object(m, type_, text, Role.OPAQUE, frame)
    found = m.unknown(type_, text, f"`{text}` is read from memory", frame, place.tags)
    if isinstance(found, Number) and found.is_pointer and has_base(place.address):
        # a table of pointers holds whole buffers
        m.bases |= found.expr.symbols()
    if isinstance(found, Number) and place.address.symbols() & (m.thread_symbols() | m.by_thread):
        m.by_thread |= found.expr.symbols()
    return found


def element_of(m: Machine, place: ArrayElement, frame: Frame, node: Node) -> Value:
    """An element of a local array: by the assignments to it, the last that can match first."""
    array = place.cell.value
    text = m.shown(node, frame)
    if not isinstance(array, Array) or array.writes is None:
        note = f"what `{place.cell.name}` holds is not followed"
        return m.stands_in(m.unknown(place.type, text, note, frame))
    if array.space != "local":
        return m.unknown(place.type, text, f"`{text}` is read from shared memory", frame, place.tags)
    note = f"an element of `{place.cell.name}`"
    result: Value | None = None
    alone = len(array.writes) == 1 and array.fill is None
    for write in array.writes:  # oldest first: later ones take precedence
        matched = _match(m, write, place.index, alone)
        if matched is None:
            return m.stands_in(m.unknown(place.type, text, note, frame, place.tags))
        condition, value = matched
        if condition.known is False:
            continue
        if condition.known is True or (result is None and array.fill is None):
            result = value
            continue
        earlier = result if result is not None else array.fill
        if isinstance(value, Number) and isinstance(earlier, Number):
            result = Number(
                choose(condition, value.expr, earlier.expr), value.type, value.tags | earlier.tags
            )
        else:
            return m.stands_in(m.unknown(place.type, text, note, frame, place.tags))
    if result is None:
        result = array.fill
    if result is None:
        return m.unknown(place.type, text, f"an element of `{place.cell.name}` that was not assigned", frame)
    if isinstance(result, Number):
        return Number(result.expr, result.type or place.type, result.tags | place.tags)
    return result


def _match(m: Machine, write: Element, index: Expr, alone: bool) -> tuple[Condition, Value] | None:
    """When a write to an array is to the element at `index`, and its value then.

    A write at `i` for a loop's counter i is, seen from behind, a write to every element that
    was written at all, with the counter taking the place of the index; that needs `alone`:
    no other write can have set the element.
    """
    if write.index == index:
        return TRUE, write.value
    if not any(s.role in (Role.INDEX, Role.OPAQUE) for s in write.index.symbols()):
        return equal(write.index, index), write.value
    if not alone:
        return None
    for symbol in write.index.symbols():
        rest = write.index - of(symbol)
        if symbol.role is not Role.INDEX or symbol in rest.symbols():
            continue
        if not isinstance(write.value, Number | Structure):
            return None
        return TRUE, _substituted(m, write.value, {symbol: index - rest}, m.state.serial(symbol))
    return None


def _substituted(m: Machine, value: Value, mapping: dict[Symbol, Expr], serial: int) -> Value:
    """The value that another iteration wrote: what varies from one to the next is another unknown."""
    if isinstance(value, Number):
        full = dict(mapping)
        for symbol in value.expr.symbols():
            if symbol not in mapping and m.varies(symbol, serial):
                full[symbol] = of(m.another(symbol))
        return Number(substitute(value.expr, full), value.type, value.tags)
    if isinstance(value, Structure):
        fields = {
            n: Cell(_substituted(m, c.value, mapping, serial), c.name, c.type)
            for n, c in value.fields.items()
        }
        return Structure(value.type, fields, value.record, value.frame)
    return value


def store(m: Machine, place: Target, found: Value, frame: Frame, node: Node) -> None:
    """Put a value where a place is."""
    if isinstance(place, Cell):
        _assign(m, place, found)
    elif isinstance(place, ArrayElement):
        array = place.cell.value
        if isinstance(found, FunctionName):
            m.escaped_functions.add(found.name)
        if not isinstance(array, Array):
            return
        writes = array.writes
        if writes is not None:
            kept = tuple(w for w in writes if w.index != place.index)
            writes = (
                (*kept, Element(place.index, objects.copied(found))) if len(kept) < MAX_ELEMENTS else None
            )
        m.state.write(
            place.cell, Array(array.type, array.length, writes, array.fill, array.space, array.address)
        )
    elif isinstance(place, Memory):
        m.leaked = m.leaked or bool(losing.pointees(m, found))
        losing.lose_behind(m, place.address)
        if m.recorder is not None and not m.dry:
            m.recorder.access(m, "store", place.address, place.type, place.tags, node, frame)
    elif place.cells is None:
        losing.lose_escaped(m)
    else:
        for cell in place.cells:
            losing.lose(m, cell)


def _assign(m: Machine, cell: Cell, found: Value) -> None:
    """Give a variable a value; an object keeps its members, which references may refer to."""
    held = cell.value
    if not isinstance(held, Structure):
        m.state.write(cell, objects.copied(found))
    elif not isinstance(found, Structure):
        losing.lose(m, cell)
    elif held.fields.keys() == found.fields.keys():
        for name, inner in held.fields.items():
            _assign(m, inner, found.fields[name].value)
    else:
        m.state.write(cell, objects.copied(found))


def type_of_target(place: Target) -> CType | None:
    return place.type


def type_of(m: Machine, node: Node, frame: Frame) -> CType | None:
    """The type of an expression, without evaluating it."""
    m.dry += 1
    mark = m.state.mark
    alive = m.state.alive
    try:
        place = target(m, node, frame)
        if isinstance(place, Nowhere) and place.value is not None:
            found = place.value
            return found.type if isinstance(found, Number | Vague | Structure | Array) else None
        if isinstance(place, Cell) and isinstance(place.value, Array):
            array = place.value
            length = str(array.length) if array.length is not None else ""
            return CType(
                array.type.name, array.type.arguments, array.type.pointers, (length, *array.type.extents)
            )
        if isinstance(place, Cell) and place.type is None and isinstance(place.value, Number | Structure):
            return place.value.type
        return type_of_target(place)
    finally:
        m.dry -= 1
        m.state.roll_back(mark)
        m.state.alive = alive


def address_of(m: Machine, node: Node, frame: Frame) -> Value:
    """`&expression`."""
    place = target(m, node, frame)
    if isinstance(place, Memory):
        if place.type is None:
            return Vague(None, "an address of something without a type")
        return Number(place.address, place.type.pointer(), place.tags)
    if isinstance(place, Cell):
        type_ = place.type or (place.value.type if isinstance(place.value, Number | Structure) else None)
        return Number(of(address_symbol(m, place)), type_.pointer() if type_ is not None else None)
    if isinstance(place, ArrayElement):
        array = place.cell.value
        size = m.sizes.size(place.type, frame)
        if isinstance(array, Array) and size is not None:
            base = array.address or address_symbol(m, place.cell)
            return Number(of(base) + place.index * size, place.type.pointer(), place.tags)
    if isinstance(place, Nowhere) and place.value is not None and not isinstance(place.value, Number | Vague):
        return place.value
    return Vague(None, "an address that is not followed")


def address_symbol(m: Machine, cell: Cell) -> Symbol:
    """The address of a local variable."""
    if isinstance(cell.value, Array) and cell.value.address is not None:
        m.state.escaped.add(cell.value.address)
        return cell.value.address
    if cell.address is None:
        cell.address = m.state.symbol(f"&{cell.name or 'temporary'}", Role.BASE, 0, note="a local object")
        m.state.objects[cell.address] = cell
    m.state.escaped.add(cell.address)
    return cell.address


def decayed(m: Machine, found: Value, frame: Frame) -> Value:
    """An array as the address of its first element; any other value as it is."""
    if isinstance(found, Array) and found.address is not None:
        if found.address in m.state.objects:
            m.state.escaped.add(found.address)
        return Number(of(found.address), found.type.pointer())
    return found


__all__ = ["Memory", "Nowhere", "Target", "address_of", "load", "number", "store", "target", "type_of"]
