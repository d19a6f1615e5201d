"""The parts of a call expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.program.nodes import first_child
from portcheck.program.types import split_top

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.program.model import Function, Origin

NAMED_CASTS = frozenset(("reinterpret_cast", "static_cast", "const_cast", "dynamic_cast", "bit_cast"))
_NAMES = frozenset(
    (
        "identifier",
        "field_identifier",
        "type_identifier",
        "primitive_type",
        "sized_type_specifier",
        "operator_name",
        "destructor_name",
    )
)


class Callee:
    """The parts of a call expression."""

    __slots__ = (
        "arguments",
        "name",
        "node",
        "qualifier",
        "receiver",
        "summary",
        "targets",
        "template_arguments",
        "title",
    )

    def __init__(
        self,
        node: Node,
        title: Node,
        name: str,
        qualifier: str,
        receiver: Node | None,
        template_arguments: list[str],
        arguments: list[Node],
    ) -> None:
        self.node, self.title, self.name, self.qualifier = node, title, name, qualifier
        self.receiver, self.template_arguments, self.arguments = receiver, template_arguments, arguments
        self.summary: object = None  # what the call does, once `facts.effects` has asked
        self.targets: list[Function] | None = None  # the functions it can reach, likewise

    @classmethod
    def of(cls, node: Node, origin: Origin) -> Callee | None:
        title = node.child_by_field_name("function")
        listed = node.child_by_field_name("arguments")
        if title is None:
            return None
        receiver: Node | None = None
        qualifier = ""
        template_text = ""
        current: Node | None = title
        while current is not None:
            kind = current.type
            if kind in _NAMES:
                break
            if kind == "field_expression":
                receiver = current.child_by_field_name("argument")
                current = current.child_by_field_name("field")
            elif kind == "qualified_identifier":
                scope = current.child_by_field_name("scope")
                if scope is not None:
                    qualifier = f"{qualifier}{origin.read(scope)}::"
                current = current.child_by_field_name("name")
            elif kind in ("template_function", "template_method", "template_type"):
                arguments = current.child_by_field_name("arguments")
                template_text = origin.read(arguments)[1:-1] if arguments is not None else ""
                current = current.child_by_field_name("name")
            elif kind in ("dependent_name", "parenthesized_expression"):
                current = first_child(current)
            else:
                return None
        if current is None:
            return None
        arguments_list = (
            [c for c in listed.named_children if c.type != "comment"] if listed is not None else []
        )
        return cls(
            node,
            current,
            origin.read(current),
            qualifier,
            receiver,
            split_top(template_text) if template_text else [],
            arguments_list,
        )
