"""Facts that are one primitive each: a PTX instruction, an intrinsic, or a call of a wrapper.

Bulk copies, mbarriers, warp collectives, scoped synchronisation, block barriers and remote
operations share one shape; each has its class here, and `find` reads them from `asm`
statements and calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.facts.effects import Effect, asm_values, read_asm
from portcheck.facts.expressions import function_place
from portcheck.program.model import Observation
from portcheck.source.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive(Fact):
    """`operation` is the PTX opcode or intrinsic, `through` the wrapper called, "" for none."""

    operation: str
    through: str = ""
    operands: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        by = f"{self.through}: " if self.through else ""
        listed = f" ({', '.join(self.operands)})" if self.operands else ""
        return f"{by}{self.operation}{listed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCopy(Primitive):
    """An asynchronous copy: cp.async, cp.async.bulk (TMA), st.async or st.bulk.

    `direction` is "global to shared", "shared to global", "shared to shared" or "". `destination`,
    `source` and `length` are the argument texts, "" where the call does not show them;
    `length` counts bytes.
    """

    kind = FactKind.TMA_COPY

    direction: str = ""
    destination: str = ""
    source: str = ""
    length: str = ""

    @property
    def detail(self) -> str:
        by = f"{self.through}: " if self.through else ""
        way = f" {self.direction}" if self.direction else ""
        span = f", {self.source} -> {self.destination}" if self.destination or self.source else ""
        length = f", length {self.length}" if self.length else ""
        return f"{by}{self.operation}{way}{span}{length}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyWait(Primitive):
    """Committing or awaiting asynchronous copies, or a fence between proxies."""

    kind = FactKind.COPY_WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class MBarrier(Primitive):
    """An operation on an mbarrier, an 8-byte object in shared memory."""

    kind = FactKind.MBARRIER


@dataclass(frozen=True, slots=True, kw_only=True)
class WarpCollective(Primitive):
    """A shuffle, vote, match or reduction over the lanes of a warp."""

    kind = FactKind.WARP_COLLECTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockBarrier(Primitive):
    """A barrier over the threads of a block or a named subset of them."""

    kind = FactKind.BLOCK_BARRIER


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedSync(Primitive):
    """A fence, atomic or ordered access; `scope` is block, cluster, device or system."""

    kind = FactKind.SYNC_SCOPE

    scope: str = ""
    order: str = ""

    @property
    def detail(self) -> str:
        by = f"{self.through}: " if self.through else ""
        words = " ".join(w for w in (self.order, f"{self.scope} scope" if self.scope else "") if w)
        return f"{by}{self.operation}{f' ({words})' if words else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOperation(Primitive):
    """An operation on another rank's memory, or on the network.

    `address` is the expression that leads to the peer, "" for a library call.
    """

    kind = FactKind.REMOTE_COMM

    address: str = ""

    @property
    def detail(self) -> str:
        by = f"{self.through}: " if self.through else ""
        at = f" at {self.address}" if self.address else ""
        return f"{by}{self.operation}{at}"


_CLASSES: dict[str, type[Primitive]] = {
    "tma_copy": BulkCopy,
    "copy_wait": CopyWait,
    "mbarrier": MBarrier,
    "warp_collective": WarpCollective,
    "block_barrier": BlockBarrier,
    "sync_scope": ScopedSync,
    "remote_comm": RemoteOperation,
}
_INTRINSIC_SCOPES = (
    ("_system", "system"),
    ("_block", "block"),
    ("__threadfence", "device"),
    ("atomic", "device"),
)


def concerns(name: str, context: Context) -> bool:
    """Whether a call of the name can have an effect: an intrinsic, or a function of the tree."""
    if name in context.program.functions or context.intrinsics.kind(name):
        return True
    if any(name in methods for _, _, methods in context.intrinsics.objects):
        return True
    tables = context.intrinsics.tables
    return name in tables["loads"]["names"] or name in tables["stores"]["names"]


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Primitives of one `asm` statement or call."""
    if seen.kind == "asm":
        yield from _asm(seen, context)
        return
    callee = seen.callee
    if callee is None:
        return
    summary, target = context.effects.of_call(callee, seen)
    class_ = _CLASSES.get(summary.kind)
    effect = summary.first
    if class_ is None or effect is None:
        return
    related = (function_place(target),) if target is not None else ()
    through = callee.name if target is not None else ""
    texts = [seen.origin.read(a) for a in callee.arguments]
    yield _make(class_, seen, context, effect, texts, through, related)


def _asm(seen: Observation, context: Context) -> Iterator[Fact]:
    values = [seen.origin.read(v) for v in asm_values(seen.node)]
    done: set[str] = set()
    for effect in context.effects.of_asm(seen, seen.function):
        class_ = _CLASSES.get(effect.kind)
        if class_ is None or effect.kind in done:
            continue
        done.add(effect.kind)
        instruction = next(i for i in read_asm(seen, context) if i.opcode == effect.operation)
        own = tuple(
            (position, int(digits))
            for position, operand in enumerate(instruction.operands)
            if (digits := "".join(c for c in operand.split("%", 1)[-1] if c.isdigit())) and "%" in operand
        )
        direct = Effect(
            effect.kind, effect.operation, effect.width_bytes, effect.vector, effect.scope, effect.order, own
        )
        yield _make(class_, seen, context, direct, values, "", ())


def _make(
    class_: type[Primitive],
    seen: Observation,
    context: Context,
    effect: Effect,
    texts: list[str],
    through: str,
    related: tuple[Place, ...],
) -> Fact:
    definition = context.effects.is_wrapper(seen.function, effect.kind)
    common = context.common(seen, definition=definition, related=related)
    common |= {"operation": effect.operation, "through": through}
    if class_ is BulkCopy:
        places = dict(effect.arguments)
        common |= {
            "direction": _direction(effect.operation),
            "destination": _text(places, 0, texts),
            "source": _text(places, 1, texts),
            "length": _text(places, 2, texts),
        }
        if common["length"].isdigit():
            common["width_bytes"] = int(common["length"])
    elif class_ is ScopedSync:
        scope = effect.scope or next((s for m, s in _INTRINSIC_SCOPES if m in effect.operation), "")
        common |= {"scope": scope, "order": effect.order}
    elif class_ is MBarrier:
        common |= {"width_bytes": 8, "operands": tuple(texts[:3])}
    elif class_ is not RemoteOperation:
        common |= {"operands": tuple(texts[:4])}
    return class_(**common)


def _text(places: dict[int, int], operand: int, texts: list[str]) -> str:
    position = places.get(operand)
    return texts[position] if position is not None and position < len(texts) else ""


def _direction(opcode: str) -> str:
    parts = [p.split("::")[0] for p in opcode.split(".") if p.split("::")[0] in ("shared", "global")]
    return f"{parts[1]} to {parts[0]}" if len(parts) == 2 else ""
