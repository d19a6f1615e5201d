"""Recognises kernels that are a `RowSum`, by what they store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import copysign

from portcheck.ascendc.archetypes import matching, row_sum
from portcheck.ascendc.archetypes.dataflow import (
    NOTHING,
    Const,
    Flow,
    Load,
    Op,
    Reduce,
    Scalar,
    Value,
    add,
    multiply,
    walk,
)
from portcheck.ascendc.archetypes.flow.elements import WIDTHS
from portcheck.ascendc.archetypes.flow.values import negate
from portcheck.ascendc.archetypes.matching import Matrix, widened
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.row_sum import RowSum
from portcheck.ascendc.body import Body
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target


@dataclass(frozen=True, slots=True)
class RowSumArchetype:
    """Row sums of one kind; `wants` says which."""

    name: str
    wants: Callable[[RowSum], bool]

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body of a kernel that is such a sum, in every instance of it."""
        found = [match(flow) for flow in matching.all_known(view, function)]
        first = found[0] if found else None
        if first is None or any(f is None or f.spec != first.spec for f in found):
            return None
        if not self.wants(first.spec) or not row_sum.can_write(first.spec, target):
            return None
        return row_sum.write(
            identifier(function.name), self.name, first.spec, first.named, target, first.trace
        )


@dataclass(frozen=True, slots=True)
class Matched:
    """A kernel that is a row sum."""

    spec: RowSum
    named: Named
    trace: dict[str, tuple[Place, ...]]


@dataclass
class _Reader:
    """Takes the value of the one store apart."""

    flow: Flow
    out: Matrix
    parts: dict[str, str] = field(default_factory=dict)  # buffers by the port's names
    row: Load | None = None

    @property
    def out_bytes(self) -> int:
        return WIDTHS[self.out.store.store.ctype]

    def take(self, name: str, load: Load) -> bool:
        """Whether the buffer is not used for anything else yet."""
        if load.buffer in self.parts.values():
            return False
        self.parts[name] = load.buffer
        return True

    def bias(self, value: Value, ctype: str) -> bool:
        """Whether the value is the element of another matrix at the same place."""
        load = widened(value)
        if load is None or load.ctype != ctype:
            return False
        expected = self.out.address(self.out.row, WIDTHS[ctype])
        return load.address == expected and self.take(f"bias_{self.biases}", load)

    @property
    def biases(self) -> int:
        return sum(name.startswith("bias_") for name in self.parts)


def match(flow: Flow) -> Matched | None:
    """The row sum that a kernel is, None where it is anything else or does anything more."""
    if len(flow.stores) != 1:
        return None
    out = matching.matrix(flow.stores[0])
    if out is None:
        return None
    reader = _Reader(flow, out, {"out": out.store.store.buffer})
    value = matching.narrowed(out.value, out.store.store.ctype)
    if value is None:
        return None
    last, whole = _trailing(value)
    if not isinstance(whole, Reduce) or whole.op != "+" or whole.missing or whole.running:
        return None
    spec = _terms(reader, whole)
    spec = _with_biases(reader, spec, whole.init, last) if spec is not None else None
    return _matched(reader, spec, whole) if spec is not None else None


def _trailing(value: Value) -> tuple[list[Value], Value]:
    """What is added behind the sum, in order, and the sum."""
    last: list[Value] = []
    while (pair := matching.operands(value, "+")) is not None:
        value, behind = pair if widened(pair[1]) is not None else (pair[1], pair[0])
        last.insert(0, behind)
    return last, value


def _terms(reader: _Reader, whole: Reduce) -> RowSum | None:
    """The spec of what is summed over k, without biases."""
    condition, body = None, whole.body
    if isinstance(body, Op) and body.name == "where":
        condition, body = body.args
    elif isinstance(body, Op) and body.name == "select" and _is_plus_zero(whole.init):
        condition, body = _chosen(body)  # what starts at 0.0 is never -0.0: to add 0.0 is to add nothing
    weight, row = None, widened(body)
    if row is None and (pair := matching.operands(body, "*")) is not None:
        weight, row = _weight_and_row(pair)
    if row is None or not reader.take("rows", row):
        return None
    reader.row = row
    spec = RowSum(matching.dtype(row.ctype), matching.dtype(reader.out.store.store.ctype))
    at = add(multiply(reader.out.row, whole.index.extent), whole.index)
    if weight is not None:
        if (
            weight.ctype != "float"
            or weight.address != multiply(Const(4), at)
            or not reader.take("weights", weight)
        ):
            return None
        spec = replace(spec, weighted=True)
    return _placed(reader, spec, row, whole, at, condition)


