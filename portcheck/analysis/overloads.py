"""Which function a call means, and what its template parameters stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tree_sitter import Node

from portcheck.analysis import classes, memory
from portcheck.analysis.values import Argument, Array, Cell, Number, Structure, Vague, Value
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Parameter
from portcheck.program.types import CType, split_top
from portcheck.symbolic.expr import Role

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame


_NARROW = frozenset(
    ("bool", "char", "signed char", "unsigned char", "int8_t", "uint8_t", "short", "unsigned short")
) | {"int16_t", "uint16_t"}


def choose(
    m: Machine,
    candidates: list[Function],
    arguments: Sequence[Argument],
    frame: Frame,
    callee: Callee | None,
) -> Function | None:
    """The one candidate that the call can mean; None where several remain."""
    fitting = [f for f in candidates if f.origin.active and _takes(f, len(arguments))]
    if len(fitting) == 1 and _specialization(fitting[0]) is None:
        return fitting[0]
    types = [_type(m, a, frame) for a in arguments]
    special = _specialised(m, fitting, types, frame, callee)
    if special is None:
        return None
    fitting = special
    if callee is not None and callee.template_arguments:
        enough = [
            f
            for f in fitting
            if len(f.template_parameters) >= len(callee.template_arguments) or _specialization(f) is not None
        ]
        fitting = enough or fitting
    if len(fitting) > 1:
        scored = [(_score(m, f, types, frame), f) for f in fitting]
        viable = [(s, f) for s, f in scored if s >= 0]
        best = max((s for s, _ in viable), default=0)
        fitting = [f for s, f in viable if s == best]
        if len(fitting) == 1 and _undecided([f for _, f in viable], types):
            return None
    if len({_text(f) for f in fitting}) == 1:  # one definition, or the same one in several headers
        own = [f for f in fitting if f.origin.file is frame.origin.file]
        return (own or fitting)[0]
    return None


def _undecided(viable: list[Function], types: list[CType | None]) -> bool:
    """Whether functions differ in a parameter whose argument's type is not known."""
    for position, given in enumerate(types):
        if given is None:
            wanted = {
                (str(f.parameters[position].type), f.parameters[position].type is None)
                for f in viable
                if position < len(f.parameters) and not _is_own(f, position)
            }
            if len(wanted) > 1:
                return True
    return False


def _is_own(function: Function, position: int) -> bool:
    wanted = function.parameters[position].type
    return wanted is not None and wanted.name in {p.name for p in function.template_parameters}


def _specialization(function: Function) -> tuple[str, ...] | None:
    """The arguments in `template <> f<4>()`; () where they are deduced, None for no specialisation."""
    node = function.node
    if node is None or function.template_parameters:
        return None
    declarator = node.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator")
    title = declarator.child_by_field_name("declarator") if declarator is not None else None
    if title is not None and title.type == "template_function":
        listed = title.child_by_field_name("arguments")
        return tuple(split_top(function.origin.read(listed)[1:-1])) if listed is not None else ()
    parent = node.parent
    is_template = parent is not None and parent.type == "template_declaration"
    return () if is_template and not function.record else None


def _specialised(
    m: Machine,
    fitting: list[Function],
    types: list[CType | None],
    frame: Frame,
    callee: Callee | None,
) -> list[Function] | None:
    """The specialisation for the call, or the others; None where that is not clear."""
    plain: list[Function] = []
    chosen: list[Function] = []
    given = tuple(m.sizes.argument(a, frame) for a in callee.template_arguments) if callee is not None else ()
    for function in fitting:
        wanted = _specialization(function)
        if wanted is None:
            plain.append(function)
            continue
        match: bool | None = True
        if given and wanted:
            match = classes.same_arguments(m, wanted[: len(given)], given)
        if match and len(given) < len(wanted or ("",)):
            match = _same_types(m, function, types, frame)
        if match is None:
            return None
        if match:
            chosen.append(function)
    return chosen or plain


def _same_types(m: Machine, function: Function, types: list[CType | None], frame: Frame) -> bool | None:
    """Whether arguments are of exactly the types that a specialisation is for."""
    result: bool | None = True if function.parameters else None
    for parameter, given in zip(function.parameters, types, strict=False):
        if parameter.type is None or given is None:
            result = None
            continue
        a, b = m.sizes.resolve(parameter.type, frame), m.sizes.resolve(given, frame)
        if a.is_indirect != b.is_indirect or a.base() != b.base():
            if a.base().name in m.open_types or b.base().name in m.open_types:
                result = None
                continue
            return False
    return result


def _text(function: Function) -> tuple[object, ...]:
    """What tells two definitions apart: parameters and body, white space and `const` apart."""
    names = tuple((p.name, _bare(p.type_text)) for p in function.parameters)
    body = function.origin.read(function.body) if function.body is not None else ""
    return names, function.namespace, function.record, _bare(body)


def _bare(text: str) -> str:
    return "".join(re.sub(r"\bconst\b", "", text).split())


