"""What variables hold while a kernel is read, and what it wrote to GM."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from portcheck.ascendc.archetypes.flow.elements import WIDTHS, Type
from portcheck.ascendc.archetypes.flow.values import (
    FLOATING,
    INTEGERS,
    Cast,
    Const,
    Index,
    Load,
    Op,
    Pack,
    Pointer,
    Unknown,
    Value,
    add,
    is_natural,
    operation,
    type_of,
)
from portcheck.source.place import Place

Cells = dict[int, tuple[int, Value]]


class NotFollowedError(Exception):
    """The kernel does something that is not read: nothing may be concluded about it."""

    def __init__(self, why: str, place: Place | None = None) -> None:
        super().__init__(why)
        self.why, self.place = why, place


@dataclass(frozen=True, slots=True)
class Store:
    """One write to GM, by every thread and iteration for which all of `when` holds.

    `address` counts bytes from the parameter `buffer`; `loops` are the indices of the loops around
    it, the outermost first; `atomic` is "" or what is done to the old value.
    """

    buffer: str
    ctype: str
    address: Value
    value: Value
    when: tuple[Value, ...]
    loops: tuple[Index, ...]
    place: Place
    atomic: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What else happens: barrier, fence, assumption (a check of the code that is taken as true)."""

    kind: str
    what: str
    place: Place


@dataclass(frozen=True, slots=True)
class Where:
    """What an expression names: bytes of a local variable, of GM or of shared memory."""

    space: str  # local, gm, shared
    base: str
    offset: Value
    type: Type


@dataclass(slots=True)
class State:
    """The local variables on one path; `when` is what is true on it."""

    cells: dict[str, Cells] = field(default_factory=dict)
    when: tuple[Value, ...] = ()

    def fork(self, *conditions: Value) -> State:
        return State({k: dict(v) for k, v in self.cells.items()}, (*self.when, *conditions))

    def read(self, base: str, offset: int, width: int, element: str) -> Value:
        """Bytes of a variable as a number of type `element`, or several of them as a Pack."""
        cells = self.cells.get(base, {})
        exact = cells.get(offset)
        if exact is not None and exact[0] == width:
            return _as(exact[1], element)
        for at, (size, value) in cells.items():
            if at <= offset and offset + width <= at + size:
                return _part(value, offset - at, width, element)
        inside = sorted((at, c) for at, c in cells.items() if offset <= at and at + c[0] <= offset + width)
        if inside and sum(c[0] for _, c in inside) == width:
            return Pack(tuple((at - offset, size, value) for at, (size, value) in inside))
        return Unknown("a variable is read before it is written")

    def write(self, base: str, offset: int, width: int, value: Value) -> None:
        cells = self.cells.setdefault(base, {})
        for at in [a for a, (size, _) in cells.items() if a < offset + width and offset < a + size]:
            size, old = cells.pop(at)
            for start, end in ((at, offset), (offset + width, at + size)):
                if at <= start < end <= at + size:
                    cells[start] = (end - start, _part(old, start - at, end - start, ""))
        if isinstance(value, Pack):
            for at, size, part in value.parts:
                cells[offset + at] = (size, part)
        else:
            cells[offset] = (width, value)

    def forget(self, base: str, why: str) -> None:
        size = max((at + c[0] for at, c in self.cells.get(base, {}).items()), default=0)
        self.cells[base] = {0: (size, Unknown(why))} if size else {}


Chooser = Callable[[Value, Value, Value], Value]


def merged(condition: Value, yes: State, no: State, when: tuple[Value, ...], choose: Chooser) -> State:
    """The state behind a branch."""

    def choice(one: Value, other: Value) -> Value:
        return one if one == other else choose(condition, one, other)

    found = State(when=when)
    for base in [b for b in yes.cells if b in no.cells]:
        left, right = yes.cells[base], no.cells[base]
        cells: Cells = {}
        for at in sorted({*left, *right}):
            a, b = left.get(at), right.get(at)
            if a is None or b is None:
                size, one = a or b or (0, Unknown(""))
                other = (no if a else yes).read(base, at, size, type_of(one))
                value = (one, other) if a else (other, one)
                cells[at] = (size, choice(*value))
            elif a[0] == b[0]:
                cells[at] = (a[0], choice(a[1], b[1]))
            else:
                cells[at] = (max(a[0], b[0]), Unknown("written in different widths on two paths"))
        found.cells[base] = cells
    return found


