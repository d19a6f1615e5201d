"""What one kernel moves between GM and its threads: every access, scalars too, from a run of the analysis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portcheck.analysis.engine import Analysis
from portcheck.analysis.machine import Machine
from portcheck.analysis.record import Access, Recorder
from portcheck.analysis.state import Known
from portcheck.analysis.transfers import End, Pattern, Transfer, normalise
from portcheck.analysis.values import Number, Tags
from portcheck.ascendc.expressions import coefficient
from portcheck.ascendc.intent import Check, Move, Way
from portcheck.program.model import Function
from portcheck.program.types import CType
from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition, Operator, Relation, condition_symbols
from portcheck.symbolic.evaluate import substitute_condition
from portcheck.symbolic.expr import ZERO, Atom, Expr, Quotient, Role, Symbol, number, of

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.state import Frame

_NO_ADDRESS = "the call does not show where it stands"
_OTHER_BASE = "it is counted from {base}, which is no argument of the kernel"
_SEVERAL = "several accesses at one line cover the bytes together"
_NO_LENGTH = "how many bytes lie together is not followed"
_MAX_TEXT = 160


@dataclass(eq=False)
class _EveryAccess(Recorder):
    """Writes down every access of GM, whatever its width, and nothing that stays inside a block."""

    def access(
        self,
        m: Machine,
        way: str,
        address: Expr,
        element: CType | None,
        tags: Tags,
        node: Node,
        frame: Frame,
    ) -> None:
        if element is None or m.is_local(address) or m.is_shared(address):
            return
        type_ = m.sizes.resolve(element, frame)
        width = m.sizes.size(type_, frame)
        pointer = Number(address, type_.pointer(), tags)
        common = self._common(m, node, frame)
        self.events.append(Access(*common, way, pointer, type_, width, m.shown(node, frame)))


@dataclass(frozen=True, slots=True)
class Moves:
    """All moves of a kernel in source order, and what the kernel asserts of its sizes."""

    moves: tuple[Move, ...]
    checks: tuple[Check, ...]


def moves_of(analysis: Analysis, kernel: Function) -> Moves:
    """Run the analysis over one kernel. Empty where it has no body that can be followed."""
    recorder = _EveryAccess()
    machine = Machine(analysis.tree, recorder)
    machine.run(kernel)
    found = [t for t in normalise(machine, kernel.qualified, recorder.events) if isinstance(t, Transfer)]
    reader = _Reader(machine)
    listed = [move for t in found for move in reader.moves(t)]
    ordered = sorted(_merged(listed), key=lambda m: (m.anchor.path, m.anchor.start_byte, m.place.start_byte))
    return Moves(tuple(ordered), tuple(reader.checks(found)))


@dataclass(eq=False)
class _Reader:
    """Turns transfers into moves, in the terms of one run."""

    machine: Machine

    def moves(self, transfer: Transfer) -> Iterator[Move]:
        """A load for a source in GM, a store for a destination there."""
        for way, end in ((Way.LOAD, transfer.source), (Way.STORE, transfer.destination)):
            if end is not None and end.space == "GM":
                yield self._move(transfer, way, end)
        if transfer.source is None and transfer.destination is None:
            yield self._move(transfer, Way.LOAD, None)

    def _move(self, transfer: Transfer, way: Way, end: End | None) -> Move:
        buffer, offset, why = self._address(end)
        length = transfer.length
        if length is None or not self.is_determined(length):
            length, why = None, why or _NO_LENGTH
        move = Move(
            way,
            transfer.place,
            transfer.calls[0] if transfer.calls else transfer.place,
            transfer.text[:_MAX_TEXT],
            buffer,
            offset,
            length,
            (),
            (),
            {},
            why,
            transfer.pattern in (Pattern.GATHER, Pattern.STRIDED),
            transfer.by_blocks,
        )
        conditions, open_ = self._conditions(transfer.known, move.indices)
        order = {s: self.machine.state.serial(s) for s in move.indices}
        return replace(move, conditions=conditions, open_conditions=open_, order=order)

    def _address(self, end: End | None) -> tuple[str, Expr | None, str]:
        """The parameter that an address counts from and the offset in bytes, or what is missing."""
        if end is None:
            return "", None, _NO_ADDRESS
        named = {symbol: name for name, symbol in self.machine.initial.items()}
        bases = sorted(s for s in end.start.symbols() if s.role is Role.BASE)
        if len(bases) == 1 and bases[0] in named and coefficient(end.start, bases[0]) == number(1):
            offset = end.start - of(bases[0])
            if self.is_determined(offset):
                return named[bases[0]], offset, ""
            return named[bases[0]], None, self._missing(offset)
        if len(bases) == 1:
            rest = end.start - of(bases[0])
            known = coefficient(end.start, bases[0]) == number(1) and self.is_determined(rest)
            return "", rest if known else None, _OTHER_BASE.format(base=bases[0].name)
        return "", None, self._missing(end.start)

    def is_determined(self, expr: Expr) -> bool:
        return all(s.role in (Role.PARAMETER, Role.INDEX) for s in expr.symbols())

    def _missing(self, expr: Expr) -> str:
        names = sorted(s.name.split("#")[0] for s in expr.symbols() if s.role in (Role.OPAQUE, Role.BASE))
        return f"not determined: {', '.join(dict.fromkeys(names))[:_MAX_TEXT]}" if names else _NO_ADDRESS

    def _conditions(
        self, known: Iterable[Known], indices: frozenset[Symbol]
    ) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
        """What a port can test of the guards, over these counters, and the texts of the rest.

        A guard over other counters only chooses who does it: it stays as the question whether anyone does.
        """
        kept: dict[Condition, None] = {}
        open_: dict[str, None] = {}
        for one in known:
            if not one.guard:
                continue
            symbols = condition_symbols(one.condition)
            others = {s for s in symbols if s.role is Role.INDEX} - indices
            if any(s.role not in (Role.PARAMETER, Role.INDEX) for s in symbols):
                open_.setdefault(str(one.condition)[:_MAX_TEXT])
            elif not others:
                kept.setdefault(one.condition)
            elif (weakest := _weakest(one.condition, others)) is not None and weakest.known is None:
                kept.setdefault(weakest)
        return tuple(kept), tuple(open_)

    def checks(self, transfers: Iterable[Transfer]) -> Iterator[Check]:
        """The code's own asserts over what a launch fixes, each once."""
        seen: set[Condition] = set()
        for one in (k for t in transfers for k in t.known if not k.guard):
            step = self.machine.state.steps[one.tag]
            symbols = condition_symbols(one.condition)
            fixed = bool(symbols) and all(s.role is Role.PARAMETER for s in symbols)
            if step.kind == "check" and fixed and one.condition not in seen:
                seen.add(one.condition)
                yield Check(one.condition, step.place)


