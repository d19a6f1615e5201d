"""Recognises kernels that normalise rows by their root mean square, by what they store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc.archetypes import matching, row_norm
from portcheck.ascendc.archetypes.dataflow import (
    Cast,
    Const,
    Flow,
    Load,
    Op,
    Reduce,
    Scalar,
    Value,
    multiply,
    substitute,
)
from portcheck.ascendc.archetypes.flow.elements import WIDTHS
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.row_norm import RowNorm
from portcheck.ascendc.body import Body
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target


@dataclass(frozen=True, slots=True)
class RowNormArchetype:
    """Root mean square normalisation, by a thread or a warp a row."""

    name: str = row_norm.NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body of a kernel that stores nothing but normalised rows."""
        found = [_match(flow) for flow in matching.all_known(view, function)]
        first = found[0] if found else None
        if (
            first is None
            or any(f is None or f.spec != first.spec for f in found)
            or not row_norm.can_write(target)
        ):
            return None
        return row_norm.write(identifier(function.name), first.spec, first.named, target, first.trace)


@dataclass(frozen=True, slots=True)
class _Matched:
    spec: RowNorm
    named: Named
    trace: Mapping[str, tuple[Place, ...]]


def _match(flow: Flow) -> _Matched | None:
    """The normalisation that a kernel is, None where it is anything else or does anything more."""
    out = matching.matrix(flow.stores[0]) if len(flow.stores) == 1 else None
    if out is not None and out.ctype == "float":  # the order of the sum would show in it
        return None
    value = matching.narrowed(out.value, out.ctype) if out is not None else None
    pair = matching.operands(value, "*") if value is not None else None
    if out is None or pair is None:
        return None
    scaled = _scaled(out, pair)
    if scaled is not None:
        return _named(flow, out, scaled, None)
    for inner, other in (pair, pair[::-1]):
        weight, product = matching.widened(other), matching.operands(inner, "*")
        scaled = _scaled(out, product) if product is not None else None
        if scaled is not None and weight is not None and _is_of_column(out, weight):
            return _named(flow, out, scaled, weight)
    return None


def _scaled(out: matching.Matrix, pair: tuple[Value, Value]) -> tuple[Load, Value] | None:
    """The row's element and epsilon, of a product that scales the row."""
    for element, scale in (pair, pair[::-1]):
        load = matching.widened(element)
        if load is None or load.address != out.address(out.row, WIDTHS[load.ctype]):
            continue
        epsilon = _epsilon(out, load, scale)
        if epsilon is not None:
            return load, epsilon
    return None


def _epsilon(out: matching.Matrix, load: Load, scale: Value) -> Value | None:
    """What is added to the mean of the row's squares under the root."""
    inverse = matching.operands(scale, "/")
    root = inverse[1] if inverse is not None and inverse[0] == Const(1.0) else scale
    if not isinstance(root, Op) or root.name != ("rsqrt" if root is scale else "sqrt"):
        return None
    added = matching.operands(root.args[0], "+")
    for mean, epsilon in (added, added[::-1]) if added is not None else ():
        if isinstance(epsilon, Scalar | Const) and _is_mean(out, load, mean):
            return epsilon
    return None


def _is_mean(out: matching.Matrix, load: Load, mean: Value) -> bool:
    """Whether it is the sum of the squares of the row by their number."""
    parts = matching.operands(mean, "/")
    if parts is None or parts[1] not in (Cast("float", out.column.extent, "rn"), _number(out.column.extent)):
        return False
    sums = parts[0]
    if (
        not isinstance(sums, Reduce)
        or (sums.op, sums.init) != ("+", Const(0.0))
        or sums.missing
        or sums.running
    ):
        return False
    square = matching.operands(sums.body, "*")
    element = matching.widened(square[0]) if square is not None and square[0] == square[1] else None
    if element is None or (element.buffer, element.ctype) != (load.buffer, load.ctype):
        return False
    same = substitute(load.address, {out.column: sums.index})
    return element.address == same and sums.index.extent == out.column.extent


def _number(extent: Value) -> Value | None:
    return Const(float(extent.value)) if isinstance(extent, Const) else None


def _is_of_column(out: matching.Matrix, weight: Load) -> bool:
    return weight.address == multiply(Const(WIDTHS[weight.ctype]), out.column)


def _named(
    flow: Flow, out: matching.Matrix, scaled: tuple[Load, Value], weight: Load | None
) -> _Matched | None:
    load, epsilon = scaled
    parts = {"out": out.store.store.buffer, "rows": load.buffer}
    if weight is not None:
        parts["weights"] = weight.buffer
    numbers = {"num_tokens": out.row.extent, "hidden": out.column.extent}
    loaded = {v.buffer for v in flow.loads()}
    if len({*parts.values()}) != len(parts) or loaded != {*parts.values()} - {parts["out"]}:
        return None
    if not all(map(matching.is_count, numbers.values())):
        return None
    spec = RowNorm(
        matching.dtype(load.ctype), matching.dtype(out.ctype), matching.dtype(weight.ctype) if weight else ""
    )
    trace = {"load": matching.uses(flow, load.buffer), "store": (out.store.store.place,)}
    trace |= {"sum": trace["load"][:1], "scale": trace["store"]}
    if weight is not None:
        trace["weight"] = matching.uses(flow, weight.buffer)
    return _Matched(spec, matching.named(flow, parts, {**numbers, "epsilon": epsilon}), trace)


ARCHETYPE = RowNormArchetype()
