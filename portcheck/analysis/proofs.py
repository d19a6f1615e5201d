"""Proofs: a question about an expression at a place, its verdict, and how that was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from portcheck.analysis.launches import Context
from portcheck.analysis.machine import Machine
from portcheck.analysis.overall import Outcome, overall
from portcheck.analysis.proof import Line, Proof, Row
from portcheck.analysis.standins import Failure, tested
from portcheck.analysis.state import Known, Step
from portcheck.analysis.values import Tags
from portcheck.symbolic.condition import Condition, condition_symbols, congruent, every
from portcheck.symbolic.decide import Decision, decide
from portcheck.symbolic.evaluate import Substitution, substitute_condition
from portcheck.symbolic.expr import Expr, Role, Symbol, of
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict
from portcheck.symbolic.witness import find_witness
from portcheck.symbolic.words import clipped, line


@dataclass(frozen=True, slots=True)
class Question:
    """Is `subject` such that `goal` holds, where `known` is true? `tags`: what it rests on."""

    goal: Condition
    subject: Expr
    text: str
    tags: Tags
    known: tuple[Known, ...]


NEVER = "no launch in the tree reaches this line"
_NEVER = Decision(Verdict.UNKNOWN, why=NEVER)


class Launched(StrEnum):
    """Which answers are looked at launch by launch."""

    ALL = "all"
    UNKNOWN = "unknown"
    NONE = "none"


class Judge:
    """Answers questions about one run of a root function, in every launch of it."""

    def __init__(self, machine: Machine, contexts: Sequence[Context], complete: bool) -> None:
        self.machine = machine
        self.contexts = contexts
        self.complete = complete
        machine.state.stand_ins |= frozenset[Symbol]().union(*(c.stand_ins for c in contexts))
        self._parameters = self._symbols_by_name()
        self._decided: dict[object, Decision] = {}
        self._symbols: dict[Condition, frozenset[Symbol]] = {}
        self._in_launch: dict[tuple[Condition, Context], Condition] = {}
        self._known: dict[tuple[Context, tuple[Known, ...]], tuple[Premise, ...]] = {}
        self._excluding: dict[tuple[Context, tuple[Known, ...]], bool] = {}
        self._outer: dict[Step, int] = {}
        self._outer_steps: list[Step] = []
        self._unreached: dict[frozenset[Condition], bool] = {}
        self._passed: dict[frozenset[Condition], bool] = {}

    def _symbols_by_name(self) -> dict[str, Symbol]:
        """The run's own symbols for the kernel's parameters and the names of the launch."""
        found = dict(self.machine.initial)
        for name, value in self.machine.builtins.items():
            if "." in name:
                found[name] = next(iter(value.expr.symbols()))
        return found

    def congruence(
        self, subject: Expr, modulus: int, residue: int, tags: Tags, known: Iterable[Known]
    ) -> Proof:
        goal = congruent(subject, modulus, residue)
        text = f"{subject} is a multiple of {modulus}"
        if residue:
            text = f"{subject} is {residue} modulo {modulus}"
        return self.answer(Question(goal, subject, text, tags, tuple(known)))

    def answer(self, question: Question, launched: Launched = Launched.ALL) -> Proof:
        """The proof for a question: by the function alone, or else launch by launch."""
        decision, table = self._answered(question, launched)
        return self._proof(question, self._reaching(question, decision), table)

    def _answered(self, question: Question, launched: Launched) -> Outcome:
        known = tuple(Premise(k.condition, k.tag) for k in question.known)
        base = self._decide(question.goal, question.subject, known)
        wanted = launched is Launched.ALL or (
            launched is Launched.UNKNOWN and base.verdict is Verdict.UNKNOWN
        )
        if base.verdict is Verdict.HOLDS or not wanted:
            return base, ()
        if not self.contexts and self.complete:
            return _NEVER, ()
        question = replace(question, known=self._bearing(question))
        if not self._differs(question):
            excludable = self._impossible or self._guarded(question)
            if excludable and all(self._excluded(question, c) for c in self.contexts):
                return (_NEVER if self.complete else base), ()
            return base, ()
        rows: list[tuple[str, Decision]] = []
        for context in self.contexts:
            decision = self._in_context(question, context)
            if decision.verdict is base.verdict is Verdict.UNKNOWN and not rows:
                return base, ()  # the launches do not help
            if decision.verdict is not Verdict.HOLDS and self._excluded(question, context):
                decision = Decision(Verdict.HOLDS, why="unreachable")
            rows.append((context.label, decision))
        reached = [(label, d) for label, d in rows if d.why != "unreachable"]
        if not reached:
            return (_NEVER if self.complete else base), ()
        return overall(base, reached, self.complete)

    def _reaching(self, question: Question, decision: Decision) -> Decision:
        """The decision, with the assumption that an example of a failure reaches the place.

        It is one where branches or checks on the way there test values that are not followed,
        or where no values are found that pass them.
        """
        if decision.verdict not in (Verdict.VIOLATED, Verdict.DEPENDS):
            return decision
        tests = (k.condition for k in question.known if self._step(k.tag).kind in ("check", "guard"))
        open_ = next((g for g in self._groups(tests) if not self._passable(g)), None)
        if open_ is None:
            return decision
        if self.machine.tree.assumed.lines_reached:
            tag = self.machine.state.step(None, "lines-reached", "assumption")
            return replace(decision, used=(*decision.used, tag))
        said = clipped(str(every(sorted(open_, key=str))))
        why = f"whether this line is reached is not known; it is where {said}"
        return Decision(Verdict.UNKNOWN, decision.residues, why=line(why))

    def _passable(self, group: frozenset[Condition]) -> bool:
        """Whether values are found for which all these conditions are true, none of them a stand-in's."""
        found = self._passed.get(group)
        if found is None:
            symbols = frozenset[Symbol]().union(*map(self._symbols_of, group))
            found = not symbols & self.machine.state.stand_ins
            if found:
                listed = sorted(group, key=str)
                found = find_witness(listed, (), (), symbols, {}) is not None
            self._passed[group] = found
        return found

    def _differs(self, question: Question) -> bool:
        """Whether what a launch fixes bears on the question, directly or through what is known."""
        asked = condition_symbols(question.goal) | question.subject.symbols()
        if asked & self._fixed:
            return True
        premises = tuple(Premise(k.condition, k.tag) for k in question.known)
        near = self._connected(asked, premises)
        return any(self._symbols_of(p.condition) & self._fixed for p in near)

    def _bearing(self, question: Question) -> tuple[Known, ...]:
        """What is known that bears on the question, or on whether a launch comes to its place."""
        asked = condition_symbols(question.goal) | question.subject.symbols() | self._fixed
        premises = tuple(Premise(k.condition, k.tag) for k in question.known)
        kept = set(self._connected(asked, premises))
        return tuple(k for k, p in zip(question.known, premises, strict=True) if p in kept)

    def _guarded(self, question: Question) -> bool:
        """Whether a launch could exclude the question's place."""
        return any(self._symbols_of(k.condition) & self._fixed for k in question.known)

    def _excluded(self, question: Question, context: Context) -> bool:
        """Whether a launch does not come to the question's place: what is known there excludes it."""
        key = (context, question.known)
        found = self._excluding.get(key)
        if found is None:
            conditions = [p.condition for p in (*self._known_in(question, context), *self._host[context])]
            own = {k.condition for k in question.known}  # what a launch says nothing about is as it was
            found = self._excluding[key] = any(c.known is False for c in conditions) or any(
                self._contradicts(g) for g in self._groups(conditions) if not g <= own
            )
        return found

    def _known_in(self, question: Question, context: Context) -> tuple[Premise, ...]:
        """What is known at the question's place, in terms of one launch."""
        key = (context, question.known)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(
                Premise(self._put_in(k.condition, context), k.tag) for k in question.known
            )
        return found

    def _contradicts(self, group: frozenset[Condition]) -> bool:
        found = self._unreached.get(group)
        if found is None:
            listed = sorted(group, key=str)
            found = Premises(tuple(Premise(c, 0) for c in listed)).contradictory
            self._unreached[group] = found
        return found

    def _groups(self, conditions: Iterable[Condition]) -> list[frozenset[Condition]]:
        """Conditions that share symbols, directly or through others: most launches share most groups."""
        group_of: dict[Symbol, int] = {}
        groups: dict[int, tuple[set[Symbol], set[Condition]]] = {}
        for number, condition in enumerate(dict.fromkeys(conditions)):
            symbols = self._symbols_of(condition)
            joined = groups[number] = (set(symbols), {condition})
            for other in {group_of[s] for s in symbols if s in group_of}:
                others, members = groups.pop(other)
                joined[0].update(others)
                joined[1].update(members)
            group_of.update(dict.fromkeys(joined[0], number))
        return [frozenset(members) for _, members in groups.values()]

    @cached_property
    def _impossible(self) -> bool:
        """Whether what the host checks excludes one of the launches."""
        checks = {frozenset(k.condition for k in c.known) for c in self.contexts}
        return any(Premises(tuple(Premise(c, 0) for c in listed)).contradictory for listed in checks)

    @cached_property
    def _fixed(self) -> frozenset[Symbol]:
        """The symbols that some launch gives more than another name, or that the host checks.

        A launch that gives two parameters one value says something about both.
        """
        found: set[Symbol] = set()
        for context in self.contexts:
            for symbol, expr in self._mappings[context].items():
                if expr != of(symbol):
                    found |= {symbol, *expr.symbols()}
            for premised in context.known:
                found |= condition_symbols(premised.condition)
        return frozenset(found)

    # -- one decision ------------------------------------------------------------------

    def _decide(self, goal: Condition, subject: Expr, premises: tuple[Premise, ...]) -> Decision:
        near = self._connected(condition_symbols(goal) | subject.symbols(), premises)
        key = (goal, subject, near)
        found = self._decided.get(key)
        if found is None:
            failure = Failure.of(goal, near, self.machine.state.stand_ins)
            found = tested(decide(goal, Premises(near), subject=subject), subject, failure)
            self._decided[key] = found
        return found

    def _connected(self, symbols: Iterable[Symbol], premises: tuple[Premise, ...]) -> tuple[Premise, ...]:
        """The premises that share symbols with these, directly or through others.

        Fewer premises are fewer decisions: the same question is asked on many paths.
        """
        reached = set(symbols)
        listed = [(p, self._symbols_of(p.condition)) for p in dict.fromkeys(premises)]
        kept: set[int] = set()
        grown = True
        while grown:
            grown = False
            for position, (_, symbols) in enumerate(listed):
                if position not in kept and not symbols.isdisjoint(reached):
                    kept.add(position)
                    reached |= symbols
                    grown = True
        return tuple(listed[i][0] for i in sorted(kept))

    def _symbols_of(self, condition: Condition) -> frozenset[Symbol]:
        found = self._symbols.get(condition)
        if found is None:
            found = self._symbols[condition] = condition_symbols(condition)
        return found

    @cached_property
    def _host(self) -> dict[Context, tuple[Premise, ...]]:
        """What the host checks before each launch. What its steps rest on are steps of another run."""
        return {
            context: tuple(
                Premise(p.condition, self._tag(replace(p.step, rests_on=frozenset()))) for p in context.known
            )
            for context in self.contexts
        }

    @cached_property
    def _mappings(self) -> dict[Context, dict[Symbol, Expr]]:
        return {context: self.mapping(context) for context in self.contexts}

    @cached_property
    def _substitutions(self) -> dict[Context, Substitution]:
        return {context: Substitution(mapping) for context, mapping in self._mappings.items()}

    def _tag(self, step: Step) -> int:
        """The tag of a step that is no step of the kernel's run: negative, and always the same."""
        found = self._outer.get(step)
        if found is None:
            found = self._outer[step] = -1 - len(self._outer_steps)
            self._outer_steps.append(step)
        return found

    def _step(self, tag: int) -> Step:
        return self.machine.state.steps[tag] if tag >= 0 else self._outer_steps[-1 - tag]

    def _put_in(self, condition: Condition, context: Context) -> Condition:
        """The condition in terms of one launch."""
        key = (condition, context)
        found = self._in_launch.get(key)
        if found is None:
            found = self._in_launch[key] = self._substitutions[context].condition(condition)
        return found

    def mapping(self, context: Context) -> dict[Symbol, Expr]:
        """What the kernel's own symbols are in a launch."""
        mapping = {
            symbol: context.parameters[name]
            for name, symbol in self._parameters.items()
            if name in context.parameters
        }
        for name, symbol in self.machine.sizes.template_names().items():
            if name in context.sizes:
                mapping[symbol] = context.sizes[name]
        return mapping

    def _in_context(self, question: Question, context: Context) -> Decision:
        mapping = self._mappings[context]
        goal = self._put_in(question.goal, context)
        subject = self._substitutions[context].expression(question.subject)
        known = self._known_in(question, context)
        if any(p.condition.known is False for p in known):
            return Decision(Verdict.HOLDS, why="unreachable")
        text = f"launched with {context.label}" if context.label else "launched"
        tag = self._tag(Step(context.place, text, "launch"))
        decision = self._decide(goal, subject, (*known, *self._host[context]))
        used = (*decision.used, tag)
        witness = [(s, v) for s, v in decision.witness]
        given = {s for s, _ in witness}
        for symbol, expr in mapping.items():
            if symbol not in given and expr.value is not None and symbol.role is Role.PARAMETER:
                witness.append((symbol, expr.value))
        return Decision(
            decision.verdict,
            decision.residues,
            decision.condition,
            tuple(witness) if decision.verdict in (Verdict.VIOLATED, Verdict.DEPENDS) else (),
            decision.value,
            used,
            decision.why,
            decision.would_decide,
        )

    # -- the answer --------------------------------------------------------------------

    def _proof(self, question: Question, decision: Decision, table: tuple[Row, ...]) -> Proof:
        lines, assumptions = self._derivation(question, decision)
        short = _short_names(question, decision)
        condition = decision.condition
        if condition is not None:
            condition = substitute_condition(condition, {s: of(t) for s, t in short.items()})
        renamed = {s.name: t.name for s, t in short.items()}
        return Proof(
            decision.verdict,
            _reworded(question.text, renamed),
            _reworded(str(question.subject), renamed),
            decision.residues,
            condition,
            {renamed.get(n, n): v for n, v in _named(decision.witness, question).items()},
            decision.value,
            table,
            assumptions,
            tuple(Line(x.place, _reworded(x.text, renamed), x.kind) for x in lines),
            _reworded(decision.why, renamed),
            _reworded(decision.would_decide, renamed),
        )

    def _derivation(self, question: Question, decision: Decision) -> tuple[tuple[Line, ...], tuple[str, ...]]:
        tags: set[int] = set()
        pending = [*question.tags, *decision.used]
        while pending:
            tag = pending.pop()
            if tag not in tags:
                tags.add(tag)
                pending += self._step(tag).rests_on
        lines: dict[Line, None] = {}
        assumptions: dict[str, None] = {}
        for tag in sorted(tags):
            step = self._step(tag)
            if step.kind == "assumption":
                assumptions[step.words] = None
            lines[Line(step.place, step.words, step.kind)] = None
        lines[Line(None, _conclusion(question, decision), "conclusion")] = None
        return tuple(lines), tuple(assumptions)


