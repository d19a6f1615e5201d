"""Loops: what their variables are in any iteration.

A loop is run twice. The first run looks ahead: every variable that the loop may change is a
placeholder, and the placeholder's value at the end of the body tells how one iteration
changes it (see `changes`). The second run is the real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portcheck.analysis import expressions, losing, names, statements
from portcheck.analysis.changes import Changes, iterations, last_condition, value_in
from portcheck.analysis.lookahead import Parts, leaves_early, look_ahead, written_in
from portcheck.analysis.repeated import Repeated
from portcheck.analysis.state import Snapshot
from portcheck.analysis.values import NO_TAGS, Array, Cell, Number, Vague, Value
from portcheck.program.nodes import first_child
from portcheck.symbolic.condition import Condition, negate
from portcheck.symbolic.expr import Expr, Role, Symbol, of

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

MAX_UNROLLED = 32


def for_loop(m: Machine, node: Node, frame: Frame) -> None:
    frame.scopes.append({})
    try:
        start = node.child_by_field_name("initializer")
        if start is not None:
            statements.execute(m, start, frame)
        parts = Parts(
            node,
            node.child_by_field_name("condition"),
            node.child_by_field_name("body"),
            node.child_by_field_name("update"),
        )
        _run(m, parts, frame)
    finally:
        frame.scopes.pop()


def while_loop(m: Machine, node: Node, frame: Frame) -> None:
    parts = Parts(node, node.child_by_field_name("condition"), node.child_by_field_name("body"), None)
    _run(m, parts, frame)


def do_loop(m: Machine, node: Node, frame: Frame) -> None:
    parts = Parts(node, node.child_by_field_name("condition"), node.child_by_field_name("body"), None, True)
    _run(m, parts, frame)


def range_loop(m: Machine, node: Node, frame: Frame) -> None:
    """`for (x : range)`: x is any element."""
    right, declarator = node.child_by_field_name("right"), node.child_by_field_name("declarator")
    if right is not None:
        found = expressions.value(m, right, frame)
        if declarator is not None and declarator.type == "reference_declarator":
            losing.lose_argument(m, found, right, frame, True)
    type_node = node.child_by_field_name("type")
    scope: dict[str, Cell] = {}
    if declarator is not None:
        names_ = declarator.named_children or [declarator]
        type_ = m.sizes.parse(m.read(type_node, frame), frame) if type_node is not None else None
        for name_node in names_:
            name = m.read(name_node, frame)
            scope[name] = Cell(m.unknown(type_, name, f"{name} is an element of a range", frame), name)
    frame.scopes.append(scope)
    try:
        _run(m, Parts(node, None, node.child_by_field_name("body"), None), frame)
    finally:
        frame.scopes.pop()


# -- the two runs ------------------------------------------------------------------------


def _run(m: Machine, parts: Parts, frame: Frame) -> None:
    state = m.state
    if not state.alive:
        return
    if parts.after and _runs_once(m, parts, frame):
        _body_once(m, parts, frame)
        return
    if not parts.after and parts.condition is not None:
        mark = state.mark
        first, _ = expressions.condition(m, parts.condition, frame)
        state.roll_back(mark)
        if first.known is False:
            return
    if _returns_early(m, parts, frame) and _unrolled(m, parts, frame):
        return
    changes = look_ahead(m, parts, frame)
    mark = state.mark
    counter = _counter(m, parts, frame, changes)
    _enter_iteration(m, changes, of(counter), parts, frame)
    paths: list[Snapshot] = []
    if m.dry:  # looking ahead further out: what the loop changes is all that matters
        _forget(m, changes, parts, frame)
        return
    leaving: list[Snapshot] = []
    continuing: list[Snapshot] = []
    entry = state.mark
    tag = _condition(m, parts, frame)
    frame.breaks.append((*mark, leaving))
    frame.continues.append((*entry, continuing))
    try:
        if parts.body is not None and state.alive:
            statements.scoped(m, parts.body, frame)
    finally:
        frame.continues.pop()
        frame.breaks.pop()
    if parts.after and state.alive and parts.condition is not None:
        found, tags = expressions.condition(m, parts.condition, frame)
        text = f"in the loop, {m.shown(parts.condition, frame)}"
        state.assume(found, state.step(m.place(parts.condition, frame), text, "loop", tags), guard=True)
    ends = [*continuing, state.snapshot(entry)] if state.alive else continuing
    repeated = Repeated.of(m, m.place(parts.node, frame), counter, tag, ends)
    repeated.say(m, of(counter), always=True)
    arrays = {c: c.value for c, _ in state.journal[mark[0] :] if isinstance(c.value, Array)}
    state.roll_back(mark)
    paths += _after(m, parts, frame, changes, arrays, repeated)
    paths += leaving
    state.merge(mark, paths)


def _returns_early(m: Machine, parts: Parts, frame: Frame) -> bool:
    """Whether a loop is only left by its condition or a return: a search in a constant expression."""
    key = (id(frame.origin.text), parts.node.id)
    found = m.tree.returning_loops.get(key)
    if found is None:
        pending = [parts.body] if parts.body is not None else []
        kinds: set[str] = set()
        while pending:
            node = pending.pop()
            kinds.add(node.type)
            if node.type != "lambda_expression":
                pending += node.named_children
        found = "return_statement" in kinds and not kinds & {"break_statement", "goto_statement"}
        m.tree.returning_loops[key] = found
    return found


def _unrolled(m: Machine, parts: Parts, frame: Frame) -> bool:
    """Run the iterations one by one while the condition is decided; whether that ended the loop."""
    state = m.state
    for _ in range(MAX_UNROLLED):
        if parts.condition is None or parts.after or not state.alive:
            return not state.alive
        found, _ = expressions.condition(m, parts.condition, frame)
        if found.known is False:
            return True
        if found.known is None:
            return False
        mark = state.mark
        continuing: list[Snapshot] = []
        frame.continues.append((*mark, continuing))
        try:
            if parts.body is not None:
                statements.scoped(m, parts.body, frame)
        finally:
            frame.continues.pop()
        if continuing:
            if state.alive:
                continuing.append(state.snapshot(mark))
            state.merge(mark, continuing)
        if parts.update is not None and state.alive:
            expressions.value(m, parts.update, frame)
    return not state.alive


def _runs_once(m: Machine, parts: Parts, frame: Frame) -> bool:
    """`do { … } while (0)`."""
    if parts.condition is None:
        return False
    inner = first_child(parts.condition) or parts.condition
    return m.read(inner, frame).strip("() ") in ("0", "false")


def _body_once(m: Machine, parts: Parts, frame: Frame) -> None:
    mark = m.state.mark
    leaving: list[Snapshot] = []
    frame.breaks.append((*mark, leaving))
    frame.continues.append((*mark, leaving))
    try:
        if parts.body is not None:
            statements.scoped(m, parts.body, frame)
    finally:
        frame.breaks.pop()
        frame.continues.pop()
    if leaving:
        if m.state.alive:
            leaving.append(m.state.snapshot(mark))
        m.state.merge(mark, leaving)


def _condition(m: Machine, parts: Parts, frame: Frame) -> int:
    """Assume the loop's condition for the iteration; the tag of that step."""
    if parts.condition is None or parts.after:
        return m.state.step(m.place(parts.node, frame), "in the loop", "loop")
    found, tags = expressions.condition(m, parts.condition, frame)
    text = f"in the loop, {m.shown(parts.condition, frame)}"
    tag = m.state.step(m.place(parts.condition, frame), text, "loop", tags)
    m.state.assume(found, tag, guard=True)
    return tag


