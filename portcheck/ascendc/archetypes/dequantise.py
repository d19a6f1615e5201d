"""Rows that come back from eight bits: the number times its scale.

    out[t, h] = rows[t, h] * scales[t, h / group]

INT8 with one scale a row or group, FP8 E4M3 likewise where the target has it. Where it has none, the
other end of `quantise`'s INT8: one scale a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import lcm

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.dataflow import Cast, Const, Flow, Load, Op, Value, add, multiply, walk
from portcheck.ascendc.archetypes.flow.values import divide
from portcheck.ascendc.archetypes.matching import dtype, narrowed, uses
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body, floats_text
from portcheck.ascendc.archetypes.rows import Table, first_of, is_count, is_disjoint, named, table
from portcheck.ascendc.body import Body, Buffer, Dropped, Lost, Role
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "row-dequantisation"
_IN = {"int8": "int8_t", "fp8_e4m3": "fp8_e4m3fn_t"}
_OUT = ("bf16", "half", "float")


@dataclass(frozen=True, slots=True)
class Dequantise:
    """`group` 0 is a scale for the whole row."""

    in_dtype: str
    out_dtype: str
    group: int

    @property
    def formula(self) -> str:
        """What the kernel computes, in one line."""
        scale = f"scales[t, h / {self.group}]" if self.group else "scales[t]"
        return f"out[t, h] = rows[t, h] * {scale}"


@dataclass(frozen=True, slots=True)
class Found:
    spec: Dequantise
    named: Named
    place: Place | None = None


class _Archetype:
    name = NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body, None where the kernel does anything else."""
        chosen = first_of(view, function, find)
        if chosen is None or not can_write(chosen[1].spec, target):
            return None
        flow, found = chosen
        parts = {"store": "out", "load": "rows", "scale": "scales"}
        places = {key: uses(flow, found.named.cuda[name]) for key, name in parts.items()}
        return write(identifier(function.name), found, target, {k: p for k, p in places.items() if p})


ARCHETYPE = _Archetype()


def find(flow: Flow) -> Found | None:
    """The dequantisation that a kernel is, if it is one."""
    if len(flow.stores) != 1 or not is_disjoint(flow):
        return None
    found = table(flow.stores[0], most_rows=1)
    if found is None or len(found.rows) != 1 or found.store.store.when or not is_count(found.column.extent):
        return None
    store, row = found.store.store, found.rows[0]
    product = narrowed(store.value, store.ctype) if store.ctype in _OUT else None
    if (
        not isinstance(product, Op)
        or product.name != "*"
        or product.ctype != "float"
        or not is_count(row.extent)
    ):
        return None
    left, right = product.args
    number, scale = (left, right) if isinstance(left, Cast) else (right, left)
    if not isinstance(number, Cast) or not isinstance(number.arg, Load) or not isinstance(scale, Load):
        return None
    load = number.arg
    out_at, in_at = found.at(store.address, store.ctype), found.at(load.address, load.ctype)
    if (
        number.ctype != "float"
        or load.ctype not in _IN
        or scale.ctype != "float"
        or out_at is None
        or in_at is None
    ):
        return None
    length = found.column.extent
    if any(at.row != row or at.pitch != length for at in (out_at, in_at)):
        return None
    group = _group(found, scale)
    buffers = {"out": store.buffer, "rows": load.buffer, "scales": scale.buffer}
    names = named(flow, buffers, {"num_rows": row.extent, "row_elements": length})
    if group is None or names is None:
        return None
    return Found(Dequantise(_IN[load.ctype], dtype(store.ctype), group), names, store.place)


def _group(found: Table, scale: Load) -> int | None:
    """How many numbers of a row share a scale, 0 for all; None where the scale is another."""
    row, column = found.rows[0], found.column
    if scale.address == multiply(Const(4), row):
        return 0
    for part in _quotients(scale.address):
        by = part.args[1]
        if part.args[0] != column or not isinstance(by, Const) or by.value % 8:
            continue
        at = add(multiply(row, divide(column.extent, by)), part)
        if scale.address == multiply(Const(4), at):
            return int(by.value)
    return None


def _quotients(value: Value) -> list[Op]:
    return [v for v in walk(value) if isinstance(v, Op) and v.name == "//"]


def can_write(spec: Dequantise, target: Target) -> bool:
    """Whether the target has bfloat16 where it is asked for, and copies of any length."""
    has_bf16 = spec.out_dtype != "bfloat16_t" or target.flag("bf16_cast_to_float") is True
    return has_bf16 and tiling.has_pad(target)


def write(name: str, found: Found, target: Target, trace: Mapping[str, tuple[Place, ...]]) -> Body:
    """The body of a kernel that dequantises rows."""
    spec, names = found.spec, found.named
    if spec.in_dtype == "fp8_e4m3fn_t" and target.flag("fp8_type") is not True:
        spec = replace(spec, in_dtype="int8_t", group=0)
    out_bytes = tiling.DTYPE_BYTES[spec.out_dtype]
    scales = ("num_rows", f"row_elements / {spec.group}") if spec.group else ("num_rows",)
    rows = ("num_rows", "row_elements")
    listed = {
        "out": Buffer("out", spec.out_dtype, Role.OUTPUT, rows, names.cuda.get("out", "")),
        "rows": Buffer("rows", spec.in_dtype, Role.INPUT, rows, names.cuda.get("rows", "")),
        "scales": Buffer("scales", "float", Role.INPUT, scales, names.cuda.get("scales", "")),
    }
    scalars = (
        names.scalar("num_rows", "int64_t", Text("rows", "行数")),
        names.scalar("row_elements", "int64_t", Text("elements of a row", "每行的元素个数")),
    )
    fields = [
        ("uint64_t", "num_rows", ""),
        ("uint64_t", "row_elements", ""),
        ("uint64_t", "tiles_of_a_row", ""),
        ("uint32_t", "tile_elements", "elements of a row that are in UB at a time"),
    ]
    given = {
        "name": name,
        "spec": spec,
        "formula": spec.formula,
        "is_fp8": spec.in_dtype.startswith("fp8"),
        "granule": lcm(spec.group or 32, 32),
        "ub_bytes_per_element": 2 + 2 * out_bytes + 4 + 2,
        "floats": floats_text(),
        "burst_bytes": tiling.burst_bytes(target),
    }
    return complete_body(
        "dequantise",
        given,
        name=name,
        archetype=NAME,
        buffers=tuple(listed[n] for n in names.order),
        scalars=scalars,
        fields=fields,
        trace=trace,
        dropped=_dropped(found, spec),
        notes=names.notes,
    )


def _dropped(found: Found, spec: Dequantise) -> tuple[Dropped, ...]:
    if spec.in_dtype == found.spec.in_dtype:
        return ()
    what = Text(
        f"FP8 E4M3 with a scale for each {found.spec.group or 'row'}: here INT8 with one scale a row",
        f"FP8 E4M3（每 {found.spec.group or '行'} 个通道一个缩放因子）：此处改为每行一个缩放因子的 INT8",
    )
    why = Text(
        "the target has no FP8 type; the sender must quantise to INT8 too",
        "该产品没有 FP8 类型；发送端也须量化为 INT8",
    )
    return (Dropped(Lost.DOWNGRADED, what, why, found.place),)
