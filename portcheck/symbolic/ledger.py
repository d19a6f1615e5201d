"""Premises as a list of plain facts, by what can be seen of them one by one.

This is the cheap half of solving: conjunctions are taken apart, alternatives and choices whose
conditions other premises decide are resolved, and what is plainly contradictory is found. A
condition is decided here by looking it up: it or its contrary is among the facts, or the bounds
and the class that are stored for just its polynomial decide it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from portcheck.symbolic.condition import (
    FALSE,
    TRUE,
    Condition,
    Congruent,
    Constant,
    Every,
    Operator,
    Relation,
    Some,
    condition_symbols,
    every,
    negate,
    some,
)
from portcheck.symbolic.congruence import ANY, Congruence, congruence
from portcheck.symbolic.evaluate import over, rebuilt, replace_atoms
from portcheck.symbolic.expr import Atom, Choice, Expr, Symbol, choose
from portcheck.symbolic.interval import EVERYTHING, Interval
from portcheck.symbolic.linear import NO_TAGS, Tags
from portcheck.symbolic.normal import Signature, has_choice, normal, signature
from portcheck.symbolic.system import Terms, primitive, reduced

_ROUNDS = 3

Entry = tuple[Condition, Tags]


class Ledger:
    """Facts with the premises that they come from. Built once."""

    def __init__(self, conditions: Iterable[Entry]) -> None:
        self.facts: dict[Condition, Tags] = {}
        self.contradiction: Tags | None = None
        self._bounds: dict[Terms, tuple[Interval, Tags]] = {}
        self._classes: dict[Terms, tuple[Congruence, Tags]] = {}
        for condition, tags in conditions:
            self._learn(normal(condition), tags)
        for _ in range(_ROUNDS):
            if self.contradiction is not None or not self._again():
                break

    # -- taking in ------------------------------------------------------------------------

    def _learn(self, condition: Condition, tags: Tags) -> None:
        if isinstance(condition, Constant):
            if not condition.truth and self.contradiction is None:
                self.contradiction = tags
        elif isinstance(condition, Every):
            for part in condition.conditions:
                self._learn(part, tags)
        elif condition not in self.facts:
            other = self.facts.get(negate(condition))
            if other is not None:
                self.contradiction = tags | other
            self.facts[condition] = tags
            if isinstance(condition, Relation):
                self._bound(condition, tags)
            elif isinstance(condition, Congruent):
                self._class(condition, tags)

    def _bound(self, condition: Relation, tags: Tags) -> None:
        if condition.operator is Operator.NONZERO:
            return
        terms, factor = primitive(condition.expr.terms)
        constant = condition.expr.constant
        if condition.operator is Operator.ZERO:
            if constant % factor:
                self.contradiction = tags
                return
            new = Interval(-(constant // factor), -(constant // factor))
        elif factor > 0:
            new = Interval(-(constant // factor), None)
        else:
            new = Interval(None, constant // -factor)
        old, theirs = self._interval(terms)
        both = old.meet(new)
        if both is None:
            self.contradiction = tags | theirs
        elif both != old:
            self._bounds[terms] = (both, tags if old == EVERYTHING or both == new else tags | theirs)

    def _class(self, condition: Congruent, tags: Tags) -> None:
        simple = reduced(condition)
        if not isinstance(simple, Congruent) or simple.negated:
            return
        old, theirs = self._classes.get(simple.expr.terms, (ANY, NO_TAGS))
        both = old.meet(congruence(simple.modulus, simple.residue))
        if both is None:
            self.contradiction = tags | theirs
        else:
            self._classes[simple.expr.terms] = (both, tags | theirs)

    def _again(self) -> bool:
        """Facts made simpler by the others; whether any was."""
        found = False
        for condition, tags in list(self.facts.items()):
            if isinstance(condition, (Relation, Congruent)) and not has_choice(condition.expr):
                continue
            used = set(tags)
            if isinstance(condition, Some):
                simple = self._alternatives(condition, used)
            else:
                assert isinstance(condition, (Relation, Congruent))
                simple = self._literal(condition, used)
            if simple == condition:
                continue
            found = True
            del self.facts[condition]
            self._learn(simple, frozenset(used))
            if self.contradiction is not None:
                break
        return found

    def _alternatives(self, condition: Some, used: set[int]) -> Condition:
        """A disjunction by the other facts."""
        parts = []
        for part in condition.conditions:
            simple = self.simplify_condition(part, used)
            if simple == TRUE:
                return TRUE
            parts.append(simple)
        return some(parts)

    # -- questions ------------------------------------------------------------------------

    def _interval(self, terms: Terms) -> tuple[Interval, Tags]:
        found = self._bounds.get(terms)
        if found is not None:
            return found
        if len(terms) == 1 and len(terms[0][0]) == 1:
            atom = terms[0][0][0]
            if isinstance(atom, Symbol):
                return Interval(atom.low, atom.high), NO_TAGS
        return EVERYTHING, NO_TAGS

    def truth(self, condition: Condition, used: set[int]) -> bool | None:
        """Whether facts decide the condition; their tags go to `used` then."""
        if isinstance(condition, Constant):
            return condition.truth
        if (tags := self.facts.get(condition)) is not None:
            used |= tags
            return True
        if (tags := self.facts.get(negate(condition))) is not None:
            used |= tags
            return False
        if isinstance(condition, Relation):
            return self._relation(condition, used)
        if isinstance(condition, Congruent):
            return self._congruent(condition, used)
        decisive = isinstance(condition, Some)
        mine: set[int] = set()
        truths = []
        for part in condition.conditions:
            truth = self.truth(part, mine)
            if truth is decisive:
                self.truth(part, used)
                return decisive
            truths.append(truth)
        if None in truths:
            return None
        used |= mine
        return not decisive

    def _relation(self, condition: Relation, used: set[int]) -> bool | None:
        terms, factor = primitive(condition.expr.terms)
        known, tags = self._interval(terms)
        if known == EVERYTHING:
            return None
        value = known.scale(factor).add(Interval(condition.expr.constant, condition.expr.constant))
        found: bool | None = None
        if condition.operator is Operator.NON_NEGATIVE:
            if value.low is not None and value.low >= 0:
                found = True
            elif value.high is not None and value.high < 0:
                found = False
        elif 0 not in value:
            found = condition.operator is Operator.NONZERO
        elif value.low == value.high:
            found = condition.operator is Operator.ZERO
        if found is not None:
            used |= tags
        return found

    def _congruent(self, condition: Congruent, used: set[int]) -> bool | None:
        simple = reduced(condition)
        if not isinstance(simple, Congruent):
            return simple.known
        known, tags = self._classes.get(simple.expr.terms, (ANY, NO_TAGS))
        found = known.holds(simple.modulus, simple.residue)
        if found is None:
            return None
        used |= tags
        return found != simple.negated

    def simplify_condition(self, condition: Condition, used: set[int]) -> Condition:
        """The condition with all that facts decide in it resolved."""
        truth = self.truth(condition, used)
        if truth is not None:
            return TRUE if truth else FALSE
        if isinstance(condition, (Every, Some)):
            parts = [self.simplify_condition(c, used) for c in condition.conditions]
            return every(parts) if isinstance(condition, Every) else some(parts)
        assert isinstance(condition, (Relation, Congruent))
        return self._literal(condition, used)

    def _literal(self, condition: Relation | Congruent, used: set[int]) -> Condition:
        expr = self.simplify(condition.expr, used)
        return condition if expr is condition.expr else over(condition, expr)

    def simplify(self, expr: Expr, used: set[int]) -> Expr:
        """The expression with the choices taken that facts decide."""
        if not has_choice(expr):
            return expr
        return replace_atoms(expr, lambda a: self._atom(a, used))

    def _atom(self, atom: Atom, used: set[int]) -> Expr | None:
        if isinstance(atom, Choice):
            condition = self.simplify_condition(atom.condition, used)
            if isinstance(condition, Constant):
                return self.simplify(atom.then if condition.truth else atom.otherwise, used)
            then, otherwise = self.simplify(atom.then, used), self.simplify(atom.otherwise, used)
            if condition == atom.condition and then is atom.then and otherwise is atom.otherwise:
                return None
            return choose(condition, then, otherwise)
        return rebuilt(atom, lambda e: self.simplify(e, used), lambda c: c)


@lru_cache(maxsize=256)
def _ledger(entries: tuple[Entry, ...], _: Signature) -> Ledger:
    return Ledger(entries)


def ledger_of(entries: tuple[Entry, ...]) -> Ledger:
    """The ledger of these premises."""
    symbols = frozenset[Symbol]().union(*(condition_symbols(c) for c, _ in entries))
    return _ledger(entries, signature(symbols))
