"""Carving of memory: shared buffers, byte sizes, pointer offsets, cursors and record layouts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.facts.expressions import function_place, strip_casts
from portcheck.program.callee import NAMED_CASTS, Callee
from portcheck.program.model import Function, Observation
from portcheck.program.nodes import child, first_child

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_TERMS = 200
_BYTES = re.compile(r"bytes|smem|shm|nbytes|size_in_b|Bytes|_sz$", re.IGNORECASE)
_SIZE = re.compile(r"size|stride|offset|pitch|align|num_|bytes", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(Fact):
    """One step of carving memory.

    `step` is "shared array", "byte size", "offset" (a pointer plus an offset), "cursor" (an
    object whose constructor carves) or "part" (a call that returns a carved pointer). `space`
    is "shared", "global or shared" or "size". `expression` is the address or size as written.
    """

    kind = FactKind.SMEM_LAYOUT

    step: str
    space: str
    name: str
    expression: str
    through: str = ""

    @property
    def detail(self) -> str:
        name = f"{self.name} = " if self.name else ""
        return f"{self.step} ({self.space}): {name}{self.expression}"


def concerns(name: str, context: Context) -> bool:
    return name not in NAMED_CASTS


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Layout steps in one observation."""
    if seen.kind in ("declaration", "field"):
        yield from _declaration(seen, context)
    elif seen.kind == "assign":
        left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
        operator = seen.node.child_by_field_name("operator")
        if left is None or right is None or operator is None or operator.type not in ("=", "+=", "-="):
            return
        name, grows = seen.origin.read(left), operator.type != "="
        yield from _value(seen, context, name, right, seen.node, grows=grows, target=left)
    elif seen.kind == "member":
        title = first_child(seen.node)
        listed = child(seen.node, 1)
        if title is not None and listed is not None and listed.named_child_count == 1:
            value = first_child(listed)
            if value is not None:
                yield from _value(seen, context, seen.origin.read(title), value, seen.node)
    elif seen.kind == "return":
        value = first_child(seen.node)
        if value is not None:
            yield from _returned(seen, context, value)
    elif seen.kind == "call":
        yield from _part(seen, context)
    elif seen.kind == "subscript":
        yield from _shared_element(seen, context)


def _declaration(seen: Observation, context: Context) -> Iterator[Fact]:
    origin = seen.origin
    for found in seen.declared:
        binding = seen.function.bindings.get(found.name, [None])[-1]
        if binding is not None and binding.shared and found.type is not None and not found.is_function:
            element = context.typer.width_bytes(found.type.base(), seen.function)
            width = _constant_bytes(found.type.extents, element)
            yield Layout(
                **(context.common(seen) | {"width_bytes": width}),
                step="shared array",
                space="shared",
                name=found.name,
                expression=f"{found.type.base()} {found.name}{''.join(f'[{e}]' for e in found.type.extents)}",
            )
            continue
        value = found.value
        if value is None and seen.kind == "field":
            value = seen.node.child_by_field_name("default_value")
        # `Cursor c(base, n);` with names alone reads as the declaration of a function.
        constructed = found.is_function and bool(seen.function.name)
        if constructed or (value is not None and value.type == "argument_list"):
            if found.type is not None and is_carver(found.type.name, context):
                yield Layout(
                    **context.common(seen),
                    step="cursor",
                    space="global or shared",
                    name=found.name,
                    expression=origin.read(seen.node).rstrip(";"),
                )
            continue
        if value is None:
            continue
        yield from _value(seen, context, found.name, value, found.node)


def _constant_bytes(extents: tuple[str, ...], element_bytes: int | None) -> int | None:
    if element_bytes is None or not extents or not all(e.isdigit() for e in extents):
        return None
    total = element_bytes
    for extent in extents:
        total *= int(extent)
    return total


