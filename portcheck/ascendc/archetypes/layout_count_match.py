"""Recognises kernels that count tokens for experts and ranks, by what they store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from portcheck.ascendc.archetypes import layout_count, matching
from portcheck.ascendc.archetypes.dataflow import (
    Cast,
    Const,
    Flow,
    Index,
    Load,
    Op,
    Reduce,
    Spanned,
    Sum,
    Value,
    add,
    conjuncts,
    multiply,
    subtract,
    walk,
)
from portcheck.ascendc.archetypes.flow.elements import WIDTHS
from portcheck.ascendc.archetypes.flow.values import Hardware
from portcheck.ascendc.archetypes.layout_count import LayoutCount
from portcheck.ascendc.body import Body
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.targets import Target

_ALL_THREADS = frozenset((Hardware("blockIdx.x"), Hardware("threadIdx.x")))


@dataclass(frozen=True, slots=True)
class LayoutCountArchetype:
    """Counters of experts and ranks, and flags of tokens, in one kernel."""

    name: str = layout_count.NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body of a kernel that stores nothing but such counts and flags."""
        found = matching.all_known(view, function)
        if len(found) != 1 or not layout_count.can_write(target):
            return None
        counted = match(found[0])
        if counted is None:
            return None
        named = matching.named(found[0], counted.parts, counted.numbers)
        trace = {
            key: matching.uses(found[0], counted.parts[name])
            for key, name in _TRACED.items()
            if name in counted.parts
        }
        return layout_count.write(identifier(function.name), counted.spec, named, target, trace)


_TRACED = {
    "index": "topk_idx",
    "skip": "topk_idx",
    "expert": "tokens_per_expert",
    "rank": "tokens_per_rank",
    "flag": "in_rank",
    "store": "topk_idx",
}


@dataclass
class _Counted:
    """What was found so far; a number that comes again must be the same."""

    spec: LayoutCount = field(default_factory=lambda: LayoutCount("int32_t"))
    parts: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Value] = field(default_factory=dict)

    def agrees(self, load: Load, **numbers: Value) -> bool:
        """Takes the indices and the numbers; whether they are those of the other stores."""
        same = self.parts.setdefault("topk_idx", load.buffer) == load.buffer
        self.spec = replace(self.spec, index_dtype=matching.dtype(load.ctype))
        return same and all(self.numbers.setdefault(k, v) == v for k, v in numbers.items())


def match(flow: Flow) -> _Counted | None:
    """The counts that a kernel stores, None where it stores anything else."""
    counted = _Counted()
    for one in flow.stores:
        known = any(reader(counted, one) for reader in (_atomic, _experts, _ranks, _flags))
        if not known:
            return None
    stored = {one.store.buffer for one in flow.stores}
    spec = counted.spec
    if (
        len(stored) != len(flow.stores)
        or not (spec.experts or spec.ranks)
        or counted.parts["topk_idx"] in stored
    ):
        return None
    if spec.adds and (spec.ranks or spec.in_rank):
        return None
    per_rank = counted.numbers.pop("experts_per_rank", None)
    if per_rank is not None:
        experts = multiply(counted.numbers["num_ranks"], per_rank)
        if counted.numbers.setdefault("num_experts", experts) != experts:
            return None
    return counted if all(map(matching.is_count, counted.numbers.values())) else None


# -- experts -------------------------------------------------------------------------------


def _atomic(counted: _Counted, one: Spanned) -> bool:
    """counters[indices[i]] += 1 for every i, by all threads together."""
    store = one.store
    if (
        store.atomic != "add"
        or store.ctype != "int32"
        or store.value != Const(1)
        or not one.by >= _ALL_THREADS
    ):
        return False
    load = _index_load(store.address)
    if load is None or store.address != multiply(Const(4), load):
        return False
    bounds = [_upper(c, load) for c in store.when if not matching.is_natural(c, load)]
    if len(bounds) > 1 or len(bounds) == len(store.when) or None in bounds:
        return False
    shape = _shape(load, one.indices)
    experts = {} if not bounds or bounds[0] is None else {"num_experts": bounds[0]}
    if shape is None or not counted.agrees(load, **shape, **experts):
        return False
    counted.parts["tokens_per_expert"] = store.buffer
    counted.spec = replace(counted.spec, experts=True, adds=True)
    return True


def _experts(counted: _Counted, one: Spanned) -> bool:
    """counters[e] = number of i with indices[i] == e, for every e."""
    store, sums = one.store, _nested(one.store.value)
    if sums is None or store.ctype != "int32" or store.atomic or store.when or len(one.indices) != 1:
        return False
    (expert,), (indices, condition) = one.indices, sums
    load = _index_load(condition)
    if store.address != multiply(Const(4), expert) or load is None:
        return False
    shape = _shape(load, indices)
    is_expert = Op("==", (subtract(load, expert), Const(0)), "bool")
    turned = Op("==", (subtract(expert, load), Const(0)), "bool")
    if condition not in (is_expert, turned) or shape is None:
        return False
    if not counted.agrees(load, **shape, num_experts=expert.extent):
        return False
    counted.parts["tokens_per_expert"] = store.buffer
    counted.spec = replace(counted.spec, experts=True)
    return True


