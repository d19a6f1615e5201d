"""Rows that are quantised: a scale by the largest absolute value, of a row or of each group of it.

    amax = max(floor, |rows[t, h]| over the row or the group)
    out[row of t, h] = rows[t, h] * scale(amax), scales[row of t, group] = inverse(amax)

INT8 with one scale a row, FP8 E4M3 with one for each group of 128, or the scales alone. Rows may go
where an index says (dispatch). Where a target has no FP8, the row becomes INT8 with one scale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import lcm

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.dataflow import (
    NOTHING,
    Cast,
    Const,
    Flow,
    Index,
    Load,
    Op,
    Reduce,
    Spanned,
    Value,
    add,
    coefficient,
    multiply,
    subtract,
    walk,
)
from portcheck.ascendc.archetypes.flow.elements import WIDTHS
from portcheck.ascendc.archetypes.flow.values import ZERO, divide
from portcheck.ascendc.archetypes.matching import dtype, uses, widened
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body, floats_text
from portcheck.ascendc.archetypes.rows import (
    INDEX_TYPES,
    At,
    Table,
    fan_out,
    first_of,
    is_count,
    is_disjoint,
    named,
    skip_of,
    table,
)
from portcheck.ascendc.archetypes.scale_range import fits_int8
from portcheck.ascendc.body import Body, Buffer, Dropped, Lost, Role, Scalar
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "row-quantisation"
SCALES = "row-scales"
_IN = ("bf16", "half", "float")
_FORMATS = {"int8": "int8_t", "fp8_e4m3": "fp8_e4m3fn_t"}
_INT8_MAX = 127.0


@dataclass(frozen=True, slots=True)
class Quantise:
    """`group` 0 is a scale for the whole row. `scale` and `inverse` are C++ of `amax`; "" for none of it.

    `copies`: a row goes to several targets, one for each of its indices. `divides`: a number is divided
    by `scale` and not multiplied with it. `floor` is what the largest absolute value starts with.
    """

    in_dtype: str
    out_dtype: str
    group: int
    floor: float
    scale: str
    inverse: str
    divides: bool = False
    index_dtype: str = ""
    skips: bool = False
    copies: bool = False

    @property
    def formula(self) -> str:
        """What the kernel computes, in one line."""
        over = f"the {self.group} numbers around h" if self.group else "the row"
        row = f"row_of[t{', k' if self.copies else ''}]" if self.index_dtype else "t"
        parts = []
        if self.out_dtype:
            sign = "/" if self.divides else "*"
            parts.append(f"out[{row}, h] = rows[t, h] {sign} ({self.scale})")
        if self.inverse:
            parts.append(f"scales[{row}{f', h / {self.group}' if self.group else ''}] = {self.inverse}")
        return f"{', '.join(parts)}; amax = max({self.floor!r}, |rows[t, h]| over {over})"


@dataclass(frozen=True, slots=True)
class Found:
    spec: Quantise
    named: Named
    divisor: int = 1  # of a row's elements
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class _Amax:
    """A largest absolute value that was found: what it starts with, and its loads' addresses."""

    node: Value
    floor: float
    load: Load
    indices: tuple[Index, ...]


