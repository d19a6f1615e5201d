"""What comes before what: calls, layouts, flags and the order of launches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact
from portcheck.facts.launches import Launch
from portcheck.facts.primitives import ScopedSync
from portcheck.plan.items import Draft, Inventory
from portcheck.plan.model import Edge, EdgeKind, ItemKind
from portcheck.program.model import Function, Observation
from portcheck.program.types import split_top
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

_ALTERNATIVES = frozenset(
    ("if_statement", "switch_statement", "conditional_expression", "case_statement", "try_statement")
)
_WIDE = frozenset(("device", "system"))


@dataclass(frozen=True, slots=True)
class _Site:
    """A launch in a host function, or a call of a function that launches."""

    kernels: tuple[str, ...]
    place: Place


@dataclass(eq=False)
class Links:
    """The edges between the pieces of an inventory."""

    inventory: Inventory

    def all(self) -> tuple[Edge, ...]:
        """Every edge once, in the order of kinds; the first place of each is shown."""
        kept: dict[tuple[str, str, EdgeKind, str], Edge] = {}
        for edge in (*self._calls(), *self._layouts(), *self._flags(), *self._launches()):
            if edge.before != edge.after:
                kept.setdefault((edge.before, edge.after, edge.kind, edge.what), edge)
        return tuple(kept.values())

    # -- calls -------------------------------------------------------------------------

    def _calls(self) -> Iterator[Edge]:
        """From each helper to what calls it, through helpers that are no pieces of their own."""
        for draft in self._drafts:
            if draft.kind in (ItemKind.KERNEL, ItemKind.HELPER, ItemKind.LAYOUT):
                yield from self._called(draft)

    def _called(self, draft: Draft) -> Iterator[Edge]:
        pending = list(draft.functions)
        seen: set[int] = set()
        while pending:
            function = pending.pop()
            if id(function) in seen:
                continue
            seen.add(id(function))
            for called in self.inventory.helpers.called_by(function):
                owner = self._piece.get(id(called), "")
                if not owner:
                    pending.append(called)
                elif owner != draft.id and self.inventory.drafts[owner].kind is ItemKind.HELPER:
                    place = _call_place(function, called)
                    yield Edge(owner, draft.id, EdgeKind.CALLS, called.qualified, place)

    @cached_property
    def _piece(self) -> Mapping[int, str]:
        """The piece that a function is of, for those that are of one alone by right."""
        return {id(f): d.id for d in self._drafts for f in d.functions}

    # -- layouts -----------------------------------------------------------------------

    def _layouts(self) -> Iterator[Edge]:
        for draft in self._drafts:
            if draft.layout is None:
                continue
            for user in draft.layout.users:
                yield Edge(draft.id, self._kernel[id(user)], EdgeKind.LAYOUT, draft.name, draft.place)

    # -- flags -------------------------------------------------------------------------

    def _flags(self) -> Iterator[Edge]:
        """From what only stores a flag to what only waits for it, by the function that gives its address."""
        stores: dict[str, dict[str, Place]] = {}
        waits: dict[str, dict[str, Place]] = {}
        for fact in self.inventory.view.of_kind["sync_scope"]:
            assert isinstance(fact, ScopedSync)
            side = stores if fact.order == "release" else waits if fact.order == "acquire" else None
            flag = self._flag(fact) if side is not None and fact.scope in _WIDE else ""
            if side is not None and flag:
                for owner in self.inventory.at(fact.place):
                    side.setdefault(flag, {}).setdefault(owner, fact.place)
        for flag, storing in stores.items():
            for before, place in storing.items():
                for after in waits.get(flag, ()):
                    if after not in storing and before not in waits[flag]:
                        yield Edge(before, after, EdgeKind.FLAGS, flag.rsplit("::", 1)[-1], place)

    def _flag(self, fact: Fact) -> str:
        """The function of the tree whose address an ordered access is made at, "" for another address.

        The same name of a variable in two kernels would prove nothing.
        """
        function = self.inventory.around(fact.place)
        if function is None:
            return ""
        text = function.origin.text[fact.place.start_byte : fact.place.end_byte].decode("utf-8", "replace")
        _, _, arguments = text.partition("(")
        first = next(iter(split_top(arguments.rstrip(" ;").removesuffix(")"))), "")
        for seen, called in self._calls_in(function):
            inside = fact.place.start_byte < seen.node.start_byte < fact.place.end_byte
            if inside and seen.origin.read(seen.node) in first and self._carves(called):
                return called.qualified
        return ""

    def _carves(self, function: Function) -> bool:
        generic = any(p.is_type for p in function.template_parameters)
        context = self.inventory.view.analysis.reading.context
        return not generic and bool(context.carving_functions.get(id(function)))

    def _calls_in(self, function: Function) -> Iterator[tuple[Observation, Function]]:
        effects = self.inventory.view.analysis.reading.context.effects
        for seen in function.observations:
            if seen.callee is not None:
                for target in effects.candidates(seen.callee, function, seen.origin)[:1]:
                    yield seen, target

    # -- launches ----------------------------------------------------------------------

    def _launches(self) -> Iterator[Edge]:
        """Kernels before the host code that launches them, and before what it launches after them."""
        for host in self._hosts:
            sites = self._sites(host)
            owner = f"host:{host.origin.file.path}"
            for site in sites:
                for kernel in site.kernels if owner in self.inventory.drafts else ():
                    yield Edge(kernel, owner, EdgeKind.LAUNCHES, host.qualified, site.place)
            for at, first in enumerate(sites):
                for second in sites[at + 1 :]:
                    if _follows(host, first.place, second.place):
                        for before in first.kernels:
                            for after in second.kernels:
                                yield Edge(before, after, EdgeKind.LAUNCHES, host.qualified, second.place)

    @cached_property
    def _hosts(self) -> list[Function]:
        return [f for f in self.inventory.view.analysis.functions if f.origin.active and self._sites(f)]

    def _sites(self, host: Function) -> tuple[_Site, ...]:
        """Where a host function launches, in the order of the text; templates that several kernels fit
        are no evidence of an order."""
        key = id(host)
        if key not in self._known:
            self._known[key] = ()  # what calls itself adds nothing
            found = [*self._direct.get(key, ())]
            if not host.is_kernel and "__device__" not in host.qualifiers:
                for seen, called in self._calls_in(host):
                    kernels = tuple(dict.fromkeys(k for s in self._sites(called) for k in s.kernels))
                    if kernels and called is not host:
                        place = seen.origin.place(seen.node.start_byte, seen.node.end_byte)
                        found.append(_Site(kernels, place))
            self._known[key] = tuple(sorted(found, key=lambda s: s.place.start_byte))
        return self._known[key]

    @cached_property
    def _known(self) -> dict[int, tuple[_Site, ...]]:
        return {}

    @cached_property
    def _direct(self) -> Mapping[int, list[_Site]]:
        """The launches that stand in each host function."""
        found: dict[int, list[_Site]] = {}
        for fact in self.inventory.view.of_kind["launch"]:
            assert isinstance(fact, Launch)
            host = self.inventory.around(fact.place)
            if host is None or host.is_kernel or not fact.kernel:
                continue
            kernels = tuple(self._kernel[id(k)] for k in self._named(fact.kernel, host))
            if kernels:
                found.setdefault(id(host), []).append(_Site(kernels, fact.place))
        return found

    def _named(self, text: str, host: Function) -> list[Function]:
        """The kernels that a launch may be of; those beside the host first."""
        name = text.split("<", 1)[0].rsplit("::", 1)[-1].strip()
        named = [k for k in self.inventory.kernels if k.name == name]
        return [k for k in named if k.namespace == host.namespace] or named

    @cached_property
    def _kernel(self) -> Mapping[int, str]:
        return {id(d.functions[0]): d.id for d in self._drafts if d.kind is ItemKind.KERNEL}

    @property
    def _drafts(self) -> tuple[Draft, ...]:
        return tuple(self.inventory.drafts.values())


def _call_place(function: Function, called: Function) -> Place | None:
    """Where a function calls another, the first time."""
    for part in (function, *function.shadows):
        for seen in part.observations:
            if seen.callee is not None and any(t is called for t in seen.callee.targets or ()):
                return seen.origin.place(seen.node.start_byte, seen.node.end_byte)
    return None


def _follows(host: Function, first: Place, second: Place) -> bool:
    """Whether both are run, the second after the first: no two branches of one choice."""
    if host.body is None:
        return False
    low, high = first.start_byte, second.start_byte
    around: Node | None = host.body.descendant_for_byte_range(low, max(high, low))
    while around is not None and around.type not in ("compound_statement", *_ALTERNATIVES):
        around = around.parent
    if around is None or around.type in _ALTERNATIVES:
        return False
    inside = [c for c in around.named_children if c.start_byte <= low < c.end_byte]
    return not any(c.type == "case_statement" for c in inside) and not any(
        c.start_byte <= high < c.end_byte for c in inside
    )
