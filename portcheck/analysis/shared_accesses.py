"""What single threads do to shared memory: scalars too, which no requirement is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portcheck.analysis.machine import Machine, Shared
from portcheck.analysis.proofs import Judge
from portcheck.analysis.record import Access
from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition, condition_symbols
from portcheck.symbolic.evaluate import substitute, substitute_condition
from portcheck.symbolic.expr import Expr, Monomial, Symbol, number, of

LANES = 32
MAX_LAUNCHES = 4
MAX_WARPS = 32


@dataclass(frozen=True, slots=True)
class Lanes:
    """One access of a warp: the offsets in bytes of the lanes that take part, and each one's width."""

    offsets: tuple[int, ...]
    width: int

    @property
    def stride(self) -> int | None:
        """The distance of neighbouring lanes, None where it is not the same everywhere."""
        steps = {b - a for a, b in zip(self.offsets, self.offsets[1:], strict=False)}
        return abs(steps.pop()) if len(steps) == 1 else None


@dataclass(frozen=True, slots=True)
class SharedAccess:
    """A load or store of shared memory by each thread.

    `array` is the variable that it is in, `width` in bytes, `lanes` what the first warp that
    takes part touches; None where the program does not fix it.
    """

    place: Place
    function: str
    way: str
    text: str
    array: Symbol | None
    address: Expr
    width: Expr | None
    lanes: Lanes | None


@dataclass(frozen=True, slots=True)
class SharedUse:
    """The shared variables of one run in the order of their first use, and the accesses of them.

    Of accesses at one place with the same address there is one, and one with lanes.
    """

    root: str
    variables: tuple[tuple[Symbol, Shared], ...]
    accesses: tuple[SharedAccess, ...]

    def variable(self, access: SharedAccess) -> Shared | None:
        return next((v for s, v in self.variables if s == access.array), None)


def shared_use(m: Machine, judge: Judge, root: str, accesses: Iterable[Access]) -> SharedUse:
    """What a run did to shared memory."""
    found: dict[object, SharedAccess] = {}
    for access in accesses:
        address = access.address.expr
        key = access.place, access.way, address, access.width
        if (key, True) in found:
            continue
        lanes = _lanes(m, judge, access)
        array = next((s for s in sorted(address.symbols(), key=lambda s: s.name) if s in m.shared), None)
        found.setdefault(
            (key, lanes is not None),
            SharedAccess(
                access.place,
                access.function,
                access.way,
                access.text,
                array,
                address,
                access.width,
                lanes,
            ),
        )
    return SharedUse(root, tuple(m.shared.items()), tuple(found.values()))


def _lanes(m: Machine, judge: Judge, access: Access) -> Lanes | None:
    """What the lanes of one warp touch; None where the program does not fix it.

    What the launches give to template parameters is put in, one launch after the other.
    """
    symbols = _thread(m)
    terms = tuple((f, c) for f, c in access.address.expr.terms if symbols_of(f) & symbols)
    if not terms or access.width is None:
        return None
    part = Expr(terms, 0)
    guards = [k.condition for k in access.known if condition_symbols(k.condition) & symbols]
    fixed = (part.symbols() | access.width.symbols()).union(*map(condition_symbols, guards)) - symbols
    tried: set[object] = set()
    for mapping in [judge.mapping(c) for c in judge.contexts] or [{}]:
        own = {s: e for s, e in mapping.items() if s in fixed}
        key = frozenset((s.name, str(e)) for s, e in own.items())
        if key in tried or len(tried) >= MAX_LAUNCHES:
            continue
        tried.add(key)
        width = substitute(access.width, own).value
        alone = [substitute_condition(g, own) for g in guards if condition_symbols(g) <= symbols | own.keys()]
        made = _touched(substitute(part, own), width, alone, symbols) if width else None
        if made is not None:
            return made
    return None


def symbols_of(monomial: Monomial) -> set[Symbol]:
    """The symbols of a product, at any depth."""
    return {s for atom in monomial for s in of(atom).symbols()}


def _thread(m: Machine) -> set[Symbol]:
    """The symbols that number the threads of a warp."""
    named = (m.builtins.get(n) for n in ("threadIdx.x", "lane"))
    return {s for n in named if n is not None for s in n.expr.symbols()}


def _touched(part: Expr, width: int, guards: list[Condition], symbols: set[Symbol]) -> Lanes | None:
    """The offsets of the lanes in the first warp that the guards let through."""
    for warp in range(MAX_WARPS):
        offsets: list[int] = []
        for lane in range(LANES):
            at = {s: number(lane if s.name.startswith("lane") else warp * LANES + lane) for s in symbols}
            if any(substitute_condition(g, at).known is False for g in guards):
                continue
            offset = substitute(part, at).value
            if offset is None:
                return None
            offsets.append(offset)
        if len(offsets) > 1:
            return Lanes(tuple(offsets), width)
        if not guards:
            break
    return None
