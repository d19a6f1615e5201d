"""Rolls up what was unrolled: elements side by side become one element with an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from portcheck.ascendc.archetypes.flow.loops import chain
from portcheck.ascendc.archetypes.flow.memory import Store
from portcheck.ascendc.archetypes.flow.spans import NOTHING, Spanned
from portcheck.ascendc.archetypes.flow.values import (
    Cast,
    Const,
    Index,
    Load,
    Op,
    Reduce,
    Sum,
    Unknown,
    Value,
    add,
    children,
    multiply,
    rewrite,
    subtract,
    type_of,
)

_ASSOCIATIVE = ("max", "min", "+")
_INTEGRAL = ("int", "int32", "int64", "uint32", "uint64")


def unified(values: Sequence[Value], index: Index) -> Value | None:
    """One value that is values[n] where the index is n; None where there is none."""
    first = values[0]
    if all(v == first for v in values):
        return first
    if all((isinstance(v, Const) and isinstance(v.value, int)) or isinstance(v, Sum | Index) for v in values):
        return _progression(values, index)
    if any(type(v) is not type(first) for v in values):
        return _progression(values, index) if all(type_of(v) in _INTEGRAL for v in values) else None
    if isinstance(first, Load):
        return _load(values, index)
    if isinstance(first, Op | Cast | Reduce):
        return _node(values, index)
    return None


def _progression(values: Sequence[Value], index: Index) -> Value | None:
    step = subtract(values[1], values[0])
    if isinstance(step, Unknown):
        return None
    expected = values[0]
    for value in values:
        if value != expected:
            return None
        expected = add(expected, step)
    return add(values[0], multiply(step, index))


def _load(values: Sequence[Value], index: Index) -> Value | None:
    loads = [v for v in values if isinstance(v, Load)]
    first = loads[0]
    if any((v.buffer, v.ctype) != (first.buffer, first.ctype) for v in loads):
        return None
    address = _progression([v.address for v in loads], index)
    return Load(first.buffer, first.ctype, address) if address is not None else None


def _node(values: Sequence[Value], index: Index) -> Value | None:
    """The same operation of unified operands."""
    first = values[0]
    for field in fields(first):
        inner = getattr(first, field.name)
        is_plain = not _is_value(inner) and not isinstance(inner, tuple)
        if is_plain and any(getattr(v, field.name) != inner for v in values):
            return None
    lists = [list(children(v)) for v in values]
    if any(len(x) != len(lists[0]) for x in lists):
        return None
    parts = [unified(column, index) for column in zip(*lists, strict=True)]
    if any(p is None for p in parts):
        return None
    kept = [p for p in parts if p is not None]
    if isinstance(first, Op):
        return Op(first.name, tuple(kept), first.ctype)
    if isinstance(first, Cast):
        return replace(first, arg=kept[0])
    if isinstance(first, Reduce) and kept[0] == first.index and not first.missing:
        return replace(first, init=kept[1], body=kept[2])
    return None


def _is_value(inner: object) -> bool:
    return hasattr(inner, "__dataclass_fields__")


# -- reductions that were unrolled ---------------------------------------------------------


def rolled_chains(value: Value) -> Value:
    """max(max(x, a), b) … of elements side by side as one reduction over them."""

    def outer(part: Value) -> Value | None:
        if not isinstance(part, Op) or part.name not in _ASSOCIATIVE or len(part.args) != 2:
            return None
        leaves = summands(part) if part.name == "+" else chain(part, part.name)
        return _chained(part, [rewrite(v, outer) for v in leaves])

    return rewrite(value, outer)


def summands(value: Value) -> list[Value]:
    """What is added up, one number after the other: floating sums depend on the order.

    Where two sums are added, the second is one summand.
    """
    if not isinstance(value, Op) or value.name != "+":
        return [value]
    left, right = value.args
    is_turned = (
        isinstance(right, Op) and right.name == "+" and not (isinstance(left, Op) and left.name == "+")
    )
    return [*summands(right), left] if is_turned else [*summands(left), right]


def _chained(part: Op, leaves: list[Value]) -> Value:
    for skip in (0, 1):
        body = leaves[skip:]
        if len(body) < 2:
            continue
        index = Index(f"{part.name}{len(body)}", Const(len(body)))
        found = unified(body, index)
        if found is not None and found != body[0]:
            init = leaves[0] if skip else NOTHING
            return Reduce(part.name, index, init, found)
    value = leaves[0]
    for leaf in leaves[1:]:
        value = Op(part.name, (value, leaf), part.ctype)
    return value


# -- stores side by side -------------------------------------------------------------------


def rolled_stores(stores: Sequence[Spanned]) -> list[Spanned]:
    """Stores of one kind at evenly spaced addresses as one store with one more index."""
    groups: dict[object, list[Spanned]] = {}
    for one in stores:
        key = (one.store.buffer, one.store.ctype, one.store.when, one.indices, one.by, one.store.atomic)
        groups.setdefault(key, []).append(one)
    found: list[Spanned] = []
    for listed in groups.values():
        together = _together(listed)
        found += [together] if together is not None else listed
    return found


def _together(listed: list[Spanned]) -> Spanned | None:
    if len(listed) < 2:
        return None
    first = listed[0]
    index = Index(f"part{len(listed)}", Const(len(listed)))
    address = _progression([s.store.address for s in listed], index)
    value = unified([s.store.value for s in listed], index)
    if address is None or value is None or address == first.store.address:
        return None
    divisors = frozenset().union(*(s.divisors for s in listed))
    store: Store = replace(first.store, address=address, value=value)
    return replace(first, store=store, indices=(*first.indices, index), divisors=divisors)
