"""Questions that recognising asks of a kernel's flow: what is one store, a widened load, a row of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from portcheck.ascendc.archetypes.dataflow import (
    Cast,
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
    contains,
    instances,
    merged,
    multiply,
    read,
    substitute,
)
from portcheck.ascendc.archetypes.flow.elements import ASCEND, WIDTHS
from portcheck.ascendc.archetypes.flow.values import rewrite
from portcheck.ascendc.archetypes.named import Named
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets.text import Text

# What may happen beside the stores without changing what they store.
HARMLESS = frozenset(("barrier", "warp barrier", "assumption"))
FLOATS = frozenset(("bf16", "half", "float"))
INDICES = frozenset(("int32", "int64"))


# Every archetype asks for the same flows; they are kept as long as the view is.
_FLOWS: WeakKeyDictionary[View, dict[int, tuple[Flow, ...]]] = WeakKeyDictionary()


def all_known(view: View, function: Function, harmless: frozenset[str] = HARMLESS) -> tuple[Flow, ...]:
    """The flows of all instances; () where one is not known to its end or does what is not `harmless`."""
    kept = _FLOWS.setdefault(view, {})
    if id(function) not in kept:
        kept[id(function)] = tuple(read(view, function, texts) for texts in instances(view, function))
    found = kept[id(function)]
    known = all(f.is_known and all(e.kind in harmless for e in f.effects) for f in found)
    return found if known else ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """One store of numbers, to each element of each row once: out[row, column]."""

    store: Spanned
    row: Index
    column: Index

    @property
    def value(self) -> Value:
        return self.store.store.value

    @property
    def ctype(self) -> str:
        return self.store.store.ctype

    def address(self, row: Value, width: int) -> Value:
        """Where column `column` of a row of a matrix with as many columns is, in bytes."""
        return multiply(Const(width), add(multiply(row, self.column.extent), self.column))


def matrix(one: Spanned) -> Matrix | None:
    """A plain store that fills a matrix, whose rows lie one behind the other."""
    if one.store.atomic or one.store.when or one.store.ctype not in WIDTHS:
        return None
    for spanned in (one, *_split(one)):
        for row in spanned.indices:
            joined = merged(replace(spanned, indices=tuple(i for i in spanned.indices if i != row)))
            if joined is None or joined[0].indices != (joined[1],):
                continue
            found = Matrix(joined[0], row, joined[1])
            if joined[0].store.address == found.address(row, WIDTHS[one.store.ctype]):
                return found
    return None


def _split(one: Spanned) -> Iterator[Spanned]:
    """An index over all elements of rows of n, i / n and i % n, as an index of rows and one of columns."""
    whole = one.indices[0] if len(one.indices) == 1 else None
    terms = whole.extent.terms if whole is not None and isinstance(whole.extent, Sum) else ()
    if whole is None or len(terms) != 1 or terms[0][1] != 1 or len(terms[0][0]) != 2:
        return
    for rows, columns in (terms[0][0], terms[0][0][::-1]):
        row, column = Index(f"{whole.name}/", rows), Index(f"{whole.name}%", columns)
        if not contains(one.store.value, [Op(name, (whole, columns), "int") for name in ("//", "%")]):
            continue
        table: dict[Value, Value] = {
            Op("//", (whole, columns), "int"): row,
            Op("%", (whole, columns), "int"): column,
            whole: add(multiply(row, columns), column),
        }
        store = replace(
            one.store, address=substitute(one.store.address, table), value=substitute(one.store.value, table)
        )
        yield replace(one, store=store, indices=(row, column))


def plain_index(value: Value) -> Value:
    """A value without conversions of indices to 64 bits: addresses are the same modulo 2^64."""

    def stripped(part: Value) -> Value | None:
        if not isinstance(part, Cast) or part.ctype not in ("int64", "uint64"):
            return None
        return part.arg if isinstance(part.arg, Load) and part.arg.ctype in INDICES else None

    return rewrite(value, stripped)


def widened(value: Value) -> Load | None:
    """The load of a number that is computed with in float."""
    if isinstance(value, Load) and value.ctype == "float":
        return value
    if isinstance(value, Cast) and value.ctype == "float" and isinstance(value.arg, Load):
        return value.arg if value.arg.ctype in FLOATS else None
    return None


def narrowed(value: Value, ctype: str) -> Value | None:
    """What is rounded to the nearest to be stored as `ctype`."""
    if ctype == "float":
        return value
    if isinstance(value, Cast) and value.ctype == ctype and ctype in FLOATS and value.mode == "rn":
        return value.arg
    return None


def operands(value: Value, name: str) -> tuple[Value, Value] | None:
    """The two operands of an operation in float."""
    if isinstance(value, Op) and value.name == name and value.ctype == "float" and len(value.args) == 2:
        return value.args[0], value.args[1]
    return None


def is_natural(condition: Value, number: Value) -> bool:
    """Whether the condition says that an index is given: it is not negative, or not -1."""
    at_least_zero = Op("<", (add(Const(-1), number, -1), Const(0)), "bool")
    is_not_minus_one = Op("!=", (add(number, Const(1)), Const(0)), "bool")
    return condition in (at_least_zero, is_not_minus_one)


def is_count(value: Value) -> bool:
    """Whether a number is one that is given, or a product of such: n - 1 or min(n, 4) is another kernel."""
    if isinstance(value, Const):
        return value.value > 0
    atoms = value.terms[0] if isinstance(value, Sum) and len(value.terms) == 1 else ((value,), 1)
    return atoms[1] > 0 and all(isinstance(a, Scalar | Const) for a in atoms[0])


def spelled(value: Value) -> str:
    """A number that `is_count`, as CUDA text."""
    if isinstance(value, Scalar):
        return value.name
    if isinstance(value, Const):
        return str(value.value)
    assert isinstance(value, Sum)
    atoms, factor = value.terms[0]
    return " * ".join([*([str(factor)] if factor != 1 else []), *map(spelled, atoms)])


def cuda_name(flow: Flow, value: Value) -> str:
    """The kernel's parameter that a number is, "" where it is computed or is no parameter."""
    given = {s.name for s in flow.scalars if not s.from_template}
    return value.name if isinstance(value, Scalar) and value.name in given else ""


