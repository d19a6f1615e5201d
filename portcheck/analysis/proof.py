"""What a proof says, apart from what finds it: a reader of answers needs no more than this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict

if TYPE_CHECKING:
    from portcheck.symbolic.condition import Condition


@dataclass(frozen=True, slots=True)
class Row:
    """One launch in a table: its template arguments, and the verdict there."""

    label: str
    verdict: Verdict
    condition: str = ""
    witness: tuple[tuple[str, int], ...] = ()
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a derivation: a place of the source, None for an assumption, and what it says."""

    place: Place | None
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer to one question.

    `goal` is the question in words and `expression` what it is about, in normal form.
    `residues` are what the expression can be modulo the goal's modulus, () if not known.
    `condition` is exact: the goal holds where it is true and fails where it is false.
    `witness` are values for which the goal fails, and `value` is the expression there.
    `assumptions` are the ids of those that the answer rests on.
    """

    verdict: Verdict
    goal: str
    expression: str
    residues: tuple[int, ...] = ()
    condition: Condition | None = None
    witness: Mapping[str, int] = field(default_factory=dict)
    value: int | None = None
    table: tuple[Row, ...] = ()
    assumptions: tuple[str, ...] = ()
    derivation: tuple[Line, ...] = ()
    why: str = ""
    would_decide: str = ""
