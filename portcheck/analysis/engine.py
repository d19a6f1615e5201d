"""The whole analysis: from a tree that was read to proofs about everything that it moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from portcheck import scan as scanning
from portcheck.analysis import launches, workers
from portcheck.analysis.bases import Base, bases
from portcheck.analysis.capacity import Capacity, SizeCheck, capacities, size_checks
from portcheck.analysis.check_uses import CheckUses, check_uses
from portcheck.analysis.host_calls import HostCalls
from portcheck.analysis.launches import Launches
from portcheck.analysis.machine import Machine, Tree
from portcheck.analysis.pitches import Pitch, open_pitches
from portcheck.analysis.proof import Proof
from portcheck.analysis.proofs import Judge
from portcheck.analysis.questions import Asked, ask
from portcheck.analysis.reach import Reach, within
from portcheck.analysis.record import Recorder
from portcheck.analysis.repairs import Repair, repairs
from portcheck.analysis.shared_accesses import SharedUse, shared_use
from portcheck.analysis.transfers import normalise
from portcheck.analysis.verdicts import Judged, judge
from portcheck.facts.base import FactKind
from portcheck.program.knowledge import NO_OWN_MACROS, OwnMacros
from portcheck.program.model import Function
from portcheck.result import Region
from portcheck.source import Patterns
from portcheck.targets import Assumptions, assumptions

_MOVING = frozenset((FactKind.TMA_COPY, FactKind.VEC_ACCESS, FactKind.SMEM_LAYOUT))


@dataclass(frozen=True, slots=True)
class Everything:
    """The answers to all questions that the tree itself asks.

    `check_uses`, `shared_uses` (one a root) and `pitches` are empty where no rules ask. `lost` are the
    roots that could not be analysed, with the reason: nothing else here speaks of them.
    """

    judged: tuple[Judged, ...]
    capacities: tuple[Capacity, ...]
    size_checks: tuple[SizeCheck, ...]
    repairs: tuple[Repair, ...]
    bases: tuple[Base, ...]
    check_uses: tuple[CheckUses, ...]
    shared_uses: tuple[SharedUse, ...]
    pitches: tuple[Pitch, ...]
    lost: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Part(Everything):
    """What one root gave; `visited` are the functions that it led to, `place` where it stands."""

    root: int
    visited: frozenset[int]
    place: tuple[str, int]


@dataclass(eq=False)
class Analysis:
    """A tree that questions can be asked about. Everything is computed when first read.

    `for_rules`: what only rules ask for, `check_uses`, `shared_uses` and `pitches`, is computed with
    the rest; set it before anything else is read, or everything is computed twice. `only` are files or
    folders whose answers count: roots that cannot lead there are left out. None: everything counts.
    """

    reading: scanning.Reading
    assumed: Assumptions
    symbols: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    for_rules: bool = False
    only: tuple[str, ...] | None = None
    tree: Tree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = Tree(self.reading.context, self.assumed, self.symbols)

    @cached_property
    def launches(self) -> Launches:
        if not self.assumed.tree_is_program:
            return Launches()
        functions = list(self.reading.functions)
        collection = self.reading.collection
        files = ((s.path, s.parse_bytes) for s in collection.files)
        calls = HostCalls.of(self.tree.context, functions, files, collection.others)
        return launches.collect(self.tree, self.reading.facts, functions, calls)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """Every transfer and layout with what is required of it, in the order of places."""
        return self._everything.judged

    @property
    def capacities(self) -> tuple[Capacity, ...]:
        """The shared memory that each kernel is launched with, and where it fits."""
        return self._everything.capacities

    @property
    def size_checks(self) -> tuple[SizeCheck, ...]:
        """The code's own checks that bound a size."""
        return self._everything.size_checks

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What the port would have to change in layouts that leave UB's blocks, and what it breaks."""
        return self._everything.repairs

    @property
    def bases(self) -> tuple[Base, ...]:
        """What the addresses of each kernel are counted from, and what the code knows of those."""
        return self._everything.bases

    @property
    def check_uses(self) -> tuple[CheckUses, ...]:
        """What the checks of each root mean for what it moves and for its launches."""
        return self._for_rules.check_uses

    @property
    def shared_uses(self) -> tuple[SharedUse, ...]:
        """What single threads do to the shared memory of each root."""
        return self._for_rules.shared_uses

    @property
    def pitches(self) -> tuple[Pitch, ...]:
        """What the launches say of the pitches of bulk copies that the code leaves open."""
        return self._for_rules.pitches

    @property
    def lost(self) -> tuple[Region, ...]:
        """The kernels and functions that could not be analysed, and why."""
        return self._everything.lost

    @property
    def _for_rules(self) -> Everything:
        if not self.for_rules:
            self.for_rules = True
            self.__dict__.pop("_everything", None)
        return self._everything

    @cached_property
    def _everything(self) -> Everything:
        with scanning.no_garbage_collection():
            return self._judge_everything()

    def _judge_everything(self) -> Everything:
        _ = self.launches  # before the work is divided
        lost: list[Region] = []
        parts = self._parts(sorted(self._kernels(), key=_size, reverse=True), lost)
        visited = frozenset[int]().union(*(p.visited for p in parts))
        left_over = self._parts(self._left_over(visited), lost)
        once = [*parts, *_not_inside(left_over)]
        parts += left_over
        parts.sort(key=lambda p: p.place)
        return Everything(
            tuple(sorted((j for p in parts for j in p.judged), key=_order)),
            tuple(f for p in parts for f in p.capacities),
            tuple(c for p in parts for c in p.size_checks),
            tuple(r for p in parts for r in p.repairs),
            tuple(b for p in parts for b in p.bases),
            tuple(u for p in once for u in p.check_uses),
            tuple(u for p in once for u in p.shared_uses),
            tuple(x for p in once for x in p.pitches),
            tuple(lost),
        )

    def _parts(self, roots: list[Function], lost: list[Region]) -> list[Part]:
        """What each root gives, in the order of places; `lost` is told of those that give nothing."""
        parts = []
        for root, found in zip(roots, workers.each(self._root, roots), strict=True):
            if isinstance(found, workers.Lost):
                place = root.origin.place(root.start_byte, root.end_byte)
                lost.append(Region(place, f"{root.qualified} was not analysed: {found.reason}"))
            else:
                parts.append(found)
        return sorted(parts, key=lambda p: p.place)

    def _root(self, function: Function) -> Part:
        """Everything that starts from one kernel, or from a function that no kernel reaches."""
        recorder = Recorder(self._layouts)
        machine = Machine(self.tree, recorder)
        machine.run(function)
        judge_ = self.judge(machine, function)
        name = function.qualified
        subjects = normalise(machine, name, recorder.events)
        own = judge(machine, judge_, subjects, self.assumed)
        return Part(
            tuple(own),
            tuple(capacities(machine, judge_, name)),
            tuple(size_checks(machine, judge_, name, recorder.events)),
            tuple(repairs(self.tree, function, machine, judge_, recorder.events, own)),
            tuple(bases(machine, judge_, name, own)),
            (check_uses(machine, judge_, recorder.events, subjects),) if self.for_rules else (),
            (shared_use(machine, judge_, name, recorder.shared),) if self.for_rules else (),
            tuple(open_pitches(machine, judge_, name, subjects)) if self.for_rules else (),
            (),
            id(function),
            frozenset(machine.entered | {id(function)}),
            (function.origin.file.path, function.start_byte),
        )

    def prove(
        self,
        path: str,
        line: int,
        text: str,
        *,
        modulus: int = 32,
        equals: int = 0,
        function: str | None = None,
        given: Mapping[str, str | int] | None = None,
    ) -> Proof:
        """Is the expression ≡ `equals` (mod `modulus`) where the line is reached?

        A pointer counts as its offset in bytes from its base object. `function` names the root
        that the line is reached from; by default every kernel that reaches it. `given` are
        values of names, or conditions, that are taken to be true. Raises QuestionError for a
        question that cannot be asked.
        """
        asked = Asked(path, line, text, modulus, equals, function, dict(given or {}))
        return ask(self, asked)

    # -- roots -------------------------------------------------------------------------

    def _kernels(self) -> list[Function]:
        return [f for f in self.functions if f.is_kernel and f.origin.active and self._counts(f)]

    def _counts(self, function: Function) -> bool:
        """Whether what is found from a function on may count."""
        return self._reach is None or self._reach(function)

    @cached_property
    def _reach(self) -> Reach | None:
        return None if self.only is None else Reach(self.reading, within(self.only))

    @cached_property
    def functions(self) -> list[Function]:
        """Functions with a body, in the order of files; no fragments of others."""
        return [
            f
            for f in self.reading.functions
            if f.body is not None and f.name and f.shadow_of is None and not f.origin.is_macro
        ]

    @cached_property
    def callers(self) -> dict[str, list[Function]]:
        """Functions by the names that they call."""
        found: dict[str, list[Function]] = defaultdict(list)
        for function in self.functions:
            named = {o.callee.name for o in function.observations if o.callee is not None}
            named |= {o.callee.name for s in function.shadows for o in s.observations if o.callee is not None}
            for name in named:
                found[name].append(function)
        return found

    def _left_over(self, visited: frozenset[int]) -> list[Function]:
        """Functions on the device with something to prove that no kernel reaches."""
        spans: dict[str, list[int]] = defaultdict(list)
        for fact in self.reading.facts:
            if fact.kind in _MOVING and fact.active and not fact.definition:
                spans[fact.place.path].append(fact.place.start_byte)
        return [
            f
            for f in self.functions
            if id(f) not in visited
            and f.origin.active
            and self._counts(f)
            and "__device__" in f.qualifiers
            and any(f.start_byte <= at < f.end_byte for at in spans.get(f.origin.file.path, ()))
        ]

    def judge(self, machine: Machine, function: Function) -> Judge:
        contexts, complete = self.launches.of(function) if function.is_kernel else ([], False)
        return Judge(machine, contexts, complete)

    @cached_property
    def _layouts(self) -> frozenset[tuple[str, int]]:
        return frozenset(
            (f.place.path, line)
            for f in self.reading.facts
            if f.kind == FactKind.SMEM_LAYOUT
            for line in range(f.place.line, f.place.end_line + 1)
        )


