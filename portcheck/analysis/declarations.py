"""Declarations: variables, aliases, enumerations, the frame of a root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.analysis import expressions, losing, memory, names, objects
from portcheck.analysis.state import Frame
from portcheck.analysis.values import (
    Array,
    Cell,
    FunctionName,
    Number,
    Structure,
    Vague,
    Value,
)
from portcheck.program.declarators import Declared, declared
from portcheck.program.model import Function, Origin, Parameter
from portcheck.program.nodes import first_child
from portcheck.program.types import CType
from portcheck.symbolic.expr import Role, number, of

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine, Tree

MAX_ENUMERATORS = 5000


@dataclass(frozen=True, slots=True)
class Enumerator:
    """One name of an enumeration; `value` is None where it is no literal sequence."""

    enum: str
    value: int | None
    start_byte: int
    origin: Origin


def visible_cells(frame: Frame) -> Iterator[Cell]:
    for scope in frame.scopes:
        for cell in scope.values():
            yield cell
            if isinstance(cell.value, Structure):
                yield from _members(cell.value)
    if frame.this is not None:
        yield from _members(frame.this)


def _members(owner: Structure) -> Iterator[Cell]:
    for cell in owner.fields.values():
        yield cell
        if isinstance(cell.value, Structure):
            yield from _members(cell.value)


# -- declarations ------------------------------------------------------------------------


def declare(m: Machine, node: Node, frame: Frame) -> None:
    """Introduce the variables of a declaration."""
    storage, alignment = _storage(m, node, frame)
    _bound_parts(m, node, frame)
    for found in declared(node, frame.origin):
        if found.is_function and found.value is None:
            _perhaps_object(m, found, node, frame)
            continue
        structured = found.node.child_by_field_name("declarator")
        if structured is not None and structured.type == "structured_binding_declarator":
            _structured(m, found, node, frame)
            continue
        cell = _cell(m, found, node, frame, storage, alignment)
        cell.constant = cell.constant or (cell.place is None and _is_constant(found, node, frame))
        if storage == "static" and not cell.constant and not isinstance(cell.value, Array):
            note = f"`{found.name}` keeps its value from one call to the next"
            cell.value = m.unknown(cell.type, found.name, note, frame)
        frame.scopes[-1][found.name] = cell


def _storage(m: Machine, node: Node, frame: Frame) -> tuple[str, int | None]:
    """Where a declaration's variables live, with the alignment that it asks for."""
    previous = node.prev_sibling
    start = previous.end_byte if previous is not None else max(0, node.start_byte - 120)
    text = frame.origin.text[max(start, node.start_byte - 200) : node.end_byte]
    head = text.split(b"=", 1)[0]
    if b"__shared__" not in head:
        return ("static" if head.lstrip().startswith(b"static") else "local"), None
    alignment: int | None = None
    for marker in (b"__align__(", b"alignas(", b"aligned("):
        if marker in head:
            inside = head.split(marker, 1)[1].split(b")", 1)[0].decode("utf-8", "replace")
            found = m.text_number(inside, frame)
            alignment = found.value if found is not None else None
    return "shared", alignment


def _is_constant(found: Declared, node: Node, frame: Frame) -> bool:
    """Whether a variable is declared `const` or `constexpr` itself, not what it points to."""
    head = frame.origin.text[node.start_byte : found.node.start_byte].split()
    if b"constexpr" in head:
        return True
    return b"const" in head and not _is_reference(found.node) and found.node.type != "pointer_declarator"


def _perhaps_object(m: Machine, found: Declared, node: Node, frame: Frame) -> None:
    """`Buffer b(p, n);` where the grammar sees a function declaration."""
    declarator = found.node
    while declarator.type != "function_declarator":
        inner = declarator.child_by_field_name("declarator")
        if inner is None:
            return
        declarator = inner
    listed = declarator.child_by_field_name("parameters")
    type_ = m.sizes.parse(found.type_text, frame)
    if listed is None or type_ is None or type_.name not in m.program.records:
        return
    written = f"{found.name}{m.read(listed, frame)}"
    parsed = m.in_text(written, frame, m.place(node, frame))
    call = first_child(parsed[0]) if parsed is not None else None
    arguments = call.child_by_field_name("arguments") if call is not None else None
    if parsed is None or call is None or arguments is None:
        return
    before, frame.origin = frame.origin, parsed[1]
    try:
        nodes = [c for c in arguments.named_children if c.type != "comment"]
        made = objects.construct(m, type_, list(nodes), frame, call)
    finally:
        frame.origin = before
    frame.scopes[-1][found.name] = Cell(made, found.name, type_)


