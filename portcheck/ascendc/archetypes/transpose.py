"""Elements of a matrix that change their places: rows become columns.

out[c, r] = x[r, c]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.dataflow import Const, Flow, Index, Load, Value, add, multiply
from portcheck.ascendc.archetypes.flow.elements import WIDTHS
from portcheck.ascendc.archetypes.matching import dtype, uses
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body
from portcheck.ascendc.archetypes.row_copy import moved
from portcheck.ascendc.archetypes.rows import first_of, is_count, is_disjoint, named, split_index
from portcheck.ascendc.body import Body, Buffer, Role
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "transpose"
TILE = 64  # rows and columns of a tile: a row of it is whole blocks of 32 bytes for 2 and 4 bytes


@dataclass(frozen=True, slots=True)
class Found:
    dtype: str
    named: Named


class _Archetype:
    name = NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body, None where the kernel does anything else."""
        chosen = first_of(view, function, find)
        if chosen is None or not tiling.has_pad(target):
            return None
        flow, found = chosen
        places = {
            key: uses(flow, found.named.cuda[name]) for key, name in {"store": "out", "load": "x"}.items()
        }
        return write(identifier(function.name), found, target, {k: p for k, p in places.items() if p})


ARCHETYPE = _Archetype()


def find(flow: Flow) -> Found | None:
    """The transposition that a kernel is, if it is one."""
    if len(flow.stores) != 1 or not is_disjoint(flow):
        return None
    one = split_index(flow.stores[0])
    store = one.store
    width = WIDTHS.get(store.ctype, 0)
    if width not in (2, 4) or store.when or store.atomic or not isinstance(store.value, Load):
        return None
    if len(one.indices) != 2 or store.value.ctype != store.ctype:
        return None
    for row, column in (one.indices, tuple(reversed(one.indices))):
        if _at(row, column, width) == store.value.address and _at(column, row, width) == store.address:
            numbers: dict[str, Value] = {"num_rows": row.extent, "num_columns": column.extent}
            names = named(flow, {"out": store.buffer, "x": store.value.buffer}, numbers)
            if names is None or not is_count(row.extent) or not is_count(column.extent):
                return None
            return Found(dtype(store.ctype), names)
    return None


def _at(row: Index, column: Index, width: int) -> Value:
    """The address of an element of a matrix by rows."""
    return multiply(Const(width), add(multiply(row, column.extent), column))


def write(name: str, found: Found, target: Target, trace: Mapping[str, tuple[Place, ...]]) -> Body:
    """The body of a kernel that transposes a matrix."""
    names = found.named
    dtype_ = moved(found.dtype, target)
    shapes = {"out": ("num_columns", "num_rows"), "x": ("num_rows", "num_columns")}
    roles = {"out": Role.OUTPUT, "x": Role.INPUT}
    scalars = (
        names.scalar("num_rows", "int64_t", Text("rows of x", "x 的行数")),
        names.scalar("num_columns", "int64_t", Text("columns of x", "x 的列数")),
    )
    fields = [("uint64_t", "num_rows", ""), ("uint64_t", "num_columns", "")]
    given = {
        "name": name,
        "dtype": dtype_,
        "width": tiling.DTYPE_BYTES[dtype_],
        "tile": TILE,
    }
    return complete_body(
        "transpose",
        given,
        name=name,
        archetype=NAME,
        buffers=tuple(Buffer(n, dtype_, roles[n], shapes[n], names.cuda.get(n, "")) for n in names.order),
        scalars=scalars,
        fields=fields,
        trace=trace,
        notes=names.notes,
    )
