"""Where the rows of a matrix lie: one behind the other, at a pitch, or where an index says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from portcheck.ascendc.archetypes.dataflow import (
    Const,
    Flow,
    Index,
    Load,
    Op,
    Scalar,
    Spanned,
    Sum,
    Value,
    add,
    coefficient,
    contains,
    cuda_text,
    merged,
    multiply,
    substitute,
    subtract,
    walk,
)
from portcheck.ascendc.archetypes.flow.elements import WIDTHS
from portcheck.ascendc.archetypes.flow.values import ZERO, of_terms, terms_of
from portcheck.ascendc.archetypes.matching import all_known, cuda_name, is_natural, launch_notes
from portcheck.ascendc.archetypes.named import Named
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.targets.text import Text

Found = TypeVar("Found")
INDEX_TYPES = {"int32": "int32_t", "int64": "int64_t"}


@dataclass(frozen=True, slots=True)
class At:
    """`base + pitch * row + width * column`: where a matrix's element is.

    `row` is the row's own index, None where every row is at `base`; `index` is the load that gives
    the row's number instead. `pitch` counts elements.
    """

    row: Index | None
    index: Load | None
    pitch: Value


@dataclass(frozen=True, slots=True)
class Table:
    """A store to each element of each row: `rows` are the indices that are left, the outermost first."""

    store: Spanned
    column: Index
    rows: tuple[Index, ...]

    @property
    def value(self) -> Value:
        return self.store.store.value

    def at(self, address: Value, ctype: str) -> At | None:
        """How an address of this table's element moves with row and column; None for anything else."""
        width = WIDTHS.get(ctype)
        if width is None or coefficient(address, self.column) != Const(width):
            return None
        return place_of(subtract(address, multiply(Const(width), self.column)), self.rows, width)


def table(one: Spanned, *, most_rows: int = 1) -> Table | None:
    """A plain store that fills rows, of which at most so many indices are left."""
    joined = merged(one)
    if joined is None or one.store.atomic or one.store.ctype not in WIDTHS:
        return None
    spanned, column = joined
    rows = tuple(i for i in spanned.indices if i != column)
    return Table(spanned, column, rows) if len(rows) <= most_rows else None


def place_of(rest: Value, rows: Sequence[Index], width: int) -> At | None:
    """pitch * row, or pitch * index[…], in elements of `width` bytes; what is added to it is none of both."""
    if rest == ZERO:
        return At(None, None, ZERO)
    loads = [v for atoms in terms_of(rest) for v in atoms if isinstance(v, Load)]
    if loads:
        load = loads[0]
        pitch = coefficient(rest, load)
        if pitch is None or subtract(rest, multiply(pitch, load)) != ZERO or load.ctype not in INDEX_TYPES:
            return None
        elements = whole(pitch, width)
        return At(None, load, elements) if elements is not None and is_fixed(elements) else None
    for row in rows:
        pitch = coefficient(rest, row)
        if pitch is not None and pitch != ZERO and subtract(rest, multiply(pitch, row)) == ZERO:
            elements = whole(pitch, width)
            return At(row, None, elements) if elements is not None and is_fixed(elements) else None
    return None


