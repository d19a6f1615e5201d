"""Calls of macros: checks become what is known, the rest is read as it expands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.analysis import expressions, statements
from portcheck.analysis.values import Number, Vague, Value
from portcheck.facts.checks import comparison, is_check
from portcheck.program.callee import Callee
from portcheck.program.model import Origin
from portcheck.program.nodes import first_child
from portcheck.symbolic.condition import truth
from portcheck.syntax import expand_call, parse_text, split_arguments

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

MAX_BYTES = 262_144


def call(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value | None:
    """The value of a macro call; None if the name is no macro and no check."""
    path = frame.origin.file.path
    macro = m.context.macros.get(callee.name, path)
    if macro is not None and macro.parameters is None:
        macro = None
    may_check = callee.arguments and (macro is not None or callee.name not in m.program.functions)
    if may_check and is_check(callee.name, m.context, path):
        check(m, callee, node, frame)
        return Vague()
    if macro is None:
        return None
    listed = node.child_by_field_name("arguments")
    if listed is None:
        return None
    return expand(m, callee.name, node, listed, frame)


def check(m: Machine, callee: Callee, node: Node, frame: Frame) -> None:
    """What a check's condition says is true from here on."""
    operator = comparison(callee.name)
    if operator and len(callee.arguments) >= 2:
        left, right = (expressions.value(m, a, frame) for a in callee.arguments[:2])
        found = expressions.operate(m, operator, left, right, frame, node)
        text = f"{m.shown(callee.arguments[0], frame)} {operator} {m.shown(callee.arguments[1], frame)}"
        if isinstance(found, Number):
            tag = m.state.step(m.place(node, frame), f"{callee.name}({text})", "check", found.tags)
            m.state.assume(truth(found.expr), tag)
        return
    argument = callee.arguments[0]
    found_condition, tags = expressions.condition(m, argument, frame)
    text = f"{callee.name}({m.shown(argument, frame)})"
    tag = m.state.step(m.place(node, frame), text, "check", tags)
    if m.recorder is not None and not m.dry:
        m.recorder.check(m, found_condition, tags, text, node, frame)
    m.state.assume(found_condition, tag)
    macro = m.context.macros.get(callee.name, frame.origin.file.path)
    if macro is not None and b"static_assert" in macro.body:
        m.assume_instantiated(found_condition, tag)


def expand(m: Machine, name: str, node: Node, listed: Node, frame: Frame) -> Value | None:
    """Interpret what a macro call expands to."""
    found = _expansion(m, name, node, listed, frame)
    if found is None:
        return None
    root, origin = found
    before, frame.origin = frame.origin, origin
    try:
        children = root.named_children
        only = children[0] if len(children) == 1 else None
        if only is not None and only.type == "expression_statement":
            inner = first_child(only)
            return expressions.value(m, inner, frame) if inner is not None else Vague()
        # Statements: what they declare is visible behind the call, as the preprocessor has it.
        statements.sequence(m, children, frame)
        return Vague()
    finally:
        frame.origin = before


def _expansion(m: Machine, name: str, node: Node, listed: Node, frame: Frame) -> tuple[Node, Origin] | None:
    key = (id(frame.origin.text), node.id)
    kept = m.tree.expansions.get(key)
    if kept is not None:
        root, origin = kept
        return root, _placed(origin, node, frame)
    origin = frame.origin
    path = origin.file.path
    offset = origin.lookup_offset if origin.expansion else node.start_byte
    macro = m.context.macros.get(name, path)
    if macro is None:
        return None
    text = origin.text[listed.start_byte + 1 : listed.end_byte - 1]
    arguments = split_arguments(text)
    if arguments == [b""] and not macro.parameters:
        arguments = []
    expansion = expand_call(
        macro, arguments, m.context.macros, budget_bytes=MAX_BYTES, path=path, offset=offset
    )
    if not expansion.complete:
        return None
    raw = expansion.text.strip()
    if not raw.endswith((b";", b"}")):
        raw += b";"
    tree = parse_text(raw)
    made = Origin(
        file=origin.file,
        text=raw,
        place=origin.place,
        active=origin.active,
        condition=origin.condition,
        expansion=True,
        lookup_offset=offset,
    )
    m.tree.kept_alive += [tree, origin, node]
    m.tree.expansions[key] = (tree.root_node, made)
    return tree.root_node, _placed(made, node, frame)


def _placed(origin: Origin, node: Node, frame: Frame) -> Origin:
    """The expansion's text with every place in it standing for the macro call."""
    where = frame.origin.place(node.start_byte, node.end_byte)
    return Origin(
        file=origin.file,
        text=origin.text,
        place=lambda _s, _e: where,
        active=origin.active,
        condition=origin.condition,
        expansion=True,
        lookup_offset=origin.lookup_offset,
    )
