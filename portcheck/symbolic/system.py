"""Premises in solved form: what is known where a program point is reached.

Taking in a premise solves it as far as it goes. An equality replaces a symbol by an
expression; a congruence `x mod c == r` replaces x by `c * x' + r` for a new symbol x', so
that quotients of x come out exactly; an inequality bounds a polynomial. Whatever else there
is stays as a condition. Each entry carries the tags of the premises that it came from.

`origin` maps a new symbol back to the expression and divisor that it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import gcd

from portcheck.symbolic.condition import (
    FALSE,
    Condition,
    Congruent,
    Constant,
    Every,
    Operator,
    Relation,
    at_least,
    condition_symbols,
    congruent,
    equal,
    negate,
)
from portcheck.symbolic.congruence import ANY, Congruence
from portcheck.symbolic.evaluate import substitute, substitute_condition
from portcheck.symbolic.expr import Atom, Expr, Monomial, Role, Symbol, of
from portcheck.symbolic.interval import EVERYTHING, Interval
from portcheck.symbolic.linear import NO_TAGS, Fact, Prover, Tags
from portcheck.symbolic.ranges import Known, sum_interval
from portcheck.symbolic.work import Work

Terms = tuple[tuple[Monomial, int], ...]

# A symbol may be replaced by an expression over symbols of its own rank and below.
_RANK = {Role.PARAMETER: 0, Role.BASE: 1, Role.OPAQUE: 2, Role.INDEX: 3}
_ROUNDS = 4
_ASSUMED = 64  # systems with one more condition that are kept


@dataclass(frozen=True, slots=True)
class Bound:
    """`low <= polynomial <= high`, each side with the premises that it rests on."""

    low: int | None = None
    high: int | None = None
    low_tags: Tags = NO_TAGS
    high_tags: Tags = NO_TAGS


def primitive(terms: Terms) -> tuple[Terms, int]:
    """The terms divided by their factor: coefficients share no divisor, the first is positive."""
    factor = gcd(*(c for _, c in terms))
    if terms[0][1] < 0:
        factor = -factor
    return (terms if factor == 1 else tuple((m, c // factor) for m, c in terms)), factor


def reduced(condition: Congruent) -> Condition:
    """The congruence with the smallest modulus that says the same: 4*n % 32 == 16 is n % 8 == 4."""
    shared = gcd(condition.modulus, *(c for _, c in condition.expr.terms))
    expr, modulus, residue = condition.expr, condition.modulus, condition.residue
    if shared > 1:
        if residue % shared:
            return negate(FALSE) if condition.negated else FALSE
        expr = Expr(tuple((m, c // shared) for m, c in expr.terms), 0)
        modulus, residue = modulus // shared, residue // shared
    if modulus > 1 and gcd(expr.terms[0][1], modulus) == 1:
        inverse = pow(expr.terms[0][1], -1, modulus)
        expr, residue = expr * inverse, residue * inverse
    found = congruent(expr, modulus, residue)
    return negate(found) if condition.negated else found


class System:
    """Premises in solved form. Built once; `assume` gives a new one with more known."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.bounds: dict[Terms, Bound] = {}
        self.solved: dict[Symbol, tuple[Expr, Tags]] = {}
        self.others: list[tuple[Condition, Tags]] = []  # what is neither solved nor a bound
        self.origin: dict[Symbol, tuple[Expr, int]] = {}
        self.stand_ins: dict[Expr, Symbol] = {}
        self.contradiction: Tags | None = None
        self._seen: set[Symbol] = set()
        self._forget()

    def _forget(self) -> None:
        self._intervals: dict[Expr, Known] = {}
        self._prover: Prover | None = None
        self._assumed: dict[Condition, tuple[System, int]] = {}
        self.simplified: dict[Atom, tuple[Expr, Tags]] = {}  # kept for `simplify`

    def _copy(self) -> System:
        copy = System(self.work)
        copy.bounds = dict(self.bounds)
        copy.solved = dict(self.solved)
        copy.others = list(self.others)
        copy.origin = dict(self.origin)
        copy.stand_ins = dict(self.stand_ins)
        copy.contradiction = self.contradiction
        copy._seen = set(self._seen)
        return copy

    @staticmethod
    def build(
        conditions: Iterable[tuple[Condition, Tags]], work: Work, symbols: Iterable[Symbol] = ()
    ) -> System:
        """The system of these conditions, with the declared ranges of `symbols`."""
        system = System(work)
        system._see(symbols)
        for condition, tags in conditions:
            system.learn(condition, tags)
        system._settle()
        return system

    def assume(self, condition: Condition, tags: Tags = NO_TAGS) -> System:
        """What is known if the condition is true as well; asked again, it costs the same work."""
        if not tags and (known := self._assumed.get(condition)) is not None:
            self.work.spend(known[1])
            return known[0]
        before = self.work.left
        system = self._copy()
        system.learn(condition, tags)
        system._settle(2)
        if not tags and not self.work.is_spent and len(self._assumed) < _ASSUMED:
            self._assumed[condition] = system, before - self.work.left
        return system

    # -- questions ------------------------------------------------------------------------

    def stored(self, terms: Terms) -> Known:
        """The bounds of the polynomial `terms` as they were taken in."""
        bound = self.bounds.get(terms)
        if bound is None:
            return EVERYTHING, NO_TAGS
        return Interval(bound.low, bound.high), bound.low_tags | bound.high_tags

    def interval(self, expr: Expr) -> Known:
        """Bounds of an expression over unsolved symbols, and the premises that give them."""
        known = self._intervals.get(expr)
        if known is not None:
            return known
        if not expr.terms:
            return Interval(expr.constant, expr.constant), NO_TAGS
        found, tags = sum_interval(expr, self)
        if len(expr.terms) > 1:
            terms, factor = primitive(expr.terms)
            own, more = self.stored(terms)
            if own != EVERYTHING:
                own = own.scale(factor).add(Interval(expr.constant, expr.constant))
                both = own.meet(found)
                if both is not None and both != found:
                    found, tags = both, tags | more
        self._intervals[expr] = (found, tags)
        return found, tags

    def congruence_of(self, terms: Terms) -> tuple[Congruence, Tags]:
        """What an unsolved premise says of the polynomial `terms` by itself."""
        for condition, tags in self.others:
            if isinstance(condition, Congruent) and not condition.negated and condition.expr.terms == terms:
                return Congruence(condition.modulus, condition.residue), tags
        return ANY, NO_TAGS

    @property
    def prover(self) -> Prover:
        if self._prover is None:
            self._prover = Prover(self.facts(), self.interval, self.work)
        return self._prover

    def facts(self) -> Iterable[Fact]:
        """The bounds as expressions that are not negative."""
        for terms, bound in self.bounds.items():
            if bound.low is not None:
                yield Fact(Expr(terms, -bound.low), bound.low_tags)
            if bound.high is not None:
                yield Fact(Expr(tuple((m, -c) for m, c in terms), bound.high), bound.high_tags)

    def resolve(self, expr: Expr, used: set[int]) -> Expr:
        """The expression over unsolved symbols; the tags of what replaced a symbol go to `used`."""
        touched = expr.symbols() & self.solved.keys() if self.solved else None
        if not touched:
            return expr
        for symbol in touched:
            used |= self.solved[symbol][1]
        return substitute(expr, {s: self.solved[s][0] for s in touched})

    def resolve_condition(self, condition: Condition, tags: Tags) -> tuple[Condition, Tags]:
        """The condition over unsolved symbols, with what it rests on."""
        touched = condition_symbols(condition) & self.solved.keys() if self.solved else None
        if not touched:
            return condition, tags
        found = substitute_condition(condition, {s: self.solved[s][0] for s in touched})
        return found, tags.union(*(self.solved[s][1] for s in touched))

    # -- taking in ------------------------------------------------------------------------

    def _see(self, symbols: Iterable[Symbol]) -> None:
        for symbol in symbols:
            if symbol not in self._seen:
                self._seen.add(symbol)
                if symbol.low is not None:
                    self._bound(of(symbol) - symbol.low, NO_TAGS)
                if symbol.high is not None:
                    self._bound(symbol.high - of(symbol), NO_TAGS)

    def learn(self, condition: Condition, tags: Tags) -> None:
        """Take in a condition; only while the system is built."""
        if self.contradiction is not None:
            return
        self.work.spend()
        self._see(condition_symbols(condition))
        condition, tags = self.resolve_condition(condition, tags)
        if isinstance(condition, Constant):
            if not condition.truth:
                self.contradiction = tags
        elif isinstance(condition, Every):
            for part in condition.conditions:
                self.learn(part, tags)
        elif isinstance(condition, Congruent) and not condition.negated:
            self._congruent(condition, tags)
        elif isinstance(condition, Relation) and condition.operator is Operator.NON_NEGATIVE:
            self._bound(condition.expr, tags)
        elif isinstance(condition, Relation) and condition.operator is Operator.ZERO:
            self._zero(condition.expr, tags)
        elif isinstance(condition, Congruent):
            simple = reduced(condition)
            self.learn(simple, tags) if isinstance(simple, Constant) else self._keep(simple, tags)
        else:
            self._keep(condition, tags)

    def drop(self, terms: Terms) -> None:
        """Forget the bounds of a polynomial; only while the system is built."""
        del self.bounds[terms]
        self._forget()

    def _keep(self, condition: Condition, tags: Tags) -> None:
        if all(condition != known for known, _ in self.others):
            self.others.append((condition, tags))
            self._forget()

    def _bound(self, expr: Expr, tags: Tags) -> None:
        """Take in `expr >= 0`."""
        if not expr.terms:
            if expr.constant < 0:
                self.contradiction = tags
            return
        terms, factor = primitive(expr.terms)
        old = self.bounds.get(terms, Bound())
        if factor > 0:
            low = -(expr.constant // factor)
            if old.low is not None and old.low >= low:
                return
            new = Bound(low, old.high, tags, old.high_tags)
        else:
            high = expr.constant // -factor
            if old.high is not None and old.high <= high:
                return
            new = Bound(old.low, high, old.low_tags, tags)
        apart = None if new.low is None or new.high is None else new.high - new.low
        if apart is not None and apart < 0:
            self.contradiction = new.low_tags | new.high_tags
            return
        self.bounds[terms] = new
        self._forget()
        if apart == 0:
            self.learn(equal(Expr(terms, -(new.low or 0)), 0), new.low_tags | new.high_tags)

    def _zero(self, expr: Expr, tags: Tags) -> None:
        """Take in `expr == 0`."""
        terms, factor = primitive(expr.terms)
        if expr.constant % factor:
            self.contradiction = tags
            return
        expr = Expr(terms, expr.constant // factor)
        candidates = _pivots(expr)
        if not candidates:
            self._both(expr, tags)
            return
        symbol, coefficient = min(candidates, key=lambda c: (abs(c[1]), str(c[0])))
        rest = expr - of(symbol) * coefficient
        if abs(coefficient) == 1:
            self._replace(symbol, rest * -coefficient, tags)
            return
        needed = congruent(rest, abs(coefficient))
        self.learn(needed, tags)
        if self.contradiction is not None:
            return
        again, tags = self.resolve_condition(equal(expr, 0), tags)
        if isinstance(again, Relation) and again.expr == expr:
            self._both(expr, tags)
        else:
            self.learn(again, tags)

    def _both(self, expr: Expr, tags: Tags) -> None:
        """Keep `expr == 0` as two bounds."""
        terms, factor = primitive(expr.terms)
        value = -expr.constant // factor
        old = self.bounds.get(terms, Bound())
        if (old.low is not None and old.low > value) or (old.high is not None and old.high < value):
            self.contradiction = tags | old.low_tags | old.high_tags
        elif (old.low, old.high) != (value, value):
            self.bounds[terms] = Bound(value, value, tags, tags)
            self._forget()

    def _congruent(self, condition: Congruent, tags: Tags) -> None:
        """Take in a congruence by writing one of its symbols as a multiple of the modulus and a rest."""
        simple = reduced(condition)
        if not isinstance(simple, Congruent):
            self.learn(simple, tags)
            return
        expr, modulus, residue = simple.expr, simple.modulus, simple.residue
        candidates = _pivots(expr)
        if not candidates:
            self._keep(simple, tags)
            return
        symbol, coefficient = min(candidates, key=lambda c: (gcd(c[1], modulus), str(c[0])))
        rest = expr - of(symbol) * coefficient
        shared = gcd(coefficient, modulus)
        if shared > 1:
            self.learn(congruent(rest, shared, residue), tags)
            again, tags = self.resolve_condition(simple, tags)
            if again == simple:
                self._keep(simple, tags)
            else:
                self.learn(again, tags)
            return
        inverse = pow(coefficient, -1, modulus)
        value = _centred((residue - rest) * inverse, modulus)
        fresh = Symbol(f"{symbol.name}'", symbol.role, note=symbol.note)
        self._seen.add(fresh)
        numerator, divisor = self.original(of(symbol) - value)
        self.origin[fresh] = (numerator, divisor * modulus)
        self._replace(symbol, of(fresh) * modulus + value, tags)

    def _replace(self, symbol: Symbol, value: Expr, tags: Tags) -> None:
        """`symbol == value` from now on, in everything that is known."""
        mapping = {symbol: value}
        for other, (old, theirs) in list(self.solved.items()):
            new = substitute(old, mapping)
            if new is not old:
                self.solved[other] = (new, theirs | tags)
        self.solved[symbol] = (value, tags)
        moved = [t for t in self.bounds if symbol in Expr(t, 0).symbols()]
        bounds = [(t, self.bounds.pop(t)) for t in moved]
        kept = [(c, t) for c, t in self.others if symbol not in condition_symbols(c)]
        others = [(c, t) for c, t in self.others if symbol in condition_symbols(c)]
        self.others = kept
        self._forget()
        for terms, bound in bounds:
            expr = Expr(terms, 0)
            if bound.low is not None:
                self.learn(at_least(expr, bound.low), bound.low_tags)
            if bound.high is not None:
                self.learn(at_least(-expr, -bound.high), bound.high_tags)
        for condition, theirs in others:
            self.learn(condition, theirs)

    # -- back to the symbols that were given ------------------------------------------------

    def original(self, expr: Expr) -> tuple[Expr, int]:
        """The expression over the symbols of the premises, as a numerator and a positive divisor."""
        if not self.origin or not any(s in self.origin for s in expr.symbols()):
            return expr, 1
        from portcheck.symbolic.reporting import original_expression

        return original_expression(expr, self)

    def stand_in(self, expr: Expr, role: Role, used: set[int]) -> Expr:
        """The expression with what is not known of it as a symbol of its own: `c * s + r` for its class."""
        from portcheck.symbolic.entail import congruence_of
        from portcheck.symbolic.reporting import in_original

        known, tags = congruence_of(expr, self)
        found, more = self.interval(expr - known.residue)
        used |= tags | more
        if known.modulus == 0:
            return Expr((), known.residue)
        symbol = self.stand_ins.get(expr)
        if symbol is None:
            bounds = found.floor_divide(known.modulus)
            text = str(in_original(expr, self))
            symbol = Symbol(f"<{text}#{len(self.stand_ins)}>", role, bounds.low, bounds.high, text)
            self.stand_ins[expr] = symbol
            self.origin[symbol] = (in_original(expr - known.residue, self), known.modulus)
        return of(symbol) * known.modulus + known.residue

    # -- what follows from what was taken in ------------------------------------------------

    def _settle(self, rounds: int = _ROUNDS) -> None:
        """Draw conclusions until nothing new comes, for a few rounds."""
        from portcheck.symbolic.settle import settle_once

        for _ in range(rounds):
            if self.contradiction is not None or self.work.is_spent or not settle_once(self):
                return


def _pivots(expr: Expr) -> list[tuple[Symbol, int]]:
    """Symbols that stand alone in one term and occur nowhere else, of the highest rank present."""
    symbols = expr.symbols()
    if not symbols:
        return []
    highest = max(_RANK[s.role] for s in symbols)
    found = []
    for monomial, coefficient in expr.terms:
        symbol = monomial[0]
        if len(monomial) > 1 or not isinstance(symbol, Symbol) or _RANK[symbol.role] != highest:
            continue
        if all(symbol not in of(a).symbols() for m, _ in expr.terms if m is not monomial for a in m):
            found.append((symbol, coefficient))
    return found


def _centred(expr: Expr, modulus: int) -> Expr:
    """The expression with coefficients moved by multiples of the modulus to be small."""

    def small(value: int) -> int:
        value %= modulus
        return value - modulus if value > modulus // 2 else value

    terms = tuple((m, small(c)) for m, c in expr.terms if c % modulus)
    return Expr(terms, expr.constant % modulus)