def _chosen(choice: Op) -> tuple[Value | None, Value]:
    """Of a choice between a term and 0.0: when it is the term, and the term."""
    condition, yes, no = choice.args
    if no == Const(0.0):
        return condition, yes
    return (negate(condition), no) if yes == Const(0.0) else (None, choice)


def _weight_and_row(pair: tuple[Value, Value]) -> tuple[Load | None, Load | None]:
    """Of a product of two loads: the weight does not depend on the column, which the address tells later."""
    for weight, row in (pair, pair[::-1]):
        load = widened(row)
        if (
            isinstance(weight, Load)
            and weight.ctype == "float"
            and load is not None
            and load.ctype != "float"
        ):
            return weight, load
    return None, None


def _placed(
    reader: _Reader, spec: RowSum, row: Load, whole: Reduce, at: Value, condition: Value | None
) -> RowSum | None:
    """The spec with which row is term k: by an index, by k and token, or by token and k."""
    width = WIDTHS[row.ctype]
    if row.address == reader.out.address(at, width) and condition is None:
        return spec
    if condition is None and not spec.weighted and _part_rows(reader, row, whole) is not None:
        return replace(spec, rank_major=True)
    address = matching.plain_index(row.address)
    for index in (v for v in walk(address) if isinstance(v, Load) and v.ctype in matching.INDICES):
        if address != reader.out.address(index, width):
            continue
        if index.address != multiply(Const(WIDTHS[index.ctype]), at) or not reader.take("row_of", index):
            return None
        if condition is not None and not matching.is_natural(condition, index):
            return None
        return replace(spec, index_dtype=matching.dtype(index.ctype), skips=condition is not None)
    return None


def _part_rows(reader: _Reader, row: Load, whole: Reduce) -> Value | None:
    """How many rows lie between term k and term k + 1 of a token, where that is a number that is given."""
    for stride in (reader.out.row.extent, *(Scalar(s.name) for s in reader.flow.scalars)):
        at = add(multiply(whole.index, stride), reader.out.row)
        if row.address == reader.out.address(at, WIDTHS[row.ctype]):
            return stride
    return None


def _with_biases(reader: _Reader, spec: RowSum, init: Value, last: list[Value]) -> RowSum | None:
    """The spec with what is added before the first or behind the last term."""
    ctype = matching.ctype_of(spec.in_dtype)
    from_zero = _is_plus_zero(init)
    first = [] if init == Const(0.0) or init == NOTHING else list(matching.operands(init, "+") or (init,))
    if (first and last) or (init == NOTHING and spec.skips):
        return None
    if not all(reader.bias(v, ctype) for v in (*first, *last)):
        return None
    return replace(spec, biases=reader.biases, biases_first=bool(first), from_zero=from_zero)


def _is_plus_zero(value: Value) -> bool:
    """Whether it is 0.0 and not -0.0, which compare equal."""
    return isinstance(value, Const) and value.value == 0 and copysign(1.0, value.value) > 0


def _matched(reader: _Reader, spec: RowSum, whole: Reduce) -> Matched | None:
    out, flow = reader.out, reader.flow
    if {v.buffer for v in flow.loads()} != set(reader.parts.values()) - {reader.parts["out"]}:
        return None
    numbers = {"num_tokens": out.row.extent, "num_terms": whole.index.extent, "hidden": out.column.extent}
    stride = _part_rows(reader, reader.row, whole) if spec.rank_major and reader.row is not None else None
    if stride is not None:
        numbers["part_rows"] = stride
    if not all(map(matching.is_count, numbers.values())):
        return None
    named = matching.named(flow, reader.parts, numbers)
    keys = {"term": "rows", "weight": "weights", "index": "row_of", "skip": "row_of"}
    trace = {
        key: matching.uses(flow, reader.parts[name]) for key, name in keys.items() if name in reader.parts
    }
    biases = tuple(
        p for n, b in reader.parts.items() if n.startswith("bias_") for p in matching.uses(flow, b)
    )
    trace |= {"store": (out.store.store.place,), "bias": biases}
    return Matched(spec, named, {k: v for k, v in trace.items() if v})
