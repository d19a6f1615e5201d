"""What a name stands for, and conversions between types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.analysis import expressions, memory
from portcheck.analysis.sizes import is_unsigned, template_texts
from portcheck.analysis.state import Frame
from portcheck.analysis.values import Cell, FunctionName, Number, Structure, Vague, Value
from portcheck.program.model import Origin
from portcheck.program.types import CType
from portcheck.symbolic.condition import as_integer, truth
from portcheck.symbolic.expr import Role, floor_remainder, number

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine

MAX_BRIEF = 90
MAX_MACRO_BYTES = 400


def brief(found: Number) -> str:
    """The value for a line of a derivation."""
    text = str(found.expr)
    return text if len(text) <= MAX_BRIEF else text[: MAX_BRIEF - 1] + "…"


def identifier(m: Machine, node: Node, frame: Frame) -> Value:
    """The value of a name, qualified or not."""
    text = m.read(node, frame)
    found = named(m, text, frame)
    if found is not None:
        return found
    if any(c in text for c in ":<"):  # fixed at compile time, though not in this tree
        return _compile_time(m, text, frame)
    m.missing.append(text)
    type_ = m.context.typer.type_of(node, frame.function, frame.origin)
    return m.unknown(type_ or CType("int"), text, f"{text} is not defined in the scanned tree", frame)


def _compile_time(m: Machine, text: str, frame: Frame) -> Value:
    key = f"name {text}"
    if key not in m.builtins:
        note = f"{text} is not defined in the scanned tree"
        m.builtins[key] = Number(m.state.fresh(text, Role.OPAQUE, note=note), None)
    return m.builtins[key]


def is_value(m: Machine, name: str, frame: Frame) -> bool:
    """Whether a plain name is that of a variable here."""
    return frame.lookup(name) is not None or (frame.this is not None and name in frame.this.fields)


def cell_of(m: Machine, name: str, frame: Frame) -> Cell | None:
    """The variable or member that a plain name refers to."""
    cell = frame.lookup(name)
    if cell is not None:
        return cell
    return frame.this.fields.get(name) if frame.this is not None else None


def named(m: Machine, text: str, frame: Frame) -> Value | None:
    """The value of a name; None for one that means nothing here."""
    cell = cell_of(m, text, frame)
    if cell is not None:
        return cell.value
    name = text.rsplit("::", 1)[-1].strip() if "::" in text else text
    if name == "warpSize":
        return Number(number(32), CType("int"))
    enumerator = _enumerator(m, text, name, frame)
    if enumerator is not None:
        return enumerator
    constant = _constant(m, text, name, frame)
    if constant is not None:
        return constant
    macro = m.context.macros.get(name, frame.origin.file.path) if name == text else None
    if macro is not None and macro.parameters is None and 0 < len(macro.body) <= MAX_MACRO_BYTES:
        return m.text_value(macro.body.decode("utf-8", "replace").strip(), frame)
    head = name.split("<", 1)[0].strip()
    if head in m.program.functions:
        arguments = template_texts(text) if "<" in text else []
        values = tuple(template_argument(m, a, frame) for a in arguments)
        qualifier = text.split("<", 1)[0].rpartition("::")[0]
        return FunctionName(head, qualifier, values)
    return None


def template_argument(m: Machine, text: str, frame: Frame) -> Value | CType:
    """A template argument: a type or a value."""
    parsed = m.sizes.parse(text, frame)
    if parsed is not None and is_type(m, parsed, frame):
        return parsed
    return m.text_value(text, frame)


def is_type(m: Machine, type_: CType, frame: Frame) -> bool:
    """Whether a resolved name is that of a type rather than a value."""
    if type_.is_indirect or type_.name in m.sizes.choices or type_.name in m.open_types:
        return True
    table = m.sizes.table
    if type_.name in table.scalars or type_.name in table.vectors or type_.name in m.enums:
        return True
    if is_value(m, type_.name, frame) or type_.name in m.program.constants:
        return False
    return type_.name in m.program.records or type_.name in table.vector_templates


def _enumerator(m: Machine, text: str, name: str, frame: Frame) -> Value | None:
    listed = m.enumerators.get(name)
    if not listed:
        return None
    scope = text.rsplit("::", 2)[-2] if "::" in text else ""
    path = frame.origin.file.path
    suited = [e for e in listed if not scope or e.enum == scope or not e.enum] or (
        listed if not scope else []
    )
    if not suited:
        return None
    own = [e for e in suited if e.origin.file.path == path] or suited
    function = frame.function
    inside = [e for e in own if function.start_byte <= e.start_byte < function.end_byte] or own
    if inside[0].value is not None:
        return Number(number(inside[0].value), CType(inside[0].enum or "int"))
    return None


def _constant(m: Machine, text: str, name: str, frame: Frame) -> Value | None:
    listed = m.program.constants.get(name)
    if not listed:
        return None
    candidates = _visible(m, text, listed, frame)
    found: Value | None = None
    for node, origin in candidates:
        key = node.id
        if key not in m.constants:
            m.constants[key] = Vague(None, f"{name} is defined by itself")
            outer = _file_frame(frame, origin)
            m.constants[key] = _initial(m, node, outer, name)
        value = m.constants[key]
        if found is not None and value != found:
            return None
        found = value
    return found


def _initial(m: Machine, node: Node, frame: Frame, name: str) -> Value:
    found = expressions.value(m, node, frame)
    if isinstance(found, Number):
        tag = m.state.step(m.place(node, frame), f"{name} = {brief(found)}", "value", found.tags)
        declaration = node.parent
        type_ = found.type
        if declaration is not None and declaration.type in ("init_declarator", "field_declaration"):
            holder = declaration.parent if declaration.type == "init_declarator" else declaration
            written = holder.child_by_field_name("type") if holder is not None else None
            if written is not None:
                type_ = m.sizes.parse(m.read(written, frame), frame) or type_
        return Number(found.expr, type_, found.tags | {tag})
    return found


def _visible(
    m: Machine, text: str, listed: list[tuple[Node, Origin]], frame: Frame
) -> list[tuple[Node, Origin]]:
    """The definitions that a name can mean here: of its class, of its own file, or any."""
    if len(listed) == 1:
        return listed
    scope = (
        text.rsplit("::", 2)[-2].split("<", 1)[0]
        if "::" in text
        else frame.function.record.rsplit("::", 1)[-1]
    )
    if scope:
        records = m.program.records.get(scope, ())
        inside = [
            (n, o)
            for n, o in listed
            for r in records
            if r.node is not None
            and r.origin is not None
            and r.origin.file is o.file
            and r.node.start_byte <= n.start_byte < r.node.end_byte
        ]
        if inside:
            return inside
    path = frame.origin.file.path
    active = [(n, o) for n, o in listed if o.active] or listed
    return [(n, o) for n, o in active if o.file.path == path] or active


def _file_frame(frame: Frame, origin: Origin) -> Frame:
    return Frame(frame.function, origin, [{}], calls=frame.calls)


def this(m: Machine, node: Node, frame: Frame) -> Value:
    return frame.this if frame.this is not None else Vague(None, "`this` outside a class")


# -- conversions -------------------------------------------------------------------------


def converted(m: Machine, found: Value, type_: CType | None, frame: Frame) -> Value:
    """The value as a variable of the type holds it."""
    if type_ is None or isinstance(found, Structure):
        return found
    return cast(m, found, type_, frame)


def cast(m: Machine, found: Value, type_: CType | None, frame: Frame) -> Value:
    """The value converted to a type. Integers of 32 bits and more are taken to hold it."""
    if type_ is None:
        return found
    type_ = m.sizes.resolve(type_, frame)
    found = memory.decayed(m, found, frame)
    if isinstance(found, Structure) and found.type.name == "tuple":
        return found
    if isinstance(found, Vague):
        return m.unknown(type_, type_.name, found.reason, frame)
    if not isinstance(found, Number):
        return found
    if type_.is_indirect:
        return Number(found.expr, type_, found.tags)
    if type_.name == "bool":
        if found.is_pointer:
            return Number(as_integer(truth(found.expr)), type_, found.tags)
        return Number(as_integer(truth(found.expr)), type_, found.tags)
    if not m.sizes.is_integer(type_):
        if type_.name in m.enums or type_.name in m.open_types:
            return Number(found.expr, type_, found.tags)
        return Vague(type_, f"{type_.name} is no integer")
    narrow = expressions.NARROW_BITS.get(type_.name)
    low = expressions.lower_bound(found.expr)
    if narrow is not None and narrow < 32:
        most = expressions.upper_bound(found.expr)
        if low is None or low < 0 or most is None or most >= 1 << narrow:
            return Number(floor_remainder(found.expr, 1 << narrow), type_, found.tags)
    elif type_.name in expressions.SIGNED_BYTES:
        half = 128 if m.sizes.table.scalars[type_.name] == 1 else 32768
        most = expressions.upper_bound(found.expr)
        if low is None or low < -half or most is None or most >= half:
            return m.unknown(type_, type_.name, "a value that may not fit its narrow type", frame, found.tags)
    elif is_unsigned(type_) and low is not None and low < 0 and found.expr.value is not None:
        bits = narrow or 64
        return Number(number(found.expr.value % (1 << bits)), type_, found.tags)
    return Number(found.expr, type_, found.tags)
