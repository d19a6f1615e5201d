"""The decision: does a goal hold where a program point is reached, and if not always, when?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from portcheck.symbolic.answers import Answer, Question, answer_for
from portcheck.symbolic.condition import (
    FALSE,
    TRUE,
    Condition,
    Congruent,
    Constant,
    Relation,
    condition_symbols,
    negate,
)
from portcheck.symbolic.constant_goal import false_answer
from portcheck.symbolic.evaluate import Undefined, evaluate
from portcheck.symbolic.expr import Expr, Symbol
from portcheck.symbolic.ledger import Entry
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.normal import Signature, normal, normal_expression, signature
from portcheck.symbolic.premises import Premises, solved
from portcheck.symbolic.relevance import near
from portcheck.symbolic.ties import with_equalities
from portcheck.symbolic.verdict import Verdict
from portcheck.symbolic.witness import Witness

_MINIMISED = 8  # premises that are dropped one by one to see which a proof needs
_NARROW = 300  # steps of work on an answer from near facts
_WIDE = 500  # steps of work on an answer from more


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
    if typical:
        return _decide(goal, premises, subject, typical)
    symbols = condition_symbols(goal) | (subject.symbols() if subject is not None else frozenset())
    symbols = symbols.union(*(condition_symbols(p.condition) for p in premises.items))
    return _decided(goal, _Given(premises), subject, signature(symbols))


class _Given:
    """Premises, the same as others with the same items."""

    __slots__ = ("premises",)

    def __init__(self, premises: Premises) -> None:
        self.premises = premises

    def __hash__(self) -> int:
        return hash(self.premises.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Given) and self.premises.items == other.premises.items


@lru_cache(maxsize=1024)
def _decided(goal: Condition, given: _Given, subject: Expr | None, _: Signature) -> Decision:
    return _decide(goal, given.premises, subject, {})


def _decide(
    goal: Condition, premises: Premises, subject: Expr | None, typical: Mapping[Symbol, int]
) -> Decision:
    goal = normal(goal)
    ledger = premises.ledger
    if ledger.contradiction is not None:
        return Decision(Verdict.HOLDS, used=tuple(sorted(ledger.contradiction)), why="unreachable")
    shown = subject if subject is not None else _subject(goal)
    symbols = condition_symbols(goal) | (shown.symbols() if shown is not None else frozenset())
    used: set[int] = set()
    simple = goal if isinstance(goal, Constant) else ledger.simplify_condition(goal, used)
    if simple == TRUE:
        return Decision(Verdict.HOLDS, _residues_shown(goal, shown), used=tuple(sorted(used)))
    if simple == FALSE:
        simple = goal  # it fails, and the values for which it does are wanted
    answer = _answer(goal, simple, premises, symbols, typical)
    value = None
    if shown is not None and (answer.witness or not symbols):
        try:
            value = evaluate(shown, dict(answer.witness))
        except Undefined:
            value = None
    reduced = None
    if shown is not None and answer.residues is not None:
        reduced = ledger.simplify(normal_expression(shown), set())
    return Decision(
        answer.verdict,
        _shown_residues(simple, answer, reduced),
        answer.condition,
        answer.witness,
        value,
        tuple(sorted(answer.used | used)) if answer.why != "unreachable" else tuple(sorted(answer.used)),
        answer.why,
        answer.would_decide,
    )


def _answer(
    asked: Condition,
    goal: Condition,
    premises: Premises,
    symbols: frozenset[Symbol],
    typical: Mapping[Symbol, int],
) -> Answer:
    """The answer from a few near facts, or else from more."""
    if isinstance(asked, Constant):
        return Answer(Verdict.HOLDS) if asked.truth else false_answer(premises, symbols, typical)
    resting: set[int] = set()
    goal = with_equalities(goal, premises.facts(condition_symbols(goal)), resting)
    own = condition_symbols(goal)
    checks = (negate(asked), *(p.condition for p in premises.connected(symbols)))
    facts = premises.facts(symbols.union(*(condition_symbols(c) for c in checks)))
    conditions = tuple(c for c, _ in facts)
    if isinstance(goal, Constant) and goal.truth:
        return Answer(Verdict.HOLDS, used=frozenset(resting))
    if isinstance(goal, Constant):
        goal, own = asked, condition_symbols(asked)
    about = premises.facts(own) if own else facts
    before: list[Entry] = []
    answer: Answer | None = None
    for wide, steps in ((False, _NARROW), (True, _WIDE)):
        chosen = near(about, own, wide=wide)
        if wide and not _may_help(chosen, before, answer):
            break
        before = chosen
        system = solved(tuple(chosen), symbols, steps)
        if system.contradiction is not None:
            return Answer(Verdict.HOLDS, used=system.contradiction, why="unreachable")
        found = answer_for(Question(goal, conditions, checks, system, symbols, typical))
        if found.verdict is Verdict.HOLDS:
            return replace(found, used=_needed(goal, chosen, symbols, found.used) | resting)
        if answer is None or found.verdict is not Verdict.UNKNOWN:
            answer = found
        if found.verdict is not Verdict.UNKNOWN:
            break
    assert answer is not None
    return replace(answer, used=answer.used | resting)


def _may_help(chosen: list[Entry], before: list[Entry], answer: Answer | None) -> bool:
    """Whether facts were added that say something of what the answer hangs on."""
    new = [c for c, tags in chosen if (c, tags) not in before]
    if answer is None or not answer.open_symbols:
        return bool(new)
    names = {s.name.rstrip("'") for s in answer.open_symbols}
    return any(s.name in names for c in new for s in condition_symbols(c))


def _residues_shown(goal: Condition, subject: Expr | None) -> tuple[int, ...]:
    """The residue of the subject where a congruence holds."""
    if not isinstance(goal, Congruent) or goal.negated:
        return ()
    return _shown_residues(goal, Answer(Verdict.HOLDS, residues=(goal.residue,)), subject)


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


def _needed(goal: Condition, facts: list[Entry], symbols: frozenset[Symbol], used: Tags) -> Tags:
    """Of the premises used for a proof those that it cannot do without."""
    if len(used) > _MINIMISED:
        return used
    for tag in sorted(used):
        fewer = used - {tag}
        if _holds(goal, [e for e in facts if e[1] <= fewer], symbols):
            used = fewer
    return used


def _holds(goal: Condition, facts: list[Entry], symbols: frozenset[Symbol]) -> bool:
    system = solved(tuple(facts), symbols, _NARROW)
    if system.contradiction is not None:
        return False
    return answer_for(Question(goal, (), (), system, symbols, None)).verdict is Verdict.HOLDS
