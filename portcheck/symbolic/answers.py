"""Answers for one goal from one solved system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from portcheck.symbolic.condition import (
    FALSE,
    Condition,
    Congruent,
    Constant,
    Every,
    condition_symbols,
    every,
    negate,
)
from portcheck.symbolic.entail import condition_truth
from portcheck.symbolic.expr import Role, Symbol
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.reporting import original_condition
from portcheck.symbolic.simplify import simplify_condition
from portcheck.symbolic.system import System
from portcheck.symbolic.verdict import Verdict
from portcheck.symbolic.witness import Witness, find_witness
from portcheck.symbolic.words import NOT_REACHED, REACHING, clipped, line, names

_LITTLE = 600  # work on values near known ones


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict with its grounds; `residues` are those of the goal's own expression."""

    verdict: Verdict
    condition: Condition | None = None
    witness: Witness = ()
    residues: tuple[int, ...] | None = None
    used: Tags = frozenset()
    why: str = ""
    would_decide: str = ""
    open_symbols: frozenset[Symbol] = frozenset()  # of an unknown: what it hangs on, if that is seen


@dataclass(frozen=True, slots=True)
class Question:
    """A goal that is not constant, with the facts connected with it and those that were solved.

    `facts` are the premises as the ledger has them. `checks` must be true of a witness: the
    premises as they were given, and that the goal as it was asked fails. `symbols` are those
    that a witness gives values to. `typical` holds values near which it is looked for; None
    where it is only asked whether the goal holds, and any other answer may be "unknown".
    """

    goal: Condition
    facts: tuple[Condition, ...]
    checks: tuple[Condition, ...]
    system: System
    symbols: frozenset[Symbol]
    typical: Mapping[Symbol, int] | None

    def about(self, goal: Condition) -> Question:
        """The same for another goal over the same symbols."""
        return replace(self, goal=goal)

    def witness(self, where: Iterable[Condition] = (), hints: Iterable[Condition] = ()) -> Witness | None:
        """Values that satisfy the premises and `where`, for which the goal fails."""
        sought = (negate(self.goal), *where, *self.facts)
        return find_witness(sought, hints, self.checks, self.symbols, self.typical or {})

    def witness_near(self, known: Witness, where: Iterable[Condition]) -> Witness | None:
        """Values as for `witness`, not far from known ones, with little work."""
        sought = (negate(self.goal), *where, *self.facts)
        return find_witness(sought, (), self.checks, self.symbols, dict(known), _LITTLE)


def answer_for(question: Question) -> Answer:
    """The answer for any goal."""
    goal, system = question.goal, question.system
    if isinstance(goal, Constant):
        return Answer(Verdict.HOLDS if goal.truth else Verdict.UNKNOWN)
    used: set[int] = set()
    truth = condition_truth(simplify_condition(goal, system, used), system, used)
    if truth:
        residues = (goal.residue,) if isinstance(goal, Congruent) and not goal.negated else None
        return Answer(Verdict.HOLDS, residues=residues, used=frozenset(used))
    if isinstance(goal, Congruent):
        from portcheck.symbolic.congruent_goal import congruent_answer

        return congruent_answer(goal, question, frozenset(used))
    if isinstance(goal, Every):
        return _every_answer(goal, question)
    return plain_answer(question) if question.typical is not None else Answer(Verdict.UNKNOWN)


def _every_answer(goal: Every, question: Question) -> Answer:
    answers = [answer_for(question.about(part)) for part in goal.conditions]
    used = frozenset[int]().union(*(a.used for a in answers))
    for verdict in (Verdict.VIOLATED, Verdict.UNKNOWN):
        for answer in answers:
            if answer.verdict is verdict:
                return answer
    witness = next((a.witness for a in answers if a.verdict is Verdict.DEPENDS), ())
    if not witness:
        return Answer(Verdict.HOLDS, used=used)
    condition = every(a.condition for a in answers if a.condition is not None)
    return Answer(Verdict.DEPENDS, condition, witness, used=used)


def plain_answer(question: Question, residues: tuple[int, ...] | None = None) -> Answer:
    """The answer from values alone, for a goal that was not proven."""
    goal, system = question.goal, question.system
    used: set[int] = set()
    simple = simplify_condition(goal, system, used)
    witness = question.witness()
    tags = frozenset(used)
    symbols = condition_symbols(simple)
    if witness is None and condition_truth(simple, system, used) is False:
        return Answer(
            Verdict.UNKNOWN,
            residues=residues,
            used=tags,
            why=NOT_REACHED,
            would_decide=REACHING,
        )
    if witness is None:
        return Answer(
            Verdict.UNKNOWN,
            residues=residues,
            used=tags,
            why=line(f"neither a proof nor values against it were found for {clipped(str(goal), 100)}"),
            would_decide=f"a bound on {names(symbols)}",
        )
    if condition_truth(simple, system, used) is False:
        return Answer(Verdict.VIOLATED, FALSE, witness, residues, frozenset(used))
    roles = {s.role for s in symbols}
    if roles <= {Role.PARAMETER}:
        return Answer(Verdict.DEPENDS, original_condition(simple, system), witness, residues, tags)
    around = {s.role for c in question.facts for s in condition_symbols(c)}
    if roles | around <= {Role.INDEX}:
        return Answer(Verdict.VIOLATED, FALSE, witness, residues, tags)
    return Answer(
        Verdict.UNKNOWN,
        residues=residues,
        used=tags,
        why=line(f"{clipped(str(goal))} is not decided by what is known of {names(symbols)}"),
        would_decide=f"a bound on {names(symbols)}",
    )