def _bound_parts(m: Machine, node: Node, frame: Frame) -> None:
    """`auto& [a, b] = s;`: other names of the members of s."""
    for child in node.named_children:
        reference = child.child_by_field_name("declarator") if child.type == "init_declarator" else None
        source = child.child_by_field_name("value")
        binding = first_child(reference) if reference is not None else None
        if source is None or binding is None or binding.type != "structured_binding_declarator":
            continue
        place = memory.target(m, source, frame)
        value = place.value if isinstance(place, Cell) else expressions.value(m, source, frame)
        fields = list(value.fields.values()) if isinstance(value, Structure) else []
        listed = [c for c in binding.named_children if c.type == "identifier"]
        if len(fields) != len(listed):
            losing.lose_argument(m, value, source, frame, True)
        for position, part in enumerate(listed):
            name = m.read(part, frame)
            held = Vague(None, f"{name} is a part of what `{m.shown(source, frame)}` gives")
            frame.scopes[-1][name] = fields[position] if len(fields) == len(listed) else Cell(held, name)


def _structured(m: Machine, found: Declared, node: Node, frame: Frame) -> None:
    if found.name in frame.scopes[-1]:
        return
    binding = found.node.child_by_field_name("declarator")
    value = expressions.value(m, found.value, frame) if found.value is not None else Vague()
    listed = [c for c in binding.named_children if c.type == "identifier"] if binding is not None else []
    fields = list(value.fields.values()) if isinstance(value, Structure) else []
    refers = _is_reference(found.node) or "&" in m.read(node, frame).split("[", 1)[0]
    for position, child in enumerate(listed):
        name = m.read(child, frame)
        held: Value = Vague(None, f"{name} is a part of what `{m.shown(found.node, frame)}` gives")
        whole = position < len(fields) and len(fields) == len(listed)
        if whole and refers:
            frame.scopes[-1][name] = fields[position]
            continue
        if whole:
            held = objects.copied(fields[position].value)
        frame.scopes[-1][name] = Cell(held, name)


def _cell(m: Machine, found: Declared, node: Node, frame: Frame, storage: str, alignment: int | None) -> Cell:
    name = found.name
    if storage == "shared":
        return _shared(m, found, frame, alignment)
    type_ = found.type
    resolved = m.sizes.resolve(type_, frame) if type_ is not None else None
    reference = _is_reference(found.node)
    if reference and found.value is not None and found.value.type != "argument_list":
        place = memory.target(m, found.value, frame)
        if isinstance(place, Cell):
            return place
        cell = Cell(memory.load(m, place, frame, found.value), name, resolved)
        if isinstance(place, memory.Memory | memory.ArrayElement):
            cell.place = place
        elif isinstance(place, memory.Nowhere):
            for changed in place.cells or ():
                losing.lose(m, changed)  # from here on by another name too
        return cell
    if resolved is not None and resolved.extents and type_ is not None:
        return _array(m, found, resolved, frame)
    if found.value is None:
        return _default(m, name, resolved, node, frame)
    if found.value.type in ("argument_list", "initializer_list"):
        arguments = [c for c in found.value.named_children if c.type != "comment"]
        if resolved is None:
            return Cell(expressions.value(m, arguments[0], frame) if arguments else Vague(), name)
        made = objects.construct(m, resolved, list(arguments), frame, node)
        return Cell(_noted(m, made, found, name, frame), name, resolved)
    value = expressions.value(m, found.value, frame)
    if resolved is not None:
        if isinstance(value, Number) and resolved.name in m.program.records and not resolved.is_indirect:
            value = objects.construct(m, resolved, [value], frame, node)
        else:
            value = names.converted(m, value, resolved, frame)
    value = objects.copied(_noted(m, value, found, name, frame))
    cell_type = resolved
    if cell_type is None and isinstance(value, Number | Structure):
        cell_type = value.type
    return Cell(value, name, cell_type)


