"""The interpreter's state: scopes, what is known on the current path, and how paths join.

Writes are journaled. A branch runs on the state itself; at its end its effect is taken out
of the journal as a `Snapshot`, the state is rolled back, and the snapshots of all branches
are merged. So nothing is ever copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portcheck.analysis.values import (
    NO_TAGS,
    Array,
    Cell,
    FunctionName,
    Number,
    OneOf,
    Structure,
    Tags,
    Vague,
    Value,
)
from portcheck.program.types import CType
from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition, every, negate, some, unequal
from portcheck.symbolic.expr import Expr, Role, Symbol, choose, of

if TYPE_CHECKING:
    from portcheck.program.model import Function, Origin

MAX_CHOICE_TEXT = 600  # characters; a longer joined value is given up
MAX_IMPLICATIONS = 12
MAX_BRIEF = 90  # characters of a value in a derivation


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation: what the source says at a place.

    `kind` is "value", "check", "guard", "loop", "launch", "assumption" or "given".
    `defines` is the name and number of a constant that is declared there; `value` what the
    line gives a variable, put into words only when it is read.
    """

    place: Place | None
    text: str
    kind: str
    rests_on: Tags = NO_TAGS
    defines: tuple[str, int] | None = None
    value: Expr | None = None

    @property
    def words(self) -> str:
        """The text with the value, shortened, that the line gives something."""
        if self.value is None:
            return self.text
        brief = str(self.value)
        if self.text.endswith("="):
            return f"{self.text} {_cut(brief)}"
        if re.sub(r"[\s()]", "", self.text).endswith("=" + re.sub(r"[\s()]", "", brief)):
            return self.text
        return f"{self.text}, that is {_cut(brief)}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_BRIEF else text[: MAX_BRIEF - 1] + "…"