def _after(
    m: Machine,
    parts: Parts,
    frame: Frame,
    changes: Changes,
    arrays: Mapping[Cell, Array],
    repeated: Repeated,
) -> list[Snapshot]:
    """The path that leaves because the condition is false, after any number of iterations."""
    state, mark = m.state, m.state.mark
    state.alive = True
    counter = of(_times(m, parts))
    runs = _runs(m, changes, parts, frame)
    if runs is not None:
        counter = runs[0]
    _enter_iteration(m, changes, counter, parts, frame)
    for cell, array in arrays.items():
        state.write(cell, array)
    if parts.condition is not None:
        found: Condition | None
        if parts.after:
            found, tags = last_condition(m, changes, counter - 1), NO_TAGS
        else:
            found, tags = expressions.condition(m, parts.condition, frame)
        text = f"behind the loop, not {m.shown(parts.condition, frame)}"
        step = state.step(m.place(parts.condition, frame), text, "loop", tags)
        if runs is None and found is not None:
            state.assume(negate(found), step, guard=True)
        elif runs is not None and runs[1] is not None:
            state.assume(runs[1], step, guard=True)
    elif parts.node.type != "for_range_loop":
        state.alive = False  # an endless loop is only left by a jump
    if state.alive:
        repeated.say(m, counter - 1 if parts.after else counter, always=False)
    path = [state.snapshot(mark)] if state.alive else []
    state.roll_back(mark)
    state.alive = True
    return path


