"""Periodic expressions: by how much a symbol may change without changing a value modulo m."""

from __future__ import annotations

from math import gcd, lcm
from typing import TYPE_CHECKING

from portcheck.symbolic.cases import is_periodic
from portcheck.symbolic.condition import Condition, Congruent, Constant, Every, Some, condition_symbols
from portcheck.symbolic.expr import Atom, Bits, Choice, Expr, Monomial, Quotient, Role, Symbol, number, of

if TYPE_CHECKING:
    from portcheck.symbolic.system import System

Periods = dict[Symbol, int]


def add_periods(expr: Expr, modulus: int, found: Periods) -> bool:
    """Raise `found` to periods of the expression modulo `modulus`; False if it has none that are seen."""
    for monomial, coefficient in expr.terms:
        needed = modulus // gcd(modulus, coefficient)
        if needed > 1 and not all(_add_atom(atom, needed, found) for atom in monomial):
            return False
    return True


def _add_atom(atom: Atom, modulus: int, found: Periods) -> bool:
    if isinstance(atom, Symbol):
        found[atom] = lcm(found.get(atom, 1), modulus)
        return True
    if isinstance(atom, Quotient):
        d = atom.divisor.value
        if d is None or d <= 0 or atom.truncated:
            return False
        return add_periods(atom.dividend, modulus * d, found)
    if isinstance(atom, Choice):
        parts = add_periods(atom.then, modulus, found) and add_periods(atom.otherwise, modulus, found)
        return parts and add_condition_periods(atom.condition, found)
    if isinstance(atom, Bits):
        if modulus & (modulus - 1):
            return False  # the low bits say nothing about other moduli
        return add_periods(atom.left, modulus, found) and add_periods(atom.right, modulus, found)
    return False


def add_condition_periods(condition: Condition, found: Periods) -> bool:
    """Raise `found` to periods of the truth of the condition; False if it is not periodic."""
    if isinstance(condition, Congruent):
        return add_periods(condition.expr, condition.modulus, found)
    if isinstance(condition, Every | Some) and is_periodic(condition):
        return all(add_condition_periods(c, found) for c in condition.conditions)
    return isinstance(condition, Constant)


def periodic_part(
    expr: Expr, modulus: int, system: System, used: set[int], *, whole: bool
) -> tuple[Expr, list[Atom]]:
    """The expression modulo `modulus` with what is not periodic replaced by free symbols.

    Such a symbol may be anything, which is more than the operation may be: what holds for all
    its values holds for the operation. The operations replaced are returned, but for those over
    parameters alone: they are parameters of their own. With `whole` all that is a sum over
    parameters is replaced by one symbol.
    """
    stuck: list[Atom] = []
    apart = _apart(expr, modulus, system)
    total = number(expr.constant % modulus)
    alone: list[tuple[Monomial, int]] = []
    for monomial, coefficient in expr.terms:
        needed = modulus // gcd(modulus, coefficient)
        if needed == 1:
            continue
        if whole and all(s.role is Role.PARAMETER for a in monomial for s in of(a).symbols()):
            alone.append((monomial, coefficient % modulus))
        else:
            total = total + _periodic_product(monomial, needed, stuck, apart, system, used) * (
                coefficient % modulus
            )
    if alone:
        shared = gcd(*(c for _, c in alone))
        parameters = Expr(tuple((m, c // shared) for m, c in alone), 0)
        total = total + system.stand_in(parameters, Role.PARAMETER, used) * shared
    return total, stuck


def _apart(expr: Expr, modulus: int, system: System) -> set[Atom]:
    """Quotients over parameters that occur nowhere else: all that matters of them is their value."""
    atoms = {a for m, c in expr.terms if c % modulus for a in m}
    found: set[Atom] = set()
    for atom in atoms:
        if isinstance(atom, Quotient):
            symbols = of(atom).symbols()
            elsewhere = any(not symbols.isdisjoint(of(a).symbols()) for a in atoms if a != atom)
            tied = any(not symbols.isdisjoint(condition_symbols(c)) for c, _ in system.others)
            if not elsewhere and not tied and all(s.role is Role.PARAMETER for s in symbols):
                found.add(atom)
    return found


def _periodic_product(
    monomial: Monomial, modulus: int, stuck: list[Atom], apart: set[Atom], system: System, used: set[int]
) -> Expr:
    product = number(1)
    for atom in monomial:
        if atom not in apart and _add_atom(atom, modulus, {}):
            product = product * of(atom)
            continue
        is_fixed = all(s.role is Role.PARAMETER for s in of(atom).symbols())
        if not is_fixed and atom not in stuck:
            stuck.append(atom)
        role = Role.PARAMETER if is_fixed else Role.OPAQUE
        product = product * system.stand_in(of(atom), role, used)
    return product
