"""Statements: sequence, branches, jumps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portcheck.analysis import declarations, expressions, losing, objects
from portcheck.analysis.arithmetic import compare
from portcheck.analysis.state import Snapshot
from portcheck.analysis.values import Number, Value
from portcheck.program.nodes import first_child
from portcheck.symbolic.condition import Condition, equal, every, negate, unequal
from portcheck.symbolic.expr import Role

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame


def execute(m: Machine, node: Node, frame: Frame) -> None:
    """Run one statement, if the path is alive and the budget not spent."""
    handler = m.statement_handlers.get(node.type)
    if not m.state.alive and node.type not in _HOLD_LABELS:
        return
    if not m.spend():
        return
    if m.recorder is not None:
        m.visited.add(node.id)
    if m.probe is not None and not m.dry and m.state.alive:
        m.probe(node, frame, False)
    if handler is not None:
        handler(m, node, frame)
    elif node.type.endswith("_expression") or node.type in ("identifier", "number_literal"):
        expressions.value(m, node, frame)
    if m.probe is not None and not m.dry and m.state.alive:
        m.probe(node, frame, True)


def sequence(m: Machine, nodes: Sequence[Node], frame: Frame) -> None:
    for node in nodes:
        execute(m, node, frame)


def block(m: Machine, node: Node, frame: Frame) -> None:
    if not m.state.alive and not _has_label(node):
        return
    frame.scopes.append({})
    types, frame.types = frame.types, dict(frame.types)  # an alias ends with its block
    try:
        sequence(m, node.named_children, frame)
    finally:
        frame.scopes.pop()
        frame.types = types


_HOLD_LABELS = frozenset(("labeled_statement", "compound_statement"))


def _has_label(node: Node) -> bool:
    return any(
        c.type == "labeled_statement" or (c.type in _HOLD_LABELS and _has_label(c))
        for c in node.named_children
    )


def expression(m: Machine, node: Node, frame: Frame) -> None:
    inner = first_child(node)
    if inner is not None:
        expressions.value(m, inner, frame)


def branch(m: Machine, node: Node, frame: Frame) -> None:
    condition_node = node.child_by_field_name("condition")
    branches = [node.child_by_field_name("consequence"), node.child_by_field_name("alternative")]
    if condition_node is None:
        return
    frame.scopes.append({})
    try:
        for child in condition_node.named_children:
            if child.type in ("declaration", "init_statement"):
                inner = child if child.type == "declaration" else first_child(child)
                if inner is not None:
                    execute(m, inner, frame)
        found, tags = expressions.condition(m, condition_node, frame)
        if found.known is not None:
            branch = branches[0] if found.known else branches[1]
            if branch is not None:
                scoped(m, branch, frame)
            return
        state, mark = m.state, m.state.mark
        tag = state.step(m.place(condition_node, frame), m.shown(condition_node, frame), "guard", tags)
        opposite = state.step(
            m.place(condition_node, frame), f"not {m.shown(condition_node, frame)}", "guard", tags
        )
        paths: list[Snapshot] = []
        for branch, guard, step in ((branches[0], found, tag), (branches[1], negate(found), opposite)):
            state.alive = True
            state.assume(guard, step, guard=True)
            if branch is not None and state.alive:
                scoped(m, branch, frame)
            if state.alive:
                paths.append(state.snapshot(mark))
            state.roll_back(mark)
        state.merge(mark, paths)
    finally:
        frame.scopes.pop()


def scoped(m: Machine, node: Node, frame: Frame) -> None:
    if node.type == "else_clause":
        inner = first_child(node)
        if inner is not None:
            scoped(m, inner, frame)
        return
    frame.scopes.append({})
    try:
        execute(m, node, frame)
    finally:
        frame.scopes.pop()


def leave_function(m: Machine, node: Node, frame: Frame) -> None:
    inner = first_child(node)
    result: Value | None = None
    if inner is not None:
        if inner.type == "initializer_list" and frame.return_type is not None:
            type_ = m.sizes.resolve(frame.return_type, frame)
            result = objects.construct(m, type_, list(inner.named_children), frame, inner)
        else:
            result = expressions.value(m, inner, frame)
            if m.recorder is not None and not m.dry:
                m.recorder.result(m, result, inner, frame)
    if m.state.alive:
        frame.returns.append(m.state.snapshot(frame.start, result))
    m.state.alive = False


def stop(m: Machine, node: Node, frame: Frame) -> None:
    m.state.alive = False


def leave_loop(m: Machine, node: Node, frame: Frame) -> None:
    _leave(m, frame.breaks)


def next_iteration(m: Machine, node: Node, frame: Frame) -> None:
    _leave(m, frame.continues)


def _leave(m: Machine, around: list[tuple[int, int, list[Snapshot]]]) -> None:
    if around:
        first, second, paths = around[-1]
        paths.append(m.state.snapshot((first, second)))
    m.state.alive = False


def jump(m: Machine, node: Node, frame: Frame) -> None:
    label = node.child_by_field_name("label")
    if label is not None:
        frame.gotos.setdefault(m.read(label, frame), []).append(m.state.snapshot(frame.start))
    m.state.alive = False


def label(m: Machine, node: Node, frame: Frame) -> None:
    label = node.child_by_field_name("label")
    name = m.read(label, frame) if label is not None else ""
    jumped = frame.gotos.pop(name, [])
    if jumped:
        m.state.join_in(frame.start, jumped)
    if _jumps_back(m, node, name, frame):
        losing.lose_escaped(m)
        for cell in list(declarations.visible_cells(frame)):
            losing.lose(m, cell)
    for child in node.named_children:
        if child != label:
            execute(m, child, frame)


def _jumps_back(m: Machine, node: Node, name: str, frame: Frame) -> bool:
    """Whether a `goto` behind the label leads back to it: what is known there is then too much."""
    key = (id(frame.origin.text), node.id)
    found = m.tree.backward_labels.get(key)
    if found is None:
        pending, found = [], False
        current: Node | None = node
        while current is not None:  # everything behind the label, in its block and those around
            sibling = current.next_named_sibling
            while sibling is not None:
                pending.append(sibling)
                sibling = sibling.next_named_sibling
            current = current.parent
            if current is None or current.type in ("function_definition", "lambda_expression"):
                break
        pending.append(node)
        while pending and not found:
            one = pending.pop()
            if one.type == "goto_statement":
                label = one.child_by_field_name("label")
                found = label is not None and m.read(label, frame) == name
            pending += one.named_children
        m.tree.backward_labels[key] = found
    return found


def switch(m: Machine, node: Node, frame: Frame) -> None:
    condition_node, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
    if condition_node is None or body is None:
        return
    chosen = m.as_number(expressions.value(m, condition_node, frame), m.shown(condition_node, frame), frame)
    cases = [c for c in body.named_children if c.type == "case_statement"]
    state, mark = m.state, m.state.mark
    paths: list[Snapshot] = []
    frame.scopes.append({})
    frame.breaks.append((*mark, paths))
    labels: list[tuple[int, Condition, int]] = []
    others: list[Condition] = []
    default: int | None = None
    for position, case in enumerate(cases):
        value_node = case.child_by_field_name("value")
        if value_node is None:
            default = position
            continue
        label = expressions.value(m, value_node, frame)
        if not isinstance(label, Number):
            label = m.as_number(label, m.shown(value_node, frame), frame)
        text = f"{m.shown(condition_node, frame)} == {m.shown(value_node, frame)}"
        tag = state.step(m.place(value_node, frame), text, "guard", chosen.tags | label.tags)
        labels.append((position, compare("==", chosen.expr, label.expr), tag))
        others.append(unequal(chosen.expr, label.expr))
    rest = every(others)
    tag = state.step(m.place(condition_node, frame), f"no case of {m.shown(condition_node, frame)}", "guard")
    labels.append((default if default is not None else len(cases), rest, tag))
    try:
        for position, guard, step in labels:
            state.alive = True
            state.assume(guard, step, guard=True)
            for case in cases[position:]:
                if not state.alive:
                    break
                value_node = case.child_by_field_name("value")
                sequence(m, [c for c in case.named_children if c != value_node], frame)
            if state.alive:
                paths.append(state.snapshot(mark))
            state.roll_back(mark)
    finally:
        frame.breaks.pop()
        frame.scopes.pop()
    state.merge(mark, paths)


def static_assertion(m: Machine, node: Node, frame: Frame) -> None:
    condition_node = node.child_by_field_name("condition")
    if condition_node is None:
        return
    found, tags = expressions.condition(m, condition_node, frame)
    text = f"static_assert({m.shown(condition_node, frame)})"
    if m.recorder is not None and not m.dry:
        m.recorder.check(m, found, tags, text, condition_node, frame)
    if found.known is not None:
        return  # a false one would not compile: it stands in a branch that is not instantiated
    tag = m.state.step(m.place(condition_node, frame), text, "check", tags)
    m.state.assume(found, tag)
    m.assume_instantiated(found, tag)


def attempt(m: Machine, node: Node, frame: Frame) -> None:
    """`try`: its body runs to the end, or any part of it and then a handler."""
    body = node.child_by_field_name("body")
    if body is None:
        return
    state, mark = m.state, m.state.mark
    execute(m, body, frame)
    changed = dict.fromkeys(cell for cell, _ in state.journal[mark[0] :])
    ended = [state.snapshot(mark)] if state.alive else []
    tag = state.step(m.place(node, frame), "an exception is caught", "guard")
    for clause in node.named_children:
        if clause.type != "catch_clause":
            continue
        state.roll_back(mark)
        state.alive = True
        for cell in changed:
            losing.lose(m, cell)
        thrown = state.fresh("thrown", Role.OPAQUE, 0, 1, "whether an exception is thrown")
        state.assume(equal(thrown, 1), tag, guard=True)
        handler = clause.child_by_field_name("body")
        if handler is not None:
            scoped(m, handler, frame)
        if state.alive:
            ended.append(state.snapshot(mark))
    state.merge(mark, ended)


def else_clause(m: Machine, node: Node, frame: Frame) -> None:
    scoped(m, node, frame)
