"""Transfers: what moves from where to where, normalised from events.

A bulk copy is a transfer as it stands. The accesses of single threads are normalised over
lanes and loops: `p[lane + 32 * k]` for a vector of 16 bytes is a contiguous row, whose end
is what the loop's condition says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from portcheck.analysis.machine import Machine
from portcheck.analysis.record import Access, Address, Bulk, Event
from portcheck.analysis.state import Known
from portcheck.analysis.values import NO_TAGS, Number, Tags
from portcheck.source.place import Place
from portcheck.symbolic.condition import Operator, Relation, condition_symbols
from portcheck.symbolic.decide import decide
from portcheck.symbolic.evaluate import (
    change_condition,
    rebuilt,
    replace_atoms,
    substitute,
    substitute_condition,
)
from portcheck.symbolic.expr import (
    ZERO,
    Atom,
    Expr,
    Quotient,
    Role,
    Symbol,
    floor_divide,
    number,
    of,
    smallest,
)
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict

WARP_LANES = 32


class Pattern(StrEnum):
    """How the threads of a warp, over their loops, cover memory."""

    BULK = "bulk"
    CONTIGUOUS = "contiguous"
    STRIDED = "strided"
    BROADCAST = "broadcast"
    GATHER = "gather"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a transfer: its first byte, in shared memory (UB) or in global memory (GM)."""

    space: str
    start: Expr
    tags: Tags


@dataclass(frozen=True, slots=True)
class Transfer:
    """A movement of bytes. `length` in bytes of one contiguous piece; None where not known.

    `source` and `destination` are None for registers and for what the code does not show.
    `by_blocks`: the blocks of the grid cover the piece together.
    """

    place: Place
    function: str
    kernel: str
    calls: tuple[Place, ...]
    operation: str
    pattern: Pattern
    source: End | None
    destination: End | None
    length: Expr | None
    length_tags: Tags
    known: tuple[Known, ...]
    text: str
    by_blocks: bool = False

    @property
    def ends(self) -> tuple[End, ...]:
        return tuple(e for e in (self.source, self.destination) if e is not None)


@dataclass(frozen=True, slots=True)
class Layout:
    """An address that the code carves out of a bigger object and names."""

    place: Place
    function: str
    kernel: str
    calls: tuple[Place, ...]
    name: str
    end: End
    known: tuple[Known, ...]


def normalise(m: Machine, kernel: str, events: list[Event]) -> list[Transfer | Layout]:
    """The transfers and layouts of a run, doubles removed."""
    found: dict[object, Transfer | Layout] = {}
    for event in events:
        made: Transfer | Layout | None = None
        if isinstance(event, Bulk):
            made = _bulk(m, kernel, event)
        elif isinstance(event, Access):
            made = _access(m, kernel, event)
        elif isinstance(event, Address):
            made = _address(m, kernel, event)
        if made is not None:
            key = (made.place, made.calls, str(made))
            found.setdefault(key, made)
    return list(found.values())


def _end(m: Machine, pointer: Number | None, shared: bool | None = None) -> End | None:
    """`shared`: what the instruction says of the space, None where it says nothing."""
    if pointer is None:
        return None
    shared = m.is_shared(pointer.expr) if shared is None else shared
    return End("UB" if shared else "GM", pointer.expr, pointer.tags)


_SPACES = re.compile(r"^cp\.(?:reduce\.)?async\b.*?\.(shared|global)(?:::\w+)?\.(shared|global)\b")


def _said(event: Bulk) -> tuple[bool | None, bool | None]:
    """Whether the instruction names shared memory, for its source and its destination."""
    named = _SPACES.match(event.operation)
    return (None, None) if named is None else (named[2] == "shared", named[1] == "shared")


