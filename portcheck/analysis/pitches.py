"""How far apart the stages or rows lie in UB that bulk copies fill, and what the launches say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portcheck.analysis.machine import Machine
from portcheck.analysis.proof import Proof
from portcheck.analysis.proofs import Judge, Question
from portcheck.analysis.transfers import End, Layout, Pattern, Transfer
from portcheck.source.place import Place
from portcheck.symbolic.condition import congruent
from portcheck.symbolic.decide import decide
from portcheck.symbolic.expr import Atom, Expr, Quotient, Role, Symbol, number, of
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict

UB_BLOCK_BYTES = 32
_WORD_BYTES = 8


@dataclass(frozen=True, slots=True)
class Pitch:
    """A pitch that the kernel's own code leaves open, with what its launches say of it."""

    kernel: str
    place: Place
    ends: tuple[End, ...]
    pitch: Expr
    proof: Proof


def open_pitches(
    m: Machine, judge: Judge, kernel: str, subjects: Sequence[Transfer | Layout]
) -> Iterator[Pitch]:
    """The open pitches of a run's bulk copies, each of a copy's ends once."""
    seen: set[object] = set()
    for subject in subjects:
        if not isinstance(subject, Transfer) or subject.pattern is not Pattern.BULK:
            continue
        for end in subject.ends:
            for pitch, _ in pitches_of(end) if end.space == "UB" else ():
                key = subject.place, subject.ends, pitch
                if key in seen or blocks(pitch, subject) not in (Verdict.UNKNOWN, Verdict.DEPENDS):
                    continue
                seen.add(key)
                text = f"the pitch in UB is a multiple of {UB_BLOCK_BYTES} bytes"
                known = (*subject.known, *m.universal)
                asked = Question(congruent(pitch, UB_BLOCK_BYTES), pitch, text, frozenset(), known)
                yield Pitch(kernel, subject.place, subject.ends, pitch, judge.answer(asked))


def blocks(pitch: Expr, transfer: Transfer) -> Verdict:
    """Whether a pitch is a multiple of a block of UB, by what is known where the copy stands."""
    known = Premises(tuple(Premise(k.condition, k.tag) for k in transfer.known))
    return decide(congruent(pitch, UB_BLOCK_BYTES), known, subject=pitch).verdict


def pitches_of(end: End) -> Iterator[tuple[Expr, str]]:
    """The factors of what counts stages, rows or warps in an address, each with what it multiplies."""
    by_index: dict[Atom, Expr] = {}
    for monomial, coefficient in end.start.terms:
        counting = [a for a in monomial if _counts(a)]
        if len(counting) != 1:
            continue
        factor = number(coefficient)
        for atom in monomial:
            if atom is not counting[0]:
                factor = factor * of(atom)
        by_index[counting[0]] = by_index.get(counting[0], number(0)) + factor
    for atom, factor in by_index.items():
        small = factor.value
        if small is None or abs(small) > _WORD_BYTES:  # a lane's own word is part of a row
            if small is None and all(c < 0 for _, c in factor.terms):
                factor = number(0) - factor
            yield (number(abs(small)) if small is not None else factor), str(of(atom))


def _counts(atom: Atom) -> bool:
    """Whether an atom numbers stages: a counter, a lane's warp, or one of these modulo the stages."""
    symbols = of(atom).symbols()
    if any(s.role is Role.BASE for s in symbols):
        return False
    if isinstance(atom, Symbol):
        return atom.role is Role.INDEX and not atom.name.startswith(("lane", "threadIdx"))
    if isinstance(atom, Quotient):
        return any(s.role is Role.INDEX for s in symbols) and not _mostly_parameter(atom)
    return False


def _mostly_parameter(atom: Quotient) -> bool:
    return all(s.role is Role.PARAMETER for s in atom.dividend.symbols())