def _noted(m: Machine, value: Value, found: Declared, name: str, frame: Frame) -> Value:
    """The value with the declaration as a step of its derivation."""
    if not isinstance(value, Number):
        return value
    replaced = m.replaced.get((name, value.expr.value)) if value.expr.value is not None else None
    if replaced is not None:
        value = Number(number(replaced), value.type, value.tags)
    if m.dry:
        return value
    defines = (name, value.expr.value) if value.expr.value is not None else None
    place, text = m.place(found.node, frame), m.shown(found.node, frame).lstrip("*& ")
    tag = m.state.step(place, text, "value", value.tags, defines, value.expr)
    value = Number(value.expr, value.type, value.tags | {tag})
    if m.recorder is not None:
        m.recorder.variable(m, name, value, found.node, frame)
    return value


def _is_reference(node: Node) -> bool:
    current: Node | None = node
    while current is not None and current.type != "identifier":
        if current.type == "reference_declarator":
            return True
        current = current.child_by_field_name("declarator")
    return False


def _default(m: Machine, name: str, type_: CType | None, node: Node, frame: Frame) -> Cell:
    if type_ is not None and type_.name in m.program.records and not type_.is_indirect:
        return Cell(objects.construct(m, type_, [], frame, node), name, type_)
    found = m.unknown(type_, name, f"`{name}` is declared without a value", frame)
    return Cell(found, name, type_)


def _array(m: Machine, found: Declared, type_: CType, frame: Frame) -> Cell:
    element = CType(type_.name, type_.arguments, type_.pointers, type_.extents[1:], type_.scope)
    length = m.text_number(type_.extents[0], frame) if type_.extents[0] else None
    cell = Cell(Array(element, length), found.name, type_)
    if len(type_.extents) > 1:
        cell.value = Array(element, length, None)
    elif found.value is not None and found.value.type == "initializer_list":
        writes = objects.element_list(m, element, list(found.value.named_children), frame)
        m.escaped_functions |= {w.value.name for w in writes if isinstance(w.value, FunctionName)}
        fill = Number(number(0), element) if m.sizes.is_integer(element) or element.is_indirect else None
        cell.value = Array(element, length, writes, fill)
    symbol = m.state.symbol(f"&{found.name}", Role.BASE, 0, note="a local array")
    m.state.objects[symbol] = cell
    held = cell.value
    assert isinstance(held, Array)
    cell.value = Array(held.type, held.length, held.writes, held.fill, "local", symbol)
    return cell


def _shared(m: Machine, found: Declared, frame: Frame, alignment: int | None) -> Cell:
    """A variable in shared memory: its address is a base of its own."""
    assert found.type is not None
    key = f"shared {found.name} {frame.origin.file.path} {found.node.start_byte}"
    if key not in m.builtins:
        symbol = m.state.symbol(found.name, Role.BASE, 0, note=f"the shared memory {found.name}")
        type_ = m.sizes.resolve(found.type, frame)
        element = type_.dereferenced() or type_
        natural = m.sizes.alignment(element, frame)
        declared_alignment = alignment or (natural.value if natural is not None else None) or 1
        m.shared_base(symbol, found, declared_alignment, type_, frame)
        pointer = type_.decayed() if type_.extents else type_.pointer()
        if type_.extents and len(type_.extents) > 1:
            pointer = CType(
                type_.name, type_.arguments, type_.pointers, ("", *type_.extents[1:]), type_.scope
            )
        m.builtins[key] = Number(of(symbol), pointer)
    base = m.builtins[key]
    type_ = m.sizes.resolve(found.type, frame)
    if type_.extents:
        return Cell(base, found.name, base.type)
    symbol = next(iter(base.expr.symbols()))
    cell = Cell(Vague(type_, "it lies in shared memory"), found.name, type_)
    cell.place = memory.Memory(base.expr, type_)
    return cell


def alias(m: Machine, node: Node, frame: Frame) -> None:
    """`using T = …` and `typedef … T` in a function."""
    type_node = node.child_by_field_name("type")
    if type_node is None:
        return
    if node.type == "alias_declaration":
        title = node.child_by_field_name("name")
        found = m.sizes.parse(m.read(type_node, frame), frame)
        if title is not None and found is not None:
            frame.types[m.read(title, frame)] = found
        return
    for one in declared(node, frame.origin):
        if one.type is not None:
            frame.types[one.name] = m.sizes.resolve(one.type, frame)


# -- roots -------------------------------------------------------------------------------


