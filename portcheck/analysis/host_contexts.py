"""Launches as they are made by the callers of the launching function.

A launching function that is interpreted alone knows nothing of its arguments. Where every call
of it is known, each caller is interpreted in its place: what the caller requires before the call
then reaches the kernel. A caller that is not followed to the launch leaves the function's own
launches as they are, which hold for any arguments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import gcd
from typing import TYPE_CHECKING

from portcheck.analysis.host_calls import HostCalls, Site
from portcheck.analysis.machine import Machine, Tree
from portcheck.analysis.record import LaunchEvent, Recorder
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.symbolic.condition import Congruent, condition_symbols
from portcheck.symbolic.expr import Expr, Symbol

if TYPE_CHECKING:
    from portcheck.analysis.launches import Context, Premised

MAX_LEVELS = 2  # callers of callers
MAX_STEPS = 600_000  # of all runs of callers together
MAX_EVENTS = 400  # launches of one function, in all its callers


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A host function that was interpreted with unknown arguments, and what it launches."""

    root: Function
    machine: Machine
    events: tuple[LaunchEvent, ...]

    @property
    def is_whole(self) -> bool:
        return not self.machine.exhausted and not self.machine.cut


Launched = tuple[Run, LaunchEvent]


@dataclass(eq=False)
class Runs:
    """Interprets host functions, each one once."""

    tree: Tree
    steps: int = 0
    _made: dict[int, Run] = field(default_factory=dict)

    def of(self, function: Function) -> Run:
        found = self._made.get(id(function))
        if found is None:
            recorder = Recorder()
            machine = Machine(self.tree, recorder)
            machine.run(function)
            events = tuple(e for e in recorder.events if isinstance(e, LaunchEvent))
            found = self._made[id(function)] = Run(function, machine, events)
            self.steps += machine.nodes
        return found


@dataclass(eq=False)
class Callers:
    """The launches of a function by way of its callers."""

    runs: Runs
    calls: HostCalls

    def launches(self, host: Function) -> list[Launched] | None:
        """The launches in a function, as its callers make them; None where they are not all known."""
        found = self._above(host, (), MAX_LEVELS)
        return found if found is None or len(found) <= MAX_EVENTS else None

    def _above(self, function: Function, chain: tuple[Site, ...], levels: int) -> list[Launched] | None:
        """The launches by way of the callers of a function, which leads to them through the chain."""
        sites = self.calls.sites(function) if levels else None
        if sites is None:
            return None
        found: list[Launched] = []
        for site in sites:
            through = (site, *chain)
            if any(s.caller is site.caller for s in chain):
                return None
            higher = self._above(site.caller, through, levels - 1)
            launched = higher if higher is not None else self._through(site.caller, through)
            if launched is None:
                return None
            found += launched
        return found

    def _through(self, caller: Function, chain: tuple[Site, ...]) -> list[Launched] | None:
        """The launches that a caller's run comes to through all calls of the chain."""
        if self.runs.steps > MAX_STEPS:
            return None
        run = self.runs.of(caller)
        found = [(run, e) for e in run.events if self._passes(e.calls, chain)]
        return found if found and run.is_whole else None

    def _passes(self, calls: Iterable[Place], chain: tuple[Site, ...]) -> bool:
        left = iter(calls)
        return all(any(self._is_at(place, site) for place in left) for site in chain)

    def _is_at(self, place: Place, site: Site) -> bool:
        """Whether a call's place is the site, or that of the macro call that the site stands in."""
        path, start, end = site.span
        if place.path != path:
            return False
        if (place.start_byte, place.end_byte) == (start, end):
            return True
        if not place.start_byte <= start <= end <= place.end_byte:
            return False
        title = site.seen.origin.text[place.start_byte : start].split(b"(", 1)[0].strip()
        return title.decode("utf-8", "replace") in self.calls.context.macros


Known = tuple[Function, "Context"]


def merged(own: list[Known], by_callers: list[Known]) -> list[Known]:
    """The launches by the callers, in the launching function's own terms where these say as much.

    A launch that no caller is seen to make stays as the function itself makes it.
    """
    mine: dict[tuple[int, Place], list[Context]] = defaultdict(list)
    for kernel, context in own:
        mine[id(kernel), context.place].append(context)
    found: list[Known] = []
    reached: set[tuple[int, Place]] = set()
    for kernel, context in by_callers:
        key = id(kernel), context.place
        reached.add(key)
        alike = [c for c in mine[key] if c.label == context.label]
        found.append((kernel, _merged(alike[0], context) if len(alike) == 1 else context))
    return [*found, *((k, c) for k, c in own if (id(k), c.place) not in reached)]


def _merged(own: Context, given: Context) -> Context:
    """One launch as the function makes it, with what a caller gives it put in.

    Both describe the same launch, so for each parameter either may stand: the caller's where it is
    a number or a multiple of one. Of what the caller knows, divisibility is kept: it is what the
    questions are about, and every other premise makes each of them dearer.
    """
    telling = [k for k in given.known if isinstance(k.condition, Congruent)]
    checked = {s for k in telling for s in condition_symbols(k.condition)}

    def better(mine: Expr | None, theirs: Expr | None) -> Expr | None:
        if theirs is None or mine is None:
            return theirs if mine is None else mine
        says_more = theirs.value is not None or _is_multiple(theirs) or theirs.symbols() & checked
        return theirs if says_more else mine

    parameters = _each(own.parameters, given.parameters, better)
    sizes = _each(own.sizes, given.sizes, better)
    shared = better(own.shared_bytes, given.shared_bytes)
    used = [*parameters.values(), *sizes.values(), *([shared] if shared is not None else [])]
    known = (*own.known, *_bearing(used, telling))
    return replace(
        own,
        parameters=parameters,
        sizes=sizes,
        shared_bytes=shared,
        known=tuple(dict.fromkeys(known)),
        stand_ins=own.stand_ins | given.stand_ins,
    )


def _is_multiple(expr: Expr) -> bool:
    """Whether an expression is by its form a multiple of a number."""
    return gcd(expr.constant, *(c for _, c in expr.terms)) > 1


def _each(
    own: Mapping[str, Expr],
    given: Mapping[str, Expr],
    better: Callable[[Expr | None, Expr | None], Expr | None],
) -> dict[str, Expr]:
    chosen = {name: better(own.get(name), given.get(name)) for name in {**own, **given}}
    return {name: expr for name, expr in chosen.items() if expr is not None}


def _bearing(used: Iterable[Expr], known: Iterable[Premised]) -> list[Premised]:
    """What is known about values that are used, directly or through others."""
    reached: set[Symbol] = set().union(*(e.symbols() for e in used))
    left, kept = list(known), []
    grown = True
    while grown:
        grown = False
        for premised in list(left):
            symbols = condition_symbols(premised.condition)
            if symbols & reached:
                reached |= symbols
                left.remove(premised)
                kept.append(premised)
                grown = True
    return kept