def _as(value: Value, element: str) -> Value:
    """The same bytes as another type."""
    if isinstance(value, Load) and element and value.ctype != element:
        return Load(value.buffer, element, value.address)
    if isinstance(value, Unknown | Pointer | Pack) or not element:
        return value
    held = type_of(value)
    if held == element or (held in INTEGERS and element in INTEGERS):
        return value
    if is_stored_fp8(value, element):
        return value
    if isinstance(value, Const) and not value.value and (held in INTEGERS) == (element in INTEGERS):
        return value
    if isinstance(value, Const) and value.value == 0 and str(value.value) != "-0.0":
        return Const(0.0 if element in FLOATING else 0)
    return Op("bits", (value,), element)


def _part(value: Value, offset: int, width: int, element: str) -> Value:
    if isinstance(value, Load):
        ctype = element if WIDTHS.get(element) == width else f"raw{width}"
        return Load(value.buffer, ctype, add(value.address, Const(offset)))
    if isinstance(value, Const) and value.value == 0:
        return Const(0.0 if element in FLOATING else 0)
    return value if isinstance(value, Unknown) else Unknown("a part of a number")


def converted(value: Value, type_: Type) -> Value:
    """What a variable of a type holds when the value is assigned to it."""
    if not type_.is_number or isinstance(value, Unknown | Pack | Pointer):
        return value
    held, wanted = type_of(value), type_.element
    if held == "double" and wanted != held:
        value = _without_double(value, wanted)
        held = type_of(value)
    if held == wanted or not held or is_stored_fp8(value, wanted):
        return value
    if wanted in INTEGERS and held in INTEGERS:
        return _integer(value, held, wanted)
    if isinstance(value, Const):
        return _constant(value, wanted)
    return cast(value, wanted, "rz" if wanted in INTEGERS else "rn")


def is_stored_fp8(value: Value, wanted: str) -> bool:
    """Whether a byte takes an FP8 number as it is: what CUDA's conversions give is its storage type."""
    return wanted == "uint8" and isinstance(value, Cast) and value.ctype.startswith("fp8")


def _without_double(value: Value, wanted: str) -> Value:
    """A literal as what it is converted to; one operation of floats that double makes no better."""
    if isinstance(value, Cast) and isinstance(value.arg, Const):
        return value.arg
    if wanted == "float" and isinstance(value, Op) and value.name in ("+", "-", "*", "/", "neg", "sqrt"):
        floats = as_floats(value.args)
        # 53 bits are more than twice 24 and two: rounding twice is rounding once.
        return operation(value.name, floats, "float") if floats is not None else value
    return value


def as_floats(values: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """Numbers in double that are floats, as these."""
    if not values or any(not isinstance(v, Cast) or v.ctype != "double" for v in values):
        return None
    inner = tuple(v.arg for v in values if isinstance(v, Cast))
    return inner if all(map(_is_float, inner)) else None


def _is_float(value: Value) -> bool:
    if isinstance(value, Const):
        return math.isinf(value.value) or (
            abs(value.value) < 3e38 and struct.unpack("f", struct.pack("f", value.value))[0] == value.value
        )
    return type_of(value) == "float"


def cast(value: Value, wanted: str, mode: str) -> Cast:
    """A conversion; one that changes no number has no mode."""
    exact = type_of(value) in _EXACT.get(wanted, ())
    return Cast(wanted, value, "" if exact else mode)


_EXACT = {
    "float": ("half", "bf16", "fp8_e4m3", "fp8_e5m2", "int8", "uint8", "int16", "uint16", "bool"),
    "double": ("half", "bf16", "fp8_e4m3", "fp8_e5m2", "int8", "uint8", "int16", "uint16", "int32", "float"),
    "half": ("fp8_e4m3", "fp8_e5m2", "int8", "uint8", "bool"),
}


def _constant(value: Const, wanted: str) -> Value:
    if wanted in ("float", "double"):
        return Const(float(value.value))
    if wanted in FLOATING:
        return Cast(wanted, Const(float(value.value)), "rn")
    return Const(int(value.value))


def _integer(value: Value, held: str, wanted: str) -> Value:
    """Widening keeps the number; narrowing, and reading what may be negative as unsigned, may not."""
    if isinstance(value, Const):
        bits = 8 * WIDTHS[wanted] if wanted in WIDTHS else 64
        number = int(value.value)
        if wanted == "bool":
            return Const(int(number != 0))
        if wanted.startswith("u"):
            return Const(number % (1 << bits))
        return Const((number + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1)))
    if wanted == "bool":
        return operation("!=", (value, Const(0)), "bool")
    if WIDTHS.get(wanted, 8) < 4 and WIDTHS.get(held, 8) > WIDTHS.get(wanted, 8):
        return Cast(wanted, value)
    if WIDTHS.get(wanted, 8) < 4 and held == "int":
        return Cast(wanted, value)
    if wanted.startswith("u") and not is_natural(value):
        return Cast(wanted, value)
    return value
