"""Where a constant is declared, and whether its initialiser is its value for good."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.program.declarators import parameters
from portcheck.program.model import Parameter, Record

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.declarations import Enumerator
    from portcheck.program.model import Origin

_RECORDS = ("struct_specifier", "class_specifier", "union_specifier")
_WORD = re.compile(rb"\w+")
_CHANGEABLE = frozenset((b"__constant__", b"volatile", b"thread_local", b"mutable"))


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Where a declaration stands; `function` is the span of the function around it."""

    namespace: tuple[str, ...]
    records: tuple[Record, ...]
    function: tuple[int, int] | None
    complete: bool = True  # False: in a class that the program does not list
    parameters: tuple[Parameter, ...] = ()  # of the template that a variable is


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A constant with the expression that gives it, or an enumerator."""

    name: str
    node: Node | None
    origin: Origin
    scope: Scope
    enum: str = ""
    is_scoped: bool = False
    enumerator: Enumerator | None = None
    specialization: tuple[str, ...] | None = None
    changes: bool = False  # a variable that the code or the host may write


def scope_of(node: Node, origin: Origin, record_at: Callable[[Origin, int], Record | None]) -> Scope:
    """Where a node stands."""
    namespace: list[str] = []
    records: list[Record] = []
    function: tuple[int, int] | None = None
    complete = True
    template: tuple[Parameter, ...] = ()
    current: Node | None = node
    in_file = False
    while current is not None:
        parent = current.parent
        if current.type == "namespace_definition":
            title = current.child_by_field_name("name")
            inner = origin.read(title).split("::") if title is not None else []
            namespace = [*inner, *namespace]
        elif current.type in _RECORDS and current.child_by_field_name("name") is not None:
            record = record_at(origin, current.start_byte)
            complete = complete and record is not None
            if record is not None and record not in records:
                records.insert(0, record)
        elif current.type in ("function_definition", "lambda_expression") and function is None:
            function = (current.start_byte, current.end_byte)
        elif current.type == "template_declaration" and not records and function is None:
            listed = current.child_by_field_name("parameters")
            template = tuple(parameters(listed, origin))
        if parent is None and not in_file and current != origin.file.tree.root_node:
            in_file = True  # a fragment: what is around it stands in the file's own tree
            at = origin.file.tree.root_node.descendant_for_byte_range(node.start_byte, node.start_byte)
            parent = at
        current = parent
    return Scope(tuple(namespace), tuple(records), function, complete, template)


def enumeration(one: Enumerator) -> Node | None:
    root = one.origin.file.tree.root_node
    current = root.descendant_for_byte_range(one.start_byte, one.start_byte + 4)
    while current is not None and current.type != "enum_specifier":
        current = current.parent
    return current if current is not None and current.start_byte == one.start_byte else None


def is_variable(node: Node, origin: Origin) -> bool:
    """Whether an initialiser is that of a variable, and no member's default."""
    words, kind = _words(node, origin)
    return kind == "declaration" or (kind == "field_declaration" and bool(words & {b"static", b"constexpr"}))


def is_constant(node: Node, origin: Origin) -> bool:
    """Whether a variable's initialiser is its value for good."""
    words, _ = _words(node, origin)
    return bool(words & {b"constexpr", b"const"}) and not words & _CHANGEABLE


def _words(node: Node, origin: Origin) -> tuple[set[bytes], str]:
    """The words before the declarator that an initialiser belongs to, and what it declares."""
    holder = node.parent
    declarator = None
    if holder is not None and holder.type == "init_declarator":
        declarator = holder.child_by_field_name("declarator")
        holder = holder.parent
    if holder is None:
        return set(), ""
    declarator = declarator or holder.child_by_field_name("declarator")
    end = declarator.start_byte if declarator is not None else node.start_byte
    before = holder.prev_sibling
    start = before.end_byte if before is not None else max(0, holder.start_byte - 80)
    words = set(_WORD.findall(origin.text[max(start, holder.start_byte - 200) : end]))
    return words, holder.type


def is_indirect(node: Node) -> bool:
    holder = node.parent
    current = holder.child_by_field_name("declarator") if holder is not None else None
    while current is not None:
        if current.type in ("pointer_declarator", "array_declarator", "function_declarator"):
            return True
        current = current.child_by_field_name("declarator")
    return False