def named(flow: Flow, parts: Mapping[str, str], numbers: Mapping[str, Value]) -> Named:
    """Buffers (port's name to parameter) in the kernel's order, and numbers by what they are in CUDA."""
    by_cuda = {cuda: name for name, cuda in parts.items()}
    order = tuple(by_cuda[cuda] for cuda in flow.buffers if cuda in by_cuda)
    cuda = {**parts, **{name: cuda_name(flow, value) for name, value in numbers.items()}}
    return Named(order, cuda, {name: spelled(value) for name, value in numbers.items()}, launch_notes(flow))


def dtype(ctype: str) -> str:
    """A type of the flow as Ascend C spells it."""
    return ASCEND[ctype]


def ctype_of(spelled: str) -> str:
    """A type of Ascend C as the flow names it."""
    return next(name for name, dtype in ASCEND.items() if dtype == spelled)


def launch_notes(flow: Flow) -> tuple[Text, ...]:
    """What is taken for granted of the launches, and what the code's own checks say."""
    taken = [*flow.assumes, *(e.what for e in flow.effects if e.kind == "assumption" and e.what)]
    return tuple(
        Text(f"taken for granted of the CUDA launch: {t}", f"假定 CUDA 启动满足：{t}") for t in taken
    )


def uses(flow: Flow, name: str) -> tuple[Place, ...]:
    """Where the kernel's body names a parameter: the lines that a line of the port stands for."""
    function = flow.function
    if function.body is None or not re.fullmatch(r"\w+", name):
        return ()
    start, end = function.body.start_byte, function.body.end_byte
    text = function.origin.text[start:end]
    found = re.finditer(rb"\b" + name.encode() + rb"\b", text)
    return tuple(function.origin.place(start + m.start(), start + m.end()) for m in found)
