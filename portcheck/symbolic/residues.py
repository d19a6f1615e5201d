"""The residues that an expression takes, for each class of parameters.

A set of residues modulo m is an integer with m bits. Parameters are fixed first, then what
the code does not determine; the set holds the residues that indices reach then. So a class
of parameters has a *family* of sets, one for each way the undetermined values may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from math import prod

from portcheck.symbolic.compiled import Point, Reached, enumeration, listing, truth_function, value_function
from portcheck.symbolic.condition import Condition, at_least, condition_symbols, congruent, equal, every
from portcheck.symbolic.expr import Expr, Monomial, Role, Symbol, of
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.periods import Periods, add_condition_periods, add_periods
from portcheck.symbolic.system import System
from portcheck.symbolic.work import Work

LIMIT = 4096  # classes that are enumerated at once
_FAMILY = 64  # sets in a family
_EXAMPLES = 32  # residues for which examples are put together

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


Example = dict[Symbol, int]
Reach = tuple[frozenset[int], dict[int, Example]]  # a family, and how each residue in it is reached
_NOTHING: Reach = (frozenset(), {})


@dataclass(slots=True)
class Table:
    """The families of a group by the values of its parameters, and what they were put together from."""

    modulus: int
    parameters: list[Symbol]
    families: dict[Values, frozenset[int]]
    reaches: dict[Values, list[Reach]]

    def examples(self, fixed: Values) -> dict[int, Example]:
        """Values of all symbols for the residues reached where the parameters are fixed."""
        found: dict[int, Example] = {0: dict(zip(self.parameters, fixed, strict=True))}
        for _, own in self.reaches[fixed]:
            found = _joined_examples(found, own, self.modulus)
        return found


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


@dataclass(frozen=True, slots=True)
class _Component:
    """Terms and filters that share symbols other than parameters with nothing else."""

    undetermined: list[Symbol]
    free: list[Symbol]
    terms: tuple[tuple[Monomial, int], ...]
    filters: tuple[Condition, ...]


def _components(group: Group) -> list[_Component]:
    """The group in parts that are independent once the parameters are fixed."""
    parameters = set(group.parameters)
    pieces: list[tuple[set[Symbol], list[tuple[Monomial, int]], list[Condition]]] = [
        (set(Expr((term,), 0).symbols()) - parameters, [term], []) for term in group.expr.terms
    ]
    pieces += [(set(condition_symbols(c)) - parameters, [], [c]) for c in group.filters]
    joined: list[tuple[set[Symbol], list[tuple[Monomial, int]], list[Condition]]] = []
    for symbols, terms, conditions in pieces:
        now, apart = (symbols, terms, conditions), []
        for other in joined:
            if other[0] & now[0] or not (other[0] or now[0]):
                now = (other[0] | now[0], other[1] + now[1], other[2] + now[2])
            else:
                apart.append(other)
        joined = [*apart, now]
    undetermined, rest = group.undetermined, group.rest
    return [
        _Component([s for s in undetermined if s in own], [s for s in rest if s in own], tuple(t), tuple(c))
        for own, t, c in joined
    ]


def cost(group: Group) -> int:
    """How many evaluations the table of the group takes."""
    each = 1
    for component in _components(group):
        each += prod(len(group.domains[s].values) for s in (*component.undetermined, *component.free))
    return each * prod(len(group.domains[s].values) for s in group.parameters)


def table(group: Group, modulus: int, work: Work) -> Table:
    """All residues of the group, by class."""
    outer = group.parameters
    components = _components(group)
    total = cost(group)
    if total > LIMIT or not work.spend(total // 32):
        raise TooManyError
    found = Table(modulus, outer, {}, {})
    # Some symbols are multiplied by the modulus: any value will do.
    at = {s.name: 0 for c in group.filters for s in condition_symbols(c)}
    at |= {s.name: 0 for s in group.expr.symbols()}
    functions = [(c, _places(c, outer), _enumeration(c, group, modulus)) for c in components]
    known: dict[tuple[int, Values], Reach] = {}
    for number, (component, places, _) in enumerate(functions):
        if not component.undetermined and not component.free:
            known.update(_single_values(number, component, [outer[p] for p in places], group, modulus, at))
    sums: dict[tuple[frozenset[int], frozenset[int]], frozenset[int]] = {}
    start = frozenset((1,))
    for fixed in _choices(outer, group):
        at.update((s.name, v) for s, v in zip(outer, fixed, strict=True))
        families, reaches = start, []
        for number, (component, places, enumerated) in enumerate(functions):
            place = (number, tuple(fixed[p] for p in places))
            reach = known.get(place)
            if reach is None:
                reach = known[place] = _component_sets(component, group, at, enumerated)
            reaches.append(reach)
            key = (families, reach[0])
            if key not in sums:
                if not work.spend(len(families) * len(reach[0]) // 8):
                    raise TooManyError
                sums[key] = frozenset(sum_of_families(families, reach[0], modulus))
            families = sums[key]
            if not families:
                break
        if families:
            found.families[fixed] = families
            found.reaches[fixed] = reaches
    return found


def _single_values(
    number: int,
    component: _Component,
    parameters: list[Symbol],
    group: Group,
    modulus: int,
    at: Point,
) -> Iterator[tuple[tuple[int, Values], Reach]]:
    """The residues of a component over parameters alone; none if some have no value."""
    listed = listing(Expr(component.terms, 0), modulus, component.filters, tuple(s.name for s in parameters))
    ranges = [group.domains[s].values for s in parameters]
    if listed is None:
        return
    try:
        residues = listed(at, ranges)
    except ZeroDivisionError:
        return
    for values, residue in zip(product(*ranges), residues, strict=True):
        yield (number, values), _NOTHING if residue is None else _alone(residue)


def _places(component: _Component, parameters: list[Symbol]) -> list[int]:
    """Which of the parameters the component is about."""
    own = Expr(component.terms, 0).symbols().union(*(condition_symbols(c) for c in component.filters))
    return [i for i, p in enumerate(parameters) if p in own]


def _component_sets(
    component: _Component, group: Group, at: dict[str, int], enumerated: Callable[[Point], Reached]
) -> Reach:
    """The residues of a component, for each way of what is not determined, and how each is reached."""
    sets: set[int] = set()
    examples: dict[int, Example] = {}
    for open_values in _choices(component.undetermined, group):
        chosen = dict(zip(component.undetermined, open_values, strict=True))
        at.update((s.name, v) for s, v in chosen.items())
        found = enumerated(at)
        reached = 0
        for residue in found:
            reached |= 1 << residue
        if reached:
            sets.add(reached)
        if any(r not in examples for r in found):
            for residue, free in sorted(found.items(), key=lambda f: f[1]):
                if residue not in examples:
                    examples[residue] = chosen | dict(zip(component.free, free, strict=True))
    return frozenset(sets), examples


@lru_cache(maxsize=LIMIT)
def _alone(residue: int) -> Reach:
    """One residue, reached without symbols of its own."""
    return frozenset((1 << residue,)), {residue: {}}


def _enumeration(component: _Component, group: Group, modulus: int) -> Callable[[Point], Reached]:
    """A function that runs through the free values of the component."""
    expr = Expr(component.terms, 0)
    names = tuple(s.name for s in component.free)
    ranges = [group.domains[s].values for s in component.free]
    fast = enumeration(expr, modulus, component.filters, names)
    value, truths = value_function(expr), [truth_function(f) for f in component.filters]

    def run(at: Point) -> Reached:
        if fast is not None:
            try:
                return fast(at, ranges)
            except ZeroDivisionError:
                pass
        found: Reached = {}
        here = dict(at)
        for free in product(*ranges):
            here.update(zip(names, free, strict=True))
            try:
                if all(t(here) for t in truths):
                    found.setdefault(value(here) % modulus, free)
            except ZeroDivisionError:  # such values are not met where premises are true
                continue
        return found

    return run


def _joined_examples(one: dict[int, Example], other: dict[int, Example], modulus: int) -> dict[int, Example]:
    """Examples for sums; where there would be very many, not for all."""
    found: dict[int, Example] = {}
    for a, mine in islice(one.items(), _EXAMPLES):
        for b, theirs in islice(other.items(), _EXAMPLES):
            residue = (a + b) % modulus
            if residue not in found:
                found[residue] = mine | theirs
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
    found: set[int] = set()
    others = list(other)
    for a in one:
        found.update(sum_of_sets(a, b, modulus) for b in others)
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
