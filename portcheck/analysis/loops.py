"""Loops: what their variables are in any iteration.

A loop is run twice. The first run looks ahead: every variable that the loop may change is a
placeholder, and the placeholder's value at the end of the body tells how one iteration
changes it. A variable that grows by the same amount in every iteration is then
`start + amount * k` with the iteration's number k; one that grows by multiples of a number
is that many steps away from its start; any other is unknown. The second run is the real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

from portcheck.analysis import declarations, expressions, losing, names, statements
from portcheck.analysis.state import Snapshot
from portcheck.analysis.values import (
    NO_TAGS,
    Array,
    Cell,
    Closure,
    FunctionName,
    Number,
    OneOf,
    Structure,
    Tags,
    Vague,
    Value,
)
from portcheck.program.nodes import first_child
from portcheck.symbolic.condition import equal, negate
from portcheck.symbolic.expr import Choice, Expr, Quotient, Role, Symbol, choose, floor_remainder, of

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

MAX_ROUNDS = 4
MAX_UNROLLED = 32
_WRITERS = frozenset(("assignment_expression", "update_expression", "call_expression", "pointer_expression"))


@dataclass(frozen=True, slots=True)
class Parts:
    """The pieces of a loop; `after` is whether the condition is only tested after the body."""

    node: Node
    condition: Node | None
    body: Node | None
    update: Node | None
    after: bool = False


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
    changes = _look_ahead(m, parts, frame)
    mark = state.mark
    counter = _counter(m, parts, frame, changes)
    _enter_iteration(m, changes, of(counter), parts, frame)
    paths: list[Snapshot] = []
    if m.dry:  # looking ahead further out: what the loop changes is all that matters
        _forget(m, changes, frame)
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
        expressions.condition(m, parts.condition, frame)
    arrays = {c: c.value for c, _ in state.journal[mark[0] :] if isinstance(c.value, Array)}
    state.roll_back(mark)
    paths += _after(m, parts, frame, changes, tag, arrays)
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
    changes: dict[Cell, Change],
    tag: int,
    arrays: Mapping[Cell, Array],
) -> list[Snapshot]:
    """The path that leaves because the condition is false, after any number of iterations."""
    state, mark = m.state, m.state.mark
    state.alive = True
    counter = state.symbol(
        "iterations", Role.INDEX, 1 if parts.after else 0, note="iterations that the loop ran"
    )
    _enter_iteration(m, changes, of(counter), parts, frame)
    for cell, array in arrays.items():
        state.write(cell, array)
    if parts.condition is not None:
        found, tags = expressions.condition(m, parts.condition, frame)
        step = state.step(
            m.place(parts.condition, frame),
            f"behind the loop, not {m.shown(parts.condition, frame)}",
            "loop",
            tags,
        )
        state.assume(negate(found), step, guard=True)
    elif parts.node.type != "for_range_loop":
        state.alive = False  # an endless loop is only left by a jump
    path = [state.snapshot(mark)] if state.alive else []
    state.roll_back(mark)
    state.alive = True
    return path


# -- looking ahead -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """How one iteration changes a variable: `step` (None: not known), exactly or in multiples.

    With a `cycle` the sum is taken modulo that: `stage = (stage + 1) % kStages`.
    """

    start: Value
    step: Expr | None
    exact: bool
    tags: Tags = NO_TAGS
    grows: bool = False
    cycle: Expr | None = None


def _look_ahead(m: Machine, parts: Parts, frame: Frame) -> dict[Cell, Change]:
    state = m.state
    suspects = _suspects(m, parts, frame)
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
            _one_iteration(m, parts, frame)
            written = {cell for cell, _ in state.journal[begin[0] :]}
            unforeseen = written - suspects.keys()
            new = unforeseen & _outside(frame) if unforeseen else set()
            ends = {cell: cell.value for cell in written}
            since = set(placeholders.values())
            state.roll_back(mark)
            state.alive = alive
            if not new:
                return _changes(m, suspects, starts, placeholders, ends, since)
            suspects = {**suspects, **dict.fromkeys(new)}
    finally:
        m.dry -= 1
    return {cell: Change(cell.value, None, False) for cell in suspects}


def _outside(frame: Frame) -> set[Cell]:
    """The variables that exist outside the loop's body: those visible from where the loop stands."""
    found: set[Cell] = set()
    current: Frame | None = frame
    while current is not None:
        found.update(declarations.visible_cells(current))
        current = current.parent
    return found


