"""Reading declarations: which names, of which types, from which values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.program.model import Origin, Parameter
from portcheck.program.nodes import first_child
from portcheck.program.types import CType, parse_type

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Declared:
    """One declarator of a declaration."""

    name: str
    type: CType | None
    type_text: str
    value: Node | None
    node: Node
    is_function: bool = False
    has_arguments: bool = False


def declared(node: Node, origin: Origin) -> Iterator[Declared]:
    """The names that a `declaration` or `field_declaration` introduces."""
    type_node = node.child_by_field_name("type")
    if type_node is None:
        return
    type_text = origin.read(type_node)
    base = parse_type(type_text)
    for declarator in node.children_by_field_name("declarator"):
        found = unwrap(declarator, base, type_text, origin)
        if found is not None:
            yield found
        elif declarator.type == "init_declarator":
            yield from _structured(declarator, origin)


def unwrap(node: Node, base: CType | None, type_text: str, origin: Origin) -> Declared | None:
    """Follow a declarator down to its name, counting pointers and array extents."""
    value: Node | None = None
    pointers = 0
    extents: list[str] = []
    is_function = False
    has_arguments = False
    current: Node | None = node
    while current is not None:
        kind = current.type
        if kind in ("identifier", "field_identifier", "type_identifier"):
            break
        if kind == "init_declarator":
            value = current.child_by_field_name("value")
            has_arguments = value is not None and value.type == "argument_list"
            current = current.child_by_field_name("declarator")
        elif kind == "pointer_declarator":
            if extents:
                base = None  # a pointer to an array: no `CType` says that
            pointers += 1
            current = current.child_by_field_name("declarator")
        elif kind in ("reference_declarator", "parenthesized_declarator", "attributed_declarator"):
            current = next((c for c in current.named_children if c.type != "type_qualifier"), None)
        elif kind == "array_declarator":
            size = current.child_by_field_name("size")
            extents.insert(0, origin.read(size) if size is not None else "")
            current = current.child_by_field_name("declarator")
        elif kind == "function_declarator":
            is_function = True
            current = current.child_by_field_name("declarator")
        elif kind == "bitfield_clause":
            return None
        else:
            return None
    if current is None:
        return None
    full = base
    if full is not None and (pointers or extents):
        full = CType(full.name, full.arguments, full.pointers + pointers, tuple(extents), full.scope)
    return Declared(origin.read(current), full, type_text, value, node, is_function, has_arguments)


def _structured(node: Node, origin: Origin) -> Iterator[Declared]:
    binding = node.child_by_field_name("declarator")
    if binding is None or binding.type != "structured_binding_declarator":
        return
    value = node.child_by_field_name("value")
    for name in binding.named_children:
        if name.type == "identifier":
            yield Declared(origin.read(name), None, "auto", value, node)


def parameter_list(declarator: Node) -> Node | None:
    """The parameters of a function's declarator."""
    current: Node | None = declarator
    while current is not None and current.type != "function_declarator":
        current = current.child_by_field_name("declarator") or first_child(current)
    return current.child_by_field_name("parameters") if current is not None else None


def parameters(node: Node | None, origin: Origin) -> list[Parameter]:
    """Function parameters of a `parameter_list`, template parameters of the template's list."""
    result: list[Parameter] = []
    if node is None:
        return result
    for child in node.named_children:
        kind = child.type
        if kind in (
            "parameter_declaration",
            "optional_parameter_declaration",
            "variadic_parameter_declaration",
        ):
            type_node = child.child_by_field_name("type")
            type_text = origin.read(type_node) if type_node is not None else ""
            declarator = child.child_by_field_name("declarator")
            base = parse_type(type_text)
            found = unwrap(declarator, base, type_text, origin) if declarator is not None else None
            default = child.child_by_field_name("default_value")
            result.append(
                Parameter(
                    found.name if found else "",
                    found.type if found else base,
                    _written_type(child, declarator, origin),
                    origin.read(default) if default is not None else "",
                )
            )
        elif kind in (
            "type_parameter_declaration",
            "optional_type_parameter_declaration",
            "variadic_type_parameter_declaration",
        ):
            name = child.child_by_field_name("name")
            if name is None:
                name = next((c for c in child.named_children if c.type == "type_identifier"), None)
            default = child.child_by_field_name("default_type")
            result.append(
                Parameter(
                    origin.read(name) if name is not None else "",
                    None,
                    "typename",
                    origin.read(default) if default is not None else "",
                    is_type=True,
                )
            )
    return result


def _written_type(node: Node, declarator: Node | None, origin: Origin) -> str:
    """The parameter's type as written, without its name and default."""
    default = node.child_by_field_name("default_value")
    end = default.start_byte if default is not None else node.end_byte
    text = origin.text[node.start_byte : end].decode("utf-8", "replace")
    if default is not None:
        text = text.rstrip().removesuffix("=")
    text = " ".join(text.split())
    if declarator is not None:
        name = declarator
        while name.type not in ("identifier", "field_identifier"):
            inner = name.child_by_field_name("declarator") or next(
                (c for c in name.named_children if c.type != "type_qualifier"), None
            )
            if inner is None:
                return text
            name = inner
        written = origin.read(name)
        head, found, tail = text.rpartition(written)
        if found:
            text = f"{head.rstrip()}{tail}".strip()
    return text
