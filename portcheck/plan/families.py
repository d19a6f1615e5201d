"""Addresses that belong together: fields of rows that lie the same distance apart in the same buffer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from portcheck.analysis.launches import Context
from portcheck.analysis.transfers import End, Layout, Pattern, Transfer
from portcheck.analysis.verdicts import Judged
from portcheck.plan.address import Address, innermost, is_element, placed, take_apart, within_row
from portcheck.plan.layout_model import Instance, Unknown
from portcheck.source.place import Place
from portcheck.symbolic.expr import Expr

_OPEN = "its offset has a part that no launch fixes and that may be less than a row of {pitch} bytes"
Parameters = tuple[Mapping[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A name for an offset, or a copy that starts there (`name` is "" then)."""

    name: str
    address: Address
    user: str
    place: Place
    moved: str = ""
    inside: Expr | None = None

    @property
    def offset(self) -> Expr:
        """The offset without what only numbers rows."""
        return self.address.offset if self.inside is None else self.inside


@dataclass(slots=True)
class Family:
    """The fields of one buffer whose rows are `pitch` bytes apart; None: a single object."""

    space: str
    bases: list[str]
    pitch: Expr | None
    launches: Parameters
    fields: list[Field] = field(default_factory=list)

    @property
    def users(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.user for f in self.fields))

    @property
    def offsets(self) -> list[Expr]:
        """The distinct offsets, in the order in which they were found."""
        return list(dict.fromkeys(f.offset for f in self.fields))


def families(
    judged: Iterable[Judged], contexts: Mapping[str, Sequence[Context]], unknown: list[Unknown]
) -> list[Family]:
    """Every family; what belongs to none is written to `unknown`."""
    found: dict[object, Family] = {}
    for one in judged:
        launches = tuple(dict(c.parameters) for c in contexts.get(one.subject.kernel, ()))
        for space, made in _fields(one.subject, unknown):
            if is_element(made.address, launches):
                continue
            levels = made.address.levels
            level = innermost(levels, launches) if levels else None
            if isinstance(level, str):
                if made.name:
                    unknown.append(Unknown(made.name, made.place, made.user, level))
                continue
            pitch = None if level is None else level.pitch
            inside = within_row(made.address.offset, pitch, launches) if pitch is not None else None
            if pitch is not None and inside is None:
                if made.name:
                    unknown.append(Unknown(made.name, made.place, made.user, _OPEN.format(pitch=pitch)))
                continue
            if inside is not None:
                made = replace(made, inside=inside)
            key = made.user, space, made.address.base, pitch
            family = found.setdefault(key, Family(space, [made.address.base], pitch, launches))
            family.fields.append(made)
    named = [f for f in found.values() if any(one.name for one in f.fields)]
    return [part for family in named for part in _apart(family)]


def _fields(subject: Layout | Transfer, unknown: list[Unknown]) -> Iterator[tuple[str, Field]]:
    """The named address, or the ends of a bulk copy; of other accesses only starts that have a name count."""
    if isinstance(subject, Layout):
        ends: tuple[End, ...] = (subject.end,)
        name, moved = _name(subject), ""
    elif subject.pattern in (Pattern.BULK, Pattern.BROADCAST):
        ends, name = subject.ends, ""
        moved = str(subject.length) if subject.length is not None else ""
    else:
        return
    for end in ends:
        address = take_apart(end.start)
        if isinstance(address, Address):
            yield end.space, Field(name, address, subject.kernel, subject.place, moved)
        elif name:
            unknown.append(Unknown(name, subject.place, subject.kernel, address))


def _name(subject: Layout) -> str:
    """The variable, or the function that returns the address."""
    if subject.name.isidentifier() or subject.function == subject.kernel:
        return subject.name
    return "::".join(subject.function.split("::")[-2:])


def _apart(family: Family) -> Iterator[Family]:
    """Families whose fields lie within one pitch: a buffer may hold several regions of equal rows."""
    if family.pitch is None:
        yield family
        return
    numbers = [[placed(o, p).value for o in family.offsets] for p in family.launches or ({},)]
    pitches = [placed(family.pitch, p).value for p in family.launches or ({},)]
    if any(p is None or p <= 0 for p in pitches) or any(n is None for listed in numbers for n in listed):
        yield family
        return
    groups: dict[tuple[int, ...], list[Expr]] = {}
    for at, offset in enumerate(family.offsets):
        row = tuple((listed[at] or 0) // (p or 1) for listed, p in zip(numbers, pitches, strict=True))
        groups.setdefault(row, []).append(offset)
    for offsets in groups.values():
        kept = [f for f in family.fields if f.offset in offsets]
        if any(f.name for f in kept):
            yield replace(family, bases=list(family.bases), fields=kept)


def merged(listed: Iterable[Family]) -> list[Family]:
    """Buffers in global memory with the same rows are one layout: what one kernel sends, another receives.

    The pitch must be the same expression with the same numbers in the launches of both. Between
    kernels, nothing but the names in the pitch may decide the offsets: other names may mean
    something else there.
    """
    found: dict[object, list[Family]] = {}
    for one in listed:
        group = found.setdefault(_rows_of(one), [])
        first = next((f for f in group if _agree(f, one)), None)
        if first is None:
            group.append(one)
            continue
        if first.users != one.users:
            first.launches = (*first.launches, *one.launches)
        first.fields += one.fields
        first.bases = list(dict.fromkeys((*first.bases, *one.bases)))
    return [family for group in found.values() for family in group]


def _rows_of(family: Family) -> object:
    """What families of the same rows have in common; the family itself where a number is missing."""
    pitch = family.pitch
    if family.space != "GM" or pitch is None or not pitch.terms or not family.launches:
        return id(family)
    if any(placed(pitch, p).value is None for p in family.launches):
        return id(family)
    return str(pitch), frozenset(_label(p, (pitch,)) for p in family.launches)


def _agree(first: Family, other: Family) -> bool:
    if first.users == other.users:
        return True
    assert first.pitch is not None
    names = {s for f in (first, other) for offset in f.offsets for s in offset.symbols()}
    return names <= first.pitch.symbols()


def instances(family: Family, exprs: Sequence[Expr]) -> list[tuple[Instance, tuple[int | None, ...]]]:
    """The distinct sizes that launches give, each with the numbers of the expressions there."""
    found: dict[object, tuple[Instance, tuple[int | None, ...]]] = {}
    for parameters in family.launches or ({},):
        numbers = tuple(placed(e, parameters).value for e in exprs)
        pitch = placed(family.pitch, parameters).value if family.pitch is not None else None
        label = _label(parameters, (*exprs, *((family.pitch,) if family.pitch is not None else ())))
        found.setdefault((label, pitch, numbers), (Instance(label, pitch), numbers))
    return sorted(found.values(), key=lambda one: [_sortable(w) for w in one[0].label.split(", ")])


def _sortable(word: str) -> tuple[str, int, str]:
    name, _, value = word.partition("=")
    return name, int(value) if value.lstrip("-").isdigit() else 0, value


def _label(parameters: Mapping[str, Expr], exprs: Sequence[Expr]) -> str:
    """The values of the names that the expressions have."""
    names = sorted({s.name for e in exprs for s in e.symbols()})
    given = ((n, parameters[n].value) for n in names if n in parameters)
    return ", ".join(f"{name}={value}" for name, value in given if value is not None)