def _one_iteration(m: Machine, parts: Parts, frame: Frame) -> None:
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
    if parts.after and parts.condition is not None and state.alive:
        expressions.condition(m, parts.condition, frame)
    if parts.update is not None and state.alive:
        expressions.value(m, parts.update, frame)


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
                listed.update(dict.fromkeys(_written(m, node, frame)))
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


def _written(m: Machine, node: Node, frame: Frame) -> list[str]:
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


def _changes(
    m: Machine,
    suspects: dict[Cell, None],
    starts: dict[Cell, Value],
    placeholders: dict[Cell, Symbol],
    ends: dict[Cell, Value],
    varying: set[Symbol],
) -> dict[Cell, Change]:
    changes: dict[Cell, Change] = {}
    for cell in suspects:
        start = starts[cell]
        symbol = placeholders.get(cell)
        end = ends.get(cell)
        if end is None:
            continue
        if symbol is None:
            if (
                isinstance(start, Array)
                or (isinstance(end, Number) and not isinstance(start, Number))
                or isinstance(start, Vague)
            ):
                changes[cell] = Change(start, None, False)
            continue
        if not isinstance(end, Number):
            changes[cell] = Change(start, None, False)
            continue
        if end.expr == of(symbol):
            continue
        changes[cell] = _change(m, start, end, symbol, varying)
    return changes


def _change(m: Machine, start: Value, end: Number, symbol: Symbol, varying: set[Symbol]) -> Change:
    serial = m.state.serial(symbol)
    cycle = _cycle(end.expr, symbol)
    if cycle is not None and not any(_varies(m, e, serial, varying) for e in cycle):
        return Change(start, cycle[0], True, end.tags, cycle=cycle[1])
    steps = _leaves(end.expr - of(symbol), symbol)
    if steps is None:
        return Change(start, None, False)
    grows = all((low := expressions.lower_bound(s)) is not None and low >= 0 for s in steps)
    if any(_varies(m, s, serial, varying) for s in steps):
        # By how much differs from one iteration to the next: what the amounts share is kept.
        common = gcd(*(c for s in steps for c in (s.constant, *(k for _, k in s.terms))))
        return Change(start, Expr((), max(common, 1)), False, end.tags, grows)
    if len(steps) == 1:
        return Change(start, steps[0], True, end.tags)
    common = 0
    for step in steps:
        if step.value is None:
            nonzero = [s for s in steps if s.value != 0]
            if len(set(nonzero)) == 1:
                return Change(start, nonzero[0], False, end.tags, grows)
            return Change(start, None, False)
        common = gcd(common, step.value)
    return Change(start, Expr((), common), False, end.tags, grows) if common else Change(start, None, False)


def _cycle(end: Expr, symbol: Symbol) -> tuple[Expr, Expr] | None:
    """Step and cycle of `v = (v + step) % cycle`."""
    for atom in end.atoms():
        if isinstance(atom, Quotient) and not atom.truncated:
            step = atom.dividend - of(symbol)
            if (
                end == atom.dividend - of(atom) * atom.divisor
                and symbol not in step.symbols() | atom.divisor.symbols()
            ):
                return step, atom.divisor
    return None


def _leaves(expr: Expr, symbol: Symbol) -> list[Expr] | None:
    """The values that an expression can have, its choices resolved; None if the symbol stays in one."""
    choices = [a for a in expr.atoms() if isinstance(a, Choice)]
    if not choices:
        return None if symbol in expr.symbols() else [expr]
    choice = choices[0]
    found: list[Expr] = []
    for branch in (choice.then, choice.otherwise):
        inner = _leaves(_replaced(expr, choice, branch), symbol)
        if inner is None or len(found) + len(inner) > 16:
            return None
        found += [e for e in inner if e not in found]
    return found


