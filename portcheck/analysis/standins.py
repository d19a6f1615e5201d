"""Failures that rest on values which the code determines, although the analysis does not follow them.

A stand-in is a symbol for such a value: how often a branch in a loop was taken, which way led to
a merge. What the code computes is one of the values that the symbol may have, and nobody knows
which. So a proof for all of them is a proof, but values for which a goal fails are only an
example of a failure if it fails there whatever the stand-ins in the goal are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from portcheck.symbolic.condition import Condition, condition_symbols, negate, some
from portcheck.symbolic.decide import Decision, decide
from portcheck.symbolic.evaluate import Undefined, evaluate, substitute_condition
from portcheck.symbolic.expr import Expr, Symbol, number
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict
from portcheck.symbolic.witness import Witness, find_witness
from portcheck.symbolic.words import clipped, line, unknown

MAX_SAMPLED = 3  # stand-ins that are given other values while one looks for an example


@dataclass(frozen=True)
class Failure:
    """A goal that fails for some values, what is known where it is asked, and the stand-ins in it."""

    goal: Condition
    premises: tuple[Premise, ...]
    stand_ins: frozenset[Symbol]

    @staticmethod
    def of(goal: Condition, premises: Sequence[Premise], stand_ins: Iterable[Symbol]) -> Failure:
        return Failure(goal, tuple(premises), condition_symbols(goal).intersection(stand_ins))

    def happens(self, values: Mapping[Symbol, int]) -> bool:
        """Whether the goal fails at these values, whatever the stand-ins are."""
        fixed = {s: number(v) for s, v in values.items() if s not in self.stand_ins}
        failure = negate(substitute_condition(self.goal, fixed))
        if failure.known is not None:
            return failure.known
        known = (Premise(substitute_condition(p.condition, fixed), p.tag) for p in self.premises)
        premises = Premises(tuple(p for p in known if p.condition.known is not True))
        return decide(failure, premises).verdict is Verdict.HOLDS

    def example(self, symbols: frozenset[Symbol], found: Witness) -> Witness | None:
        """Values at which it happens, None if none are found."""
        if self.happens(dict(found)):
            return found
        premises = [p.condition for p in self.premises]
        sought = [negate(self.goal), *premises]
        for values in self._samples(dict(found)):
            given = {s: number(v) for s, v in values.items()}
            excluded = [negate(substitute_condition(c, given)) for c in premises]
            sought.append(some([*excluded, negate(substitute_condition(self.goal, given))]))
        other = find_witness(sought, (), (), symbols, {})
        return other if other is not None and self.happens(dict(other)) else None

    def _samples(self, found: Mapping[Symbol, int]) -> Iterator[dict[Symbol, int]]:
        """Some values of the stand-ins: for an example it has to fail at each of them."""
        listed = sorted(self.stand_ins, key=lambda s: s.name)
        starts = {s: s.low or 0 for s in listed}
        yield starts
        for symbol in listed[:MAX_SAMPLED]:
            for step in (1, 2):
                value = starts[symbol] + step
                if symbol.high is None or value <= symbol.high:
                    yield {**starts, symbol: value}
        yield {s: found.get(s, starts[s]) for s in listed}

    @property
    def why(self) -> str:
        listed = sorted(self.stand_ins, key=lambda s: s.name)
        return line(unknown(listed, clipped(str(negate(self.goal)))))


def tested(decision: Decision, subject: Expr, failure: Failure) -> Decision:
    """The decision, if its example does not rest on a stand-in; else one with another, or unknown."""
    if decision.verdict not in (Verdict.VIOLATED, Verdict.DEPENDS) or not failure.stand_ins:
        return decision
    symbols = frozenset(s for s, _ in decision.witness)
    witness = failure.example(symbols, decision.witness)
    if witness is None:
        names = ", ".join(sorted(s.name for s in failure.stand_ins))
        return Decision(Verdict.UNKNOWN, decision.residues, why=failure.why, would_decide=names)
    if witness == decision.witness:
        return decision
    try:
        value: int | None = evaluate(subject, dict(witness))
    except Undefined:
        value = None
    return replace(decision, witness=witness, value=value)