def root_frame(m: Machine, function: Function) -> Frame:
    """The frame of a function whose arguments are given from outside, as parameters."""
    frame = Frame(function, function.origin, [{}])
    listed = list(function.template_parameters)
    owner = function.record.rsplit("::", 1)[-1]
    if owner:
        records = [r for r in m.program.records.get(owner, ()) if not r.specialization]
        if len(records) == 1:
            listed = [*records[0].template_parameters, *listed]
    m.template_parameters = listed
    for parameter in listed:
        _template_parameter(m, parameter, frame)
    if owner and "static" not in function.qualifiers:
        made = objects.unknown_object(m, CType(owner), "", Role.PARAMETER, frame)
        frame.this = made if isinstance(made, Structure) else None
    for parameter in function.parameters:
        if parameter.name:
            frame.scopes[0][parameter.name] = _parameter(m, parameter, frame)
    return frame


def _template_parameter(m: Machine, parameter: Parameter, frame: Frame) -> None:
    if not parameter.name:
        return
    if parameter.is_type:
        m.open_types.add(parameter.name)
        frame.types[parameter.name] = CType(parameter.name)
        return
    type_ = m.sizes.resolve(parameter.type, frame) if parameter.type is not None else None
    symbol, value = m.parameter(parameter.name, type_, f"the template argument {parameter.name}")
    m.initial[parameter.name] = symbol
    frame.scopes[0][parameter.name] = Cell(value, parameter.name, type_)


def _parameter(m: Machine, parameter: Parameter, frame: Frame) -> Cell:
    type_ = m.sizes.resolve(parameter.type, frame) if parameter.type is not None else None
    name = parameter.name
    if type_ is None:
        return Cell(Vague(None, f"the argument {name}"), name)
    if type_.is_indirect:
        type_ = type_.decayed()
        symbol = m.state.symbol(name, Role.BASE, 0, note=f"the argument {name}")
        m.initial[name] = symbol
        m.bases.add(symbol)
        return Cell(Number(of(symbol), type_), name, type_)
    if m.sizes.is_integer(type_) or type_.name in m.enums:
        symbol, value = m.parameter(name, type_, f"the argument {name}")
        m.initial[name] = symbol
        return Cell(value, name, type_)
    if type_.name in m.program.records:
        return Cell(objects.unknown_object(m, type_, name, Role.PARAMETER, frame), name, type_)
    return Cell(Vague(type_, f"the argument {name} is no integer"), name, type_)


# -- enumerations ------------------------------------------------------------------------


def enumerations(tree: Tree) -> tuple[dict[str, int], dict[str, list[Enumerator]]]:
    """The tree's enumerations with their sizes in bytes, and their names."""
    if tree.enums is None or tree.enumerators is None:
        sizes: dict[str, int] = {}
        listed: dict[str, list[Enumerator]] = {}
        for origin in tree.origins:
            if b"enum" in origin.text:
                for node in origin.file.tree.root_node.children:
                    _collect(node, origin, sizes, listed, tree)
        tree.enums, tree.enumerators = sizes, listed
    return tree.enums, tree.enumerators


def _collect(
    root: Node, origin: Origin, sizes: dict[str, int], listed: dict[str, list[Enumerator]], tree: Tree
) -> None:
    text = origin.text
    if text.find(b"enum", root.start_byte, root.end_byte) < 0:
        return
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "enum_specifier":
            _enumeration(node, origin, sizes, listed, tree)
            continue
        pending += [c for c in node.named_children if text.find(b"enum", c.start_byte, c.end_byte) >= 0]


def _enumeration(
    node: Node, origin: Origin, sizes: dict[str, int], listed: dict[str, list[Enumerator]], tree: Tree
) -> None:
    title, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    name = origin.read(title) if title is not None else ""
    base = node.child_by_field_name("base")
    width = tree.context.typer.table.scalars.get(origin.read(base).removeprefix("std::")) if base else 4
    if name and width:
        sizes[name] = width
    value: int | None = -1
    for child in body.named_children[:MAX_ENUMERATORS] if body is not None else ():
        if child.type != "enumerator":
            continue
        key, given = child.child_by_field_name("name"), child.child_by_field_name("value")
        if given is not None:
            text = origin.read(given).strip("() uUlL")
            try:
                value = int(text, 0)
            except ValueError:
                value = _shifted(text)
        elif value is not None:
            value += 1
        if key is not None:
            listed.setdefault(origin.read(key), []).append(Enumerator(name, value, node.start_byte, origin))


def _shifted(text: str) -> int | None:
    left, found, right = text.partition("<<")
    if found and left.strip(" uUlL").isdigit() and right.strip(" uUlL").isdigit():
        return int(left.strip(" uUlL")) << int(right.strip(" uUlL"))
    return None