def _replaced(expr: Expr, choice: Choice, branch: Expr) -> Expr:
    total = Expr((), expr.constant)
    for monomial, coefficient in expr.terms:
        term = Expr((), coefficient)
        for atom in monomial:
            term = term * (branch if atom == choice else of(atom))
        total = total + term
    return total


def _varies(m: Machine, expr: Expr, serial: int, varying: set[Symbol]) -> bool:
    """Whether an expression has a symbol that is another one in each iteration."""
    builtin = m.builtin_symbols()
    return any(s in varying or (m.state.serial(s) > serial and s not in builtin) for s in expr.symbols())


# -- iterations --------------------------------------------------------------------------


def _counter(m: Machine, parts: Parts, frame: Frame, changes: dict[Cell, Change]) -> Symbol:
    """The number of the iteration, named like the variable that counts it, if one does."""
    name = ""
    if parts.update is not None:
        for written in _written_in(m, parts.update, frame):
            cell = names.cell_of(m, written, frame)
            change = changes.get(cell) if cell is not None else None
            if change is None or not isinstance(change.start, Number) or change.step is None:
                continue
            plain = change.exact and change.step.value == 1 and change.start.expr.value == 0
            name = written if plain else name or f"k_{written}"
            if plain:
                break
    return m.state.symbol(name or "iteration", Role.INDEX, 0, note="the number of the iteration")


def _written_in(m: Machine, node: Node, frame: Frame) -> list[str]:
    found: list[str] = []
    pending = [node]
    while pending:
        one = pending.pop(0)
        if one.type in _WRITERS:
            found += _written(m, one, frame)
        pending += one.named_children
    return found


def _enter_iteration(
    m: Machine, changes: dict[Cell, Change], counter: Expr, parts: Parts, frame: Frame
) -> None:
    """Give every variable its value at the start of any iteration."""
    for cell, change in changes.items():
        start = change.start
        if not isinstance(start, Number):
            m.state.write(cell, _unknown_again(m, cell, start, frame))
            continue
        if change.step is None:
            note = f"`{cell.name}` changes in the loop in a way that is not followed"
            m.state.write(cell, m.unknown(start.type or cell.type, cell.name, note, frame))
            continue
        if change.exact:
            expr = start.expr + change.step * counter
            if change.cycle is not None:
                expr = _in_cycle(start.expr, expr, change.cycle, counter)
        else:
            note = f"`{cell.name}` grows in some iterations only"
            times = m.state.fresh(
                f"steps of {cell.name}", Role.OPAQUE, 0 if change.grows else None, note=note
            )
            later = start.expr + change.step * times
            expr = choose(equal(counter, 0), start.expr, later)  # the first iteration is certain
        tags = start.tags | change.tags
        if not m.dry:
            place, text = m.place(parts.node, frame), f"in the loop, {cell.name} ="
            tags = tags | {m.state.step(place, text, "loop", tags, value=expr)}
        m.state.write(cell, Number(expr, start.type, tags))


def _in_cycle(start: Expr, expr: Expr, cycle: Expr, counter: Expr) -> Expr:
    """`expr` modulo the cycle, from the first iteration on; the start itself may lie outside it."""
    around = floor_remainder(expr, cycle)
    if start.value == 0:
        return around
    return choose(equal(counter, 0), start, around)


def _unknown_again(m: Machine, cell: Cell, start: Value, frame: Frame) -> Value:
    if isinstance(start, Array):
        return Array(start.type, start.length, start.writes and None, None, start.space, start.address)
    note = f"`{cell.name}` is set in an earlier iteration of the loop"
    type_ = cell.type or (start.type if isinstance(start, Vague) else None)
    return m.unknown(type_, cell.name, note, frame)


def _forget(m: Machine, changes: dict[Cell, Change], frame: Frame) -> None:
    """While looking ahead further out: the variables are changed, by an amount nobody counted."""
    for cell, change in changes.items():
        if isinstance(change.start, Number) and change.step is not None and change.cycle is None:
            times = m.state.fresh(f"{cell.name}@times", Role.OPAQUE, 0)
            m.state.write(cell, Number(change.start.expr + change.step * times, change.start.type))
        else:
            m.state.write(cell, _unknown_again(m, cell, change.start, frame))
