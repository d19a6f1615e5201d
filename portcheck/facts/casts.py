"""Casts to pointers to vector types: where scalar memory is viewed in units of 8 bytes or more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.accesses import in_registers
from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.facts.expressions import function_place
from portcheck.program.callee import NAMED_CASTS, Callee
from portcheck.program.model import Function, Observation
from portcheck.program.nodes import first_child
from portcheck.program.types import CType, parse_type, substitute

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorCast(Fact):
    """A view of memory as a vector type: `target` as written, `operand` what is viewed.

    `through` names the function that casts when the cast is not on the line itself.
    """

    kind = FactKind.VEC_CAST

    target: str
    operand: str
    through: str = ""

    @property
    def detail(self) -> str:
        width = f"{self.width_bytes} bytes" if self.width_bytes else "width differs between instantiations"
        by = f" by {self.through}" if self.through else ""
        return f"{self.operand} viewed as {self.target}{by} ({width})"


def concerns(name: str, context: Context) -> bool:
    return name in NAMED_CASTS or name in context.program.functions


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Casts in an expression: named, C-style, and calls of functions that cast their argument."""
    if seen.kind == "cast":
        type_node = seen.node.child_by_field_name("type")
        value = seen.node.child_by_field_name("value")
        if type_node is not None and value is not None and not _of_local(value, seen, context):
            yield from _cast(seen, context, seen.origin.read(type_node), seen.origin.read(value))
        return
    callee = seen.callee
    if callee is None:
        return
    if callee.name in NAMED_CASTS:
        if callee.template_arguments and callee.arguments and callee.name != "const_cast":
            operand = callee.arguments[0]
            given = context.type_of(operand, seen)
            wanted = parse_type(callee.template_arguments[0])
            if (
                given is not None
                and wanted is not None
                and given.base() == wanted.base()
                and given.is_indirect
            ):
                return
            if not _of_local(operand, seen, context):
                yield from _cast(seen, context, callee.template_arguments[0], seen.origin.read(operand))
    elif callee.template_arguments and callee.arguments:
        yield from _through(seen, callee, context)


def _of_local(operand: Node, seen: Observation, context: Context) -> bool:
    """A view of a local object's own bytes, such as `reinterpret_cast<int4*>(&v)`: no memory."""
    return operand.type == "pointer_expression" and in_registers(operand, seen, context)


def _cast(seen: Observation, context: Context, target: str, operand: str) -> Iterator[Fact]:
    type_ = parse_type(target)
    if type_ is None or _is_opaque(type_, seen):
        return
    viewed = _viewed(type_, target, context, seen.function)
    if viewed is None:
        return
    yield VectorCast(
        **context.common(seen),
        target=" ".join(target.split()),
        operand=operand,
        width_bytes=context.typer.width_bytes(viewed, seen.function),
    )


def _viewed(type_: CType, target: str, context: Context, function: Function) -> CType | None:
    """The vector type behind a cast's target, None where the target is no pointer to one."""
    reference = target.rstrip().endswith("&")
    for meaning in context.typer.resolve(type_, function):
        pointee = meaning.base() if reference else meaning.dereferenced()
        if pointee is None or not context.typer.is_vector(pointee, function):
            return None
    return type_.base() if reference else type_.dereferenced() or type_.base()


def _is_opaque(type_: CType, seen: Observation) -> bool:
    """Whether the type is a parameter of the template or macro that the cast stands in."""
    names = {p.name for p in seen.function.template_parameters} | seen.origin.macro_parameters
    return type_.name in names and type_.scope is None


def _through(seen: Observation, callee: Callee, context: Context) -> Iterator[Fact]:
    """A call such as `advance<int4>(p, n)` of a function whose result is its argument, cast."""
    if callee.name in context.program.records:
        return
    for target in context.effects.candidates(callee, seen.function, seen.origin):
        names = [p.name for p in target.template_parameters]
        bound = dict(zip(names, callee.template_arguments, strict=False))
        result = target.return_type
        if result is None or result.pointers != 1 or result.name not in bound:
            continue
        if not _casts_result(target):
            continue
        written = substitute(str(result), bound)
        type_ = parse_type(written)
        if type_ is None or _is_opaque(type_, seen):
            continue
        viewed = _viewed(type_, written, context, seen.function)
        if viewed is None:
            return
        yield VectorCast(
            **context.common(seen, related=(function_place(target),)),
            target=written,
            operand=seen.origin.read(callee.arguments[0]),
            width_bytes=context.typer.width_bytes(viewed, seen.function),
            through=target.qualified,
        )
        return


def _casts_result(target: Function) -> bool:
    for seen in target.observations:
        if seen.kind == "return":
            value = first_child(seen.node)
            if value is not None and value.type == "call_expression":
                inner = Callee.of(value, seen.origin)
                if inner is not None and inner.name in NAMED_CASTS:
                    return True
            elif value is not None and value.type == "cast_expression":
                return True
    return False