def _value(
    seen: Observation,
    context: Context,
    name: str,
    value: Node,
    at: Node,
    *,
    grows: bool = False,
    target: Node | None = None,
) -> Iterator[Fact]:
    """A name given an address or a byte size."""
    origin = seen.origin
    core = strip_casts(value, origin)
    if core.type == "conditional_expression":
        core = strip_casts(core.child_by_field_name("consequence") or core, origin)
    if core.type == "lambda_expression":
        return
    text = origin.read(value)
    if _is_offset(core, seen, context) or (grows and _grows_pointer(target, seen, context)):
        yield Layout(
            **context.common(seen, at),
            step="offset",
            space=_space(value, seen, context),
            name=name,
            expression=text,
        )
        return
    if core.type == "call_expression":
        callee = Callee.of(core, origin)
        if callee is not None and is_carver(callee.name, context):
            yield Layout(
                **context.common(seen, at),
                step="cursor",
                space="global or shared",
                name=name,
                expression=text,
                through=callee.name,
            )
            return
    if _is_byte_size(name, core, text, grows, seen):
        terms = _terms(core)
        lines = {t.start_point.row for t in terms}
        parts = terms if len(terms) > 1 and len(lines) > 1 else [at]
        for part in parts:
            yield Layout(
                **context.common(seen, part),
                step="byte size",
                space="size",
                name=name,
                expression=text if part is at else origin.read(part),
            )


def _terms(node: Node) -> list[Node]:
    """The terms of a sum, left to right: the parts of a record."""
    terms: list[Node] = []
    current: Node | None = node
    while current is not None and current.type == "binary_expression":
        operator = current.child_by_field_name("operator")
        right = current.child_by_field_name("right")
        if operator is None or operator.type != "+" or right is None:
            break
        terms.append(right)
        current = current.child_by_field_name("left")
    if current is not None:
        terms.append(current)
    return terms[::-1]


def _is_byte_size(name: str, core: Node, text: str, grows: bool, seen: Observation) -> bool:
    if seen.kind == "declaration" and core.type == "number_literal":
        return bool(_BYTES.search(name)) and not text.startswith("0") and text.rstrip("uUlL").isdigit()
    if core.type == "number_literal" and seen.kind == "field":
        return bool(_BYTES.search(name)) and text not in ("0", "-1")
    if core.type not in (
        "binary_expression",
        "call_expression",
        "sizeof_expression",
        "conditional_expression",
    ):
        return False
    if "sizeof" in text:
        return bool(_SIZE.search(name))
    return bool(_BYTES.search(name)) and (
        grows or core.type != "call_expression" or "align" in text.lower() or "bytes" in text.lower()
    )


def _is_offset(node: Node, seen: Observation, context: Context) -> bool:
    """Pointer plus or minus something that is not a pointer; also the address of an element."""
    if node.type == "binary_expression":
        operator = node.child_by_field_name("operator")
        if operator is None or operator.type not in ("+", "-"):
            return False
        type_ = context.type_of(node, seen)
        if type_ is not None:
            return type_.is_indirect
        return _mentions_address(node, seen, context)
    if node.type == "pointer_expression":
        operator = node.child_by_field_name("operator")
        argument = node.child_by_field_name("argument")
        if (
            operator is not None
            and operator.type == "&"
            and argument is not None
            and argument.type == "subscript_expression"
        ):
            base = argument.child_by_field_name("argument")
            type_ = context.type_of(base, seen) if base is not None else None
            return (
                type_ is not None
                and type_.is_indirect
                and (
                    bool(type_.pointers)
                    or context.provenance.of(argument, seen.function, seen.origin, "shared") is not None
                )
            )
    return False


def _mentions_address(node: Node, seen: Observation, context: Context) -> bool:
    core = node
    for _ in range(MAX_TERMS):
        left = core.child_by_field_name("left")
        if core.type != "binary_expression" or left is None:
            break
        core = strip_casts(left, seen.origin)
    if core.type == "call_expression":
        callee = Callee.of(core, seen.origin)
        return callee is not None and callee.receiver is not None and returns_address(callee, seen, context)
    return False


def _grows_pointer(target: Node | None, seen: Observation, context: Context) -> bool:
    type_ = context.type_of(target, seen) if target is not None else None
    return type_ is not None and bool(type_.pointers)


def _space(node: Node, seen: Observation, context: Context) -> str:
    found = context.provenance.of(node, seen.function, seen.origin, "shared")
    return "shared" if found is not None else "global or shared"


