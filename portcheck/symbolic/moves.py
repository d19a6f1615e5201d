"""Changes of single symbols that make a condition true at given values of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import gcd, prod

from portcheck.symbolic.condition import Condition, Congruent, Constant, Operator, Relation, negate
from portcheck.symbolic.evaluate import Undefined, evaluate, test
from portcheck.symbolic.expr import Atom, Bits, Choice, Expr, Extreme, Monomial, Quotient, Symbol

_DEPTH = 7

Move = tuple[Symbol, int]


class Moves:
    """Proposals at `values`; a symbol with a definition is changed through what defines it."""

    def __init__(self, values: Mapping[Symbol, int], definitions: Mapping[Symbol, Expr]) -> None:
        self._values = values
        self._definitions = definitions

    def towards(self, condition: Condition, depth: int = _DEPTH) -> Iterator[Move]:
        """Moves after which the condition may be true."""
        if depth == 0 or isinstance(condition, Constant):
            return
        if isinstance(condition, (Relation, Congruent)):
            try:
                value = evaluate(condition.expr, self._values)
            except Undefined:
                yield from self._anywhere(condition.expr)
                return
            if isinstance(condition, Congruent):
                yield from self._to_class(condition, value, depth)
            elif condition.operator is Operator.NONZERO:
                yield from self._by(condition.expr, 1, depth)
                yield from self._by(condition.expr, -1, depth)
            else:
                yield from self._by(condition.expr, -value, depth)
            return
        for part in condition.conditions:
            try:
                if test(part, self._values):
                    continue
            except Undefined:
                pass
            yield from self.towards(part, depth)

    def _anywhere(self, expr: Expr) -> Iterator[Move]:
        for symbol in sorted(expr.symbols(), key=lambda s: s.name):
            for value in (1, self._values.get(symbol, 0) + 1, 8):
                yield from self._reach(symbol, value, 2)

    def _by(self, expr: Expr, apart: int, depth: int) -> Iterator[Move]:
        """Moves that change the value of the expression by about `apart`."""
        for monomial, coefficient in expr.terms:
            for atom, factor in self._factors(monomial, coefficient):
                now = self._value(atom)
                if now is not None:
                    step = apart // factor
                    yield from self._reach(atom, now + step, depth)
                    if step * factor != apart:
                        yield from self._reach(atom, now + step + 1, depth)

    def _to_class(self, condition: Congruent, value: int, depth: int) -> Iterator[Move]:
        modulus = condition.modulus
        apart = (condition.residue - value) % modulus
        for monomial, coefficient in condition.expr.terms:
            for atom, factor in self._factors(monomial, coefficient):
                now = self._value(atom)
                if now is None:
                    continue
                if condition.negated:
                    if factor % modulus:
                        yield from self._reach(atom, now + 1, depth)
                        yield from self._reach(atom, now - 1, depth)
                    continue
                shared = gcd(factor, modulus)
                if apart % shared:
                    if factor % modulus:
                        yield from self._reach(atom, now + 1, depth)
                    continue
                step = modulus // shared
                up = apart // shared * pow(factor // shared, -1, step) % step if step > 1 else 0
                yield from self._reach(atom, now + up, depth)
                yield from self._reach(atom, now + up - step, depth)

    def _factors(self, monomial: Monomial, coefficient: int) -> Iterator[tuple[Atom, int]]:
        """Each atom of a term with what it is multiplied by; an atom by zero leaves it as it is."""
        if len(monomial) == 1:
            yield monomial[0], coefficient
            return
        values = [self._value(a) for a in monomial]
        for position, atom in enumerate(monomial):
            others = [v for i, v in enumerate(values) if i != position]
            factor = coefficient * prod(v for v in others if v is not None)
            if None in others:
                continue
            if factor:
                yield atom, factor
            elif values[position] == 0:
                yield atom, coefficient

    def _value(self, atom: Atom) -> int | None:
        try:
            return (
                self._values[atom]
                if isinstance(atom, Symbol)
                else evaluate(Expr((((atom,), 1),), 0), self._values)
            )
        except (Undefined, KeyError):
            return None

    def _reach(self, atom: Atom, wanted: int, depth: int) -> Iterator[Move]:
        """Moves that give the atom about the value `wanted`."""
        if isinstance(atom, Symbol):
            definition = self._definitions.get(atom)
            if definition is None:
                yield atom, wanted
            elif depth > 1:
                yield from self._give(definition, wanted, depth - 1)
        elif depth <= 1:
            return
        elif isinstance(atom, Quotient):
            yield from self._reach_quotient(atom, wanted, depth - 1)
        elif isinstance(atom, Extreme):
            for value in atom.values:
                yield from self._give(value, wanted, depth - 1)
        elif isinstance(atom, Choice):
            try:
                taken = test(atom.condition, self._values)
            except Undefined:
                return
            yield from self._give(atom.then if taken else atom.otherwise, wanted, depth - 1)
            yield from self.towards(negate(atom.condition) if taken else atom.condition, depth - 2)
        elif isinstance(atom, Bits):
            for value in (atom.left, atom.right):
                yield from self._give(value, wanted, depth - 1)

    def _give(self, expr: Expr, wanted: int, depth: int) -> Iterator[Move]:
        try:
            now = evaluate(expr, self._values)
        except Undefined:
            return
        if now != wanted:
            yield from self._by(expr, wanted - now, depth)

    def _reach_quotient(self, atom: Quotient, wanted: int, depth: int) -> Iterator[Move]:
        try:
            dividend, divisor = evaluate(atom.dividend, self._values), evaluate(atom.divisor, self._values)
        except Undefined:
            return
        if divisor == 0:
            yield from self._give(atom.divisor, 1, depth)
            return
        now = dividend // divisor
        if now == wanted:
            return
        yield from self._by(atom.dividend, (wanted - now) * divisor, depth)
        edge = wanted * divisor if wanted > now else wanted * divisor + divisor - 1
        yield from self._by(atom.dividend, edge - dividend, depth)
        if atom.divisor.terms:
            goal = dividend // wanted if wanted else dividend + 1
            yield from self._give(atom.divisor, goal, depth)
