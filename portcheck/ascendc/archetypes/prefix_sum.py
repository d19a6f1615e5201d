"""Prefix sums of int32 along rows, exclusive or inclusive: offsets from counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes import matching
from portcheck.ascendc.archetypes.dataflow import Const, Flow, Load, Reduce, Value, add, multiply, walk
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body
from portcheck.ascendc.body import Body, Buffer, Role
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "prefix-sum"


@dataclass(frozen=True, slots=True)
class PrefixSum:
    """Whether element i has a part in its own sum."""

    inclusive: bool

    @property
    def formula(self) -> str:
        """What the kernel computes, in one line."""
        return f"prefix[row, i] = sum of values[row, j] over j {'<=' if self.inclusive else '<'} i"


def write(
    name: str, spec: PrefixSum, named: Named, target: Target, trace: Mapping[str, tuple[Place, ...]]
) -> Body:
    """The body of a kernel that is this prefix sum."""
    shape = ("num_rows", "row_elements")
    roles = {"values": Role.INPUT, "prefix": Role.OUTPUT}
    buffers = tuple(Buffer(n, "int32_t", roles[n], shape, named.cuda.get(n, "")) for n in named.order)
    meanings = {
        "num_rows": Text("rows, each summed for itself", "行数，每行独立求前缀和"),
        "row_elements": Text("numbers of a row", "每行的元素个数"),
    }
    scalars = tuple(named.scalar(n, "int64_t", text) for n, text in meanings.items())
    given = {
        "name": name,
        "formula": spec.formula,
        "inclusive": spec.inclusive,
        "burst_bytes": tiling.burst_bytes(target),
    }
    fields = [
        ("uint64_t", "num_rows", ""),
        ("uint64_t", "row_elements", ""),
        ("uint32_t", "tile_elements", "numbers that are in UB at a time"),
    ]
    return complete_body(
        "prefix_sum",
        given,
        name=name,
        archetype=NAME,
        buffers=buffers,
        scalars=scalars,
        fields=fields,
        trace=trace,
        notes=named.notes,
    )


@dataclass(frozen=True, slots=True)
class PrefixSumArchetype:
    """Prefix sums of counts, by a thread a row."""

    name: str = NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body of a kernel that stores nothing but the prefix sums of rows."""
        found = matching.all_known(view, function)
        if len(found) != 1 or not tiling.has_pad(target):
            return None
        flow = found[0]
        matched = _match(flow)
        if matched is None:
            return None
        spec, load, numbers = matched
        named = matching.named(flow, {"prefix": flow.stores[0].store.buffer, "values": load.buffer}, numbers)
        trace = {"load": matching.uses(flow, load.buffer), "store": (flow.stores[0].store.place,)}
        return write(identifier(function.name), spec, named, target, trace)


def _match(flow: Flow) -> tuple[PrefixSum, Load, Mapping[str, Value]] | None:
    """Exclusive or inclusive, the load that is summed, and the shape."""
    if len(flow.stores) != 1:
        return None
    store = flow.stores[0].store
    running = _running(store.value)
    if store.ctype != "int32" or store.atomic or store.when or running is None:
        return None
    load, index = running.body, running.index
    rows = [i for i in flow.stores[0].indices if i != index]
    if not isinstance(load, Load) or load.ctype != "int32" or load.buffer == store.buffer or len(rows) > 1:
        return None
    row: Value = rows[0] if rows else Const(0)
    address = multiply(Const(4), add(multiply(row, index.extent), index))
    numbers = {"num_rows": rows[0].extent if rows else Const(1), "row_elements": index.extent}
    if (
        store.address != address
        or load.address != address
        or not all(map(matching.is_count, numbers.values()))
    ):
        return None
    if store.value == running:
        return PrefixSum(inclusive=False), load, numbers
    return (PrefixSum(inclusive=True), load, numbers) if store.value == add(running, load) else None


def _running(value: Value) -> Reduce | None:
    """The sum of what comes before an entry."""
    found = [v for v in walk(value) if isinstance(v, Reduce)]
    if len(found) != 1 or found[0].op != "+" or not found[0].running:
        return None
    return found[0] if found[0].init == Const(0) and not found[0].missing else None


ARCHETYPE = PrefixSumArchetype()