def _bulk(m: Machine, kernel: str, event: Bulk) -> Transfer:
    length = event.length
    joined = _joined_lanes(m, kernel, event)
    if joined is not None:
        return joined
    from_shared, to_shared = _said(event)
    return Transfer(
        event.place,
        event.function,
        kernel,
        event.calls,
        event.operation,
        Pattern.BULK,
        _end(m, event.source, from_shared),
        _end(m, event.destination, to_shared),
        length.expr if length is not None else None,
        length.tags if length is not None else NO_TAGS,
        event.known,
        event.text,
    )


def _joined_lanes(m: Machine, kernel: str, event: Bulk) -> Transfer | None:
    """An asynchronous copy of a few bytes by each lane, as the row that the lanes copy together."""
    width = event.length.expr if event.length is not None else None
    if width is None or width.value is None or event.source is None or event.destination is None:
        return None
    rows = [_row(m, end.expr, width, event.known) for end in (event.source, event.destination)]
    if any(r.pattern is not Pattern.CONTIGUOUS for r in rows) or rows[0].length != rows[1].length:
        return None
    source, destination = (
        _end(m, Number(row.start, end.type, end.tags | row.tags), shared)
        for row, end, shared in zip(rows, (event.source, event.destination), _said(event), strict=True)
    )
    return Transfer(
        event.place,
        event.function,
        kernel,
        event.calls,
        event.operation,
        Pattern.BULK,
        source,
        destination,
        rows[0].length,
        rows[0].tags,
        rows[0].known,
        event.text,
    )


def _address(m: Machine, kernel: str, event: Address) -> Layout | None:
    end = _end(m, event.address)
    if end is None or m.is_local(event.address.expr):
        return None
    return Layout(event.place, event.function, kernel, event.calls, event.name, end, event.known)


