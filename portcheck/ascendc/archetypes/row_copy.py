"""Rows that are copied as they are: all of them, or those that an index names.

    out[row of t] = rows[row of t], for every t whose index is not negative

A kernel with one plain store, whose value is a load, and whose rows lie at a pitch: their own, or
that of a row that an index buffer names. Dispatch without quantisation is one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.dataflow import Const, Flow, Index, Load, Value
from portcheck.ascendc.archetypes.matching import dtype, uses
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body
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
from portcheck.ascendc.body import Body, Buffer, Role, Scalar
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "row-copy"
MAX_COPIES = 256  # copies of one row whose indices are in UB at a time


@dataclass(frozen=True, slots=True)
class RowCopy:
    """Which parts a copy has.

    `index_on` is "source" (gather), "target" (scatter) or "". `copies`: a row goes to several targets,
    one for each of its indices. `pitched`: rows lie further apart than they are long, "source",
    "target" or both.
    """

    dtype: str
    index_dtype: str = ""
    index_on: str = ""
    skips: bool = False
    copies: bool = False
    pitched: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """What the kernel does, in one line."""
        entry = "t, k" if self.copies else "t"
        out = f"row_of[{entry}]" if self.index_on == "target" else "t"
        source = "row_of[t]" if self.index_on == "source" else "t"
        skipped = f" where row_of[{entry}] >= 0" if self.skips else ""
        return f"out[{out}, h] = rows[{source}, h]{skipped}"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was found in a kernel."""

    spec: RowCopy
    named: Named


