"""Buffers that are filled with zeros, or with one number: the next phase counts from there.

    out_i[n] = value_i, for every n

A kernel whose every store fills one buffer from its start with a constant or a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.dataflow import Cast, Const, Flow, Scalar, Spanned, Value, type_of
from portcheck.ascendc.archetypes.matching import cuda_name, dtype, uses
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body
from portcheck.ascendc.archetypes.row_copy import moved
from portcheck.ascendc.archetypes.rows import first_of, is_count, named, table
from portcheck.ascendc.body import Body, Buffer, Role
from portcheck.ascendc.body import Scalar as HostScalar
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "zero-fill"
# Duplicate takes these (ascendc_api_signatures.md, section 5); zeros of other types are zeros of uint16.
_DUPLICATED = frozenset(("half", "float", "int16_t", "uint16_t", "int32_t", "uint32_t"))


@dataclass(frozen=True, slots=True)
class Filled:
    """One buffer. `value` is its number, None where the host gives it as `value_<n>`."""

    dtype: str
    value: int | float | None

    @property
    def is_zero(self) -> bool:
        return self.value == 0 and str(self.value) != "-0.0"


@dataclass(frozen=True, slots=True)
class ZeroFill:
    """The buffers, in the order of the kernel's stores."""

    filled: tuple[Filled, ...]
    named: Named


class _Archetype:
    name = NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body, None where the kernel does anything else."""
        chosen = first_of(view, function, find)
        if chosen is None or not tiling.has_pad(target):
            return None
        flow, found = chosen
        places = {f"store{n}": uses(flow, found.named.cuda[f"out_{n}"]) for n in range(len(found.filled))}
        return write(identifier(function.name), found, target, {k: p for k, p in places.items() if p})


ARCHETYPE = _Archetype()


def find(flow: Flow) -> ZeroFill | None:
    """The buffers that a kernel fills, if it does nothing else."""
    parts = [_filled(one) for one in flow.stores]
    if not parts or any(p is None for p in parts):
        return None
    filled: list[Filled] = []
    buffers: dict[str, str] = {}
    numbers: dict[str, Value] = {}
    for number, (part, one) in enumerate(zip(parts, flow.stores, strict=True)):
        assert part is not None
        what, count, value = part
        filled.append(what)
        buffers[f"out_{number}"] = one.store.buffer
        numbers[f"count_{number}"] = count
        if what.value is None:
            numbers[f"value_{number}"] = value
            if not cuda_name(flow, value):
                return None
    names = named(flow, buffers, numbers)
    return ZeroFill(tuple(filled), names) if names is not None else None


def _filled(one: Spanned) -> tuple[Filled, Value, Value] | None:
    """What one store fills: the element and its value, how many, and the value as the flow has it."""
    found = table(one, most_rows=0)
    if found is None or found.store.store.when or not is_count(found.column.extent):
        return None
    store = found.store.store
    at = found.at(store.address, store.ctype)
    value = store.value
    while isinstance(value, Cast) and isinstance(value.arg, Const):
        value = value.arg
    if at is None or at.row is not None or at.index is not None:
        return None
    spelled = dtype(store.ctype)
    if isinstance(value, Const):
        what = Filled(spelled, value.value)
        return (what, found.column.extent, value) if what.is_zero or spelled in _DUPLICATED else None
    is_given = isinstance(value, Scalar) and spelled in ("float", "int32_t", "uint32_t")
    if is_given and (type_of(value) == "float") == (spelled == "float"):
        return Filled(spelled, None), found.column.extent, value
    return None


def write(name: str, found: ZeroFill, target: Target, trace: Mapping[str, tuple[Place, ...]]) -> Body:
    """The body of a kernel that fills buffers."""
    names = found.named
    parts = [
        {
            "number": number,
            "dtype": one.dtype,
            "value": _literal(one),
            "fill_dtype": one.dtype if not one.is_zero else "uint16_t",
            "move_dtype": moved(one.dtype, target) if not one.dtype.startswith("fp8") else "uint8_t",
            "width": tiling.DTYPE_BYTES[one.dtype],
            "is_given": one.value is None,
            "number_text": repr(one.value),
        }
        for number, one in enumerate(found.filled)
    ]
    listed = {
        f"out_{n}": Buffer(
            f"out_{n}", moved(one.dtype, target), Role.OUTPUT, (f"count_{n}",), names.cuda[f"out_{n}"]
        )
        for n, one in enumerate(found.filled)
    }
    scalars: list[HostScalar] = []
    for number, one in enumerate(found.filled):
        scalars.append(names.scalar(f"count_{number}", "int64_t", Text("elements", "元素个数")))
        if one.value is None:
            ctype = "float" if one.dtype == "float" else "int64_t"
            scalars.append(names.scalar(f"value_{number}", ctype, Text("what they become", "填充的值")))
    fields = [("uint64_t", f"count_{p['number']}", "") for p in parts]
    fields += [(one.dtype, f"value_{n}", "") for n, one in enumerate(found.filled) if one.value is None]
    fields.append(("uint32_t", "tile_bytes", "bytes of a copy"))
    given = {
        "name": name,
        "parts": parts,
        "burst_bytes": tiling.burst_bytes(target),
    }
    return complete_body(
        "zero_fill",
        given,
        name=name,
        archetype=NAME,
        buffers=tuple(listed[n] for n in names.order),
        scalars=tuple(scalars),
        fields=fields,
        trace=trace,
        notes=names.notes,
    )


def _literal(one: Filled) -> str:
    """The number in C++; zero of any type is zero bits."""
    if one.value is None or one.is_zero:
        return "0"
    if one.dtype == "float":
        return f"{one.value!r}f" if isinstance(one.value, float) else f"{one.value}.0f"
    return f"static_cast<{one.dtype}>({one.value})"