def _access(m: Machine, kernel: str, event: Access) -> Transfer:
    row = _row(m, event.address.expr, event.width, event.known)
    pointer = Number(row.start, event.address.type, event.address.tags | row.tags)
    end = _end(m, pointer)
    loads = event.way == "load"
    return Transfer(
        event.place,
        event.function,
        kernel,
        event.calls,
        f"{event.way} of {event.element}",
        row.pattern,
        end if loads else None,
        None if loads else end,
        row.length,
        row.tags,
        row.known,
        event.text,
        row.by_blocks,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: Pattern
    start: Expr
    length: Expr | None
    tags: Tags
    known: tuple[Known, ...]
    by_blocks: bool = False


def _row(m: Machine, address: Expr, width: Expr | None, known: tuple[Known, ...]) -> _Row:
    """The contiguous piece that the threads and loops around an access cover together."""
    address, known = _by_warps(m, address, known)
    lanes = sorted(address.symbols() & m.thread_symbols(), key=lambda s: s.name)
    if width is None:
        return _Row(Pattern.GATHER, address, None, NO_TAGS, known)
    if not lanes:
        return _Row(Pattern.BROADCAST, address, width, NO_TAGS, known)
    lane = next((s for s in lanes if _coefficient(address, s) == width), None)
    if lane is None:
        strided = any(_coefficient(address, s) is not None for s in lanes)
        return _Row(Pattern.STRIDED if strided else Pattern.GATHER, address, width, NO_TAGS, known)
    threads = _threads(m, lane)
    if threads is None:
        return _Row(Pattern.STRIDED, address, width, NO_TAGS, known)
    covered = _covering(m, address, lane, width, threads)
    range_ = Premises(tuple(Premise(k.condition, k.tag) for k in known)).interval(of(lane))
    first: dict[Symbol, Expr] = dict.fromkeys(covered, ZERO)
    first[lane] = number(max(range_.low or 0, 0))
    bounded = range_.high is not None and (lane.high is None or range_.high < lane.high)
    end = smallest([number(range_.high) + 1, threads]) if bounded and range_.high is not None else threads
    whole = end - first[lane]
    kept = tuple(k for k in known if not _mentions(k, covered))
    start = substitute(address, first)
    low, lower = _skipped_of_row(known, covered, first, address, width)
    counts = [(one, _count_of_row(one, covered, first, address, width)) for one in known]
    uppers = [(one, count) for one, count in counts if count is not None]
    if uppers:
        by_blocks = any(s.name.startswith("blockIdx") for s in covered)
        used = [one for one, _ in uppers] + ([lower] if lower is not None else [])
        count = smallest([c for _, c in uppers] + ([whole] if covered == {lane} else []))
        length = (count - low) * width if _is_unbroken(m, known, used, covered, first) else None
        tags = frozenset(one.tag for one in used)
        return _Row(Pattern.CONTIGUOUS, start + low * width, length, tags, kept, by_blocks)
    start = substitute(address, {lane: first[lane]})
    kept = tuple(k for k in known if not _mentions(k, {lane}))
    guarded = any(
        (_mentions(k, {lane}) and not _is_bound(k, lane)) or _chooses_threads(m, k) for k in known if k.guard
    )
    return _Row(Pattern.CONTIGUOUS, start, None if guarded else whole * width, NO_TAGS, kept)


def _by_warps(m: Machine, address: Expr, known: tuple[Known, ...]) -> tuple[Expr, tuple[Known, ...]]:
    """An address that names the warp (`threadIdx.x / 32`) in terms of warp and lane."""
    thread = m.builtins.get("threadIdx.x")
    if thread is None or not _names_warp(address, thread.expr):
        return address, known
    lane, warp = m.lane().expr, of(Symbol("warp", Role.INDEX, 0, 31, "the warp's number in its block"))
    (symbol,) = thread.expr.symbols()

    def changed(expr: Expr) -> Expr:
        return replace_atoms(expr, replaced)

    def replaced(atom: Atom) -> Expr | None:
        if atom == symbol:
            return lane + warp * WARP_LANES
        if _is_warp(atom, thread.expr) and isinstance(atom, Quotient) and atom.divisor.value:
            return floor_divide(warp, atom.divisor.value // WARP_LANES)
        return rebuilt(atom, changed, lambda c: change_condition(c, changed))

    kept = tuple(Known(change_condition(k.condition, changed), k.tag, k.guard) for k in known)
    return changed(address), kept


def _names_warp(expr: Expr, thread: Expr) -> bool:
    return any(_is_warp(atom, thread) for atom in expr.atoms())


def _is_warp(atom: Atom, thread: Expr) -> bool:
    if not isinstance(atom, Quotient) or atom.dividend != thread:
        return False
    divisor = atom.divisor.value
    return divisor is not None and divisor > 0 and divisor % WARP_LANES == 0


def _threads(m: Machine, lane: Symbol) -> Expr | None:
    """How many threads stand side by side: a warp's lanes, or the block's first dimension."""
    if "lane" in m.builtins and lane in m.builtins["lane"].expr.symbols():
        return number(WARP_LANES)
    axis = lane.name.partition(".")[2]
    shape = m.builtin(f"blockDim.{axis}") if axis else None
    return shape.expr if shape is not None else None


def _is_bound(known: Known, lane: Symbol) -> bool:
    """Whether a condition only bounds the thread's number by constants."""
    return condition_symbols(known.condition) == {lane}


def _mentions(known: Known, symbols: set[Symbol]) -> bool:
    return bool(condition_symbols(known.condition) & symbols)


def _coefficient(expr: Expr, symbol: Symbol) -> Expr | None:
    """The factor of a symbol that an expression is linear in; None where it is not."""
    rest, factor = ZERO, ZERO
    for monomial, c in expr.terms:
        if symbol in monomial:
            left = list(monomial)
            left.remove(symbol)
            factor = factor + _product(left, c)
        else:
            rest = rest + Expr(((monomial, c),), 0)
    if symbol in rest.symbols() or symbol in factor.symbols() or (not factor.terms and not factor.constant):
        return None
    return factor


def _product(atoms: Sequence[Atom], coefficient: int) -> Expr:
    result = number(coefficient)
    for atom in atoms:
        result = result * of(atom)
    return result


def _covering(m: Machine, address: Expr, lane: Symbol, width: Expr, threads: Expr) -> set[Symbol]:
    """The lane and the loop counters that step on by all its threads: together they tile a row."""
    covered = {lane}
    reach: Expr | None = width * threads
    candidates = [
        (factor, symbol)
        for symbol in sorted(address.symbols(), key=lambda s: s.name)
        if symbol.role is Role.INDEX and symbol is not lane
        if (factor := _coefficient(address, symbol)) is not None
    ]
    while reach is not None:
        following = next((s for f, s in candidates if f == reach and s not in covered), None)
        if following is None:
            break
        covered.add(following)
        span = _span(m, following)
        reach = reach * span if span is not None else None
    return covered


def _span(m: Machine, symbol: Symbol) -> Expr | None:
    """How many values a counter has, or blocks the grid."""
    if symbol.name.startswith("blockIdx."):
        blocks = m.builtin(symbol.name.replace("blockIdx", "gridDim"))
        return blocks.expr if blocks is not None else None
    return number(symbol.high + 1) if symbol.high is not None and symbol.low == 0 else None


def _skipped_of_row(
    known: tuple[Known, ...], covered: set[Symbol], first: dict[Symbol, Expr], address: Expr, width: Expr
) -> tuple[Expr, Known | None]:
    """How many elements at the beginning of a row are left out, by a condition such as `i >= n` on a
    size, and that condition."""
    premises = Premises(tuple(Premise(k.condition, k.tag) for k in known))
    for one in known:
        relation = one.condition
        if one.guard and isinstance(relation, Relation) and relation.operator is Operator.NON_NEGATIVE:
            factors = [(_coefficient(relation.expr, s), _coefficient(address, s)) for s in covered]
            low = ZERO - substitute(relation.expr, first)
            of_sizes = all(s.role is Role.PARAMETER for s in low.symbols())
            if not of_sizes or not all(own is not None and own * width == its for own, its in factors):
                continue
            least = premises.interval(low).low
            if least is not None and least >= 0:
                return low, one
    return ZERO, None


def _chooses_threads(m: Machine, known: Known) -> bool:
    """Whether a branch tests what each thread reads for itself."""
    tested = condition_symbols(known.condition) & m.by_thread
    return bool(tested) and m.state.steps[known.tag].kind == "guard"


def _is_unbroken(
    m: Machine,
    known: tuple[Known, ...],
    used: list[Known],
    covered: set[Symbol],
    first: Mapping[Symbol, Expr],
) -> bool:
    """Whether no other condition leaves out a part of the row: each that is true where the row begins
    is true all along it. What is read anew for each element may leave out any of them."""
    counters = covered - m.builtin_symbols()
    newest = max((m.state.serial(s) for s in counters), default=None)
    for one in known:
        if not one.guard or one in used:
            continue
        others = condition_symbols(one.condition) - covered
        if _chooses_threads(m, one) or (newest is not None and any(m.varies(s, newest) for s in others)):
            return False
        if not _mentions(one, covered):
            continue
        begins = substitute_condition(one.condition, first)
        rest = [k.condition for k in known if k is not one]
        premises = Premises(tuple(Premise(c, i) for i, c in enumerate([begins, *rest])))
        if begins.known is False or premises.contradictory:
            return False
        if decide(one.condition, premises).verdict is not Verdict.HOLDS:
            return False
    return True


def _count_of_row(
    known: Known, covered: set[Symbol], first: dict[Symbol, Expr], address: Expr, width: Expr
) -> Expr | None:
    """The number of elements in a row, from a condition such as `lane + 32*k < n`."""
    relation = known.condition
    if (
        not known.guard
        or not isinstance(relation, Relation)
        or relation.operator is not Operator.NON_NEGATIVE
    ):
        return None
    expr = relation.expr  # n - 1 - (lane + 32*k) >= 0
    for symbol in covered:
        own, its = _coefficient(expr, symbol), _coefficient(address, symbol)
        if own is None or its is None or own * width != -its:
            return None
    return substitute(expr, first) + 1
