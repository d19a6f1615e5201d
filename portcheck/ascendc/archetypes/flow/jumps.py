"""Which statements leave what is around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_JUMPS = frozenset(("continue_statement", "break_statement", "return_statement", "goto_statement"))
_LOOPS = frozenset(("for_statement", "while_statement", "do_statement", "for_range_loop"))


def jumps_in(node: Node) -> bool:
    """Whether a statement leaves what is around it: jumps of loops inside of it stay inside."""
    if node.type in _JUMPS:
        return True
    if node.type == "lambda_expression":
        return False
    inside = _returns_in if node.type in _LOOPS else jumps_in
    return any(inside(c) for c in node.named_children)


def _returns_in(node: Node) -> bool:
    if node.type == "return_statement":
        return True
    return node.type != "lambda_expression" and any(map(_returns_in, node.named_children))
