"""Conclusions that premises allow together: bounds of parts, disjunctions with one way left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.symbolic.condition import (
    TRUE,
    Condition,
    Congruent,
    Constant,
    Operator,
    Relation,
    Some,
    at_least,
    some,
)
from portcheck.symbolic.entail import condition_truth
from portcheck.symbolic.expr import Expr, Quotient, Symbol
from portcheck.symbolic.interval import Interval
from portcheck.symbolic.linear import Tags
from portcheck.symbolic.ranges import monomial_interval
from portcheck.symbolic.simplify import simplify, simplify_condition

if TYPE_CHECKING:
    from portcheck.symbolic.system import Bound, System, Terms


def settle_once(system: System) -> bool:
    """One round of conclusions; whether anything new was found."""
    found = _parts(system)
    found = _operations(system) or found
    return _others(system) or found


def _parts(system: System) -> bool:
    """Bounds of each monomial from the bounds of a sum and of its other monomials."""
    found = False
    for terms, bound in list(system.bounds.items()):
        if system.bounds.get(terms) != bound:
            continue  # replaced by a conclusion
        if not system.work.spend():
            return found
        if len(terms) == 1:
            found = _inside(system, terms, bound) or found
            continue
        for monomial, coefficient in terms:
            rest = Expr(tuple(t for t in terms if t[0] != monomial), 0)
            others, tags = system.interval(rest)
            own, _ = monomial_interval(monomial, system)
            if bound.low is not None and others.high is not None:
                need = Expr(((monomial, coefficient),), others.high - bound.low)
                found = _improve(system, own, need, coefficient, bound.low_tags | tags) or found
            if bound.high is not None and others.low is not None:
                need = Expr(((monomial, -coefficient),), bound.high - others.low)
                found = _improve(system, own, need, -coefficient, bound.high_tags | tags) or found
            if system.contradiction is not None:
                return True
            if system.bounds.get(terms) != bound:
                break
    return found


def _improve(system: System, own: Interval, need: Expr, coefficient: int, tags: Tags) -> bool:
    """Take in `need >= 0`, a bound of one monomial, if it is tighter than what is known of it."""
    limit = need.constant // abs(coefficient)
    if coefficient > 0:
        if own.low is not None and own.low >= -limit:
            return False
    elif own.high is not None and own.high <= limit:
        return False
    system.learn(at_least(need, 0), tags)
    return True


def _inside(system: System, terms: Terms, bound: Bound) -> bool:
    """Bounds of a dividend from those of its quotient."""
    ((monomial, _),) = terms
    quotient = monomial[0]
    if len(monomial) > 1 or not isinstance(quotient, Quotient) or quotient.truncated:
        return False
    d = quotient.divisor.value
    if d is None or d <= 0:
        return False
    known, _ = system.interval(quotient.dividend)
    found = False
    if bound.low is not None and (known.low is None or known.low < bound.low * d):
        system.learn(at_least(quotient.dividend, bound.low * d), bound.low_tags)
        found = True
    if bound.high is not None and (known.high is None or known.high > bound.high * d + d - 1):
        system.learn(at_least(-quotient.dividend, -(bound.high * d + d - 1)), bound.high_tags)
        found = True
    return found


def _operations(system: System) -> bool:
    """Bounded sums over operations, with the operations simplified by the other premises."""
    found = False
    for terms, bound in list(system.bounds.items()):
        if all(isinstance(a, Symbol) for m, _ in terms for a in m) or system.bounds.get(terms) != bound:
            continue
        used: set[int] = set()
        expr = Expr(terms, 0)
        simple = simplify(expr, system, used)
        if simple == expr:
            continue
        tags = frozenset(used)
        sides: list[tuple[Condition, Tags]] = []
        if bound.low is not None:
            sides.append((at_least(simple, bound.low), bound.low_tags | tags))
        if bound.high is not None:
            sides.append((at_least(-simple, -bound.high), bound.high_tags | tags))
        if any(side == TRUE for side, _ in sides):
            continue  # simplified by itself: it must not get lost
        found = True
        system.drop(terms)
        for side, theirs in sides:
            system.learn(side, theirs)
    return found


def _others(system: System) -> bool:
    """Conditions that have become decided, or simpler."""
    found = False
    for entry in list(system.others):
        if entry not in system.others:
            continue
        if not system.work.spend():
            return found
        condition, tags = entry
        used: set[int] = set()
        simple = _without_false_parts(simplify_condition(condition, system, used), system, used)
        if simple == condition:
            simple = _next_to_bound(condition, system, used)
        if simple == condition:
            continue
        found = True
        system.others.remove(entry)
        system.learn(simple, tags | frozenset(used))
    return found


def _without_false_parts(condition: Condition, system: System, used: set[int]) -> Condition:
    """A disjunction without the ways that are ruled out."""
    if not isinstance(condition, Some):
        return condition
    truths = [condition_truth(c, system, used) for c in condition.conditions]
    if True in truths:
        return TRUE
    return some(c for c, t in zip(condition.conditions, truths, strict=True) if t is None)


def _next_to_bound(condition: Condition, system: System, used: set[int]) -> Condition:
    """`x != 0` for x >= 0 is x >= 1; a negated congruence of a number that is known is decided."""
    if isinstance(condition, Relation) and condition.operator is Operator.NONZERO:
        interval, tags = system.interval(condition.expr)
        for end, sign in ((interval.low, 1), (interval.high, -1)):
            if end == 0:
                used |= tags
                return at_least(condition.expr * sign, 1)
        if 0 not in interval:
            used |= tags
            return Constant(True)
    if isinstance(condition, Congruent):
        interval, tags = system.interval(condition.expr)
        if interval.size == 1 and interval.low is not None:
            used |= tags
            return Constant((interval.low % condition.modulus == condition.residue) != condition.negated)
    return condition
