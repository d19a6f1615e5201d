"""A search for values that make all of some conditions true, by repairing one condition at a time.

From a few starts it picks a condition that is false, tries the changes of single symbols that
would repair it, and takes the one after which the least is false; conditions that stay false
weigh more with time. What it does is the same on each run, and its work is bounded.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portcheck.symbolic.compiled import Function, truth_function, value_function
from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Constant,
    Every,
    Operator,
    Relation,
    condition_symbols,
)
from portcheck.symbolic.congruence import ANY, Congruence, congruence
from portcheck.symbolic.expr import Expr, Quotient, Role, Symbol, of
from portcheck.symbolic.moves import Moves

WORK = 3000  # conditions that are evaluated and changes that are looked at before it gives up
_STEPS = 40  # repairs from one start
_TRIED = 12  # changes that are compared in one repair
_LARGE = 4096

Found = dict[Symbol, int]


class _EnoughError(Exception):
    """The work that a search may do is done."""


@dataclass(slots=True)
class _Variable:
    """A symbol with the bounds and the class that single conditions give it."""

    symbol: Symbol
    low: int | None
    high: int | None
    known: Congruence = ANY

    def fitted(self, value: int) -> int | None:
        """The value nearest to `value` that bounds and class admit."""
        if self.low is not None and value < self.low:
            value = self.low
        if self.high is not None and value > self.high:
            value = self.high
        if self.known.modulus == 0:
            value = self.known.residue
        elif self.known.modulus > 1:
            value += (self.known.residue - value) % self.known.modulus
            if self.high is not None and value > self.high:
                value -= self.known.modulus
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return None
        return value


class Search:
    """One set of conditions over symbols; `typical` are values near which the search starts."""

    def __init__(
        self,
        conditions: Iterable[Condition],
        symbols: Iterable[Symbol],
        typical: Mapping[Symbol, int],
        work: int = WORK,
    ) -> None:
        self._work = work
        self._conditions = list(dict.fromkeys(_conjuncts(conditions)))
        found = set(symbols)
        for condition in self._conditions:
            found |= condition_symbols(condition)
        self._variables = {s: _Variable(s, s.low, s.high) for s in sorted(found, key=lambda s: s.name)}
        self._typical = typical
        self._possible = True
        self._restrict()
        self._definitions: dict[Symbol, Expr] = {}
        self._define()
        self._truths: list[Function] = []
        self._index()

    def run(self) -> Found | None:
        """Values for all symbols, None if none were found."""
        if not self._possible:
            return None
        self._left = self._work
        self._random = random.Random(7)
        try:
            for start in range(4):
                found = self._from(start)
                if found is not None:
                    return found
        except _EnoughError:
            pass
        return None

    # -- preparation ----------------------------------------------------------------------

    def _restrict(self) -> None:
        """Bounds and classes of single symbols."""
        for condition in self._conditions:
            if isinstance(condition, Constant):
                self._possible = self._possible and condition.truth
                continue
            if not isinstance(condition, (Relation, Congruent)) or len(condition.expr.terms) != 1:
                continue
            (monomial, coefficient), constant = condition.expr.terms[0], condition.expr.constant
            symbol = monomial[0]
            if len(monomial) != 1 or not isinstance(symbol, Symbol):
                continue
            variable = self._variables[symbol]
            if isinstance(condition, Congruent):
                self._restrict_class(variable, coefficient, condition)
            elif condition.operator is Operator.ZERO:
                self._narrow(variable, -(constant // coefficient), -(constant // coefficient))
            elif condition.operator is Operator.NON_NEGATIVE and coefficient > 0:
                self._narrow(variable, -(constant // coefficient), None)
            elif condition.operator is Operator.NON_NEGATIVE:
                self._narrow(variable, None, constant // -coefficient)

    def _restrict_class(self, variable: _Variable, coefficient: int, condition: Congruent) -> None:
        if condition.negated:
            return
        try:
            residue = condition.residue * pow(coefficient, -1, condition.modulus)
        except ValueError:
            return  # not a class of the symbol in lowest terms
        both = variable.known.meet(congruence(condition.modulus, residue))
        if both is None:
            self._possible = False
        else:
            variable.known = both

    def _narrow(self, variable: _Variable, low: int | None, high: int | None) -> None:
        if low is not None and (variable.low is None or low > variable.low):
            variable.low = low
        if high is not None and (variable.high is None or high < variable.high):
            variable.high = high
        if variable.low is not None and variable.high is not None and variable.low > variable.high:
            self._possible = False

    def _define(self) -> None:
        """Symbols that an equality gives: they are computed, not searched."""
        for condition in self._conditions:
            if not isinstance(condition, Relation) or condition.operator is not Operator.ZERO:
                continue
            for monomial, coefficient in condition.expr.terms:
                symbol = monomial[0]
                if len(monomial) > 1 or not isinstance(symbol, Symbol) or abs(coefficient) != 1:
                    continue
                if symbol in self._definitions:
                    continue
                value = (condition.expr - of(symbol) * coefficient) * -coefficient
                if symbol not in self._behind(value):
                    self._definitions[symbol] = value
                    break

    def _behind(self, expr: Expr) -> set[Symbol]:
        """The symbols that the expression hangs on, through definitions."""
        found: set[Symbol] = set()
        pending = list(expr.symbols())
        while pending:
            symbol = pending.pop()
            if symbol not in found:
                found.add(symbol)
                if symbol in self._definitions:
                    pending += self._definitions[symbol].symbols()
        return found

    def _index(self) -> None:
        """What has to be computed again when a symbol changes."""
        computed = {s: self._behind(e) for s, e in self._definitions.items()}
        order = sorted(computed, key=lambda s: (len([o for o in computed[s] if o in computed]), s.name))
        ordered: list[Symbol] = []
        while order:  # each after those that it hangs on
            ready = [s for s in order if not any(o in order for o in computed[s])]
            ordered += ready
            order = [s for s in order if s not in ready]
        self._order = [(s, value_function(self._definitions[s])) for s in ordered]
        for symbol in self._definitions:  # declared ranges of what is computed have to be tested
            if symbol.low is not None:
                self._conditions.append(Relation(of(symbol) - symbol.low, Operator.NON_NEGATIVE))
            if symbol.high is not None:
                self._conditions.append(Relation(-of(symbol) + symbol.high, Operator.NON_NEGATIVE))
        self._truths = [truth_function(c) for c in self._conditions]
        self._touched: dict[Symbol, list[int]] = {s: [] for s in self._variables}
        for position, condition in enumerate(self._conditions):
            for symbol in condition_symbols(condition):
                self._touched[symbol].append(position)
        self._after: dict[Symbol, tuple[list[tuple[Symbol, Function]], list[int]]] = {}
        for symbol in self._variables:
            later = [(s, f) for s, f in self._order if symbol in computed[s]]
            again = set(self._touched[symbol])
            for other, _ in later:
                again |= set(self._touched[other])
            self._after[symbol] = (later, sorted(again))
        self._steps: dict[Symbol, list[Function]] = {}
        for condition in self._conditions:
            self._note_divisor(condition)

    def _note_divisor(self, condition: Condition) -> None:
        """`n == d * (n / d)`: n goes in steps of d."""
        if not isinstance(condition, Relation) or condition.operator is not Operator.ZERO:
            return
        for monomial, _ in condition.expr.terms:
            for atom in monomial:
                if isinstance(atom, Quotient) and len(atom.dividend.terms) == 1:
                    inner = atom.dividend.terms[0][0]
                    if len(inner) == 1 and isinstance(inner[0], Symbol) and atom.divisor.terms:
                        self._steps.setdefault(inner[0], []).append(value_function(atom.divisor))

    # -- one start ------------------------------------------------------------------------

    def _from(self, start: int) -> Found | None:
        self._values: Found = {}
        self._at: dict[str, int] = {}
        for symbol, variable in self._variables.items():
            value = variable.fitted(self._first(symbol, variable, start))
            if value is None:
                return None
            self._values[symbol] = self._at[symbol.name] = value
        for symbol, function in self._order:
            self._compute(symbol, function)
        self._false = {i for i, t in enumerate(self._truths) if not self._holds(t)}
        self._weights = [1] * len(self._truths)
        moves = Moves(self._values, self._definitions)
        for _ in range(_STEPS):
            if not self._false:
                return dict(self._values)
            self._repair(moves)
        return None

    def _first(self, symbol: Symbol, variable: _Variable, start: int) -> int:
        """The value that a symbol starts with."""
        if symbol in self._typical and start < 3:
            return self._typical[symbol]
        low = max(variable.low or 0, 0) if variable.high is None or variable.high >= 0 else variable.high
        if start == 0:
            return low
        if symbol.role is Role.PARAMETER or symbol.role is Role.BASE:
            if start == 1:
                return _LARGE
            return self._random.choice((low, 1, 2, 4, 8, 64, _LARGE, 3072))
        if start == 1:
            return low
        return low + self._random.choice((0, 1, 2, 3, 8, 32))

    def _compute(self, symbol: Symbol, function: Function) -> None:
        try:
            value = function(self._at)
        except ZeroDivisionError:
            value = 0
        self._values[symbol] = self._at[symbol.name] = value

    def _holds(self, function: Function) -> bool:
        self._left -= 1
        if self._left < 0:
            raise _EnoughError
        try:
            return bool(function(self._at))
        except ZeroDivisionError:
            return False

    def _repair(self, moves: Moves) -> None:
        """Take the best of the changes that repair one of the false conditions."""
        target = self._random.choice(sorted(self._false))
        proposals: dict[tuple[Symbol, int], None] = {}
        looked = 0
        for symbol, value in moves.towards(self._conditions[target]):
            for fitted in self._fitted(symbol, value):
                if fitted != self._values[symbol]:
                    proposals[symbol, fitted] = None
            looked += 1
            if looked >= 3 * _TRIED:
                break
        self._left -= looked
        for position in self._false:
            self._weights[position] += 1
        if not proposals:
            return
        chosen = list(proposals)
        if len(chosen) > _TRIED:
            chosen = self._random.sample(chosen, _TRIED)
        best = min(chosen, key=lambda p: self._cost(*p))
        if self._random.random() < 0.1:
            best = self._random.choice(chosen)
        self._move(*best)

    def _fitted(self, symbol: Symbol, value: int) -> Iterable[int]:
        variable = self._variables[symbol]
        fitted = variable.fitted(value)
        if fitted is None:
            return
        yield fitted
        if variable.known.modulus > 1 and fitted > value:
            lower = variable.fitted(value - variable.known.modulus)
            if lower is not None and lower != fitted:
                yield lower
        for function in self._steps.get(symbol, ()):
            try:
                step = function(self._at)
            except ZeroDivisionError:
                continue
            if step > 1 and value % step:
                up = variable.fitted(value + -value % step)
                if up is not None:
                    yield up

    def _cost(self, symbol: Symbol, value: int) -> int:
        """The weight of what is false after a change."""
        later, again = self._after[symbol]
        before = {s: self._values[s] for s, _ in later}
        before[symbol] = self._values[symbol]
        self._values[symbol] = self._at[symbol.name] = value
        for other, function in later:
            self._compute(other, function)
        cost = 0
        try:
            for position in again:
                now = self._holds(self._truths[position])
                if now == (position in self._false):
                    cost += -self._weights[position] if now else self._weights[position]
        finally:
            for other, old in before.items():
                self._values[other] = self._at[other.name] = old
        return cost

    def _move(self, symbol: Symbol, value: int) -> None:
        later, again = self._after[symbol]
        self._values[symbol] = self._at[symbol.name] = value
        for other, function in later:
            self._compute(other, function)
        for position in again:
            if self._holds(self._truths[position]):
                self._false.discard(position)
            else:
                self._false.add(position)


def _conjuncts(conditions: Iterable[Condition]) -> Iterable[Condition]:
    for condition in conditions:
        if isinstance(condition, Every):
            yield from _conjuncts(condition.conditions)
        elif not (isinstance(condition, Constant) and condition.truth):
            yield condition
