"""Answers for goals that are congruences, put together from the cases of the expression."""

from __future__ import annotations

from dataclasses import dataclass

from portcheck.symbolic.answers import Answer, Question, plain_answer
from portcheck.symbolic.cases import Case, cases
from portcheck.symbolic.condition import (
    FALSE,
    TRUE,
    Condition,
    Congruent,
    at_least,
    condition_symbols,
    equal,
    every,
    negate,
    some,
)
from portcheck.symbolic.evaluate import test
from portcheck.symbolic.expr import Expr, Role, Symbol, number, of
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.reporting import in_original, original_condition
from portcheck.symbolic.residues import members
from portcheck.symbolic.simplify import simplify_condition
from portcheck.symbolic.solve import Outcome, Solution, solve
from portcheck.symbolic.system import System
from portcheck.symbolic.ties import tie
from portcheck.symbolic.verdict import Verdict
from portcheck.symbolic.witness import Witness
from portcheck.symbolic.words import clipped, line, operation, sum_of, unknown

_FAR = 1 << 17  # by how much a parameter is moved to see whether a failure is still reached


@dataclass(frozen=True, slots=True)
class _Part:
    """One case with its solution; guards apart by what they are about."""

    case: Case
    solution: Solution
    fixed: Condition  # guards over parameters alone
    loose: tuple[Condition, ...]  # the other guards

    @property
    def loose_symbols(self) -> frozenset[Symbol]:
        return frozenset[Symbol]().union(*(condition_symbols(g) for g in self.loose))

    @property
    def is_undetermined(self) -> bool:
        return any(s.role in (Role.OPAQUE, Role.BASE) for s in self.loose_symbols)

    @property
    def is_mixed(self) -> bool:
        return any(s.role is Role.PARAMETER for s in self.loose_symbols)

    @property
    def fails_always(self) -> bool:
        """Whether it fails for every parameter, given that indices reach the case."""
        only_indices = all(s.role is Role.INDEX for s in self.loose_symbols)
        return self.solution.outcome is Outcome.NEVER and self.fixed == TRUE and only_indices


def congruent_answer(goal: Congruent, question: Question, before: Tags) -> Answer:
    """The answer for a congruence that was not proven; `before` are the tags used to see that."""
    wanted = 1 << goal.residue
    if goal.negated:
        wanted ^= (1 << goal.modulus) - 1
    used = set(before)
    parts: list[_Part] = []
    is_whole = True
    for case in cases(goal.expr, goal.modulus, question.system, used):
        if _is_stopped(parts, question) and not _may_fail_always(case):
            is_whole = False
            continue  # nothing can change the answer but a case that fails always
        solution = solve(case.expr, goal.modulus, wanted, case.system)
        used |= case.used | solution.used
        parts.append(_part(case, solution, question))
    residues = _residues(parts) if is_whole else None
    tags = frozenset(used)
    failing = [p for p in parts if p.solution.outcome is not Outcome.ALWAYS]
    if not failing:
        return Answer(Verdict.HOLDS, residues=residues, used=tags)
    if question.typical is None:
        return Answer(Verdict.UNKNOWN)
    stopped = _undecided(goal, question, parts, residues, tags)
    return stopped or _decided(goal, question, parts, residues, tags)


def _is_stopped(parts: list[_Part], question: Question) -> bool:
    """Whether the answer is known to be "unknown" unless some case fails always."""
    failing = [p for p in parts if p.solution.outcome is not Outcome.ALWAYS]
    if not failing or question.typical is None:
        return bool(failing)
    if any(p.solution.outcome is Outcome.OPEN or _unclear(p) for p in failing):
        return True
    return any(p.is_undetermined for p in failing) and any(
        p.solution.outcome is not Outcome.NEVER for p in parts
    )


def _may_fail_always(case: Case) -> bool:
    """Whether nothing but indices decides that the case is reached."""
    return all(
        s.role is Role.INDEX
        for g in case.guards
        for s in condition_symbols(original_condition(g, case.system))
    )


