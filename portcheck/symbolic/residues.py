"""The residues that an expression takes, for each class of parameters.

A set of residues modulo m is an integer with m bits. Parameters are fixed first, then what
the code does not determine; the set holds the residues that indices reach then. So a class
of parameters has a *family* of sets, one for each way the undetermined values may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from portcheck.symbolic.compiled import truth_function, value_function
from portcheck.symbolic.condition import Condition, at_least, condition_symbols, congruent, equal, every
from portcheck.symbolic.expr import Expr, Monomial, Role, Symbol, of
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.periods import Periods, add_condition_periods, add_periods
from portcheck.symbolic.system import System
from portcheck.symbolic.work import Work

LIMIT = 2048  # classes that are enumerated at once
_FAMILY = 64  # sets in a family

Values = tuple[int, ...]


class TooManyError(Exception):
    """There are more classes than are worth enumerating."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The values of a symbol that stand for its classes; with period 0 each value is its own class."""

    values: range
    period: int

    def condition(self, symbol: Symbol, value: int) -> Condition:
        """The symbol is in the class of the value."""
        return congruent(of(symbol), self.period, value) if self.period else equal(of(symbol), value)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of a sum that shares no symbol with the rest, and the premises that restrict its symbols."""

    expr: Expr
    domains: Mapping[Symbol, Domain]
    filters: tuple[Condition, ...]
    tags: Tags

    @property
    def parameters(self) -> list[Symbol]:
        return [s for s in self.domains if s.role is Role.PARAMETER]

    @property
    def undetermined(self) -> list[Symbol]:
        own = self.expr.symbols()
        return [s for s in self.domains if s.role in (Role.OPAQUE, Role.BASE) and s in own]

    @property
    def rest(self) -> list[Symbol]:
        chosen = {*self.parameters, *self.undetermined}
        return [s for s in self.domains if s not in chosen]

    @property
    def size(self) -> int:
        return prod(len(d.values) for d in self.domains.values())


@dataclass(slots=True)
class Table:
    """The families of a group by the values of its parameters, with an example for each residue."""

    families: dict[Values, set[int]]
    examples: dict[tuple[Values, int], dict[Symbol, int]]


def groups(expr: Expr, modulus: int, system: System) -> list[Group]:
    """The periodic expression without its constant as independent parts."""
    filters = _filters(system, expr.symbols())
    parts: list[tuple[set[Symbol], list[tuple[Monomial, int]], list[tuple[Condition, Tags]]]] = []
    pieces: list[tuple[set[Symbol], list[tuple[Monomial, int]], list[tuple[Condition, Tags]]]] = [
        (set(Expr((term,), 0).symbols()), [term], []) for term in expr.terms
    ]
    pieces += [(set(condition_symbols(c)), [], [(c, t)]) for c, t in filters]
    for symbols, terms, conditions in pieces:
        joined = (symbols, terms, conditions)
        apart = []
        for other in parts:
            if other[0] & joined[0]:
                joined = (other[0] | joined[0], other[1] + joined[1], other[2] + joined[2])
            else:
                apart.append(other)
        parts = [*apart, joined]
    return [_group(Expr(tuple(t), 0), modulus, f, system) for _, t, f in parts if t]


def _filters(system: System, symbols: frozenset[Symbol]) -> list[tuple[Condition, Tags]]:
    """Periodic premises that were not solved and say something of these symbols."""
    found = []
    for condition, tags in system.others:
        if condition_symbols(condition) & symbols and add_condition_periods(condition, {}):
            found.append((condition, tags))
    return found


def _group(expr: Expr, modulus: int, filters: list[tuple[Condition, Tags]], system: System) -> Group:
    periods: Periods = {}
    add_periods(expr, modulus, periods)
    bare = dict(periods)
    for condition, _ in filters:
        add_condition_periods(condition, periods)
    if prod(periods.values()) > LIMIT and filters:
        periods, filters = bare, []  # fewer premises are still a sound account
    domains: dict[Symbol, Domain] = {}
    tags: set[int] = set()
    for symbol in sorted(periods, key=str):
        domains[symbol] = _domain(symbol, periods[symbol], system, tags)
    conditions = [c for c, _ in filters]
    for _, theirs in filters:
        tags |= theirs
    exact = {s for s, d in domains.items() if not d.period}
    for fact in system.facts():
        symbols = fact.expr.symbols()
        if len(symbols) > 1 and symbols <= exact:
            conditions.append(at_least(fact.expr, 0))
            tags |= fact.tags
    return Group(expr, domains, tuple(conditions), frozenset(tags))


def _domain(symbol: Symbol, period: int, system: System, tags: set[int]) -> Domain:
    interval, theirs = system.interval(of(symbol))
    size = interval.size
    if size is not None and size < period and interval.low is not None:
        tags |= theirs
        return Domain(range(interval.low, interval.low + size), 0)
    return Domain(range(period), period)


def table(group: Group, modulus: int, work: Work) -> Table:
    """All residues of the group, by class."""
    if group.size > LIMIT or not work.spend(group.size // 16):
        raise TooManyError
    found = Table({}, {})
    outer, middle, inner = group.parameters, group.undetermined, group.rest
    # Some symbols are multiplied by the modulus: any value will do.
    at = {s.name: 0 for c in group.filters for s in condition_symbols(c)}
    at |= {s.name: 0 for s in group.expr.symbols()}
    names = [s.name for s in (*outer, *middle, *inner)]
    value, truths = value_function(group.expr), [truth_function(c) for c in group.filters]
    for fixed in _choices(outer, group):
        for open_values in _choices(middle, group):
            reached = 0
            for free in _choices(inner, group):
                chosen = (*fixed, *open_values, *free)
                at.update(zip(names, chosen, strict=True))
                try:
                    if not all(t(at) for t in truths):
                        continue
                    residue = value(at) % modulus
                except ZeroDivisionError:  # such values are not met where premises are true
                    continue
                if not reached >> residue & 1:
                    reached |= 1 << residue
                    if (fixed, residue) not in found.examples:
                        found.examples[fixed, residue] = dict(
                            zip((*outer, *middle, *inner), chosen, strict=True)
                        )
            if reached:
                found.families.setdefault(fixed, set()).add(reached)
    return found


def _choices(symbols: list[Symbol], group: Group) -> Iterator[Values]:
    return product(*(group.domains[s].values for s in symbols))


def sum_of_sets(one: int, other: int, modulus: int) -> int:
    """The residues of a + b for a in one set and b in the other."""
    full = (1 << modulus) - 1
    if one.bit_count() > other.bit_count():
        one, other = other, one
    if other == full and one:
        return full
    found = 0
    while one:
        lowest = one & -one
        residue = lowest.bit_length() - 1
        found |= other << residue | other >> (modulus - residue)
        one ^= lowest
    return found & full


def sum_of_families(one: Iterable[int], other: Iterable[int], modulus: int) -> set[int]:
    found = {sum_of_sets(a, b, modulus) for a in one for b in other}
    if len(found) > _FAMILY:
        raise TooManyError
    return found


def members(residues: int) -> list[int]:
    """The residues in a set."""
    found = []
    while residues:
        lowest = residues & -residues
        found.append(lowest.bit_length() - 1)
        residues ^= lowest
    return found


def class_condition(group: Group, values: Mapping[Symbol, int]) -> Condition:
    """The symbols of the group are in the classes of these values."""
    return every(group.domains[s].condition(s, v) for s, v in values.items())
