"""What a kernel does besides moving bytes, from its facts and those of the helpers that it calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from portcheck.ascendc.intent import Action, ActionKind
from portcheck.facts.base import Fact, FactKind
from portcheck.facts.primitives import Primitive, ScopedSync
from portcheck.pack.subjects import View
from portcheck.plan.helpers import Helpers
from portcheck.program.model import Function
from portcheck.source.place import Place

_BY_KIND: Mapping[FactKind, ActionKind] = {
    FactKind.MBARRIER: ActionKind.MBARRIER,
    FactKind.COPY_WAIT: ActionKind.COPY_WAIT,
    FactKind.FP8_QUANT: ActionKind.QUANTISE,
    FactKind.LOWP_WIRE: ActionKind.QUANTISE,
    FactKind.FP32_ACCUM: ActionKind.ACCUMULATE,
    FactKind.LOWP_ACCUM: ActionKind.ACCUMULATE,
    FactKind.VEC_ACCESS: ActionKind.ACCESS,
    FactKind.TMA_COPY: ActionKind.ACCESS,
}
_PLAIN_REMOTE = frozenset(("load", "store", "tma_copy"))  # moves like any other, of a window
_ATOMIC = ("atom", "red.")


@dataclass(eq=False)
class Actions:
    """The actions of the kernels of one tree."""

    view: View

    @cached_property
    def helpers(self) -> Helpers:
        return Helpers(self.view.analysis)

    @cached_property
    def _by_path(self) -> Mapping[str, list[Fact]]:
        found: dict[str, list[Fact]] = {}
        for fact in self.view.facts:
            found.setdefault(fact.place.path, []).append(fact)
        return found

    def of(self, kernel: Function, moved: Iterable[Place]) -> tuple[Action, ...]:
        """In source order of the kernel; what a helper does stands at the call that leads to it.

        `moved` are the places of moves: an access there is that move.
        """
        found = list(self._in(kernel, None))
        for call, helper in self._calls(kernel):
            found += self._in(helper, call)
        followed = {*map(_line, moved), *self._followed}
        kept = (a for a in found if a.kind is not ActionKind.ACCESS or _line(a.place) not in followed)
        distinct = {(a.kind, a.place, a.anchor): a for a in kept}
        return tuple(sorted(distinct.values(), key=lambda a: (a.anchor.start_byte, a.place)))

    @cached_property
    def _followed(self) -> frozenset[tuple[str, int]]:
        """The lines of all transfers, those inside a block too."""
        subjects = (j.subject for j in self.view.analysis.judged)
        return frozenset(_line(s.place) for s in subjects)

    def _in(self, function: Function, anchor: Place | None) -> Iterator[Action]:
        for fact in self._by_path.get(function.origin.file.path, ()):
            if function.start_byte <= fact.place.start_byte < function.end_byte:
                kind = kind_of(fact)
                if kind is not None:
                    yield Action(kind, fact.place, anchor or fact.place, self.view.line(fact.place))

    def _calls(self, kernel: Function) -> Iterator[tuple[Place, Function]]:
        """The helpers that a kernel comes to, each with the first call in the kernel that leads there."""
        effects = self.view.analysis.reading.context.effects
        seen: set[int] = set()
        for part in (kernel, *kernel.shadows):
            for call in part.observations:
                if call.callee is None:
                    continue
                place = call.origin.place(call.node.start_byte, call.node.end_byte)
                for target in effects.candidates(call.callee, part, call.origin):
                    if target.body is None or target.is_kernel:
                        continue
                    for one in (target, *self.helpers.reached_from(target).values()):
                        if id(one) not in seen and one is not kernel:
                            seen.add(id(one))
                            yield place, one


def _line(place: Place) -> tuple[str, int]:
    return place.path, place.line


def kind_of(fact: Fact) -> ActionKind | None:
    """What a fact does, None for what is a move, a layout or no step of its own."""
    if fact.kind in _BY_KIND:
        return _BY_KIND[fact.kind]
    if not isinstance(fact, Primitive):
        return None
    named = f"{fact.operation} {fact.through}".lower()
    if fact.kind is FactKind.BLOCK_BARRIER:
        return _barrier(fact, named)
    if fact.kind is FactKind.WARP_COLLECTIVE:
        if "max" in named:
            return ActionKind.REDUCE_MAX
        return ActionKind.REDUCE_SUM if "sum" in named or "reduce_add" in named else ActionKind.COLLECTIVE
    if fact.kind is FactKind.REMOTE_COMM:
        return None if fact.operation in _PLAIN_REMOTE else ActionKind.REMOTE
    return _scoped(fact) if isinstance(fact, ScopedSync) else None


def _barrier(fact: Primitive, named: str) -> ActionKind:
    if "grid" in named or "cluster" in named:
        return ActionKind.GRID_BARRIER
    is_named = fact.operation.startswith(("bar.", "barrier.")) and len(fact.operands) > 1
    return ActionKind.NAMED_BARRIER if is_named else ActionKind.BARRIER


def _scoped(fact: ScopedSync) -> ActionKind | None:
    operation = fact.operation
    if operation.startswith(_ATOMIC):
        return ActionKind.COUNTER
    if "fence" in operation:
        return ActionKind.FENCE
    if operation.startswith("st.") and fact.order == "release":
        return ActionKind.PUBLISH
    if operation.startswith("ld.") and (fact.order == "acquire" or "volatile" in operation):
        return ActionKind.WAIT
    return None
