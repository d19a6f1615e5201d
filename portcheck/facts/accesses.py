"""Loads and stores of 8 bytes or more in one access: by type, by intrinsic or by wrapper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.facts.effects import asm_values, read_asm
from portcheck.facts.expressions import function_place, identifiers, strip_casts
from portcheck.program.callee import Callee
from portcheck.program.model import Binding, Function, Observation
from portcheck.program.types import CType

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.source.place import Place

MAX_WRAPPER_OBSERVATIONS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorAccess(Fact):
    """One vector load or store: `element` is the type moved, `address` the expression.

    `direction` is "load", "store" or "load and store". `through` names the wrapper,
    intrinsic or PTX opcode, "" for a plain access.
    """

    kind = FactKind.VEC_ACCESS

    direction: str
    element: str
    address: str
    through: str = ""

    @property
    def detail(self) -> str:
        by = f" by {self.through}" if self.through else ""
        width = f"{self.width_bytes} bytes" if self.width_bytes else "width differs between instantiations"
        return f"{self.direction} of {self.element} at {self.address}{by} ({width})"


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Accesses in one observation: `p[i]`, `*p`, `__ldg(p)`, a wrapper's call."""
    if seen.kind == "call":
        yield from _call(seen, context)
        return
    if seen.kind == "asm":
        yield from _asm(seen, context)
        return
    argument = seen.node.child_by_field_name("argument")
    if argument is None:
        return
    if seen.kind == "pointer":
        operator = seen.node.child_by_field_name("operator")
        if operator is None or operator.type != "*":
            return
    pointer = context.type_of(argument, seen)
    if pointer is None or in_registers(argument, seen, context):
        return
    element = context.typer.dereference(pointer, seen.function)
    if element is None or not context.typer.may_be_vector(element, seen.function):
        return
    way = direction(seen)
    if not way:
        return
    yield VectorAccess(
        **context.common(seen, definition=_rests_on_template(element, seen, context)),
        direction=way,
        element=str(element),
        address=seen.origin.read(seen.node),
        width_bytes=context.typer.width_bytes(element, seen.function),
    )


def _rests_on_template(element: CType, seen: Observation, context: Context) -> bool:
    """Whether the width is only known at the calls of the function that the access stands in."""
    function = seen.function
    if function.is_kernel:
        return False
    owner = context.program.records.get(function.record.rsplit("::", 1)[-1], ())
    names = {p.name for p in function.template_parameters}
    names |= {p.name for record in owner for p in record.template_parameters}
    return bool(names & identifiers(str(element)))


def in_registers(argument: Node, seen: Observation, context: Context) -> bool:
    """Whether an address leads into a local object: no memory traffic.

    `&v`, `a[i]` of a local array, and pointers initialised with them stay in registers; as
    soon as a pointer is followed on the way, memory is touched.
    """
    node = strip_casts(argument, seen.origin)
    if node.type == "pointer_expression":
        inner = node.child_by_field_name("argument")
        if inner is None:
            return False
        node = strip_casts(inner, seen.origin)
    while node.type in ("subscript_expression", "field_expression"):
        deeper = node.child_by_field_name("argument")
        if deeper is None:
            return False
        type_ = context.typer.type_of(deeper, seen.function, seen.origin)
        if type_ is not None and type_.pointers and not type_.extents:
            if deeper.type != "identifier":
                return False
            binding = seen.function.lookup(seen.origin.read(deeper), deeper.start_byte)
            return binding is not None and _views_local(binding, seen)
        node = strip_casts(deeper, seen.origin)
    if node.type != "identifier":
        return False
    binding = seen.function.lookup(seen.origin.read(node), node.start_byte)
    if binding is None or binding.shared or binding.parameter:
        return False
    if (
        argument.type == "pointer_expression"
        or strip_casts(argument, seen.origin).type == "pointer_expression"
    ):
        return True
    if binding.type is not None and binding.type.extents:
        return True
    return _views_local(binding, seen)


def _views_local(binding: Binding, seen: Observation) -> bool:
    """A pointer initialised with the address of a local object or with a local array."""
    if binding.value is None or binding.parameter:
        return False
    value = strip_casts(binding.value, binding.origin)
    if value.type == "pointer_expression":
        inner = value.child_by_field_name("argument")
        return inner is not None and inner.type == "identifier"
    if value.type == "identifier":
        source = seen.function.lookup(binding.origin.read(value), value.start_byte)
        return source is not None and not source.shared and bool(source.type and source.type.extents)
    return False


def direction(seen: Observation) -> str:
    node, parent = seen.node, seen.node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        node, parent = parent, parent.parent
    if parent is None:
        return "load"
    if parent.type == "assignment_expression":
        left = parent.child_by_field_name("left")
        if left == node:
            operator = parent.child_by_field_name("operator")
            return "store" if operator is None or operator.type == "=" else "load and store"
    if parent.type == "pointer_expression":
        operator = parent.child_by_field_name("operator")
        if operator is not None and operator.type == "&":
            return ""
    if parent.type == "field_expression":
        outer = parent.parent
        if (
            outer is not None
            and outer.type == "assignment_expression"
            and outer.child_by_field_name("left") == parent
        ):
            return "store"
    return "load"