def _weakest(condition: Condition, others: set[Symbol]) -> Condition | None:
    """The condition for the first values of counters that make it harder as they grow."""
    if not isinstance(condition, Relation) or condition.operator is not Operator.NON_NEGATIVE:
        return None
    for symbol in others:
        factor = coefficient(condition.expr, symbol)
        if symbol.low != 0 or factor is None or not is_negative(factor):
            return None
    return substitute_condition(condition, dict.fromkeys(others, ZERO))


def is_negative(factor: Expr) -> bool:
    """Whether a factor is at most 0, by the signs and bounds of its symbols alone.

    What a launch fixes and a loop steps by counts as positive: the tiling function asks for that.
    """
    if factor.constant > 0:
        return False
    return all(c <= 0 and all(map(_is_non_negative, monomial)) for monomial, c in factor.terms)


def _is_non_negative(atom: Atom) -> bool:
    if isinstance(atom, Symbol):
        return atom.role is Role.PARAMETER or (atom.low is not None and atom.low >= 0)
    return isinstance(atom, Quotient) and is_negative(-atom.dividend) and is_negative(-atom.divisor)


def _merged(listed: list[Move]) -> Iterator[Move]:
    """One move where several at one place, of one way and buffer, cover a row together."""
    found: dict[object, Move] = {}
    for move in listed:
        key = (move.anchor, move.place, move.way, move.buffer)
        first = found.get(key)
        if first is None or (first.scattered and not move.scattered):
            found[key] = move if first is None else replace(move, length=None, why=_SEVERAL)
        elif first.offset != move.offset or first.length != move.length:
            found[key] = replace(first, length=None, why=first.why or _SEVERAL)
    yield from found.values()


def place_text(place: Place) -> str:
    """`path:line` or `path:first-last`."""
    last = f"-{place.end_line}" if place.end_line > place.line else ""
    return f"{place.path}:{place.line}{last}"
