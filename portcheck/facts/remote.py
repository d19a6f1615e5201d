"""Plain loads, stores and copies whose address lies in a peer's memory."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.facts.accesses import direction
from portcheck.facts.base import Fact
from portcheck.facts.context import Context
from portcheck.facts.primitives import RemoteOperation
from portcheck.program.model import Observation


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Accesses through pointers that come from a peer table or an address translation."""
    if seen.kind == "call":
        yield from _call(seen, context)
        return
    if seen.kind in ("subscript", "pointer"):
        yield from _load(seen, context)
        return
    left = seen.node.child_by_field_name("left")
    if left is None or left.type not in ("subscript_expression", "pointer_expression"):
        return
    target = left.child_by_field_name("argument")
    element = context.type_of(left, seen)
    if target is None or (element is not None and element.is_indirect):
        return
    source = context.provenance.of(target, seen.function, seen.origin, "peer")
    if source is not None:
        yield RemoteOperation(**context.common(seen), operation="store", address=source.text)


def _load(seen: Observation, context: Context) -> Iterator[Fact]:
    """A plain load whose address comes from a peer table."""
    argument = seen.node.child_by_field_name("argument")
    parent = seen.node.parent
    if argument is None or parent is None or direction(seen) != "load":
        return
    if parent.type in ("subscript_expression", "field_expression"):
        return
    element = context.type_of(seen.node, seen)
    if element is None or element.is_indirect:
        return
    source = context.provenance.of(argument, seen.function, seen.origin, "peer")
    if source is not None:
        yield RemoteOperation(**context.common(seen), operation="load", address=source.text)


def _call(seen: Observation, context: Context) -> Iterator[Fact]:
    callee = seen.callee
    if callee is None or not callee.arguments:
        return
    summary, _ = context.effects.of_call(callee, seen)
    intrinsic = callee.name in context.intrinsics.tables["loads"]["names"]
    if summary.kind not in ("sync_scope", "tma_copy", "load", "store") and not intrinsic:
        return
    for argument in callee.arguments:
        source = context.provenance.of(argument, seen.function, seen.origin, "peer")
        if source is not None:
            type_ = context.type_of(argument, seen)
            if type_ is not None and not type_.is_indirect and type_.name not in ("uint64_t", "size_t"):
                continue
            yield RemoteOperation(
                **context.common(seen),
                operation=summary.kind or "load",
                through=callee.name,
                address=source.text,
            )
            return
