"""Whether a text is one C++ expression, asked before anything is read."""

from __future__ import annotations

from portcheck.cli.errors import UsageError
from portcheck.syntax import parse_text

_ASSIGNMENTS = frozenset(("assignment_expression", "update_expression"))


def check_expression(text: str, what: str) -> None:
    """Raises UsageError, which begins with `what`, for a text that is no expression or that assigns."""
    shown = " ".join(text.split())
    root = parse_text(b"void f() { (" + text.encode("utf-8", "surrogateescape") + b"\n); }").root_node
    body = root.child(0).child_by_field_name("body") if root.child_count == 1 and root.child(0) else None
    statement = body.named_child(0) if body is not None and body.named_child_count == 1 else None
    whole = statement.named_child(0) if statement is not None else None
    if root.has_error or whole is None or whole.type != "parenthesized_expression":
        raise UsageError(f"{what}'{shown}' is not an expression")
    if any(node.type in _ASSIGNMENTS for node in whole.named_children):
        raise UsageError(f"{what}'{shown}' assigns; a question only reads (== compares)")
