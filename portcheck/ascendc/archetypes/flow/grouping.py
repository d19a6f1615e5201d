"""Whether a macro's text stays together where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

# Expressions that no operator beside them takes apart.
_WHOLE = frozenset((
    "identifier", "qualified_identifier", "number_literal", "true", "false", "null", "nullptr",
    "string_literal", "char_literal", "parenthesized_expression", "call_expression", "subscript_expression",
    "field_expression", "sizeof_expression", "compound_literal_expression", "initializer_list",
))  # fmt: skip
# What a use may stand in without operators beside it.
_AROUND = frozenset((
    "parenthesized_expression", "condition_clause", "argument_list", "subscript_argument_list",
    "init_declarator", "return_statement", "expression_statement", "initializer_list", "comma_expression",
    "for_statement", "array_declarator", "template_argument_list",
))  # fmt: skip


def stays_whole(inner: Node, use: Node) -> bool:
    """Whether `inner`, what a macro expands to, is an operand of its own where `use` stands."""
    if inner.type in _WHOLE:
        return True
    parent = use.parent
    if parent is None or inner.type == "comma_expression":
        return parent is not None and parent.type in ("parenthesized_expression", "expression_statement")
    if parent.type == "assignment_expression":
        return parent.child_by_field_name("right") == use
    return parent.type in _AROUND
