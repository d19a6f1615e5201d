"""Whether what was ported is still what it was ported from.

Overloads, which the plan numbers, are taken together by their name: a port is up to date if the code of
one of them is what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from portcheck.plan.decisions import Decision, Decisions, Status
from portcheck.source import Skipped
from portcheck.source.place import Place


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of code that a plan can have as an item; `place` is None for a build file."""

    id: str
    fingerprint: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Pieces:
    """All pieces of a tree; `files` is how many files were read."""

    root: str
    files: int
    skipped: tuple[Skipped, ...]
    listed: tuple[Piece, ...]


class State(StrEnum):
    """What became of the code that something was ported from."""

    CURRENT = "current"
    CHANGED = "changed"
    GONE = "gone"
    UNRECORDED = "unrecorded"


@dataclass(frozen=True, slots=True)
class Ported:
    """One decision `ported`. `place` is where the code stands now, None for a build file or what is gone;
    `now` is its fingerprint, "" for what is gone."""

    decision: Decision
    state: State
    place: Place | None = None
    now: str = ""


def ported(pieces: Pieces, decisions: Decisions) -> tuple[Ported, ...]:
    """Each decision `ported` of a tree, in the order of the file."""
    by_name = _by_name(pieces.listed)
    wanted = (one for one in decisions if one.status is Status.PORTED)
    return tuple(_compared(one, by_name.get(_name(one.subject), ())) for one in wanted)


def _by_name(listed: Iterable[Piece]) -> Mapping[str, tuple[Piece, ...]]:
    found: dict[str, list[Piece]] = {}
    for piece in listed:
        found.setdefault(_name(piece.id), []).append(piece)
    return {name: tuple(alike) for name, alike in found.items()}


def _name(id_: str) -> str:
    """An item's id without the number of an overload."""
    name, mark, number = id_.rpartition("#")
    return name if mark and number.isdecimal() else id_


def _compared(decision: Decision, pieces: tuple[Piece, ...]) -> Ported:
    if not pieces:
        return Ported(decision, State.GONE)
    same = next((p for p in pieces if p.fingerprint == decision.fingerprint), None)
    own = same or next((p for p in pieces if p.id == decision.subject), pieces[0])
    state = State.CURRENT if same else State.CHANGED if decision.fingerprint else State.UNRECORDED
    return Ported(decision, state, own.place, own.fingerprint)
