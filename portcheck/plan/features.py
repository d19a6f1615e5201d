"""What can be counted of a kernel: lines, transfers, protocols, quantisation, collectives, host glue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.launches import Launch
from portcheck.pack.functions import FUNCTIONS
from portcheck.pack.functions.zero_buffer import name_place
from portcheck.pack.subjects import View
from portcheck.plan.helpers import Helpers
from portcheck.program.model import Function
from portcheck.source.place import Place


class Nature(StrEnum):
    """What kind of work a kernel is; ports of one kind grew by similar factors."""

    INDEX = "index"
    METADATA = "metadata exchange"
    PAYLOAD = "payload mover"
    FUSED = "fused low-latency"
    DROPPED = "dropped"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Features:
    """The measures of one kernel with the device helpers that only it uses.

    Lines are physical lines of a definition from its template or return type to its closing
    brace. `helper_lines` are those of its own helpers, `shared_helper_lines` of helpers that
    others use too, `host_lines` of the functions that launch it, divided among the kernels
    launched there. `transfers` counts bulk copies and vector accesses, `remote` operations on
    peers, `flags` ordered accesses and fences, `barriers` those of blocks, `rings` is 1 where
    ranks meet through a head and a tail.
    """

    kernel: str
    place: Place
    stage: str
    lines: int
    helper_lines: int
    shared_helper_lines: int
    host_lines: int
    transfers: int
    remote: int
    flags: int
    rings: int
    barriers: int
    mbarriers: int
    collectives: int
    quantisation: int
    nature: Nature


_COUNTED: Mapping[str, tuple[FactKind, ...]] = {
    "transfers": (FactKind.TMA_COPY, FactKind.VEC_ACCESS),
    "remote": (FactKind.REMOTE_COMM,),
    "flags": (FactKind.SYNC_SCOPE,),
    "barriers": (FactKind.BLOCK_BARRIER,),
    "mbarriers": (FactKind.MBARRIER,),
    "collectives": (FactKind.WARP_COLLECTIVE,),
    "quantisation": (FactKind.FP8_QUANT, FactKind.LOWP_WIRE),
}
_BY_STAGE = {
    "layout": Nature.INDEX,
    "gate": Nature.INDEX,
    "notify": Nature.METADATA,
    "dispatch": Nature.PAYLOAD,
    "combine": Nature.PAYLOAD,
    "permute": Nature.PAYLOAD,
    "low-latency dispatch": Nature.FUSED,
    "low-latency combine": Nature.FUSED,
    "cached dispatch": Nature.DROPPED,
}


_PREPARES_CACHED = re.compile(r"^cached_notify", re.IGNORECASE)
_CLEARS = re.compile(r"clean|clear|reset|zero|memset", re.IGNORECASE)


@dataclass(eq=False)
class Measures:
    """Measures kernels of one tree; everything is computed when first asked."""

    view: View

    def of(self, kernel: Function) -> Features:
        """The features of one kernel."""
        own, shared = self._helpers.own(kernel), self._helpers.shared(kernel)
        inside = (kernel, *own)
        counted = {name: self._count(inside, kinds) for name, kinds in _COUNTED.items()}
        at = name_place(kernel)
        key = at.path, at.start_byte
        stage = self._stages.get(key, "")
        rings = int(key in self._rings)
        cleans = any(at.path == p and kernel.start_byte <= b < kernel.end_byte for p, b in self._cleaners)
        drops = _PREPARES_CACHED.search(kernel.name) or (cleans and _CLEARS.search(kernel.name))
        return Features(
            kernel=kernel.qualified,
            place=at,
            stage=stage,
            lines=_lines(kernel),
            helper_lines=sum(map(_lines, own)),
            shared_helper_lines=sum(map(_lines, shared)),
            host_lines=self._host_lines.get(id(kernel), 0),
            rings=rings,
            nature=nature_of(stage, drops=bool(drops), rings=rings, **counted),
            **counted,
        )

    def all(self) -> tuple[Features, ...]:
        """Every kernel of the tree whose lines are on, in the order of places."""
        functions = self.view.analysis.functions
        return tuple(self.of(f) for f in functions if f.is_kernel and f.origin.active)

    @cached_property
    def _helpers(self) -> Helpers:
        return Helpers(self.view.analysis)

    @cached_property
    def _stages(self) -> Mapping[tuple[str, int], str]:
        found = FUNCTIONS["moe_stages"].find(self.view)
        return {(m.place.path, m.place.start_byte): str(m.fields["stage"]) for m in found}

    @cached_property
    def _rings(self) -> frozenset[tuple[str, int]]:
        return frozenset(
            (m.place.path, m.place.start_byte) for m in FUNCTIONS["ring_kernels"].find(self.view)
        )

    @cached_property
    def _cleaners(self) -> frozenset[tuple[str, int]]:
        """Where kernels clear that do nothing else."""
        found = FUNCTIONS["zeroed_parameters"].find(self.view)
        return frozenset((m.place.path, m.place.start_byte) for m in found if m.fields["role"] == "cleaner")

    @cached_property
    def _facts(self) -> Mapping[tuple[str, str], list[Fact]]:
        found: dict[tuple[str, str], list[Fact]] = {}
        for fact in self.view.facts:
            found.setdefault((fact.place.path, fact.function), []).append(fact)
        return found

    def _count(self, functions: Iterable[Function], kinds: tuple[FactKind, ...]) -> int:
        found: set[tuple[str, int, int]] = set()
        for function in functions:
            for fact in self._facts.get((function.origin.file.path, function.qualified), ()):
                place = fact.place
                if fact.kind in kinds and function.start_byte <= place.start_byte < function.end_byte:
                    found.add((place.path, place.start_byte, place.end_byte))
        return len(found)

    @cached_property
    def _host_lines(self) -> Mapping[int, int]:
        """Lines of launching functions by kernel; a function that launches several is divided."""
        kernels: dict[str, list[Function]] = {}
        for function in self.view.analysis.functions:
            if function.is_kernel:
                kernels.setdefault(function.name, []).append(function)
        launched: dict[int, set[int]] = {}
        hosts = {id(f): f for f in self.view.analysis.functions if not f.is_kernel}
        for fact in self.view.of_kind["launch"]:
            assert isinstance(fact, Launch)
            host = next((f for f in hosts.values() if _holds(f, fact)), None)
            name = fact.kernel.split("<", 1)[0].rsplit("::", 1)[-1].strip()
            named = kernels.get(name, [])
            beside = [k for k in named if host is not None and k.namespace == host.namespace]
            for kernel in (beside or named) if host is not None else ():
                launched.setdefault(id(host), set()).add(id(kernel))
        found: dict[int, int] = {}
        for host_id, listed in launched.items():
            share = -(-_lines(hosts[host_id]) // len(listed))
            for key in listed:
                found[key] = found.get(key, 0) + share
        return found


def nature_of(
    stage: str,
    *,
    drops: bool = False,
    transfers: int = 0,
    remote: int = 0,
    flags: int = 0,
    rings: int = 0,
    barriers: int = 0,
    mbarriers: int = 0,
    collectives: int = 0,
    quantisation: int = 0,
) -> Nature:
    """The kind of work, from the stage where there is one, else from what is counted.

    `drops`: it only clears memory, or prepares a mode with a cached layout; real ports have none.
    """
    if drops:
        return Nature.DROPPED
    if stage in _BY_STAGE:
        return _BY_STAGE[stage]
    if stage:
        return Nature.OTHER
    if remote and quantisation and transfers:
        return Nature.FUSED
    if transfers and (remote or rings):
        return Nature.PAYLOAD
    if remote and not transfers:
        return Nature.METADATA
    if not transfers and not mbarriers and not quantisation:
        return Nature.INDEX
    return Nature.OTHER


def _lines(function: Function) -> int:
    text = function.origin.text[function.start_byte : function.end_byte]
    return text.count(b"\n") + 1


def _holds(function: Function, fact: Fact) -> bool:
    same = function.origin.file.path == fact.place.path
    return same and function.start_byte <= fact.place.start_byte < function.end_byte
