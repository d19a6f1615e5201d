"""Looking ahead in a loop: which variables one iteration changes, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.analysis import declarations, expressions, losing, names, statements
from portcheck.analysis.changes import Change, Changes, classified
from portcheck.analysis.state import Snapshot
from portcheck.analysis.values import (
    Array,
    Cell,
    Closure,
    FunctionName,
    Number,
    OneOf,
    Structure,
    Vague,
)
from portcheck.program.nodes import first_child
from portcheck.symbolic.condition import Condition
from portcheck.symbolic.expr import Role, Symbol, of

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

MAX_ROUNDS = 4
_WRITERS = frozenset(("assignment_expression", "update_expression", "call_expression", "pointer_expression"))


@dataclass(frozen=True, slots=True)
class Parts:
    """The pieces of a loop; `after` is whether the condition is only tested after the body."""

    node: Node
    condition: Node | None
    body: Node | None
    update: Node | None
    after: bool = False


def look_ahead(m: Machine, parts: Parts, frame: Frame) -> Changes:
    state = m.state
    suspects = _suspects(m, parts, frame)
    returns, gotos = len(frame.returns), {n: list(p) for n, p in frame.gotos.items()}
    m.dry += 1
    try:
        for _ in range(MAX_ROUNDS):
            mark, alive = state.mark, state.alive
            starts = {cell: cell.value for cell in suspects}
            placeholders: dict[Cell, Symbol] = {}
            for cell in suspects:
                held = cell.value
                if isinstance(held, Number):
                    symbol = state.symbol(f"{cell.name}@", Role.OPAQUE)
                    placeholders[cell] = symbol
                    state.write(cell, Number(of(symbol), held.type, held.tags))
                elif isinstance(held, Array):
                    state.write(cell, Array(held.type, held.length, None, None, held.space, held.address))
                elif isinstance(held, Vague):
                    state.write(cell, Vague(held.type, held.reason))
            begin = state.mark
            last = _one_iteration(m, parts, frame)
            written = {cell for cell, _ in state.journal[begin[0] :]}
            unforeseen = written - suspects.keys()
            new = unforeseen & _outside(frame) if unforeseen else set()
            ends = {cell: cell.value for cell in written}
            state.roll_back(mark)
            state.alive = alive
            if not new:
                changes = classified(m, starts, placeholders, ends)
                changes.last = last
                return changes
            suspects = {**suspects, **dict.fromkeys(new)}
    finally:
        m.dry -= 1
        del frame.returns[returns:]
        frame.gotos = gotos
    starts = {cell: cell.value for cell in suspects}
    return Changes(starts, {}, {cell: Change(cell.value, None, False) for cell in suspects})


def _outside(frame: Frame) -> set[Cell]:
    """The variables that exist outside the loop's body: those visible from where the loop stands."""
    found: set[Cell] = set()
    current: Frame | None = frame
    while current is not None:
        found.update(declarations.visible_cells(current))
        current = current.parent
    return found


def _one_iteration(m: Machine, parts: Parts, frame: Frame) -> Condition | None:
    """Run the body once; the condition behind it."""
    state = m.state
    mark = state.mark
    ways: list[Snapshot] = []
    frame.breaks.append((*mark, []))
    frame.continues.append((*mark, ways))
    try:
        if parts.condition is not None and not parts.after:
            expressions.condition(m, parts.condition, frame)
        if parts.body is not None:
            statements.scoped(m, parts.body, frame)
    finally:
        frame.continues.pop()
        frame.breaks.pop()
    if state.alive:
        ways.append(state.snapshot(mark))
    state.merge(mark, ways)
    last: Condition | None = None
    if parts.after and parts.condition is not None and state.alive:
        last, _ = expressions.condition(m, parts.condition, frame)
    if parts.update is not None and state.alive:
        expressions.value(m, parts.update, frame)
    return last


def _suspects(m: Machine, parts: Parts, frame: Frame) -> dict[Cell, None]:
    """Variables that the loop's text shows to change, or hands to something that may change them."""
    key = (id(frame.origin.text), parts.node.id)
    found = m.tree.loop_names.get(key)
    if found is None:
        listed: dict[str, None] = {}
        pending = [n for n in (parts.condition, parts.body, parts.update) if n is not None]
        while pending:
            node = pending.pop()
            if node.type in _WRITERS:
                listed.update(dict.fromkeys(written(m, node, frame)))
            pending += node.named_children
        found = m.tree.loop_names[key] = tuple(listed)
    cells: dict[Cell, None] = {}
    for name in found:
        cell = names.cell_of(m, name, frame)
        if cell is not None:
            _with_members(cell, cells)
            for pointee in losing.pointees(m, cell.value):
                _with_members(pointee, cells)
    return cells


def _with_members(cell: Cell, found: dict[Cell, None]) -> None:
    if isinstance(cell.value, Structure):
        for inner in cell.value.fields.values():
            _with_members(inner, found)
    elif not isinstance(cell.value, Closure | FunctionName | OneOf):
        found[cell] = None


def written(m: Machine, node: Node, frame: Frame) -> list[str]:
    kind = node.type
    if kind == "assignment_expression":
        targets = [node.child_by_field_name("left")]
    elif kind in ("update_expression", "pointer_expression"):
        operator = node.child_by_field_name("operator")
        if kind == "pointer_expression" and (operator is None or operator.type != "&"):
            return []
        targets = [node.child_by_field_name("argument")]
    else:
        title, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        targets = list(listed.named_children) if listed is not None else []
        if title is not None and title.type == "field_expression":
            targets.append(title.child_by_field_name("argument"))
    found: list[str] = []
    for target in targets:
        current = target
        while current is not None and current.type in (
            "subscript_expression",
            "field_expression",
            "parenthesized_expression",
            "pointer_expression",
        ):
            current = current.child_by_field_name("argument") or first_child(current)
        if current is not None and current.type in ("identifier", "field_identifier"):
            found.append(m.read(current, frame))
    return found


def written_in(m: Machine, node: Node, frame: Frame) -> list[str]:
    found: list[str] = []
    pending = [node]
    while pending:
        one = pending.pop(0)
        if one.type in _WRITERS:
            found += written(m, one, frame)
        pending += one.named_children
    return found


def leaves_early(body: Node | None) -> bool:
    """Whether a loop's body may leave it without its condition."""
    pending = [body] if body is not None else []
    while pending:
        node = pending.pop()
        if node.type in ("break_statement", "return_statement", "goto_statement"):
            return True
        pending += node.named_children
    return False