def _part(case: Case, solution: Solution, question: Question) -> _Part:
    fixed: list[Condition] = []
    loose: list[Condition] = []
    for guard in case.guards:
        shown = original_condition(guard, case.system)
        about = {s.role for s in condition_symbols(shown)}
        (fixed if about <= {Role.PARAMETER} else loose).append(shown)
    if loose:
        fixed += _needed_of_parameters(case.system, question)
    return _Part(case, solution, every(fixed), tuple(loose))


def _needed_of_parameters(system: System, question: Question) -> list[Condition]:
    """Bounds of parameters that only hold in the case: `i > n` for i < 8 needs n < 7."""
    found: list[Condition] = []
    for symbol in sorted(question.symbols, key=str):
        if symbol.role is Role.PARAMETER:
            here, _ = system.interval(system.resolve(of(symbol), set()))
            before, _ = question.system.interval(question.system.resolve(of(symbol), set()))
            if here.low is not None and here.low != before.low:
                found.append(at_least(of(symbol), here.low))
            if here.high is not None and here.high != before.high:
                found.append(at_least(number(here.high), of(symbol)))
    return found


def _residues(parts: list[_Part]) -> tuple[int, ...] | None:
    reached = 0
    for part in parts:
        if part.solution.reached is None:
            return None
        reached |= part.solution.reached
    return tuple(members(reached))


def _undecided(
    goal: Congruent,
    question: Question,
    parts: list[_Part],
    residues: tuple[int, ...] | None,
    tags: Tags,
) -> Answer | None:
    """The answer where something undetermined matters, None where nothing does."""
    failing = [p for p in parts if p.solution.outcome is not Outcome.ALWAYS]
    if all(p.solution.outcome is Outcome.NEVER for p in parts) or any(p.fails_always for p in failing):
        return None
    undetermined = [p for p in failing if p.is_undetermined]
    stopped = [p for p in failing if p.solution.outcome is Outcome.OPEN or _unclear(p)]
    if not undetermined and not stopped:
        return None
    simple = simplify_condition(goal, question.system, set())
    if all(s.role is Role.PARAMETER for s in condition_symbols(simple)):
        return plain_answer(question, residues)
    if undetermined:
        symbols = [s for s in undetermined[0].loose_symbols if s.role in (Role.OPAQUE, Role.BASE)]
        guard = every(undetermined[0].loose)
        return Answer(
            Verdict.UNKNOWN,
            residues=residues,
            used=tags,
            why=line(unknown(symbols, clipped(str(guard)))),
            would_decide=f"whether {guard}",
            open_symbols=frozenset(symbols),
        )
    return _open_answer(stopped[0], goal, residues, tags)


def _unclear(part: _Part) -> bool:
    return part.solution.outcome is Outcome.SOMETIMES and part.solution.condition is None


def _open_answer(part: _Part, goal: Congruent, residues: tuple[int, ...] | None, tags: Tags) -> Answer:
    solution, m = part.solution, goal.modulus
    if solution.stuck:
        shown = [a for e in (in_original(of(a), part.case.system) for a in solution.stuck) for a in e.atoms()]
        operations = ", ".join(dict.fromkeys(operation(a) for a in shown[:2]))
        why, would = f"which values {operations} takes modulo {m} is not known", f"({operations}) % {m}"
        open_symbols = [s for a in shown for s in of(a).symbols() if s.role is Role.OPAQUE]
        if open_symbols:
            why = f"{unknown(open_symbols)}, and with it {operations} modulo {m}"
    elif solution.culprits:
        listed = ", ".join(s.name.rstrip("'") for s in solution.culprits)
        why, would = f"{unknown(solution.culprits)} modulo {m}", f"{listed} % {m}"
    else:
        why, would = f"too many cases: {sum_of(goal.expr)} modulo {m}", f"({goal.expr}) % {m}"
    why = line(why)
    culprits = frozenset(solution.culprits)
    return Answer(
        Verdict.UNKNOWN, residues=residues, used=tags, why=why, would_decide=would, open_symbols=culprits
    )