class QuantiseArchetype:
    def __init__(self, name: str, *, has_rows: bool) -> None:
        self.name, self.has_rows = name, has_rows

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body, None where the kernel does anything else."""
        chosen = first_of(view, function, find)
        if chosen is None or not can_write(chosen[1].spec, target):
            return None
        flow, found = chosen
        if bool(found.spec.out_dtype) is not self.has_rows:
            return None
        parts = {"store": "out", "load": "rows", "scale": "scales", "index": "row_of", "skip": "row_of"}
        places = {key: uses(flow, found.named.cuda.get(name, "")) for key, name in parts.items()}
        return write(identifier(function.name), found, target, {k: p for k, p in places.items() if p})


ARCHETYPE = QuantiseArchetype(NAME, has_rows=True)


# -- recognising ---------------------------------------------------------------------------


def find(flow: Flow) -> Found | None:
    """The quantisation that a kernel is, if it is one."""
    if not 1 <= len(flow.stores) <= 2 or not is_disjoint(flow):
        return None
    rows = [s for s in flow.stores if s.store.ctype in _FORMATS]
    scales = [s for s in flow.stores if s.store.ctype == "float"]
    if (
        len(rows) + len(scales) != len(flow.stores)
        or len(scales) != 1
        or any(s.store.atomic for s in flow.stores)
    ):
        return None
    amax = _amax(scales[0].store.value)
    if amax is None:
        return None
    inverse = cpp(scales[0].store.value, amax.node)
    if not inverse:
        return None
    return (
        _quantised(flow, rows[0], scales[0], amax, inverse)
        if rows
        else _scales(flow, scales[0], amax, inverse)
    )


def _amax(value: Value) -> _Amax | None:
    """The one largest absolute value in an expression."""
    outer = [v for v in walk(value) if isinstance(v, Reduce | Op) and _peeled(v) is not None]
    return _peeled(outer[0]) if outer else None


def _peeled(node: Value) -> _Amax | None:
    """max over indices of |load|, with constants to start with."""
    floor, indices, value = 0.0, [], node
    while True:
        if isinstance(value, Reduce) and value.op == "max" and not value.missing and not value.running:
            if value.init != NOTHING:
                if not isinstance(value.init, Const) or value.init.value < 0:
                    return None
                floor = max(floor, float(value.init.value))
            indices.append(value.index)
            value = value.body
        elif isinstance(value, Op) and value.name == "max" and len(value.args) == 2 and _constants(value):
            (number,), (value,) = _constants(value), [a for a in value.args if not isinstance(a, Const)]
            floor = max(floor, number)
        else:
            break
    if not indices or not isinstance(value, Op) or value.name != "abs" or value.ctype != "float":
        return None
    load = widened(value.args[0])
    return _Amax(node, floor, load, tuple(indices)) if load is not None and load.ctype in _IN else None


def _constants(value: Op) -> list[float]:
    found = [float(a.value) for a in value.args if isinstance(a, Const) and a.value >= 0]
    return found if len(found) == 1 else []


def cpp(value: Value, amax: Value) -> str:
    """An expression of the largest absolute value and constants as C++ in float; "" for any other."""
    if value == amax:
        return "amax"
    if isinstance(value, Const):
        number = float(value.value)
        return f"{number!r}f" if number == number and abs(number) != float("inf") else ""
    if isinstance(value, Op) and value.name in ("*", "/") and value.ctype == "float" and len(value.args) == 2:
        left, right = (cpp(a, amax) for a in value.args)
        return f"({left} {value.name} {right})" if left and right else ""
    if isinstance(value, Op) and value.name == "reciprocal":
        inner = cpp(value.args[0], amax)
        return f"(1.0f / {inner})" if inner else ""
    return ""


def _quantised(flow: Flow, row: Spanned, scale: Spanned, amax: _Amax, inverse: str) -> Found | None:
    """Rows and their scales."""
    found = table(row, most_rows=2)
    if found is None or not is_count(found.column.extent):
        return None
    inside = _number(found.value)
    if inside is None:
        return None
    number, factor, divides, out = inside
    own = _amax(factor)
    load = widened(number)
    if own is None or load is None or load.ctype not in _IN or load.buffer != amax.load.buffer:
        return None
    text = cpp(factor, own.node)
    if not text or (out == "int8" and not fits_int8(factor, own.node, divides=divides)):
        return None
    out_at, in_at = (
        found.at(found.store.store.address, found.store.store.ctype),
        found.at(load.address, load.ctype),
    )
    if out_at is None or in_at is None or own.floor != amax.floor or load.ctype != amax.load.ctype:
        return None
    length = found.column.extent
    ways = _rows_of(found, out_at)
    if ways is None:
        return None
    own_row, copy = ways
    if in_at.row != own_row or in_at.pitch != length or out_at.pitch != length:
        return None
    group = _group(own, found, in_at)
    if group is None or not _is_scale(scale, amax, found, out_at, group, ways):
        return None
    skips = skip_of(found.store, out_at.index)
    if skips is None or scale.store.when != row.store.when:
        return None
    spec = Quantise(
        dtype(load.ctype), _FORMATS[out], group, amax.floor, text, inverse, divides,
        INDEX_TYPES[out_at.index.ctype] if out_at.index is not None else "", skips,
        copy is not None,
    )  # fmt: skip
    buffers = {"out": row.store.buffer, "scales": scale.store.buffer, "rows": load.buffer}
    if out_at.index is not None:
        buffers["row_of"] = out_at.index.buffer
    numbers: dict[str, Value] = {"num_rows": own_row.extent, "row_elements": length}
    if copy is not None:
        numbers["num_copies"] = copy.extent
    names = named(flow, buffers, numbers)
    if names is None or not all(map(is_count, numbers.values())):
        return None
    return Found(spec, names, max(group, 1), row.store.place)


def _rows_of(found: Table, out: At) -> tuple[Index, Index | None] | None:
    """The row, and which of its copies: rows go to their own place, or where index[row, copy] says."""
    if out.index is not None:
        return fan_out(out.index, found.rows)
    return (found.rows[0], None) if len(found.rows) == 1 and out.row == found.rows[0] else None


def _number(value: Value) -> tuple[Value, Value, bool, str] | None:
    """(number, factor, whether it is divided by, format) of what is stored."""
    if not isinstance(value, Cast) or value.ctype not in _FORMATS:
        return None
    inner = value.arg
    if value.ctype == "int8":
        if isinstance(inner, Cast) and inner.ctype == "int32" and inner.mode == "rint":
            inner = inner.arg
        elif isinstance(inner, Op) and inner.name == "rint":
            inner = inner.args[0]
        else:
            return None
    elif value.mode != "satfinite":
        return None
    if not isinstance(inner, Op) or inner.ctype != "float" or inner.name not in ("*", "/"):
        return None
    left, right = inner.args
    if widened(left) is not None:
        return left, right, inner.name == "/", value.ctype
    if widened(right) is not None and inner.name == "*":
        return right, left, False, value.ctype
    return None


def _group(own: _Amax, found: Table, at: At) -> int | None:
    """0: the largest of the whole row; n: of the n numbers around the column; None for anything else."""
    width = WIDTHS[own.load.ctype]
    if at.row is None:
        return None
    row = multiply(multiply(Const(width), at.pitch), at.row)
    rest = subtract(own.load.address, row)
    spread = _spread(rest, own.indices, width)
    if spread is None:
        return None
    start, count = spread
    if start == ZERO and count == found.column.extent:
        return 0
    if not isinstance(count, Const):
        return None
    n = int(count.value)
    return n if start == multiply(Const(width * n), divide(found.column, Const(n))) and n % 8 == 0 else None


def _spread(address: Value, indices: tuple[Index, ...], width: int) -> tuple[Value, Value] | None:
    """The start in bytes and the count of numbers side by side that the indices run over."""
    left = list(indices)
    count: Value = Const(1)
    while left:
        stride = multiply(Const(width), count)
        index = next((i for i in left if coefficient(address, i) == stride), None)
        if index is None:
            return None
        address = subtract(address, multiply(stride, index))
        count = multiply(count, index.extent)
        left.remove(index)
    return address, count


def _is_scale(
    scale: Spanned, amax: _Amax, found: Table, out: At, group: int, ways: tuple[Index, Index | None]
) -> bool:
    """Whether the scales are those of the rows, each stored once beside the others of its row."""
    row = ways[0]
    own = {i for i in ways if i is not None}
    width = WIDTHS[amax.load.ctype]
    target: Value = out.index if out.index is not None else row
    rest = subtract(amax.load.address, multiply(multiply(Const(width), found.column.extent), row))
    spread = _spread(rest, amax.indices, width)
    if group == 0:
        is_own = scale.store.address == multiply(Const(4), target) and set(scale.indices) == own
        return is_own and spread == (ZERO, found.column.extent)
    groups = [i for i in scale.indices if i not in own]
    if len(groups) != 1 or not own <= set(scale.indices):
        return False
    count = divide(found.column.extent, Const(group))
    if groups[0].extent != count:
        return False
    expected = multiply(Const(4), add(multiply(target, count), groups[0]))
    its_own = (multiply(Const(width * group), groups[0]), Const(group))
    return scale.store.address == expected and spread == its_own


def _scales(flow: Flow, scale: Spanned, amax: _Amax, inverse: str) -> Found | None:
    """The scales of whole rows alone."""
    if len(scale.indices) != 1 or scale.store.when:
        return None
    row = scale.indices[0]
    width = WIDTHS[amax.load.ctype]
    pitch = coefficient(amax.load.address, row)
    if pitch is None or scale.store.address != multiply(Const(4), row):
        return None
    spread = _spread(subtract(amax.load.address, multiply(pitch, row)), amax.indices, width)
    if spread is None or spread[0] != ZERO or pitch != multiply(Const(width), spread[1]):
        return None
    if not is_count(spread[1]) or not is_count(row.extent):
        return None
    buffers = {"scales": scale.store.buffer, "rows": amax.load.buffer}
    names = named(flow, buffers, {"num_rows": row.extent, "row_elements": spread[1]})
    if names is None:
        return None
    return Found(Quantise(dtype(amax.load.ctype), "", 0, amax.floor, "", inverse), names)


# -- writing -------------------------------------------------------------------------------


def can_write(spec: Quantise, target: Target) -> bool:
    """Whether the target has bfloat16 where it is asked for, and copies of any length."""
    has_bf16 = spec.in_dtype != "bfloat16_t" or target.flag("bf16_cast_to_float") is True
    return has_bf16 and tiling.has_pad(target)


def for_target(spec: Quantise, target: Target) -> Quantise:
    """What a target can do of it: without FP8, INT8 with one scale a row, as its own operators have it."""
    if spec.out_dtype != "fp8_e4m3fn_t" or target.flag("fp8_type") is True:
        return spec
    return replace(
        spec,
        out_dtype="int8_t",
        group=0,
        scale=f"({_INT8_MAX}f / amax)",
        inverse=f"(amax / {_INT8_MAX}f)",
        divides=False,
    )


def write(name: str, found: Found, target: Target, trace: Mapping[str, tuple[Place, ...]]) -> Body:
    """The body of a kernel that quantises rows."""
    spec, names = for_target(found.spec, target), found.named
    buffers, scalars = _buffers(spec, names), _scalar_list(spec, names)
    in_bytes = tiling.DTYPE_BYTES[spec.in_dtype]
    given = {
        "name": name,
        "spec": spec,
        "formula": spec.formula,
        "floor": f"{spec.floor!r}f",
        "class_name": "KernelRowQuantisation" if spec.out_dtype else "KernelRowScales",
        "in_bytes": in_bytes,
        "is_fp8": spec.out_dtype.startswith("fp8"),
        "floats": floats_text(),
        "granule": lcm(spec.group or 32, 32),
        "scale_python": in_python(spec.scale),
        "inverse_python": in_python(spec.inverse),
        # Two tiles in and out, the row and its absolute values in float, room for ReduceMax.
        "ub_bytes_per_element": 2 * in_bytes
        + 2 * bool(spec.out_dtype)
        + 4
        + 4
        + 2
        + (4 if spec.group else 0),
        "burst_bytes": tiling.burst_bytes(target),
    }
    fields = [
        ("uint64_t", "num_rows", ""),
        ("uint64_t", "row_elements", ""),
        ("uint32_t", "tile_elements", "elements of a row that are in UB at a time"),
        ("uint32_t", "work_bytes", "what ReduceMax works in"),
    ]
    if spec.copies:
        fields.append(("uint32_t", "num_copies", "indices of a row"))
    return complete_body(
        "quantise",
        given,
        name=name,
        archetype=NAME if spec.out_dtype else SCALES,
        buffers=buffers,
        scalars=scalars,
        fields=fields,
        trace=trace,
        dropped=_dropped(found, spec),
        notes=(*names.notes, _NAN),
    )


def in_python(text: str) -> str:
    """A C++ expression of `cpp` for NumPy: every constant a float32."""
    return re.sub(r"(\d[\d.]*(?:e[-+]?\d+)?)f", r"np.float32(\1)", text)


_NAN = Text(
    "a NaN or an infinity in a row: CUDA's fmaxf leaves NaN out of the largest absolute value, the vector"
    " unit's maximum is not documented there; the row's other numbers are not to be relied on in either",
    "行内含 NaN 或无穷大时：CUDA 的 fmaxf 求最大绝对值时忽略 NaN，向量单元的行为没有文档说明；"
    "该行其余数值均不可依赖",
)


def _dropped(found: Found, spec: Quantise) -> tuple[Dropped, ...]:
    if spec.out_dtype == found.spec.out_dtype:
        return ()
    what = Text(
        f"FP8 E4M3 with a scale for each {found.spec.group or 'row'}: here INT8 with one scale a row",
        f"FP8 E4M3（每 {found.spec.group or '行'} 个通道一个缩放因子）：此处改为每行一个缩放因子的 INT8",
    )
    why = Text(
        "the target has no FP8 type; the receiver must multiply with the row's scale, and the scales'"
        " buffer has one number a row",
        "该产品没有 FP8 类型；接收端须乘以该行的缩放因子，缩放因子缓冲区每行一个数",
    )
    return (Dropped(Lost.DOWNGRADED, what, why, found.place),)


def _buffers(spec: Quantise, names: Named) -> tuple[Buffer, ...]:
    rows = "num_target_rows" if spec.index_dtype else "num_rows"
    entries = ("num_rows", "num_copies") if spec.copies else ("num_rows",)
    role = Role.UPDATED if spec.index_dtype else Role.OUTPUT
    scales = (rows, f"row_elements / {spec.group}") if spec.group else (rows,)
    listed = {
        "out": (spec.out_dtype, role, (rows, "row_elements")),
        "scales": ("float", role, scales),
        "rows": (spec.in_dtype, Role.INPUT, ("num_rows", "row_elements")),
        "row_of": (spec.index_dtype, Role.INPUT, entries),
    }
    return tuple(Buffer(n, *listed[n], cuda=names.cuda.get(n, "")) for n in names.order)


def _scalar_list(spec: Quantise, names: Named) -> tuple[Scalar, ...]:
    found = [
        names.scalar("num_rows", "int64_t", Text("rows", "行数")),
        names.scalar("row_elements", "int64_t", Text("elements of a row", "每行的元素个数")),
    ]
    if spec.copies:
        found.append(names.scalar("num_copies", "int64_t", Text("indices of a row", "每行的索引个数")))
    if spec.index_dtype:
        found.append(
            names.scalar(
                "num_target_rows", "int64_t", Text("rows that there is room for", "结果缓冲区的行数")
            )
        )
    return tuple(found)
