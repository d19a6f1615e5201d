"""All facts of a scan: the finders run over every observation, macro calls included."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate

from portcheck.facts import quantisation
from portcheck.facts.base import Fact
from portcheck.facts.context import Context
from portcheck.facts.expand import BLOCK, Expander, bound_values
from portcheck.facts.expressions import identifiers
from portcheck.facts.launches import Launch
from portcheck.facts.layouts import Layout
from portcheck.facts.registry import Registry
from portcheck.program.model import Function, Observation
from portcheck.source.place import Place

CUT = "and more: the macro's expansion is too long"
MAX_VALUES = 32


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A use of a macro that runs a block once for each value of the names that it binds."""

    place: Place
    values: dict[str, list[str]]


@dataclass(slots=True)
class Collector:
    """Runs the finders. `instantiations` maps a kernel's name to the template arguments that
    switch macros give it beyond what its launches spell out; `dispatches` the values that
    dispatch macros bind names to inside their blocks. `given_up` are expressions nested
    too deeply to analyse."""

    context: Context
    expander: Expander = field(init=False)
    registry: Registry = field(init=False)
    instantiations: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    dispatches: list[Dispatch] = field(default_factory=list)
    given_up: list[Place] = field(default_factory=list)
    _launched: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.expander = Expander(self.context)
        self.registry = Registry(self.context)

    def collect(self, functions: Iterable[Function]) -> list[Fact]:
        """The facts of the functions, macro bodies first, in the order of places."""
        listed = list(functions)
        facts: list[Fact] = []
        for bodies in (True, False):
            for function in listed:
                if function.origin.is_macro == bodies:
                    facts += self._function(function)
        return sorted(_without_doubles(facts), key=_order)

    def _function(self, function: Function) -> Iterator[Fact]:
        if function.name and function.shadow_of is None:
            yield from quantisation.find_in_function(function, self.context)
        for seen in function.observations:
            try:
                found = list(self._observation(seen))
            except RecursionError:
                self.given_up.append(seen.origin.place(seen.node.start_byte, seen.node.end_byte))
            else:
                yield from found

    def _observation(self, seen: Observation) -> Iterator[Fact]:
        for find in self.registry.of(seen):
            for fact in find(seen, self.context):
                yield self._judged(fact, seen)
        if seen.kind == "call":
            yield from self._macro_call(seen)

    def _judged(self, fact: Fact, seen: Observation) -> Fact:
        """A fact of a macro's body that rests on a parameter is decided at the calls."""
        origin = seen.origin
        if isinstance(fact, Launch) and not fact.definition and fact.kernel and origin.is_macro:
            self._launched.add((origin.file.path, _short(fact.kernel)))
        if origin.expansion or not origin.is_macro:
            return fact
        parameters = origin.macro_parameters & identifiers(origin.read(seen.node))
        named_launch = isinstance(fact, Launch) and fact.kernel and fact.kernel not in origin.macro_parameters
        if parameters and not named_launch:
            return replace(fact, definition=True)
        self.expander.report(origin.file.path, seen.node.start_byte, fact.kind)
        return fact

    def _macro_call(self, seen: Observation) -> Iterator[Fact]:
        expanded = self.expander.expand(seen)
        if expanded is None:
            return
        expansion, observations, definition = expanded
        if BLOCK in expansion.text:
            values = {n: v for n, v in bound_values(observations).items() if len(v) <= MAX_VALUES}
            place = seen.origin.place(seen.node.start_byte, seen.node.end_byte)
            self.dispatches.append(Dispatch(place, values))
        done: dict[tuple[str, int | None], Fact] = {}
        for inner in observations:
            for find in self.registry.of(inner):
                for fact in find(inner, self.context):
                    if isinstance(fact, Launch) and fact.kernel and self._is_instance(fact, seen):
                        if not expansion.complete:
                            self._cut(fact, seen)
                        continue
                    start, end = inner.node.start_byte, inner.node.end_byte
                    if not self.expander.is_new(expansion, start, end, fact.kind):
                        continue
                    key = (fact.kind, fact.width_bytes)
                    related = tuple(dict.fromkeys((*fact.related, definition)))
                    done.setdefault(key, replace(fact, related=related))
        for fact in done.values():
            yield self._judged(fact, seen)

    def _is_instance(self, fact: Launch, seen: Observation) -> bool:
        """A launch that a switch macro's expansion repeats: one more instantiation of a known one."""
        if any(seen.origin.macro_parameters & identifiers(i) for i in fact.instantiations):
            return False
        key = (seen.origin.file.path, _short(fact.kernel))
        listed = self.instantiations.setdefault(key, [])
        listed += [i for i in fact.instantiations if i not in listed]
        return (
            key in self._launched
            and not seen.origin.is_macro
            and seen.node.type == "call_expression"
            and not self._is_direct(fact, seen)
        )

    def _cut(self, fact: Launch, seen: Observation) -> None:
        """Say in the list of instantiations that it ends because the expansion was cut."""
        listed = self.instantiations[seen.origin.file.path, _short(fact.kernel)]
        if CUT not in listed:
            listed.append(CUT)

    def _is_direct(self, fact: Launch, seen: Observation) -> bool:
        """Whether the kernel is named in the call's own arguments."""
        return _short(fact.kernel) in identifiers(seen.origin.read(seen.node)) or any(
            _short(fact.kernel) in identifiers(b.origin.read(b.value))
            for name in identifiers(seen.origin.read(seen.node))
            for b in seen.function.bindings.get(name, ())
            if b.value is not None
        )


def _short(kernel: str) -> str:
    return kernel.rsplit("::", 1)[-1].strip()


def _order(fact: Fact) -> tuple[str, int, str, int]:
    return fact.place.path, fact.place.start_byte, fact.kind, fact.place.end_byte


def _without_doubles(facts: list[Fact]) -> Iterator[Fact]:
    """One fact of a kind a span. A carved part inside a bigger carving step is that step."""
    seen: set[tuple[Place, str, str]] = set()
    steps: dict[str, list[tuple[int, int]]] = {}
    for fact in facts:
        if isinstance(fact, Layout) and fact.step != "part":
            steps.setdefault(fact.place.path, []).append((fact.place.start_byte, fact.place.end_byte))
    spans = {path: Spans(listed) for path, listed in steps.items()}
    for fact in facts:
        if isinstance(fact, Layout) and fact.step == "part":
            around = spans.get(fact.place.path)
            if around is not None and around.contain(fact.place.start_byte, fact.place.end_byte):
                continue
        key = (fact.place, fact.kind, fact.kernel if isinstance(fact, Launch) else "")
        if key not in seen:
            seen.add(key)
            yield fact


class Spans:
    """Byte spans of one file, asked whether one of them contains another span."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in sorted(spans)]
        self._furthest = list(accumulate((end for _, end in sorted(spans)), max))

    def contain(self, start: int, end: int) -> bool:
        position = bisect_right(self._starts, start)
        return position > 0 and self._furthest[position - 1] >= end