def _decided(
    goal: Congruent,
    question: Question,
    parts: list[_Part],
    residues: tuple[int, ...] | None,
    tags: Tags,
) -> Answer:
    """Violated or depends, once values are found for which it fails."""
    condition = _condition(parts)
    tied = _tied(goal, question, parts)
    if tied is not None:
        return Answer(
            Verdict.UNKNOWN,
            residues=residues,
            used=tags,
            why=line(f"which values are reached where {clipped(str(tied), 100)} is not known"),
            would_decide=f"the values with {tied}",
        )
    first: Witness | None = None
    failing = [p for p in parts if p.solution.outcome is not Outcome.ALWAYS]
    for part in failing:
        hint = original_condition(part.solution.failing, part.case.system)
        witness = question.witness((part.fixed, *part.loose), (hint,))
        if witness is None:
            if condition != FALSE:
                return _no_witness(goal, part, residues, tags)
            continue
        if part.is_mixed and not _also_elsewhere(part, question, witness, condition):
            guard = every(part.loose)
            return Answer(
                Verdict.UNKNOWN,
                residues=residues,
                used=tags,
                why=line(f"for which parameters {clipped(str(guard), 110)} comes true is not known"),
                would_decide=f"whether {guard}",
            )
        first = first or witness
        if condition == FALSE:
            break
    if first is None or test(condition, dict(first)):
        return _no_witness(goal, failing[0], residues, tags)
    verdict = Verdict.VIOLATED if condition == FALSE else Verdict.DEPENDS
    return Answer(verdict, condition, first, residues, tags)


def _tied(goal: Congruent, question: Question, parts: list[_Part]) -> Condition | None:
    """An equality by which indices that matter hang on something else."""
    for part in parts:
        terms = tuple(t for t in part.case.expr.terms if t[1] % goal.modulus)
        found = tie(Expr(terms, 0).symbols(), question.facts, part.case.system)
        if found is not None:
            return found
    return None


def _no_witness(goal: Congruent, part: _Part, residues: tuple[int, ...] | None, tags: Tags) -> Answer:
    where = every((part.fixed, *part.loose, original_condition(part.solution.failing, part.case.system)))
    return Answer(
        Verdict.UNKNOWN,
        residues=residues,
        used=tags,
        why=line(f"no values were found for {clipped(str(where), 100)}, where it would fail"),
        would_decide=f"whether {where} is possible",
    )


def _condition(parts: list[_Part]) -> Condition:
    """True for the parameters for which every case is good."""
    known = [(p, _own(p)) for p in parts]
    if len({c for _, c in known}) == 1 and not any(p.fixed != TRUE and p.loose for p in parts):
        return known[0][1]
    if any(p.loose for p in parts):
        return every(some((negate(p.fixed), c)) for p, c in known)
    return some(every((p.fixed, c)) for p, c in known)


def _own(part: _Part) -> Condition:
    if part.solution.outcome is Outcome.ALWAYS:
        return TRUE
    if part.solution.outcome is Outcome.NEVER or part.solution.condition is None:
        return FALSE
    return original_condition(part.solution.condition, part.case.system)


def _also_elsewhere(part: _Part, question: Question, witness: Witness, condition: Condition) -> bool:
    """Whether the failure is still reached for parameters far from those of the witness.

    A guard such as `i > n` over an index and a parameter may come true for small n alone.
    """
    system = question.system
    guards = () if condition == FALSE else (part.fixed, *part.loose)
    for symbol, value in witness:
        if symbol.role is not Role.PARAMETER or symbol not in part.loose_symbols:
            continue
        interval, _ = system.interval(system.resolve(of(symbol), set()))
        here, _ = part.case.system.interval(part.case.system.resolve(of(symbol), set()))
        far = value + _FAR if interval.high is None else interval.high
        for other in {far, interval.low, here.low, here.high} - {None, value}:
            there = every((equal(of(symbol), other or 0), part.fixed))
            if system.assume(there).contradiction is not None:
                continue
            if question.witness_near(witness, (there, *guards)) is None:
                return False
    return True