def _asm(seen: Observation, context: Context) -> Iterator[Fact]:
    """A PTX load or store of a vector, or of 16 bytes in one register."""
    values = [seen.origin.read(v) for v in asm_values(seen.node)]
    for instruction in read_asm(seen, context):
        width = instruction.width_bytes
        if not instruction.modifiers or instruction.modifiers[0] not in ("ld", "st", "ldu") or width is None:
            continue
        if width < 8 or not (instruction.is_vector or width >= 16) or instruction.kind == "tma_copy":
            continue
        place = next((o for o in instruction.operands if o.startswith("[")), "")
        digits = "".join(c for c in place if c.isdigit())
        address = values[int(digits)] if digits and int(digits) < len(values) else place
        wrapper = context.effects.of_function(seen.function).kind in ("load", "store", "sync_scope")
        yield VectorAccess(
            **context.common(seen, definition=wrapper) | {"width_bytes": width},
            direction="store" if instruction.modifiers[0] == "st" else "load",
            element=f"{width}-byte vector",
            address=address,
            through=instruction.opcode,
        )
        return


def _call(seen: Observation, context: Context) -> Iterator[Fact]:
    callee = seen.callee
    if callee is None or not callee.arguments or callee.name.endswith("_cast"):
        return
    tables = context.intrinsics.tables
    if callee.name in tables["loads"]["names"] or callee.name in tables["stores"]["names"]:
        direction = "load" if callee.name in tables["loads"]["names"] else "store"
        yield from _typed(seen, context, callee, direction, callee.name, ())
        return
    summary, target = context.effects.of_call(callee, seen)
    if target is None or summary.kind not in ("load", "store"):
        if not summary.kind:
            yield from _moved(seen, context, callee)
        return
    related = (function_place(target),)
    width = {e.width_bytes for e in summary.effects if e.kind == summary.kind}
    through = callee.name
    typed = list(_typed(seen, context, callee, summary.kind, through, related))
    if typed:
        yield from typed
    elif not target.template_parameters and len(width) == 1 and any(e.vector for e in summary.effects):
        if len(context.effects.candidates(callee, seen.function, seen.origin)) > 1:
            return  # an overload that the pointer's type does not single out
        bytes_ = width.pop()
        if bytes_ is not None and bytes_ >= 8:
            yield VectorAccess(
                **context.common(seen, related=related),
                direction=summary.kind,
                element=f"{bytes_}-byte vector",
                address=seen.origin.read(callee.arguments[0]),
                width_bytes=bytes_,
                through=through,
            )


def _moved(seen: Observation, context: Context, callee: Callee) -> Iterator[Fact]:
    """A call of a small function that loads or stores vectors through its pointer parameter."""
    for target in context.effects.candidates(callee, seen.function, seen.origin)[:6]:
        inner = _vector_moves(target, context)
        if inner is None:
            continue
        names = [p.name for p in target.parameters]
        position = next((i for i, n in enumerate(names) if n in identifiers(inner.address)), None)
        if position is None or position >= len(callee.arguments):
            continue
        yield VectorAccess(
            **context.common(seen, related=(function_place(target),)),
            direction=inner.direction,
            element=inner.element,
            address=seen.origin.read(callee.arguments[position]),
            through=callee.name,
        )
        return


def _vector_moves(target: Function, context: Context) -> VectorAccess | None:
    """The first vector access in a small function, None for a bigger one or none."""
    if target.moves is None:
        target.moves = ()
        if not target.is_kernel and len(target.observations) <= MAX_WRAPPER_OBSERVATIONS:
            target.moves = tuple(
                fact
                for inner in target.observations
                if inner.kind in ("subscript", "pointer", "call")
                for fact in find(inner, context)
                if isinstance(fact, VectorAccess)
            )
    return target.moves[0] if target.moves else None  # type: ignore[return-value]


def _typed(
    seen: Observation,
    context: Context,
    callee: Callee,
    direction: str,
    through: str,
    related: tuple[Place, ...],
) -> Iterator[Fact]:
    """The access of a load or store function, from the type of its pointer argument."""
    for argument in callee.arguments[:2]:
        pointer = context.type_of(argument, seen)
        if pointer is None or not pointer.is_indirect:
            continue
        element = pointer.dereferenced()
        if element is not None and context.typer.may_be_vector(element, seen.function):
            yield VectorAccess(
                **context.common(seen, related=related),
                direction=direction,
                element=str(element),
                address=seen.origin.read(argument),
                width_bytes=context.typer.width_bytes(element, seen.function),
                through=through,
            )
        return
