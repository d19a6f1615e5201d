"""What a lambda takes along: a copy of a variable, or the variable itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.ascendc.archetypes.flow.memory import Where

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.ascendc.archetypes.flow.base import Base, Name


def captured(reader: Base, node: Node) -> dict[str, Name]:
    """The names that a lambda's body sees; what is captured by value keeps the value of now."""
    names = dict(reader.frame.names)
    copied = _copied(reader, node)
    body = node.child_by_field_name("body")
    for name in _identifiers(reader, body) if body is not None else ():
        at = names.get(name)
        if isinstance(at, Where) and at.space == "local" and copied(name):
            base = reader.unique(name)
            reader.state.cells[base] = dict(reader.state.cells.get(at.base, {}))
            names[name] = replace(at, base=base)
    return names


def _copied(reader: Base, node: Node) -> Callable[[str], bool]:
    """Whether a name is captured by value."""
    listed = node.child_by_field_name("captures")
    declarator = node.child_by_field_name("declarator")
    before = reader.text(declarator) if declarator is not None else ""
    if "mutable" in before.rpartition(")")[2]:
        raise reader.give_up("a closure that changes its own copies", node)
    default, named, referred = "", set[str](), set[str]()
    previous = ""
    for child in listed.children if listed is not None else ():
        text = reader.text(child)
        if child.type == "lambda_default_capture":
            default = text
        elif child.type == "identifier":
            (referred if previous == "&" else named).add(text)
        elif child.type not in ("[", "]", ",", "&", "comment"):
            raise reader.give_up("a closure that renames what it takes", node)
        previous = text
    return lambda name: name in named or (default == "=" and name not in referred)


def _identifiers(reader: Base, node: Node) -> set[str]:
    if node.type == "identifier":
        return {reader.text(node)}
    return {name for child in node.named_children for name in _identifiers(reader, child)}