def _conclusion(question: Question, decision: Decision) -> str:
    if decision.verdict is Verdict.HOLDS:
        return f"so {question.text}"
    if decision.verdict is Verdict.UNKNOWN:
        return f"not decided: {decision.why}"
    found = f"{question.subject} = {decision.value}" if decision.value is not None else str(question.subject)
    if decision.verdict is Verdict.VIOLATED:
        return f"so not {question.text}: {found}"
    return (
        f"so {question.text} where {decision.condition}" if decision.condition else f"so it depends: {found}"
    )


_NUMBERED = re.compile(r"[\w.]+(?:#\d+)+")


def _short_names(question: Question, decision: Decision) -> dict[Symbol, Symbol]:
    """Names without their number, where only one symbol of the answer has that name."""
    symbols = set(question.subject.symbols()) | {s for s, _ in decision.witness}
    if decision.condition is not None:
        symbols |= condition_symbols(decision.condition)
    by_base: dict[str, list[Symbol]] = {}
    for symbol in symbols:
        by_base.setdefault(symbol.name.split("#", 1)[0], []).append(symbol)
    return {
        listed[0]: Symbol(base, listed[0].role, listed[0].low, listed[0].high, listed[0].note)
        for base, listed in by_base.items()
        if len(listed) == 1 and listed[0].name != base
    }


def _reworded(text: str, renamed: Mapping[str, str]) -> str:
    return _NUMBERED.sub(lambda m: renamed.get(m.group(), m.group()), text) if renamed else text


def _named(witness: Iterable[tuple[Symbol, int]], question: Question) -> dict[str, int]:
    """The witness by name, the symbols of the question first."""
    listed = list(witness)
    own = question.subject.symbols()
    first = [(s.name, v) for s, v in listed if s in own]
    return dict(first + [(s.name, v) for s, v in listed if s not in own])
