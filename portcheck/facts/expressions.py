"""Questions about expressions and functions that several finders ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portcheck.program.callee import Callee
from portcheck.program.model import Function, Origin
from portcheck.program.nodes import first_child
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def function_place(function: Function) -> Place:
    """The place of a function's head."""
    end = function.body.start_byte if function.body is not None else function.end_byte
    return function.origin.place(function.start_byte, end)


def identifiers(text: str) -> set[str]:
    return set(_IDENTIFIER.findall(text))


def strip_casts(node: Node, origin: Origin) -> Node:
    """The expression under parentheses and casts."""
    while True:
        if node.type == "parenthesized_expression" and node.named_child_count == 1:
            inner = first_child(node)
        elif node.type == "cast_expression":
            inner = node.child_by_field_name("value")
        elif node.type == "call_expression":
            callee = Callee.of(node, origin)
            named = callee is not None and callee.name.endswith("_cast") and len(callee.arguments) == 1
            inner = callee.arguments[0] if named and callee is not None else None
        else:
            inner = None
        if inner is None:
            return node
        node = inner
