"""For which parameters a periodic expression stays within a set of residues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from portcheck.symbolic.condition import FALSE, TRUE, Condition, Congruent, congruent, every, negate
from portcheck.symbolic.describe import describe
from portcheck.symbolic.expr import Atom, Expr, Role, Symbol, number, of
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.periods import periodic_part
from portcheck.symbolic.residues import (
    LIMIT,
    Example,
    Group,
    Table,
    TooManyError,
    Values,
    class_condition,
    cost,
    groups,
    members,
    sum_of_families,
    table,
)
from portcheck.symbolic.system import System, reduced
from portcheck.symbolic.work import Work


class Outcome(Enum):
    """How the goal fares over the classes of parameters."""

    ALWAYS = auto()
    NEVER = auto()
    SOMETIMES = auto()
    OPEN = auto()


@dataclass(frozen=True, slots=True)
class Solution:
    """Where an expression modulo m lies in the wanted set, over unsolved symbols.

    `condition` is true for the classes of parameters that are good whatever the rest is;
    `failing` holds a class in which the goal fails. `reached` are all residues there are, None
    where operations had to be left out. `culprits` are undetermined symbols and `stuck`
    operations on which an open outcome hangs.
    """

    outcome: Outcome
    condition: Condition | None = None
    failing: Condition = TRUE
    reached: int | None = None
    used: Tags = frozenset()
    culprits: tuple[Symbol, ...] = ()
    stuck: tuple[Atom, ...] = ()
    too_many: bool = False

    @property
    def is_unclear(self) -> bool:
        """Whether more would be known if the classes were fewer, or their description shorter."""
        return self.too_many or (self.outcome is Outcome.SOMETIMES and self.condition is None)


def solve(expr: Expr, modulus: int, wanted: int, system: System) -> Solution:
    """`wanted` is the set of good residues, as a number with a bit for each."""
    best: Solution | None = None
    for whole in (False, True):
        found = _solve(expr, modulus, wanted, system, whole=whole)
        if not found.is_unclear:
            return found
        best = best or found
    assert best is not None
    return best


def _solve(expr: Expr, modulus: int, wanted: int, system: System, *, whole: bool) -> Solution:
    resting: set[int] = set()
    part, stuck = periodic_part(expr, modulus, system, resting, whole=whole)
    parts = groups(Expr(part.terms, 0), modulus, system)
    used = frozenset(resting).union(*(g.tags for g in parts))
    fixed = [g for g in parts if not g.parameters]
    open_parts = [g for g in parts if g.parameters]
    culprits = tuple(s for g in parts for s in g.undetermined)
    try:
        around = _Around(fixed, part.constant, modulus, system.work)
        found = _solve_parameters(open_parts, around, modulus, wanted, system.work, whole=whole)
        is_split = found.outcome is Outcome.SOMETIMES or found.reached is None or bool(found.reached & wanted)
        if is_split and found.outcome is not Outcome.ALWAYS and _is_correlated(stuck, part):
            return Solution(Outcome.OPEN, used=used, culprits=culprits, stuck=tuple(stuck))
    except TooManyError:
        return Solution(Outcome.OPEN, used=used, culprits=culprits, stuck=tuple(stuck), too_many=True)
    reached = None if stuck else found.reached
    return Solution(found.outcome, found.condition, found.failing, reached, used, culprits, tuple(stuck))


def _is_correlated(stuck: list[Atom], part: Expr) -> bool:
    """Whether an index is both in an operation that was replaced and free in the rest.

    Then not all that the two may be are met together: where some of it fails, all may be good.
    """
    free = {s for s in part.symbols() if s.role is Role.INDEX}
    return any(not free.isdisjoint(of(a).symbols()) for a in stuck)


class _Around:
    """The parts of the sum without parameters: one family of sets, and how each residue is reached."""

    def __init__(self, parts: list[Group], constant: int, modulus: int, work: Work) -> None:
        self.family = {1 << constant % modulus}
        self._examples: dict[int, tuple[tuple[Group, Example], ...]] = {constant % modulus: ()}
        for group in parts:
            found = table(group, modulus, work)
            self.family = sum_of_families(self.family, found.families.get((), frozenset()), modulus)
            reached: dict[int, tuple[tuple[Group, Example], ...]] = {}
            for residue, values in (found.examples(()) if found.reaches else {}).items():
                for other, more in self._examples.items():
                    reached.setdefault((residue + other) % modulus, (*more, (group, values)))
            self._examples = reached

    @property
    def residues(self) -> Iterable[int]:
        """The residues that examples are known for."""
        return self._examples

    def reaching(self, residue: int) -> Condition:
        """A class of all symbols in which the residue is met."""
        return every(class_condition(g, values) for g, values in self._examples[residue])


def _solve_parameters(
    parts: list[Group], around: _Around, modulus: int, wanted: int, work: Work, *, whole: bool
) -> Solution:
    if not around.family:
        return Solution(Outcome.ALWAYS, TRUE, reached=0)  # premises exclude every class
    joint = _joined(parts)
    if cost(joint) > LIMIT:
        if not whole:
            raise TooManyError  # fewer symbols may do
        return _solve_sum(parts, around, modulus, wanted, work)
    found = table(joint, modulus, work)
    reached = 0
    good: set[Values] = set()
    bad: list[Values] = []
    is_open = False
    seen: dict[frozenset[int], tuple[bool, bool]] = {}
    for values, family in found.families.items():
        if family not in seen:
            sets = sum_of_families(family, around.family, modulus)
            for residues in sets:
                reached |= residues
            within = [residues & ~wanted == 0 for residues in sets]
            seen[family] = (all(within), any(within))
        always, sometimes = seen[family]
        if always:
            good.add(values)
        elif sometimes:
            is_open = True
        else:
            bad.append(values)
    if is_open:
        return Solution(Outcome.OPEN, reached=reached)
    if not bad:
        return Solution(Outcome.ALWAYS, TRUE, reached=reached)
    failing = _failing(bad[0], joint, found, around, modulus, wanted)
    if not good:
        return Solution(Outcome.NEVER, FALSE, failing, reached)
    return Solution(Outcome.SOMETIMES, _condition(joint, good, around, modulus, wanted), failing, reached)


def _joined(parts: list[Group]) -> Group:
    if len(parts) == 1:
        return parts[0]
    expr = number(0)
    for part in parts:
        expr = expr + part.expr
    domains = {s: d for p in parts for s, d in p.domains.items()}
    filters = tuple(f for p in parts for f in p.filters)
    return Group(expr, domains, filters, frozenset[int]().union(*(p.tags for p in parts)))


def _failing(
    values: Values, group: Group, found: Table, around: _Around, modulus: int, wanted: int
) -> Condition:
    """A class of all symbols in which the goal fails, for a bad class of parameters."""
    for residue, example in found.examples(values).items():
        for other in around.residues:
            if not wanted >> (residue + other) % modulus & 1:
                return every((class_condition(group, example), around.reaching(other)))
    return TRUE


def _condition(
    group: Group, good: set[Values], around: _Around, modulus: int, wanted: int
) -> Condition | None:
    """The good classes in words."""
    linear = _congruence(group, around, modulus, wanted)
    if linear is not None:
        return linear
    symbols = group.parameters
    return describe(good, symbols, [group.domains[s] for s in symbols])


def _congruence(group: Group, around: _Around, modulus: int, wanted: int) -> Condition | None:
    """The goal itself, where it is a congruence of symbols of parameters and nothing else matters."""
    if len(around.family) > 1 or wanted & (wanted - 1) or len(group.domains) > len(group.parameters):
        return None
    offsets = members(next(iter(around.family)))
    if len(offsets) > 1 or any(not isinstance(a, Symbol) for a in group.expr.atoms()):
        return None
    (target,) = members(wanted)
    found = congruent(group.expr, modulus, target - offsets[0])
    return reduced(found) if isinstance(found, Congruent) else found


def _solve_sum(parts: list[Group], around: _Around, modulus: int, wanted: int, work: Work) -> Solution:
    """Many parameters, each part of the sum by itself.

    The sum of parts takes one value alone if each of them does. A part that takes its *anchor*,
    such as 0 for an index of 0, for all parameters has to stay there; parts over parameters
    alone have one value each and only their sum matters.
    """
    if wanted & (wanted - 1) or len(around.family) > 1 or next(iter(around.family)).bit_count() > 1:
        raise TooManyError
    (target,) = members(wanted)
    (offset,) = around.residues
    fixed = [g for g in parts if len(g.domains) == len(g.parameters)]
    needed: list[Condition] = []
    failing: Condition | None = None
    never = False
    for group in parts:
        if group in fixed:
            continue
        found = table(group, modulus, work)
        anchors = (1 << modulus) - 1
        for family in found.families.values():
            for residues in family:
                anchors &= residues
        if not anchors:
            raise TooManyError
        anchor = members(anchors)[0]
        offset += anchor
        good = {v for v, family in found.families.items() if family == {1 << anchor}}
        for values, family in found.families.items():
            if values in good:
                continue
            if 1 << anchor in family:
                raise TooManyError  # it hangs on what is not known
            if failing is None:
                other = (e for r, e in found.examples(values).items() if r != anchor)
                example = next(other, None)
                failing = class_condition(group, example) if example is not None else TRUE
        condition = describe(good, group.parameters, [group.domains[s] for s in group.parameters])
        if condition is None:
            raise TooManyError
        never = never or not good
        needed.append(condition)
    if fixed:
        joint = _joined(fixed)
        if any(not isinstance(a, Symbol) for a in joint.expr.atoms()):
            raise TooManyError
        own = congruent(joint.expr, modulus, target - offset)
        own = reduced(own) if isinstance(own, Congruent) else own
        needed.append(own)
        failing = failing or negate(own)
        never = never or own == FALSE
    elif (target - offset) % modulus:
        never, failing = True, failing or TRUE
    if failing is None:
        return Solution(Outcome.ALWAYS, TRUE)
    if never:
        return Solution(Outcome.NEVER, FALSE, failing)
    return Solution(Outcome.SOMETIMES, every(needed), failing)
