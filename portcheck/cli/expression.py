"""Whether a text is one C++ expression, asked before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.cli.errors import UsageError
from portcheck.syntax import parse_text

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 1000

_ASSIGNMENTS = frozenset(("assignment_expression", "update_expression"))


def check_expression(text: str, what: str) -> None:
    """Raises UsageError, which begins with `what`, for what is no expression, assigns or is too deep."""
    shown = " ".join(text.split())
    root = parse_text(b"void f() { (" + text.encode("utf-8", "surrogateescape") + b"\n); }").root_node
    body = root.child(0).child_by_field_name("body") if root.child_count == 1 and root.child(0) else None
    statement = body.named_child(0) if body is not None and body.named_child_count == 1 else None
    whole = statement.named_child(0) if statement is not None else None
    if root.has_error or whole is None or whole.type != "parenthesized_expression":
        raise UsageError(f"{what}'{shown}' is not an expression")
    if any(node.type in _ASSIGNMENTS for node in whole.named_children):
        raise UsageError(f"{what}'{shown}' assigns; a question only reads (== compares)")
    if _depth(whole) > MAX_DEPTH:
        raise UsageError(f"{what}the expression nests more than {MAX_DEPTH} deep")


def _depth(root: Node) -> int:
    deepest = 0
    pending = [(root, 1)]
    while pending:
        node, depth = pending.pop()
        deepest = max(deepest, depth)
        pending += [(child, depth + 1) for child in node.named_children]
    return deepest
