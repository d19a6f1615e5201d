"""Expressions and conditions built again from their parts, so that they are in normal form."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Constant,
    Every,
    Relation,
    condition_symbols,
    every,
    some,
)
from portcheck.symbolic.evaluate import over, rebuilt, replace_atoms
from portcheck.symbolic.expr import Choice, Expr, Extreme, Quotient, Symbol

Signature = frozenset[tuple[str, str, int | None, int | None, str]]


def signature(symbols: Iterable[Symbol]) -> Signature:
    """What equality of symbols leaves out: a cache over many functions has to tell them apart by it."""
    return frozenset((s.name, s.role.value, s.low, s.high, s.note) for s in symbols)


def normal(condition: Condition) -> Condition:
    """The condition in normal form; it may come from a substitution that did not see all of it."""
    return _normal(condition, signature(condition_symbols(condition)))


@lru_cache(maxsize=1 << 14)
def _normal(condition: Condition, _: Signature) -> Condition:
    return _renewed(condition)


def _renewed(condition: Condition) -> Condition:
    if isinstance(condition, Constant):
        return condition
    if isinstance(condition, (Relation, Congruent)):
        return over(condition, normal_expression(condition.expr))
    parts = [_renewed(c) for c in condition.conditions]
    return every(parts) if isinstance(condition, Every) else some(parts)


def normal_expression(expr: Expr) -> Expr:
    """The expression in normal form."""
    return replace_atoms(expr, lambda a: rebuilt(a, normal_expression, _renewed))


@lru_cache(maxsize=1 << 14)
def has_choice(expr: Expr) -> bool:
    """Whether there is a choice in the expression, at any depth."""
    for atom in expr.atoms():
        if isinstance(atom, Symbol):
            continue
        if isinstance(atom, Choice):
            return True
        if isinstance(atom, Quotient):
            inner: tuple[Expr, ...] = (atom.dividend, atom.divisor)
        else:
            inner = atom.values if isinstance(atom, Extreme) else (atom.left, atom.right)
        if any(has_choice(e) for e in inner):
            return True
    return False


@lru_cache(maxsize=1 << 14)
def size(condition: Condition) -> int:
    """How many atoms the condition has, at any depth."""
    if isinstance(condition, Constant):
        return 0
    if isinstance(condition, (Relation, Congruent)):
        return _size(condition.expr)
    return sum(size(c) for c in condition.conditions)


@lru_cache(maxsize=1 << 14)
def _size(expr: Expr) -> int:
    total = 0
    for atom in expr.atoms():
        if isinstance(atom, Symbol):
            total += 1
        elif isinstance(atom, Quotient):
            total += 1 + _size(atom.dividend) + _size(atom.divisor)
        elif isinstance(atom, Extreme):
            total += 1 + sum(_size(v) for v in atom.values)
        elif isinstance(atom, Choice):
            total += 1 + size(atom.condition) + _size(atom.then) + _size(atom.otherwise)
        else:
            total += 1 + _size(atom.left) + _size(atom.right)
    return total