class _Archetype:
    name = NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body, None where the kernel does anything else."""
        chosen = first_of(view, function, find)
        if chosen is None:
            return None
        flow, found = chosen
        return write(identifier(function.name), found, target, _trace(flow, found))


ARCHETYPE = _Archetype()


# -- recognising ---------------------------------------------------------------------------


def find(flow: Flow) -> Copy | None:
    """The copy that a kernel is, if it is one."""
    if len(flow.stores) != 1 or not is_disjoint(flow):
        return None
    found = table(flow.stores[0], most_rows=2)
    if found is None or not isinstance(found.value, Load):
        return None
    load, store = found.value, found.store.store
    if load.ctype != store.ctype or not is_count(found.column.extent):
        return None
    out, source = found.at(store.address, store.ctype), found.at(load.address, load.ctype)
    if out is None or source is None:
        return None
    return _of_rows(flow, found, load, out, source)


def _of_rows(flow: Flow, found: Table, load: Load, out: At, source: At) -> Copy | None:
    """A copy by how its rows move."""
    index = out.index or source.index
    skips = skip_of(found.store, index)
    if skips is None or (out.index is not None and source.index is not None):
        return None
    copy: Index | None = None
    if index is not None:
        if index.buffer in (load.buffer, found.store.store.buffer):
            return None
        ways = fan_out(index, found.rows)
        if ways is None:
            return None
        row, copy = ways
        other = source if out.index is not None else out
        if other.row != row or (copy is not None and out.index is None):
            return None
    elif not _move_together(found, out, source):
        return None
    rows = Const(1) if not found.rows else next((i.extent for i in found.rows if i != copy), Const(1))
    if not is_count(rows):
        return None
    return _named(flow, found, load, index, copy, rows, out, source, skips)


def _move_together(found: Table, out: At, source: At) -> bool:
    """Every row of the source goes to one of its own."""
    if not found.rows:
        return out.row is None and source.row is None
    return len(found.rows) == 1 and out.row == source.row == found.rows[0]


def _named(
    flow: Flow,
    found: Table,
    load: Load,
    index: Load | None,
    copy: Index | None,
    rows: Value,
    out: At,
    source: At,
    skips: bool,
) -> Copy | None:
    length = found.column.extent
    pitches = {"source": source.pitch, "target": out.pitch}
    pitched = tuple(side for side, pitch in pitches.items() if found.rows and pitch != length)
    buffers = {"out": found.store.store.buffer, "rows": load.buffer}
    if index is not None:
        buffers["row_of"] = index.buffer
    values: dict[str, Value] = {"num_rows": rows, "row_elements": length}
    values |= {"num_copies": copy.extent} if copy is not None else {}
    values |= {f"{side}_pitch": pitches[side] for side in pitched}
    names = named(flow, buffers, values)
    if names is None:
        return None
    spec = RowCopy(
        dtype=dtype(load.ctype),
        index_dtype=INDEX_TYPES[index.ctype] if index is not None else "",
        index_on="" if index is None else "target" if out.index is not None else "source",
        skips=skips,
        copies=copy is not None,
        pitched=pitched,
    )
    return Copy(spec, names)


def _trace(flow: Flow, found: Copy) -> Mapping[str, tuple[Place, ...]]:
    places = {"store": "out", "load": "rows", "index": "row_of", "skip": "row_of"}
    listed = {key: uses(flow, found.named.cuda.get(name, "")) for key, name in places.items()}
    return {key: spots for key, spots in listed.items() if spots}


# -- writing -------------------------------------------------------------------------------


def moved(dtype_: str, target: Target) -> str:
    """The type that bytes are moved as: an integer of its width where the target has no such type."""
    has = {"bfloat16_t": target.flag("bf16_cast_to_float") is True}
    has |= dict.fromkeys(("fp8_e4m3fn_t", "fp8_e5m2_t"), target.flag("fp8_type") is True)
    return dtype_ if has.get(dtype_, True) else f"uint{8 * tiling.DTYPE_BYTES[dtype_]}_t"


def write(
    name: str,
    found: Copy,
    target: Target,
    trace: Mapping[str, tuple[Place, ...]],
) -> Body:
    """The body of a kernel that is this copy."""
    spec = replace(found.spec, dtype=moved(found.spec.dtype, target))
    buffers, scalars = _buffers(spec, found.named), tuple(_scalars(spec, found.named))
    width = tiling.DTYPE_BYTES[spec.dtype]
    given = {
        "name": name,
        "spec": spec,
        "formula": spec.formula,
        "width": width,
        "pad": tiling.has_pad(target),
        "copy_dtype": _COPIED.get(spec.dtype, spec.dtype),
        "index_bytes": tiling.DTYPE_BYTES.get(spec.index_dtype, 0),
        "max_copies": MAX_COPIES,
        "burst_bytes": tiling.burst_bytes(target),
        "source_pitched": "source" in spec.pitched,
        "target_pitched": "target" in spec.pitched,
    }
    fields = [
        ("uint64_t", "num_rows", ""),
        ("uint64_t", "row_elements", ""),
        ("uint64_t", "source_pitch", "elements from one row to the next"),
        ("uint64_t", "target_pitch", ""),
        ("uint64_t", "units_of_a_row", "pieces of a row that blocks share out"),
        ("uint32_t", "tile_elements", "elements that are in UB at a time"),
    ]
    if spec.copies:
        fields.append(("uint32_t", "num_copies", "indices of a row"))
    if spec.index_on:
        fields.append(("uint32_t", "batch_rows", "rows whose indices are in UB at a time"))
    return complete_body(
        "row_copy",
        given,
        name=name,
        archetype=NAME,
        buffers=buffers,
        scalars=scalars,
        fields=fields,
        trace=trace,
        notes=found.named.notes,
    )


# DataCopyPad lists no 8-bit floating types: they are moved as bytes (ascend_rules.md, section 2).
_COPIED = {"fp8_e4m3fn_t": "uint8_t", "fp8_e5m2_t": "uint8_t"}


def _buffers(spec: RowCopy, named: Named) -> tuple[Buffer, ...]:
    own = {side: f"{side}_pitch" if side in spec.pitched else "row_elements" for side in ("source", "target")}
    source_rows = "num_source_rows" if spec.index_on == "source" else "num_rows"
    target_rows = "num_target_rows" if spec.index_on == "target" else "num_rows"
    is_whole = spec.index_on != "target" and not spec.skips and "target" not in spec.pitched
    entries = ("num_rows", "num_copies") if spec.copies else ("num_rows",)
    listed = {
        "out": (spec.dtype, Role.OUTPUT if is_whole else Role.UPDATED, (target_rows, own["target"])),
        "rows": (spec.dtype, Role.INPUT, (source_rows, own["source"])),
        "row_of": (spec.index_dtype, Role.INPUT, entries),
    }
    return tuple(Buffer(n, *listed[n], cuda=named.cuda.get(n, "")) for n in named.order)


def _scalars(spec: RowCopy, named: Named) -> list[Scalar]:
    meanings = {
        "num_rows": Text("rows", "行数"),
        "row_elements": Text("elements of a row", "每行的元素个数"),
        "num_copies": Text("indices of a row", "每行的索引个数"),
        "source_pitch": Text("elements from one row of the source to the next", "源中相邻两行相隔的元素个数"),
        "target_pitch": Text(
            "elements from one row of the result to the next", "结果中相邻两行相隔的元素个数"
        ),
        "num_source_rows": Text("rows that there are to choose from", "可供选取的行数"),
        "num_target_rows": Text("rows that there is room for", "结果缓冲区的行数"),
    }
    wanted = ["num_rows", "row_elements", *(["num_copies"] if spec.copies else [])]
    wanted += [f"{side}_pitch" for side in ("source", "target") if side in spec.pitched]
    wanted += [f"num_{spec.index_on}_rows"] if spec.index_on else []
    return [named.scalar(name, "int64_t", meanings[name]) for name in wanted]