def _shape(load: Load, indices: tuple[Index, ...]) -> dict[str, Value] | None:
    """Tokens and choices of a token, where every index is read once."""
    width = Const(WIDTHS[load.ctype])
    if len(indices) == 1 and load.address == multiply(width, indices[0]):
        extent = indices[0].extent
        atoms = extent.terms[0] if isinstance(extent, Sum) and len(extent.terms) == 1 else ((extent,), 1)
        if len(atoms[0]) == 2 and atoms[1] == 1:
            return {"num_tokens": atoms[0][0], "num_topk": atoms[0][1]}
        return {"num_tokens": extent, "num_topk": Const(1)}
    for token, k in (indices, indices[::-1]) if len(indices) == 2 else ():
        if load.address == multiply(width, add(multiply(token, k.extent), k)):
            return {"num_tokens": token.extent, "num_topk": k.extent}
    return None


# -- ranks ---------------------------------------------------------------------------------


def _ranks(counted: _Counted, one: Spanned) -> bool:
    """counters[r] = number of tokens that go to rank r, for every r."""
    store, sums = one.store, _nested(one.store.value)
    if sums is None or store.ctype != "int32" or store.atomic or store.when or len(one.indices) != 1:
        return False
    (rank,), (tokens, goes) = one.indices, sums
    if len(tokens) != 1 or store.address != multiply(Const(4), rank):
        return False
    if not _goes(counted, goes, tokens[0], rank):
        return False
    counted.parts["tokens_per_rank"] = store.buffer
    counted.spec = replace(counted.spec, ranks=True)
    return True


def _flags(counted: _Counted, one: Spanned) -> bool:
    """flags[t, r] = whether token t goes to rank r, for every t and r."""
    store = one.store
    if store.ctype not in ("bool", "uint8", "int8") or store.atomic or store.when or len(one.indices) != 2:
        return False
    value = store.value.arg if isinstance(store.value, Cast) else store.value
    for token, rank in (one.indices, one.indices[::-1]):
        if store.address == add(multiply(token, rank.extent), rank) and _goes(counted, value, token, rank):
            counted.parts["in_rank"] = store.buffer
            counted.spec = replace(counted.spec, in_rank=True)
            return True
    return False


def _goes(counted: _Counted, value: Value, token: Index, rank: Index) -> bool:
    """Whether the value says that some choice of the token is an expert of the rank."""
    if not isinstance(value, Reduce) or value.op != "or" or value.init != Const(0):
        return False
    if value.missing or value.running:
        return False
    load, k = _index_load(value.body), value.index
    if load is None or load.address != multiply(Const(WIDTHS[load.ctype]), add(multiply(token, k.extent), k)):
        return False
    per_rank = _experts_of_rank([*conjuncts(value.body)], load, rank)
    if per_rank is None:
        return False
    numbers = {"num_tokens": token.extent, "num_topk": k.extent, "num_ranks": rank.extent}
    return counted.agrees(load, **numbers, experts_per_rank=per_rank)


def _experts_of_rank(conditions: list[Value], load: Load, rank: Index) -> Value | None:
    """How many experts a rank has, where the conditions say that an index is one of them."""
    if len(conditions) != 2:
        return None
    for natural, same in (conditions, conditions[::-1]):
        if matching.is_natural(natural, load) and isinstance(same, Op) and same.name == "==":
            for part in _quotients(same):
                if part.args[0] == load and same.args == (subtract(part, rank), Const(0)):
                    return part.args[1]
                if part.args[0] == load and same.args == (subtract(rank, part), Const(0)):
                    return part.args[1]
    return None


def _quotients(value: Op) -> Iterator[Op]:
    for part in walk(value):
        if isinstance(part, Op) and part.name == "//":
            yield part


# -- sums ----------------------------------------------------------------------------------


def _nested(value: Value) -> tuple[tuple[Index, ...], Value] | None:
    """The indices over which ones are added up from 0, and the condition under which."""
    indices: tuple[Index, ...] = ()
    while isinstance(value, Reduce) and value.op == "+":
        if value.init != Const(0) or value.missing or value.running:
            return None
        indices, value = (*indices, value.index), value.body
    if indices and isinstance(value, Op) and value.name == "where" and value.args[1] == Const(1):
        return indices, value.args[0]
    return None


def _index_load(value: Value) -> Load | None:
    """The one index that a value depends on."""
    found = {p for p in walk(value) if isinstance(p, Load)}
    load = found.pop() if len(found) == 1 else None
    return load if load is not None and load.ctype in matching.INDICES else None


def _upper(condition: Value, load: Load) -> Value | None:
    """n of the condition load < n."""
    if not isinstance(condition, Op) or condition.name != "<" or condition.args[1] != Const(0):
        return None
    bound = subtract(load, condition.args[0])
    return bound if _index_load(bound) is None and matching.is_count(bound) else None


ARCHETYPE = LayoutCountArchetype()
