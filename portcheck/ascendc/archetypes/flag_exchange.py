"""Flags: publish a number in each line of a window, wait until each line of another holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.ascendc.archetypes import matching
from portcheck.ascendc.archetypes.dataflow import (
    Const,
    Index,
    Load,
    Op,
    Scalar,
    Spanned,
    Unknown,
    Value,
    coefficient,
    multiply,
    subtract,
    walk,
)
from portcheck.ascendc.archetypes.named import Named
from portcheck.ascendc.archetypes.rendering import complete_body
from portcheck.ascendc.body import Body, Buffer, Role
from portcheck.ascendc.names import identifier
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

NAME = "flag-exchange"
_FLAG_ELEMENTS = 8  # int32 of a line of 32 bytes, as in portcheck_flags.h
_LINES = Text(
    "A flag takes a line of 32 bytes, whatever its distance was in CUDA: whoever else reads or writes the "
    "windows must use the same layout, and they start at a multiple of 32 bytes.",
    "每个标志占 32 字节一行，与 CUDA 中的间距无关：其他读写这些窗口的代码须采用相同布局，"
    "且窗口起始地址须为 32 字节的倍数。",
)


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
    }
    fields = [("uint32_t", "num_flags", ""), ("int32_t", "number", "what is published and waited for")]
    return complete_body(
        "flag_exchange",
        given,
        name=name,
        archetype=NAME,
        buffers=buffers,
        scalars=scalars,
        fields=fields,
        trace=trace,
        notes=(_LINES, *named.notes),
    )


@dataclass(frozen=True, slots=True)
class FlagExchangeArchetype:
    """Flags by ordered stores, and loops that wait for them by ordered loads."""

    name: str = NAME

    def recognise(self, view: View, function: Function, target: Target) -> Body | None:
        """The complete body of a kernel that does nothing but publish flags and wait for flags."""
        found = matching.all_known(view, function, matching.HARMLESS | {"fence"})
        if len(found) != 1 or not found[0].stores:
            return None
        flow, parts = found[0], {"publish": "published", "wait": "awaited"}
        sides = [_side(one) for one in flow.stores]
        known = [s for s in sides if s is not None]
        if len(known) != len(sides) or [s.key for s in known] not in (
            ["publish", "wait"],
            ["publish"],
            ["wait"],
        ):
            return None
        first = known[0]
        if any((s.index.extent, s.number) != (first.index.extent, first.number) for s in known):
            return None
        if len(known) == 2 and (known[0].buffer == known[1].buffer or any(s.is_in_loop for s in known)):
            return None
        named = matching.named(
            flow,
            {parts[s.key]: s.buffer for s in known},
            {"num_flags": first.index.extent, "number": first.number},
        )
        spec = FlagExchange(any(s.key == "publish" for s in known), "".join(s.awaits for s in known))
        return write(identifier(function.name), spec, named, {s.key: (s.place,) for s in known})


@dataclass(frozen=True, slots=True)
class _Side:
    """One store, or one loop that waits: flag `index` of a buffer."""

    key: str
    buffer: str
    index: Index
    number: Value
    awaits: str
    place: Place

    @property
    def is_in_loop(self) -> bool:
        """Whether one thread has several flags, so that it publishes some after it waited for others."""
        return "#" in self.index.name


def _side(one: Spanned) -> _Side | None:
    store = one.store
    if store.ctype not in ("int32", "uint32") or store.when or len(one.indices) != 1:
        return None
    (index,) = one.indices
    distance = coefficient(store.address, index)
    if distance is None or store.address != multiply(distance, index) or not matching.is_count(distance):
        return None
    if store.atomic == "release":
        number, awaits = store.value, ""
    elif store.atomic == "await":
        number, awaits = _awaited(store.value)
    else:
        return None
    if not isinstance(number, Scalar | Const) or not matching.is_count(index.extent):
        return None
    if awaits == "at least" and store.ctype != "int32":  # the port compares with a sign
        return None
    return _Side("wait" if awaits else "publish", store.buffer, index, number, awaits, store.place)


def _awaited(condition: Value) -> tuple[Value, str]:
    """The number and the test, where the loop goes on while the flag is below it or is not it."""
    load = next((v for v in walk(condition) if isinstance(v, Load)), None)
    if load is None or not isinstance(condition, Op) or condition.args[1] != Const(0):
        return Unknown("another condition"), ""
    number = subtract(load, condition.args[0])
    if condition.name == "<":
        return number, "at least"
    return (number, "equal") if condition.name == "!=" else (Unknown("another condition"), "")


ARCHETYPE = FlagExchangeArchetype()
