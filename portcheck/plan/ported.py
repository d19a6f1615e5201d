"""Whether what was ported is still what it was ported from, without making a plan.

Only the code is read and divided into the plan's pieces: no rule is evaluated. Findings decide which
helpers and host files are pieces at all, so here all are; overloads, which the plan numbers, are taken
together by their name, and a port is up to date if the code of one of them is what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from portcheck.pack.subjects import View
from portcheck.plan.decisions import Decision, Decisions, Status
from portcheck.plan.items import Draft, Inventory
from portcheck.source.place import Place


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


def ported(view: View, decisions: Decisions) -> tuple[Ported, ...]:
    """Each decision `ported` of a tree, in the order of the file."""
    wanted = [one for one in decisions if one.status is Status.PORTED]
    if not wanted:
        return ()
    pieces = _by_name(Inventory(view, (), complete=True).drafts.values())
    return tuple(_compared(one, pieces.get(_name(one.subject), ())) for one in wanted)


def _by_name(drafts: Iterable[Draft]) -> Mapping[str, tuple[Draft, ...]]:
    found: dict[str, list[Draft]] = {}
    for draft in drafts:
        found.setdefault(_name(draft.id), []).append(draft)
    return {name: tuple(listed) for name, listed in found.items()}


def _name(id_: str) -> str:
    """An item's id without the number of an overload."""
    name, mark, number = id_.rpartition("#")
    return name if mark and number.isdecimal() else id_


def _compared(decision: Decision, pieces: tuple[Draft, ...]) -> Ported:
    if not pieces:
        return Ported(decision, State.GONE)
    same = next((d for d in pieces if d.fingerprint == decision.fingerprint), None)
    own = same or next((d for d in pieces if d.id == decision.subject), pieces[0])
    state = State.CURRENT if same else State.CHANGED if decision.fingerprint else State.UNRECORDED
    return Ported(decision, state, own.place, own.fingerprint)