def whole(value: Value, divisor: int) -> Value | None:
    """value / divisor where every term is a multiple of it."""
    terms = terms_of(value)
    if any(n % divisor for n in terms.values()):
        return None
    return of_terms({atoms: n // divisor for atoms, n in terms.items()})


def is_fixed(value: Value) -> bool:
    """Whether a launch fixes a number: it depends on no index, thread or memory."""
    if isinstance(value, Const | Scalar):
        return True
    if isinstance(value, Sum):
        return all(is_fixed(a) for atoms, _ in value.terms for a in atoms)
    return (
        isinstance(value, Op) and value.name in ("//", "%", "min", "max") and all(map(is_fixed, value.args))
    )


def is_count(value: Value) -> bool:
    """Whether a number is one that is given, or a product or quotient of such: n - 1 is another kernel."""
    if isinstance(value, Const):
        return value.value > 0
    if isinstance(value, Scalar):
        return True
    if isinstance(value, Sum):
        return len(value.terms) == 1 and all(n > 0 and all(map(is_count, atoms)) for atoms, n in value.terms)
    return isinstance(value, Op) and value.name == "//" and all(map(is_count, value.args))


def skip_of(one: Spanned, index: Load | None) -> bool | None:
    """Whether rows with a negative index are left out; None where anything else decides about a store."""
    if not one.store.when:
        return False
    if len(one.store.when) == 1 and index is not None and is_natural(one.store.when[0], index):
        return True
    return None


def fan_out(index: Load, rows: tuple[Index, ...]) -> tuple[Index, Index | None] | None:
    """index[row * copies + copy] or index[row]: the row and the copy."""
    width = WIDTHS[index.ctype]
    for row in rows:
        rest = [i for i in rows if i != row]
        if not rest and index.address == multiply(Const(width), row):
            return row, None
        if len(rest) == 1 and is_count(rest[0].extent):
            entry = add(multiply(row, rest[0].extent), rest[0])
            if index.address == multiply(Const(width), entry):
                return row, rest[0]
    return None


def first_of(
    view: View, function: Function, find: Callable[[Flow], Found | None]
) -> tuple[Flow, Found] | None:
    """What is found in the first instance of a kernel, if it is found in every one."""
    flows = all_known(view, function)
    found = [find(flow) for flow in flows]
    first = found[0] if found else None
    if first is None or any(f is None for f in found):
        return None
    return flows[0], first


def named(flow: Flow, buffers: Mapping[str, str], numbers: Mapping[str, Value]) -> Named | None:
    """Buffers by parameter and numbers by what they are in CUDA; None where two buffers are one."""
    by_cuda = {cuda: name for name, cuda in buffers.items()}
    spelled = {name: cuda_text(value) for name, value in numbers.items()}
    if len(by_cuda) != len(buffers) or not all(spelled.values()) or not set(by_cuda) <= set(flow.buffers):
        return None
    order = tuple(by_cuda[cuda] for cuda in flow.buffers if cuda in by_cuda)
    cuda = dict(buffers) | {name: cuda_name(flow, value) for name, value in numbers.items()}
    return Named(order, cuda, spelled, launch_notes(flow) + _of_instance(flow))


def _of_instance(flow: Flow) -> tuple[Text, ...]:
    given = ", ".join(f"{name} = {text}" for name, text in flow.texts.items())
    return (Text(f"written for the instance with {given}", f"对应模板实例：{given}"),) if given else ()


def is_disjoint(flow: Flow) -> bool:
    """Whether nothing that the kernel writes is read by it."""
    return not {s.store.buffer for s in flow.stores} & {v.buffer for v in flow.loads()}


def split_index(one: Spanned) -> Spanned:
    """An index that is taken apart by a quotient and a remainder as two indices."""
    for index in one.indices:
        by = next((d for d in _divisors(one, index) if _divided(index.extent, d) is not None), None)
        if by is None:
            continue
        rows = _divided(index.extent, by)
        assert rows is not None
        row, column = Index(f"{index.name}//", rows), Index(f"{index.name}%", by)
        table_: dict[Value, Value] = {
            Op("//", (index, by), "int"): row,
            Op("%", (index, by), "int"): column,
            index: add(multiply(row, by), column),
        }
        store = one.store
        changed = replace(
            store,
            address=substitute(store.address, table_),
            value=substitute(store.value, table_),
            when=tuple(substitute(c, table_) for c in store.when),
        )
        indices = tuple(x for i in one.indices for x in ((row, column) if i == index else (i,)))
        return replace(one, store=changed, indices=indices)
    return one


def _divisors(one: Spanned, index: Index) -> list[Value]:
    found: dict[Value, None] = {}
    for value in (one.store.address, one.store.value, *one.store.when):
        for part in walk(value):
            if isinstance(part, Op) and part.name in ("//", "%") and part.args[0] == index:
                found[part.args[1]] = None
    return [d for d in found if is_fixed(d) and not isinstance(d, Const)]


def _divided(extent: Value, by: Value) -> Value | None:
    """extent / by, where `by` is a factor of every term."""
    quotient = coefficient(extent, by)
    if quotient is None or contains(quotient, [by]) or subtract(extent, multiply(quotient, by)) != ZERO:
        return None
    return quotient
