"""Which function a call means, and what its template parameters stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tree_sitter import Node

from portcheck.analysis import memory
from portcheck.analysis.values import Argument, Array, Cell, Number, Structure, Vague, Value
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Parameter
from portcheck.program.types import CType
from portcheck.symbolic.expr import Role

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame


def choose(
    m: Machine,
    candidates: list[Function],
    arguments: Sequence[Argument],
    frame: Frame,
    callee: Callee | None,
) -> Function | None:
    """The one candidate that the call can mean; None where several remain."""
    fitting = [f for f in candidates if f.origin.active and _takes(f, len(arguments))]
    if callee is not None and callee.template_arguments:
        enough = [f for f in fitting if len(f.template_parameters) >= len(callee.template_arguments)]
        fitting = enough or fitting
    if len(fitting) > 1:
        types = [_type(m, a, frame) for a in arguments]
        scored = [(_score(m, f, types, frame), f) for f in fitting]
        best = max(s for s, _ in scored)
        fitting = [f for s, f in scored if s == best and s >= 0]
    if len({_text(f) for f in fitting}) == 1:  # one definition, or the same one in several headers
        return fitting[0]
    return None


def _text(function: Function) -> tuple[tuple[str, ...], str]:
    """Parameters and body as written, white space and `const` apart."""
    names = tuple(p.name for p in function.parameters)
    body = function.origin.read(function.body) if function.body is not None else ""
    return names, "".join(re.sub(r"\bconst\b", "", body).split())


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
            total += 1
            continue
        a, b = m.sizes.resolve(wanted, frame), m.sizes.resolve(given, frame)
        if a.is_indirect != b.is_indirect:
            return -1
        if a == b or (a.is_indirect and _depth(a) == _depth(b) and a.base() == b.base()):
            total += 4
        elif (
            (a.is_indirect and a.name != "void")
            or a.name in m.program.records
            or b.name in m.program.records
            or (a.name in m.sizes.table.vectors) != (b.name in m.sizes.table.vectors)
        ):
            return -1
        else:
            total += 2
    return total


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
            if deduced is not None:
                inner.types[parameter.name] = deduced
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
        if given is None:
            continue
        for _ in range(wanted.pointers):
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
