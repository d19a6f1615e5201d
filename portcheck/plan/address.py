"""An address taken apart: its base, what counts rows or stages with how far apart they lie, and the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

from portcheck.symbolic.evaluate import substitute
from portcheck.symbolic.expr import ONE, ZERO, Atom, Expr, Monomial, Quotient, Role, Symbol, number, of

UB_BLOCK_BYTES = 32
_ELEMENT_BYTES = 128  # up to here a lane's step is an element of its row, beyond it a stage


@dataclass(frozen=True, slots=True)
class Level:
    """Something that counts: `index` in the code's words, `pitch` in bytes, `count` if it wraps around."""

    index: str
    pitch: Expr
    count: Expr | None = None
    by_lane: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """`base` + the sum of index * pitch over `levels` + `offset`; the offset is fixed by the launch."""

    base: str
    levels: tuple[Level, ...]
    offset: Expr


def take_apart(address: Expr) -> Address | str:
    """The parts of an address, or why they are not known."""
    bases = [m for m, c in address.terms if c == 1 and len(m) == 1 and _is_base(m[0])]
    if len(bases) != 1:
        return "the address has no base of its own: it is chosen or read at run time"
    rest = address - of(bases[0][0])
    if any(s.role is Role.BASE for s in rest.symbols()):
        return "the address is counted from more than one base"
    factors, offset = _counting(rest)
    levels, offset = _wrapped(factors, offset)
    levels += [Level(_text(m), f, None, _by_lane(m)) for m, f in factors.items() if f != ZERO]
    return Address(str(bases[0][0]), tuple(levels), offset)


def is_fixed(expr: Expr) -> bool:
    """Whether a launch fixes the value: no counter, thread number or datum is in it."""
    return all(s.role is Role.PARAMETER for s in expr.symbols())


def placed(expr: Expr, parameters: Mapping[str, Expr]) -> Expr:
    """The expression in one launch, whose parameters are given by name."""
    mapping = {s: parameters[s.name] for s in expr.symbols() if s.name in parameters and is_fixed(of(s))}
    return substitute(expr, mapping)


def residues(offset: Expr, pitches: tuple[Expr, ...], modulus: int = UB_BLOCK_BYTES) -> tuple[int, ...]:
    """What an offset can leave, for any value of what is not known: never too few, perhaps too many."""
    step = modulus
    for expr in pitches:
        step = gcd(step, expr.constant)
    for expr in (offset, *pitches):
        for _, coefficient in expr.terms:
            step = gcd(step, coefficient)
    return tuple(range(offset.constant % step, modulus, step))


def innermost(levels: tuple[Level, ...], launches: tuple[Mapping[str, Expr], ...]) -> Level | str:
    """The level whose neighbours lie closest together, or why that is not known."""
    found: Level | None = None
    for parameters in launches or ({},):
        pitches = [(placed(level.pitch, parameters), level) for level in levels]
        if all(pitch == ZERO for pitch, _ in pitches):
            continue  # nothing is laid out there in this launch
        closest = _closest(pitches)
        if closest is None:
            return f"how far apart its rows lie is not fixed by a launch: {_pitches(levels)}"
        if found is not None and found.pitch != closest.pitch:
            return f"which rows lie closest together differs between launches: {_pitches(levels)}"
        found = closest
    return found if found is not None else "its rows have no length in any launch"


def _closest(pitches: list[tuple[Expr, Level]]) -> Level | None:
    """The least of the pitches that are numbers, where it divides all that are not; or else the pitch
    that divides all others."""
    known = [(abs(p.value), level) for p, level in pitches if p.value]
    if known:
        least, level = min(known, key=lambda one: one[0])
        if any(p.value == -least for p, _ in pitches):
            return None  # rows that lie backwards
        open_ = [p for p, _ in pitches if p.value is None]
        return level if all(is_multiple(p, number(least)) for p in open_) else None
    for pitch, level in pitches:
        if all(is_multiple(other, pitch) for other, _ in pitches):
            return level
    return None


