"""Prefix sums of int32 along rows, exclusive or inclusive: offsets from counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import render
from portcheck.ascendc.body import Body, Buffer, Role
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "prefix-sum"


@dataclass(frozen=True, slots=True)
class PrefixSum:
    """Whether element i has a part in its own sum."""

    inclusive: bool

    @property
    def formula(self) -> str:
        """What the kernel computes, in one line."""
        return f"prefix[row, i] = sum of values[row, j] over j {'<=' if self.inclusive else '<'} i"


def write(
    name: str, spec: PrefixSum, named: Named, target: Target, trace: Mapping[str, tuple[Place, ...]]
) -> Body:
    """The body of a kernel that is this prefix sum."""
    shape = ("num_rows", "row_elements")
    roles = {"values": Role.INPUT, "prefix": Role.OUTPUT}
    buffers = tuple(Buffer(n, "int32_t", roles[n], shape, named.cuda.get(n, "")) for n in named.order)
    meanings = {
        "num_rows": Text("rows, each summed for itself", "行数，每行独立求前缀和"),
        "row_elements": Text("numbers of a row", "每行的元素个数"),
    }
    scalars = tuple(named.scalar(n, "int64_t", text) for n, text in meanings.items())
    given = {
        "name": name,
        "formula": spec.formula,
        "inclusive": spec.inclusive,
        "burst_bytes": tiling.burst_bytes(target),
        "gm_parameters": ", ".join(f"GM_ADDR {b.name}" for b in buffers),
        "gm_arguments": ", ".join(b.name for b in buffers),
    }
    fields = [
        ("uint64_t", "num_rows", ""),
        ("uint64_t", "row_elements", ""),
        ("uint32_t", "tile_elements", "numbers that are in UB at a time"),
    ]
    return Body(
        name=name,
        archetype=NAME,
        buffers=buffers,
        scalars=scalars,
        kernel=render("prefix_sum/kernel.cpp.jinja", given),
        tiling=tiling.header(name, scalars, fields, render("prefix_sum/tiling.h.jinja", given)),
        reference=render("prefix_sum/reference.py.jinja", given),
        trace=trace,
        notes=named.notes,
    )
