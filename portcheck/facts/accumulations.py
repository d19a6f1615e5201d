"""Sums of low-precision values: which type is summed, and in which type the sum is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.facts.effects import read_asm
from portcheck.facts.expressions import function_place
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Observation
from portcheck.program.types import CType

if TYPE_CHECKING:
    from tree_sitter import Node

_FUSED = frozenset(("fma", "fmaf", "__fmaf_rn", "__fmaf_ieee_rn", "__ffma2_rn", "ffma2"))
MAX_STEPS = 2  # how many locals a conversion is followed through
_FP32 = frozenset(("float", "float2", "float4", "double", "double2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulation(Fact):
    """A sum kept in FP32 of values that are narrower: `element` is what is summed.

    `accumulator` is "" where a call adds two values and keeps the sum in neither.
    """

    kind = FactKind.FP32_ACCUM

    accumulator: str
    accumulator_type: str
    element: str
    through: str = ""

    @property
    def detail(self) -> str:
        by = f" by {self.through}" if self.through else ""
        if not self.accumulator:
            return f"{self.element} added in {self.accumulator_type}{by}"
        return f"{self.element} summed in {self.accumulator_type} {self.accumulator}{by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LowPrecisionAccumulation(Accumulation):
    """A sum of low-precision values that is NOT kept in FP32."""

    kind = FactKind.LOWP_ACCUM


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Accumulations in an assignment, a call or an `asm` statement."""
    if seen.kind == "assign":
        yield from _assignment(seen, context)
    elif seen.kind == "asm":
        yield from _asm(seen, context)
    else:
        yield from _call(seen, context)


def _assignment(seen: Observation, context: Context) -> Iterator[Fact]:
    left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
    operator = seen.node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return
    symbol = operator.type
    if symbol not in ("+=", "-=", "="):
        return
    if symbol == "=" and not _is_sum(right, left, seen, context):
        return
    kept = context.type_of(left, seen)
    if kept is None or kept.is_indirect:
        return
    element = _summed(right, seen, context)
    low = context.typer.low_precision(kept, seen.function)
    if low is not None and symbol != "-=":
        yield LowPrecisionAccumulation(
            **context.common(seen),
            accumulator=seen.origin.read(left),
            accumulator_type=str(kept),
            element=element or low,
        )
        return
    if element is None:
        return
    if any(t.name in _FP32 for t in context.typer.resolve(kept, seen.function)):
        yield Accumulation(
            **context.common(seen),
            accumulator=seen.origin.read(left),
            accumulator_type=str(kept),
            element=element,
        )


def _is_sum(right: Node, left: Node, seen: Observation, context: Context) -> bool:
    """Whether `left = right` adds up values: onto itself, two narrow ones, or fused.

    A narrow value plus a constant or a parameter is arithmetic, not an accumulation.
    """
    if right.type == "binary_expression":
        operator = right.child_by_field_name("operator")
        terms = [right.child_by_field_name(f) for f in ("left", "right")]
        if operator is None or operator.type != "+" or terms[0] is None or terms[1] is None:
            return False
        name = seen.origin.read(left)
        if any(seen.origin.read(t) == name for t in terms if t is not None):
            return True
        if context.typer.low_precision(context.type_of(left, seen) or CType(""), seen.function):
            return True
        return all(t is not None and _summed(t, seen, context) for t in terms)
    if right.type == "call_expression":
        callee = Callee.of(right, seen.origin)
        if callee is None or callee.name not in _FUSED or len(callee.arguments) < 3:
            return False
        return seen.origin.read(callee.arguments[2]) == seen.origin.read(left)
    return False


def _summed(node: Node, seen: Observation, context: Context, depth: int = 0) -> str | None:
    """The low-precision format that an FP32 expression was converted from, None for none."""
    pending, budget = [node], 40
    while pending and budget:
        budget -= 1
        current = pending.pop()
        if current.type == "call_expression":
            callee = Callee.of(current, seen.origin)
            if callee is not None:
                known = context.intrinsics.tables["to_float"].get(callee.name)
                if known:
                    return str(known)
                wanted = callee.template_arguments[0] if callee.template_arguments else callee.name
                if callee.name == "static_cast" or callee.name == "float":
                    if wanted.strip() in ("float", "double", "static_cast"):
                        found = _narrow(callee.arguments[0], seen, context) if callee.arguments else None
                        if found:
                            return found
                elif callee.name not in ("reinterpret_cast", "const_cast"):
                    element = _converts(callee, seen, context)
                    if element:
                        return element
        elif current.type == "cast_expression":
            type_node = current.child_by_field_name("type")
            value = current.child_by_field_name("value")
            if type_node is not None and value is not None and seen.origin.read(type_node) == "float":
                found = _narrow(value, seen, context)
                if found:
                    return found
        elif current.type == "identifier":
            found = _converted_local(current, seen, context, depth)
            if found:
                return found
            continue
        elif current.type in ("subscript_expression", "field_expression"):
            argument = current.child_by_field_name("argument")
            if argument is not None:
                pending.append(argument)
            continue
        pending.extend(current.named_children)
    return None


