"""Which function handles which kind of syntax node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from portcheck.analysis import (
    calls,
    closures,
    declarations,
    expressions,
    intrinsics,
    loops,
    macros,
    names,
    statements,
)
from portcheck.analysis.values import Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

EXPRESSIONS: dict[str, Callable[[Machine, Node, Frame], Value]] = {
    "number_literal": expressions.literal,
    "true": expressions.true,
    "false": expressions.false,
    "null": expressions.null,
    "nullptr": expressions.null,
    "char_literal": expressions.character,
    "identifier": expressions.identifier,
    "qualified_identifier": names.identifier,
    "template_function": names.identifier,
    "field_identifier": expressions.identifier,
    "this": names.this,
    "parenthesized_expression": expressions.parenthesized,
    "condition_clause": expressions.condition_clause,
    "binary_expression": macros.unmixed(expressions.binary),
    "unary_expression": macros.unmixed(expressions.unary),
    "update_expression": expressions.update,
    "assignment_expression": macros.unmixed(expressions.assignment),
    "conditional_expression": macros.unmixed(expressions.conditional),
    "comma_expression": expressions.comma,
    "pointer_expression": macros.unmixed(expressions.pointer),
    "subscript_expression": macros.unmixed(expressions.load),
    "field_expression": expressions.load,
    "lambda_expression": closures.capture,
    "sizeof_expression": expressions.size_of,
    "alignof_expression": expressions.align_of,
    "cast_expression": macros.unmixed(expressions.cast),
    "compound_literal_expression": expressions.compound_literal,
    "call_expression": calls.call,
    "gnu_asm_expression": intrinsics.assembly,
}

STATEMENTS: dict[str, Callable[[Machine, Node, Frame], None]] = {
    "compound_statement": statements.block,
    "expression_statement": statements.expression,
    "declaration": declarations.declare,
    "if_statement": statements.branch,
    "for_statement": loops.for_loop,
    "while_statement": loops.while_loop,
    "do_statement": loops.do_loop,
    "for_range_loop": loops.range_loop,
    "switch_statement": statements.switch,
    "return_statement": statements.leave_function,
    "throw_statement": statements.stop,
    "break_statement": statements.leave_loop,
    "continue_statement": statements.next_iteration,
    "goto_statement": statements.jump,
    "labeled_statement": statements.label,
    "static_assert_declaration": statements.static_assertion,
    "alias_declaration": declarations.alias,
    "type_definition": declarations.alias,
    "try_statement": statements.attempt,
    "else_clause": statements.else_clause,
}
