"""Sets of classes in words: the shortest exact condition that was found for them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product
from typing import TypeVar

from portcheck.symbolic.condition import (
    FALSE,
    TRUE,
    Condition,
    Congruent,
    at_least,
    congruent,
    every,
    negate,
    some,
)
from portcheck.symbolic.expr import Expr, Symbol, floor_divide, floor_remainder, number, of
from portcheck.symbolic.residues import Domain, Values

_ALTERNATIVES = 8
_FORMS = 512  # linear forms that are tried
_T = TypeVar("_T")


def describe(good: set[Values], symbols: Sequence[Symbol], domains: Sequence[Domain]) -> Condition | None:
    """A condition true for exactly the classes in `good`; None if it would be too long to read."""
    if not good:
        return FALSE
    if not symbols:
        return TRUE
    total = 1
    for domain in domains:
        total *= len(domain.values)
    if len(good) == total:
        return TRUE
    for position, domain in enumerate(domains):  # a symbol that makes no difference
        if _is_idle(good, position, domain):
            rest = {v[:position] + v[position + 1 :] for v in good}
            return describe(rest, _without(symbols, position), _without(domains, position))
    if len(symbols) == 1:
        return _one(sorted(v[0] for v in good), symbols[0], domains[0])
    linear = _linear(good, symbols, domains)
    return linear if linear is not None else _grouped(good, symbols, domains)


def _without(items: Sequence[_T], position: int) -> list[_T]:
    return [item for i, item in enumerate(items) if i != position]


def _is_idle(good: set[Values], position: int, domain: Domain) -> bool:
    rests: dict[Values, int] = {}
    for values in good:
        rest = values[:position] + values[position + 1 :]
        rests[rest] = rests.get(rest, 0) + 1
    return all(count == len(domain.values) for count in rests.values())


def _one(values: list[int], symbol: Symbol, domain: Domain) -> Condition | None:
    """The set of values of one symbol."""
    if not domain.period:
        return _listed(values, symbol, domain)
    period = domain.period
    known = set(values)
    smaller = next(
        m for m in range(1, period + 1) if period % m == 0 and all((v + m) % period in known for v in known)
    )
    residues = sorted({v % smaller for v in values})
    if len(residues) == smaller - 1:
        (missing,) = set(range(smaller)) - set(residues)
        return negate(congruent(of(symbol), smaller, missing))
    runs = _runs(residues)
    if len(runs) > _ALTERNATIVES:
        return None
    return some(_in_run(symbol, smaller, low, high) for low, high in runs)


def _runs(values: list[int]) -> list[tuple[int, int]]:
    """Ascending values as runs without gaps."""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and found[-1][1] == value - 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def _in_run(symbol: Symbol, modulus: int, low: int, high: int) -> Condition:
    """The remainder of the symbol by the modulus lies between these."""
    width = high - low + 1
    if width == 1:
        return congruent(of(symbol), modulus, low)
    if modulus % width == 0 and low % width == 0:
        return congruent(floor_divide(of(symbol), width), modulus // width, low // width)
    rest = floor_remainder(of(symbol), modulus)
    parts = [at_least(rest, low)] if low else []
    return every(parts + ([at_least(number(high), rest)] if high < modulus - 1 else []))


def _listed(values: list[int], symbol: Symbol, domain: Domain) -> Condition | None:
    """Values of a symbol that has few."""
    if len(values) == len(domain.values) - 1 and len(domain.values) > 2:
        (missing,) = set(domain.values) - set(values)
        if missing not in (domain.values[0], domain.values[-1]):
            return negate(domain.condition(symbol, missing))
    runs = _runs(values)
    if len(runs) > _ALTERNATIVES:
        return None
    found: list[Condition] = []
    for low, high in runs:
        if low == high:
            found.append(domain.condition(symbol, low))
            continue
        parts = [at_least(of(symbol), low)] if low > domain.values[0] else []
        found.append(
            every(parts + ([at_least(number(high), of(symbol))] if high < domain.values[-1] else []))
        )
    return some(found)


def _linear(good: set[Values], symbols: Sequence[Symbol], domains: Sequence[Domain]) -> Condition | None:
    """One congruence over all symbols, where the set is a coset of a subgroup with cyclic quotient."""
    if any(not d.period for d in domains):
        return None
    total = 1
    for domain in domains:
        total *= domain.period
    if total % len(good):
        return None
    modulus = total // len(good)
    start = min(good)
    # Coefficients c with c * period ≡ 0: the condition has to be periodic in the symbol.
    steps = [[c for c in range(modulus) if c * d.period % modulus == 0] for d in domains]
    for coefficients in islice(product(*steps), _FORMS):
        residue = sum(c * v for c, v in zip(coefficients, start, strict=True)) % modulus
        if all(sum(c * v for c, v in zip(coefficients, g, strict=True)) % modulus == residue for g in good):
            expr: Expr = number(0)
            for coefficient, symbol in zip(coefficients, symbols, strict=True):
                expr = expr + of(symbol) * coefficient
            found = congruent(expr, modulus, residue)
            if isinstance(found, Congruent) and _count(coefficients, domains, modulus, residue) == len(good):
                return found
    return None


def _count(coefficients: Values, domains: Sequence[Domain], modulus: int, residue: int) -> int:
    return sum(
        sum(c * v for c, v in zip(coefficients, values, strict=True)) % modulus == residue
        for values in product(*(d.values for d in domains))
    )


def _grouped(good: set[Values], symbols: Sequence[Symbol], domains: Sequence[Domain]) -> Condition | None:
    """Alternatives by the symbol with the fewest values."""
    position = min(range(len(symbols)), key=lambda p: (len(domains[p].values), -domains[p].period))
    by_rest: dict[frozenset[Values], list[int]] = {}
    for value in domains[position].values:
        rest = frozenset(v[:position] + v[position + 1 :] for v in good if v[position] == value)
        if rest:
            by_rest.setdefault(rest, []).append(value)
    parts = []
    for rest, values in by_rest.items():
        one = _one(values, symbols[position], domains[position])
        if len(values) == len(domains[position].values):
            one = TRUE
        more = describe(set(rest), _without(symbols, position), _without(domains, position))
        if one is None or more is None:
            return None
        parts.append(every((one, more)))
    return some(parts) if len(parts) <= _ALTERNATIVES else None