def _converted_local(node: Node, seen: Observation, context: Context, depth: int) -> str | None:
    """A local that was converted before: `float v = (float)h * k`, `v = __half2float(h)`."""
    name = seen.origin.read(node)
    binding = seen.function.lookup(name, node.start_byte)
    if binding is None or binding.parameter or depth >= MAX_STEPS:
        return None
    values = [(binding.value, binding.origin)] if binding.value is not None else []
    values += context.provenance.assignments(seen.function).get(name, [])[:4]
    for value, origin in values:
        if value.type in ("identifier", "lambda_expression", "initializer_list"):
            continue
        inner = Observation("assign", value, origin, seen.function)
        found = _summed(value, inner, context, depth + 1)
        if found:
            return found
    return None


def _narrow(node: Node, seen: Observation, context: Context) -> str | None:
    type_ = context.type_of(node, seen)
    if type_ is None or type_.is_indirect:
        return None
    known = context.typer.low_precision(type_, seen.function)
    if known:
        return known
    return f"template type {type_.name}" if _is_element_parameter(type_, seen.function) else None


def _is_element_parameter(type_: CType, function: Function) -> bool:
    return any(p.is_type and p.name == type_.name for p in function.template_parameters)


def _converts(callee: Callee, seen: Observation, context: Context) -> str | None:
    """A tree's own conversion to FP32: a function of one low-precision value that returns float."""
    for target in context.effects.candidates(callee, seen.function, seen.origin)[:8]:
        result = target.return_type
        if result is None or result.name not in _FP32 or result.pointers or len(target.parameters) != 1:
            continue
        given = target.parameters[0].type
        if given is not None and not given.is_indirect:
            low = context.typer.low_precision(given, target)
            if low:
                return low
            if re.search(r"to_?float|cast|convert", target.name, re.IGNORECASE) and callee.arguments:
                return _narrow(callee.arguments[0], seen, context)
    return None


def _asm(seen: Observation, context: Context) -> Iterator[Fact]:
    for instruction in read_asm(seen, context):
        class_ = {"fp32_accum": Accumulation, "lowp_accum": LowPrecisionAccumulation}.get(instruction.kind)
        if class_ is not None:
            kept = "FP32" if class_ is Accumulation else instruction.modifiers[-1]
            yield class_(
                **context.common(seen, definition=bool(seen.function.name) and not seen.function.is_kernel),
                accumulator="%0",
                accumulator_type=kept,
                element=instruction.modifiers[-1],
                through=instruction.opcode,
            )
            return


def _call(seen: Observation, context: Context) -> Iterator[Fact]:
    callee = seen.callee
    if callee is None or len(callee.arguments) < 2:
        return
    kind = context.intrinsics.kind(callee.name)
    if kind == "lowp_accum":
        given = context.type_of(callee.arguments[0], seen)
        yield LowPrecisionAccumulation(
            **context.common(seen),
            accumulator=_added_to(callee, seen),
            accumulator_type=str(given) if given else "16-bit",
            element=str(given) if given else "16-bit",
            through=callee.name,
        )
        return
    target = _accumulates(callee, seen, context)
    if target is not None:
        function, element = target
        yield Accumulation(
            **context.common(seen, related=(function_place(function),)),
            accumulator=seen.origin.read(callee.arguments[0]),
            accumulator_type="float",
            element=element,
            through=callee.name,
        )


def _added_to(callee: Callee, seen: Observation) -> str:
    """The argument of an adding intrinsic that its result is assigned to, "" where all are only read."""
    node, parent = seen.node, seen.node.parent
    while parent is not None and parent.type in ("parenthesized_expression", "cast_expression"):
        node, parent = parent, parent.parent
    if parent is None or parent.type != "assignment_expression":
        return ""
    left = parent.child_by_field_name("left")
    if left is None or parent.child_by_field_name("right") != node:
        return ""
    name = seen.origin.read(left)
    return name if any(seen.origin.read(a) == name for a in callee.arguments) else ""


def _accumulates(callee: Callee, seen: Observation, context: Context) -> tuple[Function, str] | None:
    """A small function that adds its low-precision argument to an FP32 reference argument."""
    for target in context.effects.candidates(callee, seen.function, seen.origin)[:8]:
        if len(target.observations) > 24 or len(target.parameters) < 2:
            continue
        first = target.parameters[0]
        if first.type is None or first.type.name not in _FP32 or "&" not in first.type_text:
            continue
        for inner in target.observations:
            if inner.kind != "assign":
                continue
            for fact in _assignment(inner, context):
                if isinstance(fact, Accumulation) and not isinstance(fact, LowPrecisionAccumulation):
                    return target, fact.element
    return None