def is_multiple(expr: Expr, of_what: Expr) -> bool:
    """Whether an expression is plainly a whole multiple of another: term by term, or it is the same."""
    if expr in (ZERO, of_what, -of_what):
        return True
    if of_what.value is not None:
        return bool(of_what.value) and all(c % of_what.value == 0 for c in _coefficients(expr))
    if of_what.constant or len(of_what.terms) != 1 or expr.constant:
        return False
    factors, coefficient = of_what.terms[0]
    return all(c % coefficient == 0 and not Counter(factors) - Counter(m) for m, c in expr.terms)


def _coefficients(expr: Expr) -> tuple[int, ...]:
    return (expr.constant, *(c for _, c in expr.terms))


def within_row(offset: Expr, pitch: Expr, launches: tuple[Mapping[str, Expr], ...]) -> Expr | None:
    """The offset less what only numbers whole rows; None where an unknown part may be less than a row.

    A term over names that no launch gives a number, such as `rank * rows * pitch`, counts rows if it
    is a multiple of the pitch in every launch.
    """
    counting: dict[Monomial, int] = {}
    for parameters in launches or ({},):
        for monomial, coefficient in offset.terms:
            term = Expr(((monomial, coefficient),), 0)
            if launches and placed(term, parameters).value is None:
                counting[monomial] = coefficient
    rows = Expr(tuple((m, c) for m, c in offset.terms if m in counting), 0)
    for parameters in launches or ({},):
        if not is_multiple(placed(rows, parameters), placed(pitch, parameters)):
            return None
    return offset - rows


def _pitches(levels: tuple[Level, ...]) -> str:
    return ", ".join(dict.fromkeys(str(level.pitch) for level in levels))


def _is_base(atom: Atom) -> bool:
    return isinstance(atom, Symbol) and atom.role is Role.BASE


def _wrapped(factors: dict[Monomial, Expr], offset: Expr) -> tuple[list[Level], Expr]:
    """Levels of the form `x % n`, taken out of the factors; what their constants add leaves the offset."""
    found: list[Level] = []
    for monomial in list(factors):
        quotient = monomial[0]
        if len(monomial) != 1 or not isinstance(quotient, Quotient) or monomial not in factors:
            continue
        dividend, divisor = quotient.dividend, quotient.divisor
        counted, fixed = _counting(dividend)
        pitch = next((factors.get(m) for m, f in counted.items() if f == ONE), None)
        if pitch is None or not is_fixed(divisor) or factors[monomial] != -(pitch * divisor):
            continue
        if any(factors.get(m) != pitch * f for m, f in counted.items()):
            continue
        for part in (*counted, monomial):
            del factors[part]
        offset = offset - pitch * fixed
        lane = all(_by_lane(part) for part in counted)
        found.append(Level(f"({dividend}) % {divisor}", pitch, divisor, lane))
    return found, offset


def _counting(expr: Expr) -> tuple[dict[Monomial, Expr], Expr]:
    """What counts in an expression, each with its factor, and the part that a launch fixes."""
    fixed, factors = number(expr.constant), dict[Monomial, Expr]()
    for monomial, coefficient in expr.terms:
        counting = tuple(a for a in monomial if not is_fixed(of(a)))
        factor = number(coefficient)
        for atom in monomial:
            factor = factor if atom in counting else factor * of(atom)
        if counting:
            factors[counting] = factors.get(counting, ZERO) + factor
        else:
            fixed = fixed + factor
    return factors, fixed


def _text(monomial: Monomial) -> str:
    return "*".join(str(of(atom)) for atom in monomial)


def _by_lane(monomial: Monomial) -> bool:
    """Whether a lane's own number counts, and nothing else."""
    return len(monomial) == 1 and isinstance(monomial[0], Symbol) and _is_lane(monomial[0].name)


def _is_lane(name: str) -> bool:
    return name.split("#")[0] in ("lane", "threadIdx.x", "threadIdx.y", "threadIdx.z")


def is_element(address: Address, launches: tuple[Mapping[str, Expr], ...]) -> bool:
    """Whether the address is a lane's own element of a row, and so no layout of its own."""
    for level in address.levels:
        if level.by_lane:
            pitches = [placed(level.pitch, p).value for p in launches or ({},)]
            if any(p is None or abs(p) <= _ELEMENT_BYTES for p in pitches):
                return True
    return False