# -- iterations --------------------------------------------------------------------------


def _counter(m: Machine, parts: Parts, frame: Frame, changes: Changes) -> Symbol:
    """The number of the iteration, named like the variable that counts it, if one does."""
    name = ""
    if parts.update is not None:
        for written in written_in(m, parts.update, frame):
            cell = names.cell_of(m, written, frame)
            change = changes.cells.get(cell) if cell is not None else None
            if change is None or not isinstance(change.start, Number) or change.step is None:
                continue
            plain = change.exact and change.step.value == 1 and change.start.expr.value == 0
            name = written if plain else name or f"k_{written}"
            if plain:
                break
    return m.state.symbol(name or "iteration", Role.INDEX, 0, note="the number of the iteration")


def _enter_iteration(m: Machine, changes: Changes, counter: Expr, parts: Parts, frame: Frame) -> None:
    """Give every variable its value at the start of any iteration."""
    entered: list[tuple[Cell, Value]] = []
    for cell, change in changes.cells.items():
        start = change.start
        if not isinstance(start, Number):
            entered.append((cell, _unknown_again(m, cell, start, frame)))
            continue
        expr = value_in(m, changes, cell, counter)
        if expr is None:
            note = f"`{cell.name}` changes in the loop in a way that is not followed"
            unknown = m.unknown(start.type or cell.type, cell.name, note, frame)
            entered.append((cell, m.stands_in(unknown)))
            continue
        tags = start.tags | change.tags
        if not m.dry:
            place, text = m.place(parts.node, frame), f"in the loop, {cell.name} ="
            tags = tags | {m.state.step(place, text, "loop", tags, value=expr)}
        entered.append((cell, Number(expr, start.type, tags)))
    for cell, value in entered:
        m.state.write(cell, value)


def _times(m: Machine, parts: Parts) -> Symbol:
    note = "iterations that the loop ran"
    return m.state.symbol("iterations", Role.INDEX, 1 if parts.after else 0, note=note)


def _runs(m: Machine, changes: Changes, parts: Parts, frame: Frame) -> tuple[Expr, Condition | None] | None:
    """How often a loop runs that is left by its condition, if that is seen, and what is known then."""
    if parts.condition is None:
        return None
    state, mark, alive = m.state, m.state.mark, m.state.alive
    counter = _times(m, parts)
    if parts.after:
        last = last_condition(m, changes, of(counter))
        ended = iterations(m, last, counter, 0) if last is not None else None
        return (ended[0] + 1, ended[1]) if ended is not None else None
    m.dry += 1
    try:
        _enter_iteration(m, changes, of(counter), parts, frame)
        found, _ = expressions.condition(m, parts.condition, frame)
    finally:
        m.dry -= 1
        state.roll_back(mark)
        state.alive = alive
    return iterations(m, found, counter, 0)


def _unknown_again(m: Machine, cell: Cell, start: Value, frame: Frame) -> Value:
    if isinstance(start, Array):
        return Array(start.type, start.length, start.writes and None, None, start.space, start.address)
    note = f"`{cell.name}` is set in an earlier iteration of the loop"
    type_ = cell.type or (start.type if isinstance(start, Vague) else None)
    return m.stands_in(m.unknown(type_, cell.name, note, frame))


def _forget(m: Machine, changes: Changes, parts: Parts, frame: Frame) -> None:
    """While looking ahead further out: the variables are changed, by an amount nobody counted."""
    runs = None if leaves_early(parts.body) else _runs(m, changes, parts, frame)
    counter = runs[0] if runs is not None else of(m.state.symbol("times", Role.OPAQUE, 0))
    _enter_iteration(m, changes, counter, parts, frame)
