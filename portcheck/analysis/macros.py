"""Calls of macros: checks become what is known, the rest is read as it expands."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.analysis import expressions, names, statements
from portcheck.analysis.values import Number, Vague, Value
from portcheck.facts.checks import comparison, requires
from portcheck.program.callee import Callee
from portcheck.program.model import Origin
from portcheck.program.nodes import first_child
from portcheck.symbolic.condition import truth
from portcheck.symbolic.expr import Role
from portcheck.syntax import expand_call, parse_text, split_arguments

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame
    from portcheck.syntax import MacroDefinition

    Handler = Callable[[Machine, Node, Frame], Value]

MAX_BYTES = 262_144
MAX_BODY = 400
MAX_ACTIVE = 4
MAX_NESTED = 12
_WORD = re.compile(rb"[A-Za-z_]\w*")
_CLOSED = 16  # the level of what no operator around it can take apart
_PREFIX = 15
_BINARY = (
    ("||", "or"), ("&&", "and"), ("|", "bitor"), ("^", "xor"), ("&", "bitand"), ("==", "!=", "not_eq"),
    ("<", ">", "<=", ">="), ("<=>",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"), (".*", "->*"),
)  # fmt: skip
_LEVELS = {operator: 3 + n for n, group in enumerate(_BINARY, 1) for operator in group}
_OTHERS = {
    "unary_expression": _PREFIX, "pointer_expression": _PREFIX, "cast_expression": _PREFIX,
    "sizeof_expression": _PREFIX, "alignof_expression": _PREFIX, "update_expression": _PREFIX,
    "new_expression": _PREFIX, "delete_expression": _PREFIX, "throw_statement": 2,
    "conditional_expression": 3, "assignment_expression": 2, "comma_expression": 1, "ERROR": 0,
}  # fmt: skip
_WHOLE = frozenset(
    (
        "parenthesized_expression", "condition_clause", "expression_statement", "return_statement",
        "comma_expression", "for_statement", "compound_statement", "translation_unit",
    )
)  # fmt: skip


def call(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value | None:
    """The value of a macro call; None if the name is no macro and no check."""
    path = frame.origin.file.path
    macro = m.context.macros.get(callee.name, path, offset_of(node, frame))
    if macro is not None and macro.parameters is None:
        macro = None
    may_check = callee.arguments and (macro is not None or callee.name not in m.program.functions)
    if may_check and requires(callee.name, m.context, path):
        check(m, callee, node, frame)
        return Vague()
    if macro is None:
        return None
    listed = node.child_by_field_name("arguments")
    if listed is None:
        return None
    if m.active.get(id(macro), 0) >= MAX_NESTED:
        return _vague(m, f"the macro {macro.name} is defined by itself", macro.name)
    m.active[id(macro)] = m.active.get(id(macro), 0) + 1
    try:
        return expand(m, callee.name, node, listed, frame)
    finally:
        m.active[id(macro)] -= 1


# -- texts that mix with what is around them -----------------------------------------------


def offset_of(node: Node, frame: Frame) -> int | None:
    """Where in its file a name stands, for which of several definitions it means."""
    return frame.origin.lookup_offset if frame.origin.expansion else node.start_byte


def object_like(m: Machine, name: str, frame: Frame, offset: int | None = None) -> MacroDefinition | None:
    """The macro without parameters that a name is, if it stands for anything."""
    if not name.isidentifier() or name not in m.context.macros:
        return None
    macro = m.context.macros.get(name, frame.origin.file.path, offset)
    if macro is None or macro.parameters is not None or not 0 < len(macro.body) <= MAX_BODY:
        return None
    return macro


def standing_alone(m: Machine, macro: MacroDefinition, frame: Frame, offset: int | None = None) -> Value:
    """What a macro's body evaluates to where nothing around it mixes with it."""
    path = frame.origin.file.path
    if macro.path != path and not _agreed(m, macro, path):
        return _vague(m, f"the tree defines {macro.name} in several ways", macro.name)
    if _is_deep(m, macro):
        return _vague(m, f"the macro {macro.name} is defined by itself", macro.name)
    m.active[id(macro)] = m.active.get(id(macro), 0) + 1
    try:
        found = m.in_text(macro.body.decode("utf-8", "replace").strip(), frame)
        if found is None:
            return Vague(None, f"{macro.name} is not an expression that can be read")
        node, origin = found
        before = frame.origin
        frame.origin = replace(origin, lookup_offset=offset)
        try:
            return expressions.value(m, node, frame)
        finally:
            frame.origin = before
    finally:
        m.active[id(macro)] -= 1