def _not_inside(parts: list[Part]) -> Iterator[Part]:
    """The parts whose roots were not led to from those before: what is there is told once."""
    seen: set[int] = set()
    for part in parts:
        if part.root not in seen:
            yield part
        seen |= part.visited


def _size(function: Function) -> int:
    return function.end_byte - function.start_byte


def _order(judged: Judged) -> tuple[str, int, int]:
    place = judged.subject.place
    return place.path, place.start_byte, place.end_byte


def analyse(
    paths: Iterable[str],
    *,
    defines: Iterable[str] = (),
    exclude: Iterable[str] | Patterns = (),
    progress: scanning.Progress | None = None,
    root: str | None = None,
    own_macros: OwnMacros = NO_OWN_MACROS,
    assumed: Assumptions | None = None,
    symbols: Mapping[str, tuple[int, ...]] | None = None,
    only: tuple[str, ...] | None = None,
) -> Analysis:
    """Read a tree to ask questions about; arguments as those of `portcheck.scan.scan`.

    `assumed` is what the proofs take for granted, by default all of `rules/assumptions.toml`;
    `symbols` the values that integer parameters of these names take. `only` are the files or folders,
    as they are shown, whose answers count; None for all.
    """
    with scanning.no_garbage_collection():
        reading = scanning.read(
            paths, defines=defines, exclude=exclude, progress=progress, root=root, own_macros=own_macros
        )
    return Analysis(reading, assumed or assumptions(), symbols or {}, only=only)
