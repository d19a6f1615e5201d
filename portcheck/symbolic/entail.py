"""What a solved system says of a condition: true, false, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Constant,
    Every,
    Operator,
    Relation,
    negate,
)
from portcheck.symbolic.congruence import ANY, Congruence, congruence
from portcheck.symbolic.expr import Atom, Choice, Expr, Extreme, Quotient, Symbol
from portcheck.symbolic.linear import NO_TAGS, Tags

if TYPE_CHECKING:
    from portcheck.symbolic.system import System


def congruence_of(expr: Expr, system: System) -> tuple[Congruence, Tags]:
    """The class of the expression: of its parts put together, and of premises about the whole."""
    found, tags = congruence(0, expr.constant), NO_TAGS
    for monomial, coefficient in expr.terms:
        product = congruence(0, coefficient)
        for atom in monomial:
            factor, more = _atom_congruence(atom, system)
            product = product.multiply(factor)
            tags |= more
        found = found.add(product)
    if len(expr.terms) > 1 or (expr.terms and not isinstance(expr.terms[0][0][0], Symbol)):
        known, more = system.congruence_of(expr.terms)
        both = found.meet(known.add(congruence(0, expr.constant))) if known != ANY else None
        if both is not None:
            return both, tags | more
    return found, tags


def _atom_congruence(atom: Atom, system: System) -> tuple[Congruence, Tags]:
    if isinstance(atom, Symbol):
        return ANY, NO_TAGS
    if isinstance(atom, Quotient):
        d = atom.divisor.value
        if d is None or d <= 0 or atom.truncated:
            return ANY, NO_TAGS
        found, tags = congruence_of(atom.dividend, system)
        return found.floor_divide(d), tags
    if isinstance(atom, (Extreme, Choice)):
        values = atom.values if isinstance(atom, Extreme) else (atom.then, atom.otherwise)
        found, tags = congruence_of(values[0], system)
        for value in values[1:]:
            other, more = congruence_of(value, system)
            found, tags = found.join(other), tags | more
        return found, tags
    left, tags = congruence_of(atom.left, system)
    right, more = congruence_of(atom.right, system)
    return _bits_congruence(atom.operator, left, right), tags | more


def _bits_congruence(operator: str, left: Congruence, right: Congruence) -> Congruence:
    """The low bits of a bit operation, where those of both operands are known."""
    from portcheck.symbolic.evaluate import apply_bits

    if left.modulus == 0 and right.modulus == 0:
        return congruence(0, apply_bits(operator, left.residue, right.residue))
    low = [c.modulus & -c.modulus for c in (left, right) if c.modulus]
    modulus = min(low)
    if operator == "&":  # a zero on one side is enough
        zeros = [_zeros(c) for c in (left, right)]
        if max(zeros) > modulus:
            return congruence(max(zeros), 0)
    return congruence(modulus, apply_bits(operator, left.residue, right.residue))


def _zeros(known: Congruence) -> int:
    """The largest power of two that divides every member (1 for the number zero, which has no largest)."""
    from math import gcd

    shared = gcd(known.modulus, known.residue)
    return shared & -shared or 1


def condition_truth(condition: Condition, system: System, used: set[int]) -> bool | None:
    """True where the condition follows, False where it cannot be true, None if neither is seen.

    The condition is over unsolved symbols. Tags of premises go to `used` where it is decided.
    """
    if isinstance(condition, Constant):
        return condition.truth
    if isinstance(condition, Relation):
        if condition.operator is Operator.NON_NEGATIVE:
            return _sign(condition.expr, system, used)
        zero = _zero(condition, system, used)
        return zero if zero is None or condition.operator is Operator.ZERO else not zero
    if isinstance(condition, Congruent):
        found, tags = congruence_of(condition.expr, system)
        fits = found.holds(condition.modulus, condition.residue)
        if fits is not None:
            used |= tags
            return fits != condition.negated
        return _kept(condition, system, used)
    wanted = not isinstance(condition, Every)
    mine: set[int] = set()
    found_all = True
    for part in condition.conditions:
        truth = condition_truth(part, system, mine)
        if truth is wanted:
            used |= mine
            return wanted
        found_all = found_all and truth is not None
    if found_all:
        used |= mine
        return not wanted
    return _kept(condition, system, used)


def _kept(condition: Condition, system: System, used: set[int]) -> bool | None:
    """Whether a premise says just that or the contrary."""
    if not system.others:
        return None
    contrary = negate(condition)
    for known, tags in system.others:
        if known in (condition, contrary):
            used |= tags
            return known == condition
    return None


def proven(condition: Condition, system: System, used: set[int]) -> bool:
    """Whether a condition follows that was asked as an inequality; over choices it may be any other."""
    if not isinstance(condition, Relation) or condition.operator is not Operator.NON_NEGATIVE:
        mine: set[int] = set()
        if not condition_truth(condition, system, mine):
            return False
        used |= mine
        return True
    tags = system.prover.prove(condition.expr)
    if tags is None:
        return False
    used |= tags
    return True


def _sign(expr: Expr, system: System, used: set[int]) -> bool | None:
    tags = system.prover.prove(expr)
    if tags is not None:
        used |= tags
        return True
    tags = system.prover.prove(-expr - 1)
    if tags is not None:
        used |= tags
        return False
    return None


def _zero(condition: Relation, system: System, used: set[int]) -> bool | None:
    """Whether the expression is zero."""
    expr = condition.expr
    found, tags = congruence_of(expr, system)
    if 0 not in found:
        used |= tags
        return False
    above = system.prover.prove(expr)
    below = system.prover.prove(-expr)
    if above is not None and below is not None:
        used |= above | below
        return True
    for strict in (expr - 1, -expr - 1):
        tags_of_proof = system.prover.prove(strict)
        if tags_of_proof is not None:
            used |= tags_of_proof
            return False
    return _kept_zero(condition, system, used)


def _kept_zero(condition: Relation, system: System, used: set[int]) -> bool | None:
    known = _kept(condition, system, used)
    return known if known is None or condition.operator is Operator.ZERO else not known