def _is_deep(m: Machine, macro: MacroDefinition) -> bool:
    """Whether a macro's body is being read so often that it must be inside itself."""
    return m.active.get(id(macro), 0) >= MAX_ACTIVE


def _agreed(m: Machine, macro: MacroDefinition, path: str) -> bool:
    """Whether all definitions that another file can mean by a name are the same."""
    listed = [d for d in m.context.macros.definitions(macro.name) if d.active] or [macro]
    folder = path.rpartition("/")[0]
    near = [d for d in listed if d.path.rpartition("/")[0] == folder] or listed
    return len({(d.parameters, b"".join(d.body.split())) for d in near}) == 1


def _vague(m: Machine, note: str, name: str) -> Value:
    return Number(m.state.fresh(name, Role.OPAQUE, note=note), None)


def mixed(m: Machine, node: Node, frame: Frame) -> Value | None:
    """An unknown value for a macro's name whose text is taken apart by what is around it."""
    macro = _use(m, node, frame)
    if macro is None or _fits(_level(m, _written(m, macro, [], frame, node)), node):
        return None
    return _vague(m, f"the macro {macro.name}'s text mixes with the expression around it", macro.name)


def unmixed(handler: Handler) -> Handler:
    """A handler that reads an expression as the preprocessor hands it over."""

    def handle(m: Machine, node: Node, frame: Frame) -> Value:
        found = _rewritten(m, node, frame)
        if found is None:
            return handler(m, node, frame)
        root, origin, used = found
        inner = first_child(root) if root.type == "parenthesized_expression" else root
        if inner is None or not _fits(_level_of(inner), node):
            note = f"the text of `{m.shown(node, frame)}` mixes with what is around it"
            return _vague(m, note, m.shown(node, frame))
        before, frame.origin = frame.origin, origin
        for macro in used:
            m.active[id(macro)] = m.active.get(id(macro), 0) + 1
        try:
            return expressions.value(m, root, frame)
        finally:
            frame.origin = before
            for macro in used:
                m.active[id(macro)] -= 1

    return handle


def _rewritten(m: Machine, node: Node, frame: Frame) -> tuple[Node, Origin, list[MacroDefinition]] | None:
    """The expression with every macro written out that is taken apart; None if there is none."""
    origin = frame.origin
    key = (id(origin.text), node.id)
    candidates = m.sizes.may_mix.get(key)
    if candidates is None:
        words = set(_WORD.findall(origin.text, node.start_byte, node.end_byte))
        candidates = any(w in m.context.macros for w in words)
        m.sizes.may_mix[key] = candidates
        m.tree.kept_alive.append((origin, node))
    if not candidates:
        return None
    edits: list[tuple[int, int, bytes]] = []
    used: list[MacroDefinition] = []
    pending = [node]
    while pending:
        one = pending.pop()
        macro = _use(m, one, frame) if one != node else None
        if macro is not None:
            text = _written(m, macro, _arguments(m, macro, one, frame), frame, one)
            level = _level(m, text)
            if text is not None and level and not _fits(level, one):
                edits.append((one.start_byte, one.end_byte, text))
                used.append(macro)
                continue
        pending += one.named_children
    if not edits:
        return None
    text, at = b"", node.start_byte
    for start, end, written in sorted(edits):
        text += origin.text[at:start] + b" " + written + b" "
        at = end
    text += origin.text[at : node.end_byte]
    root = m.text_node(text.decode("utf-8", "replace"))
    if root is None:
        return None
    raw = b"(" + text.decode("utf-8", "replace").encode() + b");"
    made = Origin(
        file=origin.file, text=raw, place=origin.place, active=origin.active, condition=origin.condition,
        expansion=True, lookup_offset=offset_of(node, frame),
    )  # fmt: skip
    m.tree.kept_alive.append(made)
    return root, _placed(made, node, frame), used


