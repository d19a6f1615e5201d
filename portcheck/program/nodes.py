"""Small questions about syntax nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


def child(node: Node, position: int) -> Node | None:
    """The named child at a position, comments not counted; None where there is none."""
    children = [c for c in node.named_children if c.type != "comment"]
    return children[position] if position < len(children) else None


def first_child(node: Node) -> Node | None:
    return child(node, 0)
