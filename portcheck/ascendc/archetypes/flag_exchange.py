"""Flags: publish a number in each line of a window, wait until each line of another holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc import tiling
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import render
from portcheck.ascendc.body import Body, Buffer, Role
from portcheck.source.place import Place
from portcheck.targets.text import Text

NAME = "flag-exchange"
_FLAG_ELEMENTS = 8  # int32 of a line of 32 bytes, as in portcheck_flags.h


@dataclass(frozen=True, slots=True)
class FlagExchange:
    """Whether it publishes, and what it waits for: "at least", "equal" or "" for nothing."""

    publishes: bool
    awaits: str

    @property
    def formula(self) -> str:
        """What the kernel does, in one line."""
        found = []
        if self.publishes:
            found.append("published[i] = number")
        if self.awaits:
            found.append(f"wait until awaited[i] is {self.awaits} number")
        return ", then ".join(found)


def write(name: str, spec: FlagExchange, named: Named, trace: Mapping[str, tuple[Place, ...]]) -> Body:
    """The body of a kernel that exchanges flags; it is the same on every target."""
    shape = ("num_flags", str(_FLAG_ELEMENTS))
    buffers = tuple(Buffer(n, "int32_t", Role.WINDOW, shape, named.cuda.get(n, "")) for n in named.order)
    flags = Text("flags of a window, each on a line of 32 bytes", "窗口中的标志数，每个标志占 32 字节")
    number = Text("what the flags say", "标志的取值")
    scalars = (
        named.scalar("num_flags", "int64_t", flags),
        named.scalar("number", "int32_t", number),
    )
    given = {
        "name": name,
        "formula": spec.formula,
        "publishes": spec.publishes,
        "waits": bool(spec.awaits),
        "test": spec.awaits.upper().replace(" ", "_"),
        "flag_elements": _FLAG_ELEMENTS,
        "gm_parameters": ", ".join(f"GM_ADDR {b.name}" for b in buffers),
        "gm_arguments": ", ".join(b.name for b in buffers),
    }
    fields = [("uint32_t", "num_flags", ""), ("int32_t", "number", "what is published and waited for")]
    return Body(
        name=name,
        archetype=NAME,
        buffers=buffers,
        scalars=scalars,
        kernel=render("flag_exchange/kernel.cpp.jinja", given),
        tiling=tiling.header(name, scalars, fields, render("flag_exchange/tiling.h.jinja", given)),
        reference=render("flag_exchange/reference.py.jinja", given),
        trace=trace,
        notes=named.notes,
    )
