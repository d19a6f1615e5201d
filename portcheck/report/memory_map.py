"""The shared memory of a kernel as a map: what stands at which offset, told once for all ways to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd

from portcheck.analysis.bases import Base
from portcheck.analysis.proof import Proof
from portcheck.analysis.transfers import End, Layout
from portcheck.analysis.verdicts import Judged, Statement
from portcheck.source.place import Place
from portcheck.symbolic.expr import Expr, Role, Symbol, of
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict

MODULUS = 32


@dataclass(frozen=True, slots=True)
class User:
    """Who starts at an offset: the name of a layout, or a transfer with its bytes."""

    what: str
    place: Place
    function: str
    is_layout: bool
    length: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One offset from the shared variable `base`, "" where the address may be in several.

    `residues` are those that the offset can leave modulo 32, () if not known; `condition`
    is where it is a multiple, "" if that is no matter of a condition. `constant` is the
    offset as a number, None if it is not one.
    """

    base: str
    offset: str
    constant: int | None
    residues: tuple[int, ...]
    verdict: Verdict
    condition: str
    why: str
    users: tuple[User, ...]


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """A kernel's shared variables, and the rows in the order of offsets in each."""

    kernel: str
    variables: tuple[Base, ...]
    rows: tuple[Row, ...]

    def at(self, base: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.base == base)


def memory_maps(kernels: Iterable[str], judged: Iterable[Judged], bases: Iterable[Base]) -> list[MemoryMap]:
    """One map for each of the kernels that has shared memory."""
    variables: dict[str, dict[object, Base]] = {}
    for base in bases:
        if base.space == "UB":
            variables.setdefault(base.kernel, {}).setdefault((base.name, base.place), base)
    subjects: dict[str, list[Judged]] = {}
    for one in judged:
        subjects.setdefault(one.subject.kernel, []).append(one)
    return [
        MemoryMap(kernel, tuple(variables[kernel].values()), _rows(subjects.get(kernel, ())))
        for kernel in dict.fromkeys(kernels)
        if kernel in variables
    ]


@dataclass(frozen=True, slots=True)
class _Start:
    """One way to one offset."""

    base: str
    offset: str
    constant: int | None
    residues: tuple[int, ...]
    proof: Proof | None
    user: User


def _rows(judged: Sequence[Judged]) -> tuple[Row, ...]:
    grouped: dict[tuple[str, str], list[_Start]] = {}
    for one in judged:
        for start in _starts(one):
            grouped.setdefault((start.base, start.offset), []).append(start)
    rows = [_row(starts) for starts in grouped.values()]
    return tuple(sorted(rows, key=_order))


def _order(row: Row) -> tuple[str, bool, int, str]:
    return row.base, row.constant is None, row.constant or 0, row.offset


def _row(starts: list[_Start]) -> Row:
    first = starts[0]
    known = all(start.residues for start in starts)
    residues = sorted({r for start in starts for r in start.residues}) if known else []
    proofs = [start.proof for start in starts if start.proof is not None]
    said = {str(proof.condition) for proof in proofs if proof.condition is not None}
    users = sorted(
        dict.fromkeys(start.user for start in starts),
        key=lambda user: (not user.is_layout, user.place.path, user.place.start_byte),
    )
    verdict = _worst([proof.verdict for proof in proofs])
    condition = said.pop() if len(said) == 1 and verdict is Verdict.DEPENDS else ""
    why = next((proof.why for proof in proofs if proof.verdict is verdict is Verdict.UNKNOWN), "")
    return Row(
        first.base, first.offset, first.constant, tuple(residues), verdict, condition, why, tuple(users)
    )


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    order = (Verdict.VIOLATED, Verdict.DEPENDS, Verdict.UNKNOWN, Verdict.HOLDS)
    return min(verdicts, key=order.index, default=Verdict.UNKNOWN)


def _starts(judged: Judged) -> Iterable[_Start]:
    subject = judged.subject
    if isinstance(subject, Layout):
        ends: list[tuple[str, End | None]] = [("address", subject.end)]
        user = User(subject.name, subject.place, subject.function, True)
    else:
        ends = [("source", subject.source), ("destination", subject.destination)]
        length = _length(judged, subject.length)
        user = User(subject.operation, subject.place, subject.function, False, length)
    for role, end in ends:
        if end is not None and end.space == "UB":
            statement = _statement(judged, role)
            base, offset = _apart(end.start)
            text = str(offset) if statement is None else statement.proof.expression
            residues = _residues(statement, offset, judged)
            proof = None if statement is None else statement.proof
            yield _Start(base, text, offset.value, residues, proof, user)


def _statement(judged: Judged, role: str) -> Statement | None:
    return next((s for s in judged.statements if s.role == role and s.modulus == MODULUS), None)


def _length(judged: Judged, length: Expr | None) -> str | None:
    if length is None:
        return None
    return next((s.proof.expression for s in judged.statements if s.role == "length"), str(length))


def _apart(address: Expr) -> tuple[str, Expr]:
    """The name of the shared variable that the address is in, and the offset from it."""
    for monomial, coefficient in address.terms:
        if coefficient == 1 and len(monomial) == 1:
            atom = monomial[0]
            if isinstance(atom, Symbol) and atom.role is Role.BASE:
                return atom.name, address - of(atom)
    return "", address


def _residues(statement: Statement | None, offset: Expr, judged: Judged) -> tuple[int, ...]:
    """What the proof says, or else what is plain from what is known there."""
    if statement is not None and statement.proof.residues:
        return statement.proof.residues
    if statement is not None and statement.verdict is Verdict.HOLDS:
        return (0,)
    premises = Premises(tuple(Premise(k.condition, k.tag) for k in judged.subject.known))
    found = premises.congruence(offset)
    step = gcd(found.modulus, MODULUS)
    return tuple(range(found.residue % step, MODULUS, step)) if step > 1 else ()