def _returned(seen: Observation, context: Context, value: Node) -> Iterator[Fact]:
    core = strip_casts(value, seen.origin)
    text = seen.origin.read(value)
    if core.type == "conditional_expression":
        return
    if _is_offset(core, seen, context):
        yield Layout(
            **context.common(seen), step="offset", space="global or shared", name="", expression=text
        )
    elif core.type == "call_expression":
        callee = Callee.of(core, seen.origin)
        if callee is not None and is_carver(callee.name, context):
            yield Layout(
                **context.common(seen),
                step="cursor",
                space="global or shared",
                name="",
                expression=text,
                through=callee.name,
            )
        elif _BYTES.search(seen.function.name) and callee is not None:
            yield Layout(**context.common(seen), step="byte size", space="size", name="", expression=text)
    elif core.type == "binary_expression" and _BYTES.search(seen.function.name):
        yield Layout(**context.common(seen), step="byte size", space="size", name="", expression=text)


def _part(seen: Observation, context: Context) -> Iterator[Fact]:
    """A call of a function that carves: its value is an address inside a bigger buffer."""
    parent = seen.node.parent
    if parent is not None and parent.type == "field_expression":
        return
    callee = seen.callee
    if callee is None or callee.name.endswith("_cast"):
        return
    if returns_address(callee, seen, context):
        related = tuple(
            function_place(t) for t in context.effects.candidates(callee, seen.function, seen.origin)[:1]
        )
        yield Layout(
            **context.common(seen, related=related),
            step="part",
            space="global or shared",
            name="",
            expression=seen.origin.read(seen.node),
            through=callee.name,
        )
        return
    for argument in callee.arguments:
        core = strip_casts(argument, seen.origin)
        if (
            core.type == "binary_expression"
            and _is_offset(core, seen, context)
            and context.provenance.of(argument, seen.function, seen.origin, "shared") is not None
        ):
            yield Layout(
                **context.common(seen, argument),
                step="offset",
                space="shared",
                name="",
                expression=seen.origin.read(argument),
            )


def _shared_element(seen: Observation, context: Context) -> Iterator[Fact]:
    """A cast view of shared memory, indexed: `reinterpret_cast<int4*>(stage)[i]`."""
    argument = seen.node.child_by_field_name("argument")
    if argument is None or argument.type not in (
        "call_expression",
        "parenthesized_expression",
        "cast_expression",
    ):
        return
    core = strip_casts(argument, seen.origin)
    if core == argument:
        return
    if context.provenance.of(argument, seen.function, seen.origin, "shared") is not None:
        yield Layout(
            **context.common(seen),
            step="offset",
            space="shared",
            name="",
            expression=seen.origin.read(seen.node),
        )


def is_carver(name: str, context: Context) -> bool:
    """Whether a class's constructor carves memory, or its methods return carved addresses."""
    cache = context.carvers
    if name not in cache:
        cache[name] = False
        if name in context.program.records:
            cache[name] = _carves(name, context)
    return cache[name]


def _carves(name: str, context: Context) -> bool:
    for constructor in context.program.methods(name, name):
        for seen in constructor.observations:
            if seen.kind == "assign":
                right = seen.node.child_by_field_name("right")
                if right is not None and _is_offset(strip_casts(right, seen.origin), seen, context):
                    return True
    for functions in context.program.functions.values():
        for method in functions:
            if method.record.rsplit("::", 1)[-1] == name and _returns_offset(method, context):
                return True
    return False


def _returns_offset(method: Function, context: Context) -> bool:
    if method.return_type is None or not method.return_type.pointers:
        return False
    for seen in method.observations:
        if seen.kind == "return":
            value = first_child(seen.node)
            if value is None:
                continue
            core = strip_casts(value, seen.origin)
            if _is_offset(core, seen, context):
                return True
            if core.type == "call_expression":
                callee = Callee.of(core, seen.origin)
                if (
                    callee is not None
                    and callee.name != method.name
                    and returns_address(callee, seen, context)
                ):
                    return True
    return False


def returns_address(callee: Callee, seen: Observation, context: Context) -> bool:
    """Whether a call returns an address that the callee computes by carving."""
    if callee.name in context.program.records or seen.function.lookup(callee.name, seen.node.start_byte):
        return False
    cache = context.carving_functions
    for target in context.effects.candidates(callee, seen.function, seen.origin)[:8]:
        key = id(target)
        if key not in cache:
            cache[key] = False
            cache[key] = _target_carves(target, context)
        if cache[key]:
            return True
    return False


def _target_carves(target: Function, context: Context) -> bool:
    if _returns_offset(target, context):
        return True
    if (
        target.record
        and target.return_type is not None
        and target.return_type.name in context.program.records
    ):
        return is_carver(target.return_type.name, context)
    return False