@dataclass(frozen=True, slots=True)
class Known:
    """A condition that is true on the current path; `guard`: a branch's or loop's condition."""

    condition: Condition
    tag: int
    guard: bool


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A path that left a region: what it wrote, what it knew, and what it returned."""

    values: dict[Cell, Value]
    known: tuple[Known, ...]
    result: Value | None = None


@dataclass(eq=False, slots=True)
class Frame:
    """One function being interpreted.

    `types` binds type names: template parameters and local aliases. `calls` are the places
    of the calls that lead here, outermost first.
    """

    function: Function
    origin: Origin
    scopes: list[dict[str, Cell]]
    types: dict[str, CType] = field(default_factory=dict)
    this: Structure | None = None
    calls: tuple[Place, ...] = ()
    parent: Frame | None = None
    returns: list[Snapshot] = field(default_factory=list)
    gotos: dict[str, list[Snapshot]] = field(default_factory=dict)
    breaks: list[tuple[int, int, list[Snapshot]]] = field(default_factory=list)
    continues: list[tuple[int, int, list[Snapshot]]] = field(default_factory=list)
    start: tuple[int, int] = (0, 0)
    return_type: CType | None = None

    def lookup(self, name: str) -> Cell | None:
        for scope in reversed(self.scopes):
            cell = scope.get(name)
            if cell is not None:
                return cell
        return None


@dataclass(eq=False)
class State:
    """What is true now. `alive` is False after a return, a trap or a jump."""

    steps: list[Step] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    journal: list[tuple[Cell, Value]] = field(default_factory=list)
    alive: bool = True
    objects: dict[Symbol, Cell] = field(default_factory=dict)
    escaped: set[Symbol] = field(default_factory=set)  # of the objects: their address was formed
    stand_ins: set[Symbol] = field(default_factory=set)  # for what the code determines, see `standins`
    _names: dict[str, int] = field(default_factory=dict)
    _serials: dict[Symbol, int] = field(default_factory=dict)
    _step_tags: dict[Step, int] = field(default_factory=dict)

    # -- naming ------------------------------------------------------------------------

    def symbol(
        self, name: str, role: Role, low: int | None = None, high: int | None = None, note: str = ""
    ) -> Symbol:
        """A new unknown; the second one of a name is `name#2`."""
        count = self._names[name] = self._names.get(name, 0) + 1
        made = Symbol(name if count == 1 else f"{name}#{count}", role, low, high, note)
        self._serials[made] = len(self._serials)
        return made

    def serial(self, symbol: Symbol) -> int:
        """How many symbols were there before this one: which of two is the newer."""
        return self._serials.get(symbol, -1)

    def fresh(
        self, name: str, role: Role, low: int | None = None, high: int | None = None, note: str = ""
    ) -> Expr:
        return of(self.symbol(name, role, low, high, note))

    def stand_in(
        self,
        name: str,
        low: int | None = None,
        high: int | None = None,
        note: str = "",
        role: Role = Role.OPAQUE,
    ) -> Expr:
        """A new unknown for a value that the code determines in a way that is not followed."""
        made = self.symbol(name, role, low, high, note)
        self.stand_ins.add(made)
        return of(made)

    def step(
        self,
        place: Place | None,
        text: str,
        kind: str,
        rests_on: Tags = NO_TAGS,
        defines: tuple[str, int] | None = None,
        value: Expr | None = None,
    ) -> int:
        """The tag of a derivation step; equal steps share one."""
        step = Step(place, text, kind, rests_on, defines, value)
        tag = self._step_tags.get(step)
        if tag is None:
            tag = self._step_tags[step] = len(self.steps)
            self.steps.append(step)
        return tag

    # -- writes and paths --------------------------------------------------------------

    def write(self, cell: Cell, value: Value) -> None:
        self.journal.append((cell, cell.value))
        cell.value = value

    def assume(self, condition: Condition, tag: int, *, guard: bool = False) -> None:
        """Go on where the condition is true; a false one ends the path."""
        if condition.known is True:
            return
        if condition.known is False:
            self.alive = False
            return
        self.known.append(Known(condition, tag, guard))

    @property
    def mark(self) -> tuple[int, int]:
        return len(self.journal), len(self.known)

    def snapshot(self, mark: tuple[int, int], result: Value | None = None) -> Snapshot:
        """What the path wrote and learned since the mark."""
        values = {cell: cell.value for cell, _ in self.journal[mark[0] :]}
        return Snapshot(values, tuple(self.known[mark[1] :]), result)

    def roll_back(self, mark: tuple[int, int]) -> None:
        journal = self.journal
        while len(journal) > mark[0]:
            cell, value = journal.pop()
            cell.value = value
        del self.known[mark[1] :]

    def merge(self, mark: tuple[int, int], paths: Iterable[Snapshot]) -> Value | None:
        """Go on from the mark with every path that got here; returns the joined result."""
        self.roll_back(mark)
        found = list(paths)
        self.alive = bool(found)
        if not found:
            return None
        if len(found) == 1:
            for cell, value in found[0].values.items():
                self.write(cell, value)
            self.known += found[0].known
            return found[0].result
        guards = self._guards(found)
        guard_tags = frozenset(k.tag for s in found for k in s.known if k.guard)
        cells = dict.fromkeys(cell for s in found for cell in s.values)
        for cell in cells:
            values = [s.values.get(cell, cell.value) for s in found]
            joined = self.join(values, guards, cell, guard_tags)
            if joined is not cell.value:
                self.write(cell, joined)
        self._keep_what_is_known(found, guards)
        results = [s.result for s in found]
        if all(r is None for r in results):
            return None
        return self.join([r if r is not None else Vague() for r in results], guards, None, guard_tags)

    def join_in(self, start: tuple[int, int], jumped: list[Snapshot]) -> None:
        """Paths since `start` that jump here join the current one.

        What stands around this place has marks of its own: writes are added, none taken back,
        and what all paths knew before they parted is kept.
        """
        current = self.snapshot(start)
        before: dict[Cell, Value] = {}
        for cell, value in self.journal[start[0] :]:
            before.setdefault(cell, value)
        shared = min(_alike(p.known, current.known) for p in jumped)
        del self.known[start[1] + shared :]
        paths = [*jumped, current] if self.alive else jumped
        paths = [Snapshot(p.values, p.known[shared:]) for p in paths]
        guards = self._guards(paths) if len(paths) > 1 else []
        tags = frozenset(k.tag for p in paths for k in p.known if k.guard)
        self.alive = True
        for cell in dict.fromkeys([*before, *(c for p in paths for c in p.values)]):
            held = [p.values.get(cell, before.get(cell, cell.value)) for p in paths]
            joined = self.join(held, guards, cell, tags) if len(held) > 1 else held[0]
            if joined is not cell.value:
                self.write(cell, joined)
        if len(paths) > 1:
            self._keep_what_is_known(paths, guards)
        else:
            self.known += paths[0].known

    def _guards(self, paths: list[Snapshot]) -> list[Condition]:
        """When each of the paths is taken."""
        guards = [every(k.condition for k in p.known if k.guard) for p in paths]
        for position, guard in enumerate(guards):
            if guard.known is True:  # nothing says when this path is taken
                taken = self.stand_in("path", 0, 1, "which way the code took")
                guards[position] = unequal(taken, 0)
        return guards

    def _keep_what_is_known(self, paths: list[Snapshot], guards: list[Condition]) -> None:
        """What every path knows, and what single paths were checked for, as implications."""
        common = set(paths[0].known)
        for path in paths[1:]:
            common &= set(path.known)
        self.known += [k for k in paths[0].known if k in common]
        kept = 0
        for path, guard in zip(paths, guards, strict=True):
            for known in path.known:
                if known in common or known.guard or kept >= MAX_IMPLICATIONS:
                    continue
                kept += 1
                self.known.append(Known(some([negate(guard), known.condition]), known.tag, False))
        either = some(guards)
        tag = next((k.tag for s in paths for k in s.known if k.guard), None)
        if either.known is None and tag is not None and len(str(either)) < MAX_CHOICE_TEXT:
            self.known.append(Known(either, tag, True))

    def join(
        self, values: list[Value], guards: list[Condition], cell: Cell | None, guard_tags: Tags = NO_TAGS
    ) -> Value:
        """One value for several paths: the last one's unless an earlier guard is true."""
        first = values[0]
        if all(v is first or v == first for v in values[1:]):
            return first
        set_ = [(v, g) for v, g in zip(values, guards, strict=True) if not (isinstance(v, Vague) and v.unset)]
        if 0 < len(set_) < len(values):  # whoever reads it came by a path that sets it
            return self.join([v for v, _ in set_], [g for _, g in set_], cell, guard_tags)
        numbers = [v for v in values if isinstance(v, Number)]
        if len(numbers) == len(values):
            return self._join_numbers(numbers, guards, cell, guard_tags)
        if all(isinstance(v, FunctionName | OneOf) for v in values):
            return _one_of(values, guards)
        structures = [v for v in values if isinstance(v, Structure)]
        members = {tuple(v.fields) for v in structures}
        if len(structures) == len(values) and len(members) == 1:
            return self._join_structures(structures, guards, guard_tags)
        arrays = [v for v in values if isinstance(v, Array)]
        if len(arrays) == len(values):
            longest = max(arrays, key=lambda a: len(a.writes or ()))
            alike = all(a.writes is not None for a in arrays)
            return longest if alike and _extends(longest, arrays) else Array(longest.type, None, None)
        reason = (
            f"{cell.name or 'it'} differs between the branches" if cell is not None else "branches differ"
        )
        type_ = next((v.type for v in values if isinstance(v, Number | Vague | Structure)), None)
        return Vague(type_, reason)

    def _join_structures(
        self, values: list[Structure], guards: list[Condition], guard_tags: Tags
    ) -> Structure:
        first = values[0]
        fields = {
            name: Cell(
                self.join([v.fields[name].value for v in values], guards, cell, guard_tags), name, cell.type
            )
            for name, cell in first.fields.items()
        }
        return Structure(first.type, fields, first.record, first.frame)

    def _join_numbers(
        self, values: list[Number], guards: list[Condition], cell: Cell | None, guard_tags: Tags
    ) -> Value:
        tags = guard_tags.union(*(v.tags for v in values))
        type_ = next((v.type for v in values if v.type is not None), None)
        result = values[-1].expr
        size = 0
        for value, guard in zip(reversed(values[:-1]), reversed(guards[:-1]), strict=True):
            if value.expr == result:
                continue
            size += len(str(guard)) + len(str(value.expr))
            if size > MAX_CHOICE_TEXT:
                name = cell.name if cell is not None and cell.name else "joined"
                note = f"{name} has too many different values where branches meet"
                return Number(self.stand_in(name, note=note), type_, tags)
            result = choose(guard, value.expr, result)
        return Number(result, type_, tags)


def _alike(left: tuple[Known, ...], right: tuple[Known, ...]) -> int:
    """How many facts two paths begin with in common."""
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count


def _one_of(values: list[Value], guards: list[Condition]) -> OneOf:
    """A function that depends on the path: every way's functions under its guard."""
    options: list[tuple[Condition, FunctionName]] = []
    for value, guard in zip(values, guards, strict=True):
        if isinstance(value, FunctionName):
            options.append((guard, value))
        elif isinstance(value, OneOf):
            options += [(every([guard, inner]), named) for inner, named in value.options]
    return OneOf(tuple(options))


def _extends(longest: Array, arrays: list[Array]) -> bool:
    """Whether every array is an earlier stage of the longest one."""
    writes = longest.writes or ()
    return all((a.writes or ()) == writes[: len(a.writes or ())] for a in arrays)


__all__ = ["Frame", "Known", "Snapshot", "State", "Step"]