def _use(m: Machine, node: Node, frame: Frame) -> MacroDefinition | None:
    """The macro that a name or call is a use of."""
    if node.type == "call_expression":
        title = node.child_by_field_name("function")
        if title is None or title.type != "identifier":
            return None
        name = m.read(title, frame)
        macro = m.context.macros.get(name, frame.origin.file.path, offset_of(node, frame))
        if macro is None or macro.parameters is None or names.cell_of(m, name, frame) is not None:
            return None
        if requires(name, m.context, frame.origin.file.path) or _is_deep(m, macro):
            return None
        return macro
    if node.type != "identifier":
        return None
    name = m.read(node, frame)
    macro = object_like(m, name, frame, offset_of(node, frame))
    if macro is None or names.cell_of(m, name, frame) is not None or _is_deep(m, macro):
        return None
    if macro.path != frame.origin.file.path and m.sizes.constants.lookup(name, frame) is not None:
        return None
    return macro


def _arguments(m: Machine, macro: MacroDefinition, node: Node, frame: Frame) -> list[bytes]:
    listed = node.child_by_field_name("arguments") if macro.parameters is not None else None
    if listed is None:
        return []
    found = split_arguments(frame.origin.text[listed.start_byte + 1 : listed.end_byte - 1])
    return [] if found == [b""] and not macro.parameters else found


def _written(
    m: Machine, macro: MacroDefinition, arguments: list[bytes], frame: Frame, node: Node
) -> bytes | None:
    """What a use of a macro expands to; None where that is no plain expression."""
    path = frame.origin.file.path
    found = expand_call(
        macro, arguments, m.context.macros, budget_bytes=4096, path=path, offset=offset_of(node, frame)
    )
    text = found.text.strip()
    return text if found.complete and text and b"{" not in text and b";" not in text else None


def _level(m: Machine, text: bytes | None) -> int:
    """How tightly the operator outside everything in a text binds; 0 for what is no expression."""
    if text is None:
        return 0
    node = m.text_node(text.decode("utf-8", "replace"))
    if node is None:
        return 0
    inner = first_child(node) if node.type == "parenthesized_expression" else node
    return _level_of(inner) if inner is not None else 0


def _level_of(node: Node) -> int:
    if node.type == "binary_expression":
        operator = node.child_by_field_name("operator")
        return _LEVELS.get(operator.type, 0) if operator is not None else 0
    return _OTHERS.get(node.type, _CLOSED)


def _fits(level: int, node: Node) -> bool:
    """Whether what binds at this level stays together where the node stands."""
    parent = node.parent
    if parent is None or level == _CLOSED:
        return True
    kind = parent.type
    if kind == "binary_expression":
        own = _level_of(parent)
        return level >= own if parent.child_by_field_name("left") == node else level > own
    if kind == "conditional_expression":
        if parent.child_by_field_name("condition") == node:
            return level > 3
        return level >= 1 if parent.child_by_field_name("consequence") == node else level >= 3
    if kind == "assignment_expression":
        return level >= (_PREFIX if parent.child_by_field_name("left") == node else 2)
    if kind in ("subscript_expression", "field_expression", "call_expression", "update_expression"):
        return False
    if kind in _OTHERS and _OTHERS[kind] == _PREFIX:
        return level >= _PREFIX
    return level >= 1 if kind in _WHOLE else level >= 2


# -- checks and other calls ----------------------------------------------------------------


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
            if inner is not None and inner.type == "parenthesized_expression" and inner.start_byte == 0:
                inner = first_child(inner)
            if inner is not None and not _fits(_level_of(inner), node):
                return _vague(m, f"the macro {name}'s text mixes with the expression around it", name)
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
    macro = m.context.macros.get(name, path, offset)
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
    tree = None
    if node.parent is not None and node.parent.type != "expression_statement" and raw:
        raw = b"(" + raw + b");"  # `a * b` is an expression here, and no declaration
        tree = parse_text(raw)
        if tree.root_node.has_error:
            raw, tree = raw[1:-2], None
    if tree is None:
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
