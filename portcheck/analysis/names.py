"""What a name stands for, and conversions between types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portcheck.analysis import arithmetic, expressions, macros, memory
from portcheck.analysis.sizes import is_unsigned, template_texts
from portcheck.analysis.state import Frame
from portcheck.analysis.values import Cell, FunctionName, Number, Structure, Vague, Value
from portcheck.program.types import CType
from portcheck.symbolic.condition import as_integer, truth
from portcheck.symbolic.expr import Role, floor_remainder, number

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine

MAX_BRIEF = 90
_WORD = re.compile(r"[A-Za-z_]\w*")


def brief(found: Number) -> str:
    """The value for a line of a derivation."""
    text = str(found.expr)
    return text if len(text) <= MAX_BRIEF else text[: MAX_BRIEF - 1] + "…"


def identifier(m: Machine, node: Node, frame: Frame) -> Value:
    """The value of a name, qualified or not."""
    text = m.read(node, frame)
    found = macros.mixed(m, node, frame) or named(m, text, frame, macros.offset_of(node, frame))
    if found is not None:
        return found
    if any(c in text for c in ":<"):  # fixed at compile time, though not in this tree
        return _compile_time(m, text, frame)
    if frame is m.asking:
        m.missing.append(text)
    type_ = m.context.typer.type_of(node, frame.function, frame.origin)
    return m.unknown(type_ or CType("int"), text, f"{text} is not defined in the scanned tree", frame)


def _compile_time(m: Machine, text: str, frame: Frame) -> Value:
    note = f"{text} is not defined in the scanned tree"
    if any(word in frame.types or frame.lookup(word) is not None for word in _WORD.findall(text)):
        return Number(m.state.fresh(text, Role.OPAQUE, note=note), None)  # another one in each instance
    key = f"name {text} in {'::'.join(frame.function.namespace)}"
    if key not in m.builtins:
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


def named(m: Machine, text: str, frame: Frame, offset: int | None = None) -> Value | None:
    """The value of a name; None for one that means nothing here."""
    cell = cell_of(m, text, frame)
    if cell is not None:
        return cell.value
    if text == "warpSize":
        return Number(number(32), CType("int"))
    macro = macros.object_like(m, text, frame, offset)
    if macro is not None and macro.path == frame.origin.file.path:
        return macros.standing_alone(m, macro, frame, offset)
    constant = m.sizes.constants.lookup(text, frame)
    if constant is not None:
        return constant
    if macro is not None:
        return macros.standing_alone(m, macro, frame, offset)
    name = text.rsplit("::", 1)[-1].strip() if "::" in text else text
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
    low = arithmetic.lower_bound(found.expr)
    if narrow is not None and narrow < 32:
        most = arithmetic.upper_bound(found.expr)
        if low is None or low < 0 or most is None or most >= 1 << narrow:
            return Number(floor_remainder(found.expr, 1 << narrow), type_, found.tags)
    elif type_.name in expressions.SIGNED_BYTES:
        half = 128 if m.sizes.table.scalars[type_.name] == 1 else 32768
        most = arithmetic.upper_bound(found.expr)
        if low is None or low < -half or most is None or most >= half:
            return m.unknown(type_, type_.name, "a value that may not fit its narrow type", frame, found.tags)
    elif is_unsigned(type_) and low is not None and low < 0 and found.expr.value is not None:
        bits = narrow or 64
        return Number(number(found.expr.value % (1 << bits)), type_, found.tags)
    return Number(found.expr, type_, found.tags)