def _takes(function: Function, count: int) -> bool:
    required = sum(1 for p in function.parameters if not p.default and p.type_text != "void")
    return required <= count <= len(function.parameters)


def _type(m: Machine, argument: Argument, frame: Frame) -> CType | None:
    if isinstance(argument, Number | Vague | Structure | Array):
        return argument.type
    return memory.type_of(m, argument, frame) if isinstance(argument, Node) else None


def _score(m: Machine, function: Function, types: list[CType | None], frame: Frame) -> int:
    """How well the parameters suit: -1 for not at all."""
    total = 0
    own = {p.name for p in function.template_parameters}
    for parameter, given in zip(function.parameters, types, strict=False):
        wanted = parameter.type
        if wanted is None or given is None:
            continue
        if wanted.name in own:
            if wanted.is_indirect and not given.is_indirect:
                return -1
            total += 30 + _depth(wanted)  # exact, though a function that is no template is better
            continue
        a, b = m.sizes.resolve(wanted, frame), m.sizes.resolve(given, frame)
        if a.is_indirect != b.is_indirect:
            return -1
        if a == b or (a.is_indirect and _depth(a) == _depth(b) and a.base() == b.base()):
            total += 40
        elif (
            (a.is_indirect and a.name != "void")
            or a.name in m.program.records
            or b.name in m.program.records
            or (a.name in m.sizes.table.vectors) != (b.name in m.sizes.table.vectors)
        ):
            return -1
        else:
            total += 22 if _promotes(b, a) else 20
    return total


def _promotes(given: CType, wanted: CType) -> bool:
    """Whether a conversion is a promotion, which is better than others."""
    if given.is_indirect or wanted.is_indirect:
        return False
    return (given.name in _NARROW and wanted.name in ("int", "int32_t")) or (
        given.name == "float" and wanted.name == "double"
    )


def _depth(type_: CType) -> int:
    """How often a pointer or array can be dereferenced."""
    return type_.pointers + len(type_.extents)


def bind_template(
    m: Machine,
    function: Function,
    explicit: list[Value | CType],
    cells: dict[str, Cell],
    inner: Frame,
) -> None:
    """Bind template parameters: given, deduced from the arguments, or by default."""
    for position, parameter in enumerate(function.template_parameters):
        if not parameter.name or parameter.name in inner.types:
            continue
        if position < len(explicit):
            given = explicit[position]
            if isinstance(given, CType):
                inner.types[parameter.name] = given
            elif parameter.is_type:
                continue
            else:
                inner.scopes[-1][parameter.name] = Cell(_of_type(m, given, parameter, inner), parameter.name)
            continue
        if parameter.is_type:
            deduced = _deduced_type(m, function, parameter.name, cells)
            if deduced is None and parameter.default:
                deduced = m.sizes.parse(parameter.default, inner)
            # What nothing binds is no other function's parameter of that name.
            inner.types[parameter.name] = deduced or CType(f"{parameter.name} of {function.name}")
            continue
        value = _deduced_value(function, parameter.name, cells)
        if value is None and parameter.default:
            value = m.text_value(parameter.default, inner)
        if value is None:
            note = f"the template argument {parameter.name} is not known"
            low = 0 if parameter.type is not None and parameter.type.name == "bool" else None
            fresh = m.state.fresh(parameter.name, Role.OPAQUE, low, 1 if low == 0 else None, note)
            value = Number(fresh, parameter.type)
        inner.scopes[-1][parameter.name] = Cell(_of_type(m, value, parameter, inner), parameter.name)


def _of_type(m: Machine, value: Value, parameter: Parameter, inner: Frame) -> Value:
    if isinstance(value, Number) and parameter.type is not None:
        return Number(value.expr, m.sizes.resolve(parameter.type, inner), value.tags)
    return value


def _deduced_type(m: Machine, function: Function, name: str, cells: dict[str, Cell]) -> CType | None:
    for parameter in function.parameters:
        wanted = parameter.type
        cell = cells.get(parameter.name)
        if wanted is None or wanted.name != name or cell is None:
            continue
        value = cell.value
        given = cell.type or (value.type if isinstance(value, Number | Vague | Structure) else None)
        if given is None and isinstance(value, Array) and value.length is not None:
            element = value.type
            extents = (str(value.length), *element.extents)
            given = CType(element.name, element.arguments, element.pointers, extents, element.scope)
        if given is None:
            continue
        for _ in range(wanted.pointers + len(wanted.extents)):
            inner = given.dereferenced()
            if inner is None:
                return None
            given = inner
        return given
    return None


def _deduced_value(function: Function, name: str, cells: dict[str, Cell]) -> Value | None:
    """A template parameter that is the extent of an array parameter."""
    for parameter in function.parameters:
        if parameter.type is not None and name in parameter.type.extents:
            cell = cells.get(parameter.name)
            if cell is not None and isinstance(cell.value, Array) and cell.value.length is not None:
                return Number(cell.value.length, CType("int"))
    return None
