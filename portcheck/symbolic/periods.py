"""Periodic expressions: by how much a symbol may change without changing a value modulo m."""

from __future__ import annotations

from math import gcd, lcm
from typing import TYPE_CHECKING

from portcheck.symbolic.cases import is_periodic
from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Constant,
    Every,
    Some,
    condition_expressions,
    condition_symbols,
)
from portcheck.symbolic.expr import (
    Atom,
    Bits,
    Choice,
    Expr,
    Extreme,
    Monomial,
    Quotient,
    Role,
    Symbol,
    number,
    of,
)

if TYPE_CHECKING:
    from portcheck.symbolic.system import System

Periods = dict[Symbol, int]


def add_periods(expr: Expr, modulus: int, found: Periods) -> bool:
    """Raise `found` to periods of the expression modulo `modulus`; False if it has none that are seen."""
    for monomial, coefficient in expr.terms:
        needed = modulus // gcd(modulus, coefficient)
        if needed > 1 and not all(_add_atom(atom, needed, found) for atom in monomial):
            return False
        if needed == 1 and not all(_is_total(atom) for atom in monomial):
            return False  # its value makes no difference, but it must have one
    return True


def _is_total(atom: Atom) -> bool:
    """Whether the operation has a value for all values of its symbols."""
    if isinstance(atom, Symbol):
        return True
    if isinstance(atom, Quotient):
        parts: tuple[Expr, ...] = (atom.dividend,)
        if not atom.divisor.value:
            return False
    elif isinstance(atom, Extreme):
        parts = atom.values
    elif isinstance(atom, Choice):
        parts = (*condition_expressions(atom.condition), atom.then, atom.otherwise)
    else:
        parts = (atom.left, atom.right)
    return all(_is_total(a) for e in parts for a in e.atoms())


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
    if isinstance(condition, (Every, Some)) and is_periodic(condition):
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
    factors: dict[Monomial, Expr] = {}
    for monomial, coefficient in expr.terms:
        if coefficient % modulus == 0:
            continue
        outer = tuple(a for a in monomial if _is_parameter(a)) if whole else ()
        rest = tuple(a for a in monomial if a not in outer)
        term = Expr(((outer, coefficient % modulus),), 0) if outer else number(coefficient % modulus)
        factors[rest] = factors.get(rest, number(0)) + term
    for rest, factor in factors.items():
        shared = gcd(factor.constant, *(c for _, c in factor.terms))
        if shared % modulus == 0:
            continue
        plain = Expr(tuple((m, c // shared) for m, c in factor.terms), factor.constant // shared)
        if plain.terms and not _is_symbol(plain):
            plain = system.stand_in(plain, Role.PARAMETER, used)
        needed = modulus // gcd(modulus, shared)
        total = total + _periodic_product(rest, needed, stuck, apart, system, used) * plain * shared
    return Expr(
        tuple((m, c % modulus) for m, c in total.terms if c % modulus), total.constant % modulus
    ), stuck


def _is_symbol(expr: Expr) -> bool:
    """Whether the expression is one symbol, and a number."""
    return len(expr.terms) == 1 and len(expr.terms[0][0]) == 1 and isinstance(expr.terms[0][0][0], Symbol)


def _is_parameter(atom: Atom) -> bool:
    return all(s.role is Role.PARAMETER for s in of(atom).symbols())


def _apart(expr: Expr, modulus: int, system: System) -> set[Atom]:
    """Quotients over symbols that occur nowhere else: all that matters of them is their value."""
    atoms = {a for m, c in expr.terms if c % modulus for a in m}
    found: set[Atom] = set()
    for atom in atoms:
        if isinstance(atom, Quotient) and _stand_in_role(atom) is not None:
            symbols = of(atom).symbols()
            elsewhere = any(not symbols.isdisjoint(of(a).symbols()) for a in atoms if a != atom)
            tied = any(not symbols.isdisjoint(condition_symbols(c)) for c, _ in system.others)
            if not elsewhere and not tied:
                found.add(atom)
    return found


def _stand_in_role(atom: Quotient) -> Role | None:
    """The role of a symbol that takes the values of the quotient, if there is one."""
    roles = {s.role for s in of(atom).symbols()}
    if roles == {Role.INDEX}:  # each value between two is met if the dividend goes in steps of one
        terms, d = atom.dividend.terms, atom.divisor.value
        plain = len(terms) == 1 and terms[0][1] == 1 and len(terms[0][0]) == 1
        return Role.INDEX if plain and isinstance(terms[0][0][0], Symbol) and d and d > 0 else None
    return roles.pop() if len(roles) == 1 else None


def _periodic_product(
    monomial: Monomial, modulus: int, stuck: list[Atom], apart: set[Atom], system: System, used: set[int]
) -> Expr:
    product = number(1)
    for atom in monomial:
        if atom not in apart and _add_atom(atom, modulus, {}):
            product = product * of(atom)
            continue
        role = Role.PARAMETER if _is_parameter(atom) else Role.OPAQUE
        if isinstance(atom, Quotient) and atom in apart:
            role = _stand_in_role(atom) or role
        elif role is Role.OPAQUE and atom not in stuck:
            stuck.append(atom)
        product = product * system.stand_in(of(atom), role, used)
    return product
