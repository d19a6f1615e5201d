"""The decision: does a goal hold where a program point is reached, and if not always, when?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portcheck.symbolic.answers import Answer, Question, Verdict, answer_for
from portcheck.symbolic.condition import Condition, Congruent, Relation, condition_symbols
from portcheck.symbolic.evaluate import Undefined, evaluate
from portcheck.symbolic.expr import Expr, Symbol
from portcheck.symbolic.premises import Premises
from portcheck.symbolic.witness import Witness

_MINIMISED = 12  # premises that are dropped one by one to see which a proof needs


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and what it rests on.

    `residues`: of the subject modulo the goal's modulus, all that are possible; () if not known.
    `condition`: where the goal depends on parameters, true exactly where it holds.
    `witness`: for violated and depends, values that satisfy the premises and not the goal.
    `value`: of the subject at the witness.
    `used`: tags of the premises that the answer rests on.
    `why`, `would_decide`: for unknown, what stopped it and what would decide it.
    """

    verdict: Verdict
    residues: tuple[int, ...] = ()
    condition: Condition | None = None
    witness: Witness = ()
    value: int | None = None
    used: tuple[int, ...] = ()
    why: str = ""
    would_decide: str = ""


def decide(
    goal: Condition,
    premises: Premises,
    *,
    subject: Expr | None = None,
    typical: Mapping[Symbol, int] | None = None,
) -> Decision:
    """Decide the goal.

    `subject` is the expression whose residues and value are reported; without it, that of the
    goal, less the residue wanted. Smart constructors reduce coefficients modulo the goal's
    modulus, so a caller who wants the value of an offset as it was written passes the offset.
    `typical` gives values near which a witness is preferred.
    """
    shown = subject if subject is not None else _subject(goal)
    symbols = condition_symbols(goal) | (shown.symbols() if shown is not None else frozenset())
    near = Premises(premises.connected(symbols))
    system = premises.system(symbols)
    if system.contradiction is not None:
        return Decision(Verdict.HOLDS, used=tuple(sorted(system.contradiction)), why="unreachable")
    answer = answer_for(Question(goal, near, system, symbols, typical or {}))
    used = answer.used
    if answer.verdict is Verdict.HOLDS:
        used = _needed(goal, near, used)
    value = None
    if shown is not None and (answer.witness or not symbols):
        try:
            value = evaluate(shown, dict(answer.witness))
        except Undefined:
            value = None
    return Decision(
        answer.verdict,
        _shown_residues(goal, answer, shown),
        answer.condition,
        answer.witness,
        value,
        tuple(sorted(used)),
        answer.why,
        answer.would_decide,
    )


def _subject(goal: Condition) -> Expr | None:
    if isinstance(goal, Congruent):
        return goal.expr - goal.residue
    return goal.expr if isinstance(goal, Relation) else None


def _shown_residues(goal: Condition, answer: Answer, subject: Expr | None) -> tuple[int, ...]:
    """Residues of the goal's expression as residues of the subject."""
    if not isinstance(goal, Congruent) or subject is None or answer.residues is None:
        return ()
    apart = subject - goal.expr
    if any(c % goal.modulus for _, c in apart.terms):
        return ()
    return tuple(sorted((r + apart.constant) % goal.modulus for r in answer.residues))


def _needed(goal: Condition, premises: Premises, used: frozenset[int]) -> frozenset[int]:
    """Of the premises used for a proof those that it cannot do without."""
    if len(used) > _MINIMISED:
        return used
    for tag in sorted(used):
        fewer = used - {tag}
        if _holds(goal, premises.limited_to(fewer)):
            used = fewer
    return used


def _holds(goal: Condition, premises: Premises) -> bool:
    symbols = condition_symbols(goal)
    system = premises.system(symbols)
    if system.contradiction is not None:
        return False
    return answer_for(Question(goal, premises, system, symbols, None)).verdict is Verdict.HOLDS
