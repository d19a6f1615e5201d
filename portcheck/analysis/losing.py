"""Forgetting: what code that is not followed may have changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portcheck.analysis import memory, names, objects
from portcheck.analysis.values import Array, Cell, Closure, FunctionName, Number, OneOf, Structure, Value
from portcheck.symbolic.expr import Role

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame
    from portcheck.symbolic.expr import Expr

_LVALUES = frozenset(
    (
        "identifier",
        "field_expression",
        "subscript_expression",
        "pointer_expression",
        "parenthesized_expression",
    )
)


def takes_reference(type_text: str) -> bool:
    """Whether a parameter of this type refers to its argument and can change it.

    `T&&` counts too: in a template it takes a variable by reference.
    """
    before, found, _ = type_text.partition("&")
    if not found:
        return False
    own = before.rsplit("*", 1)[-1] if "*" in before else before
    return re.search(r"\bconst\b", own) is None


def lose(m: Machine, cell: Cell) -> None:
    """Forget what a variable holds."""
    value = cell.value
    if cell.constant or isinstance(value, Closure | FunctionName | OneOf):
        return
    if isinstance(value, Structure):
        for inner in value.fields.values():
            lose(m, inner)
    elif isinstance(value, Number):
        frame = m.root
        assert frame is not None
        note = f"`{cell.name}` may be changed by code that is not followed"
        found = m.unknown(cell.type or value.type, cell.name or "value", note, frame)
        m.state.write(cell, m.stands_in(found))
    else:
        m.state.write(cell, objects.forgotten(value))


def lose_escaped(m: Machine) -> None:
    """Forget every local object whose address the code has formed."""
    for symbol in list(m.state.escaped):
        lose(m, m.state.objects[symbol])


def lose_named(m: Machine, node: Node, frame: Frame) -> None:
    """Code that cannot be read: forget every variable that it names."""
    pending = [node]
    while pending:
        one = pending.pop()
        pending += one.children
        if one.type in ("identifier", "field_identifier"):
            cell = names.cell_of(m, m.read(one, frame), frame)
            if cell is not None:
                lose(m, cell)
                for inner in pointees(m, cell.value):
                    lose(m, inner)
    lose_escaped(m)


def lose_behind(m: Machine, address: Expr) -> None:
    """A store to an address: forget the local objects that it may lead into."""
    if m.leaked or not memory.has_base(address):
        lose_escaped(m)
    for symbol in address.symbols():
        cell = m.state.objects.get(symbol)
        if cell is not None:
            lose(m, cell)
        elif symbol.role is Role.BASE and symbol not in m.bases and symbol not in m.shared:
            lose_escaped(m)


def pointees(m: Machine, value: Value) -> list[Cell]:
    """The local objects that a value's addresses lead to."""
    return list(_pointees(m, value, 0))


def lose_argument(m: Machine, found: Value, argument: Node | None, frame: Frame, reference: bool) -> None:
    """Forget what a call that is not followed can change through one of its arguments."""
    for cell in _pointees(m, found, 0):
        lose(m, cell)
    if not reference or argument is None or argument.type not in _LVALUES:
        return
    m.dry += 1
    try:
        place = memory.target(m, argument, frame)
    finally:
        m.dry -= 1
    if isinstance(place, Cell | memory.ArrayElement):
        lose(m, place if isinstance(place, Cell) else place.cell)
    elif isinstance(place, memory.Nowhere) and place.cells is not None:
        for cell in place.cells:
            lose(m, cell)
    elif isinstance(place, memory.Nowhere):
        lose_escaped(m)
    else:
        lose_behind(m, place.address)


def _pointees(m: Machine, value: Value, depth: int) -> Iterator[Cell]:
    """The local objects whose addresses are in a value."""
    if isinstance(value, Number):
        if value.type is None or value.is_pointer or value.expr.terms:
            for symbol in value.expr.symbols():
                if symbol.role is Role.BASE:
                    cell = m.state.objects.get(symbol)
                    if cell is not None:
                        yield cell
    elif isinstance(value, Structure) and depth < 4:
        for cell in value.fields.values():
            yield from _pointees(m, cell.value, depth + 1)
            if isinstance(cell.value, Array):
                yield cell
    elif isinstance(value, Array):
        for write in value.writes or ():
            yield from _pointees(m, write.value, depth + 1)
        if value.address is not None and value.address in m.state.objects:
            yield m.state.objects[value.address]
