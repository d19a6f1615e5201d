"""Lambdas: what they capture, and running them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.analysis import calls, declarations, expressions, losing, memory, names, objects, statements
from portcheck.analysis.state import Frame
from portcheck.analysis.values import Cell, Closure, Vague, Value
from portcheck.program.declarators import parameters
from portcheck.program.types import CType

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine


def capture(m: Machine, node: Node, frame: Frame) -> Value:
    """A lambda, with the variables that it captures by value as they are now."""
    clause = node.child_by_field_name("captures")
    by_reference = False
    own: dict[str, Cell] = {}
    references: set[str] = set()
    values: set[str] = set()
    for child in clause.named_children if clause is not None else ():
        text = m.read(child, frame)
        if child.type == "lambda_default_capture":
            by_reference = text == "&"
        elif child.type == "lambda_capture_initializer":
            _initialised(m, child, text, own, frame)
        elif child.prev_sibling is not None and child.prev_sibling.type == "&":
            references.add(text.removesuffix("...").strip())
        else:
            values.add(text.removesuffix("...").strip())
    visible: dict[str, Cell] = {}
    for scope in frame.scopes:
        visible.update(scope)
    if by_reference:
        flat = {name: _captured(visible[name]) for name in values if name in visible}
        scopes = [*frame.scopes, flat]
    else:
        scopes = [{n: c if n in references else _captured(c) for n, c in visible.items()}]
    held = Frame(
        frame.function, frame.origin, [*scopes, own], frame.types, frame.this, frame.calls, parent=frame
    )
    return Closure(node, frame.origin, held)


def _initialised(m: Machine, child: Node, text: str, own: dict[str, Cell], frame: Frame) -> None:
    """`[name = expression]`, or `[&name = variable]`."""
    parts = child.named_children
    if len(parts) < 2:
        return
    name = m.read(parts[0], frame).lstrip("& ")
    if text.startswith("&"):
        place = memory.target(m, parts[-1], frame)
        cell = place if isinstance(place, Cell) else Cell(memory.load(m, place, frame, parts[-1]), name)
        if isinstance(place, memory.Memory | memory.ArrayElement):
            cell.place = place
        own[name] = cell
    else:
        own[name] = Cell(objects.copied(expressions.value(m, parts[-1], frame)), name)


def _captured(cell: Cell) -> Cell:
    copy = Cell(objects.copied(cell.value), cell.name, cell.type)
    copy.place = cell.place
    return copy


def invoke(m: Machine, closure: Closure, arguments: list[Node] | None, frame: Frame, node: Node) -> Value:
    """Run a lambda's body; None for arguments that nobody knows."""
    body = closure.node.child_by_field_name("body")
    key = closure.node.id
    if (
        body is None
        or m.active.get(key, 0) >= calls.MAX_ACTIVE
        or len(frame.calls) >= calls.MAX_DEPTH
        or not m.spend()
    ):
        calls.give_away(m, arguments or [], frame)
        losing.lose_escaped(m)
        for cell in declarations.visible_cells(closure.frame):
            losing.lose(m, cell)
        m.cut.add(closure.frame.function.name)
        return Vague(None, "a lambda that is not followed")
    declarator = closure.node.child_by_field_name("declarator")
    listed = declarator.child_by_field_name("parameters") if declarator is not None else None
    held = closure.frame
    inner = Frame(
        held.function,
        closure.origin,
        [*held.scopes, {}],
        dict(held.types),
        held.this,
        (*frame.calls, m.place(node, frame)),
        parent=held,
    )
    cells, back = calls.bind(m, parameters(listed, closure.origin), arguments, frame, inner, [])
    inner.scopes[-1].update(cells)
    inner.return_type = _trailing_type(m, closure, inner)
    m.active[key] = m.active.get(key, 0) + 1
    inner.start = m.state.mark
    try:
        statements.execute(m, body, inner)
    finally:
        m.active[key] -= 1
    result = calls.finish(m, inner)
    for place, cell in back:
        memory.store(m, place, cell.value, frame, node)
    if inner.return_type is not None:
        return names.converted(m, result, inner.return_type, inner)
    return result


def _trailing_type(m: Machine, closure: Closure, inner: Frame) -> CType | None:
    """The type behind a lambda's arrow."""
    declarator = closure.node.child_by_field_name("declarator")
    for child in declarator.named_children if declarator is not None else ():
        if child.type == "trailing_return_type":
            return m.sizes.parse(m.read(child, inner).removeprefix("->"), inner)
    return None
