"""What the checks of one run mean for what it moves, in bytes, and for its launches.

Computed where the run is: what leaves it are places, texts and proofs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portcheck.analysis.machine import Machine
from portcheck.analysis.proof import Proof
from portcheck.analysis.proofs import Judge, Question
from portcheck.analysis.record import CheckEvent, Event
from portcheck.analysis.state import Known
from portcheck.analysis.transfers import Layout, Transfer
from portcheck.source.place import Place
from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Every,
    Operator,
    Relation,
    condition_symbols,
    congruent,
)
from portcheck.symbolic.decide import decide
from portcheck.symbolic.evaluate import substitute, substitute_condition
from portcheck.symbolic.expr import Atom, Expr, Monomial, Role, Symbol, number, of
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict

MAX_BYTES = 4096  # multiples beyond this change nothing on any target
BLOCK_BYTES = 32  # UB's block, the same on every target
_ELECTED = re.compile(r"elect|leader|lane|pred", re.IGNORECASE)
_OF_16_BYTES = re.compile(r"of (?:int4|uint4|float4|ulonglong2|longlong2)$")
_BOUND_OF_BYTES = re.compile(r"bytes|sizeof|smem", re.IGNORECASE)
_RANK = {Verdict.VIOLATED: 0, Verdict.DEPENDS: 1, Verdict.UNKNOWN: 2, Verdict.HOLDS: 3}


@dataclass(frozen=True, slots=True)
class CheckUse:
    """A check, by its place, its function and its text, and a place that it is about."""

    place: Place
    function: str
    text: str
    other: Place


@dataclass(frozen=True, slots=True)
class Implied(CheckUse):
    """The multiple of bytes that a check makes of a number of the transfer at `other`.

    `role` and `quantity` say which number. `unit_bytes` is what each of the things counted in
    the check takes, None where the number does not count them. `proof`: whether the transfer's
    number is whole blocks of UB, with everything that is known there.
    """

    condition: str
    role: str
    quantity: str
    implied_bytes: int
    unit_bytes: int | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Unguarded(CheckUse):
    """A check that would make the transfer at `other` sound, which is not in force there."""

    used_in: str
    use: str
    quantity: str
    modulus: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class AtLaunch(CheckUse):
    """A check in terms of the launch at `other`.

    `host` is what the host checks of the same quantity, from which it does not follow; or ""
    for a bound on a size that is met with `slack_bytes` to spare.
    """

    launch: str
    condition: str = ""
    host: str = ""
    verdict: Verdict = Verdict.HOLDS
    slack_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CheckUses:
    """The uses of the checks of one run.

    `units` has of each check the number that counts the least, `weak` the worst of the numbers
    that it lets be no whole blocks.
    """

    units: tuple[Implied, ...]
    weak: tuple[Implied, ...]
    unguarded: tuple[Unguarded, ...]
    on_host: tuple[AtLaunch, ...]
    tight: tuple[AtLaunch, ...]


def check_uses(
    m: Machine, judge: Judge, events: Sequence[Event], subjects: Sequence[Transfer | Layout]
) -> CheckUses:
    """What the checks among the events mean for the transfers among the subjects."""
    checks = [e for e in events if isinstance(e, CheckEvent)]
    transfers = [s for s in subjects if isinstance(s, Transfer)]
    units: dict[Place, Implied] = {}
    weak: dict[Place, Implied] = {}
    for made in _implied(m, judge, checks, transfers):
        before = units.get(made.place)
        if is_smaller_unit(made, before):
            units[made.place] = made
        before = weak.get(made.place)
        if made.proof is not None and is_worse(made, before):
            weak[made.place] = made
    return CheckUses(
        tuple(units.values()),
        tuple(weak.values()),
        tuple(_unguarded(m, judge, checks, transfers)),
        tuple(_on_host(judge, checks)),
        tuple(_tight(judge, checks)),
    )


def is_smaller_unit(one: Implied, before: Implied | None) -> bool:
    """Whether one says better than another what a check counts."""
    if one.unit_bytes is None:
        return False
    return before is None or before.unit_bytes is None or one.unit_bytes < before.unit_bytes


def is_worse(one: Implied, before: Implied | None) -> bool:
    """Whether one says better than another what a check lets through."""
    return before is None or _rank(one) < _rank(before)


def _rank(one: Implied) -> int:
    return _RANK[one.proof.verdict if one.proof is not None else Verdict.HOLDS]


# -- what a check implies in bytes -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A number of bytes of a transfer that a check is about; `role` says which number."""

    role: str
    expr: Expr


def _parts(condition: Condition) -> Iterator[Condition]:
    """The conditions that all hold where this one does."""
    if isinstance(condition, Every):
        for part in condition.conditions:
            yield from _parts(part)
    else:
        yield condition


def _quantities(transfer: Transfer, condition: Condition) -> Iterator[_Quantity]:
    """The transfer's length, and the pitches of its ends, as far as they are about the condition."""
    symbols = condition_symbols(condition)
    if transfer.length is not None and transfer.length.symbols() & symbols:
        yield _Quantity("length", transfer.length)
    for end in transfer.ends:
        for pitch in _factors(end.start, symbols):
            yield _Quantity(f"pitch in {end.space}", pitch)


def _factors(address: Expr, symbols: frozenset[Symbol]) -> Iterator[Expr]:
    """What the address grows by with each index, as far as that is about the symbols.

    Everything that one index multiplies is one factor: 2*n*i + 48*i is a pitch of 2*n + 48.
    """
    by_index: dict[Monomial, Expr] = {}
    for monomial, coefficient in address.terms:
        index = tuple(a for a in monomial if not of(a).symbols() & symbols and not _is_fixed(a))
        factor = number(coefficient)
        for atom in monomial:
            if atom not in index:
                factor = factor * of(atom)
        by_index[index] = by_index.get(index, number(0)) + factor
    for index, factor in by_index.items():
        if index and factor.symbols() & symbols:
            yield factor


def _is_fixed(atom: Atom) -> bool:
    """Whether a launch fixes the atom: it belongs to a size, not to what counts."""
    return all(s.role is Role.PARAMETER for s in of(atom).symbols())


def _implied(
    m: Machine, judge: Judge, checks: Sequence[CheckEvent], transfers: Sequence[Transfer]
) -> Iterator[Implied]:
    """For each check of divisibility what it adds, in bytes, for each quantity."""
    done: dict[tuple[Condition, Expr], int] = {}
    for check in checks:
        for part in _parts(check.condition):
            if not isinstance(part, Congruent) or part.residue or part.negated:
                continue
            for transfer in transfers:
                for quantity in _quantities(transfer, part):
                    key = part, quantity.expr
                    if key not in done:
                        done[key] = _added(part, quantity.expr)
                    if done[key]:
                        yield _implication(m, judge, check, part, quantity, transfer, done[key])


def _added(part: Condition, expr: Expr) -> int:
    """The multiple that the condition makes of the expression, 0 where it is one without it."""
    with_check = _follows(expr, (part,))
    return with_check if with_check > 1 and with_check > _follows(expr, ()) else 0


def _follows(expr: Expr, conditions: tuple[Condition, ...]) -> int:
    """The largest power of two, up to MAX_BYTES, that divides `expr` where the conditions hold."""
    premises = Premises(tuple(Premise(c, i) for i, c in enumerate(conditions)))
    modulus = 1
    while modulus < MAX_BYTES:
        if decide(congruent(expr, 2 * modulus), premises).verdict is not Verdict.HOLDS:
            break
        modulus *= 2
    return modulus


def _implication(
    m: Machine,
    judge: Judge,
    check: CheckEvent,
    part: Congruent,
    quantity: _Quantity,
    transfer: Transfer,
    implied_bytes: int,
) -> Implied:
    proof = None
    if quantity.role != "pitch in GM" and implied_bytes < BLOCK_BYTES:
        text = f"the {quantity.role} {quantity.expr} is a multiple of {BLOCK_BYTES} bytes"
        goal = congruent(quantity.expr, BLOCK_BYTES)
        known = (*transfer.known, *m.universal)
        proof = judge.answer(Question(goal, quantity.expr, text, frozenset((*check.tags,)), known))
    return Implied(
        check.place,
        check.function,
        check.text,
        transfer.place,
        str(part),
        quantity.role,
        str(quantity.expr),
        implied_bytes,
        _unit(quantity.expr, part.expr),
        proof,
    )


def _unit(quantity: Expr, counted: Expr) -> int | None:
    """How many bytes each of what is counted takes, where the quantity is a multiple of that."""
    terms = quantity.terms
    unit = abs(terms[0][1]) if terms else abs(quantity.constant)
    shared = abs(counted.terms[0][1]) if counted.terms else 1
    unit = unit // shared
    return unit if unit and quantity == counted * unit else None


# -- where checks stand ----------------------------------------------------------------


def _unguarded(
    m: Machine, judge: Judge, checks: Sequence[CheckEvent], transfers: Sequence[Transfer]
) -> Iterator[Unguarded]:
    """A transfer that a check would make sound, at a place where the check is not in force.

    Without the check the number is not known to be the multiple that the access itself or
    UB asks for; with it, it is. One a check.
    """
    done: set[Place] = set()
    for transfer in transfers:
        known = (*transfer.known, *m.universal)
        there = {k.condition for k in known}
        for check in checks:
            for part in _parts(check.condition):
                if not isinstance(part, Congruent) or part.negated or part in there:
                    continue
                if check.place in done or check.function != transfer.function:
                    continue
                if _by_one_thread(m, check, there):
                    continue
                made = _needed(judge, transfer, check, part, known)
                if made is not None:
                    done.add(check.place)
                    yield made


def _by_one_thread(m: Machine, check: CheckEvent, there: set[Condition]) -> bool:
    """Whether only a thread's number keeps the check from the access: it stops the others too."""
    threads = m.thread_symbols()
    extra = [k.condition for k in check.known if k.guard and k.condition not in there]
    chosen = [condition_symbols(c) & threads or _ELECTED.search(str(c)) for c in extra]
    return bool(extra) and all(chosen)


def _needed(
    judge: Judge, transfer: Transfer, check: CheckEvent, part: Congruent, known: tuple[Known, ...]
) -> Unguarded | None:
    for quantity in _quantities(transfer, part):
        modulus = BLOCK_BYTES if quantity.role != "pitch in GM" else 0
        if quantity.role != "length" and _OF_16_BYTES.search(transfer.operation):
            modulus = 16
        if not modulus:
            continue
        goal = congruent(quantity.expr, modulus)
        proof = judge.answer(Question(goal, quantity.expr, str(goal), frozenset(), known))
        if proof.verdict in (Verdict.HOLDS, Verdict.UNKNOWN):
            continue
        tag = check.known[0].tag if check.known else 0
        more = Premises((*(Premise(k.condition, k.tag) for k in known), Premise(part, tag)))
        if decide(goal, more).verdict is Verdict.HOLDS:
            return Unguarded(
                check.place,
                check.function,
                check.text,
                transfer.place,
                transfer.function,
                transfer.text,
                str(quantity.expr),
                modulus,
                proof,
            )
    return None


# -- checks in a launch ----------------------------------------------------------------


def _on_host(judge: Judge, checks: Sequence[CheckEvent]) -> Iterator[AtLaunch]:
    """Checks that the host's own checks of the same quantity do not imply."""
    seen: set[tuple[Place, str]] = set()
    for check in checks:
        for part in _parts(check.condition):
            if not isinstance(part, Congruent):
                continue
            for context in judge.contexts:
                there = substitute_condition(part, judge.mapping(context))
                known = [p.condition for p in context.known]
                near = [c for c in known if _same_quantity(c, there)]
                if there.known is not None or not near:
                    continue
                verdict = decide(there, Premises(tuple(Premise(c, i) for i, c in enumerate(known)))).verdict
                host = " and ".join(dict.fromkeys(str(c) for c in near))
                if verdict not in (Verdict.DEPENDS, Verdict.VIOLATED) or (check.place, host) in seen:
                    continue
                seen.add((check.place, host))
                yield AtLaunch(
                    check.place,
                    check.function,
                    check.text,
                    context.place,
                    context.label,
                    str(there),
                    host,
                    verdict,
                )


def _same_quantity(host: Condition, device: Condition) -> bool:
    congruence = any(isinstance(p, Congruent) and not p.negated for p in _parts(host))
    return congruence and bool(condition_symbols(host) & condition_symbols(device))


def _tight(judge: Judge, checks: Sequence[CheckEvent]) -> Iterator[AtLaunch]:
    """Bounds on sizes in bytes that are met with less than one block to spare in a launch."""
    for check in checks:
        condition = check.condition
        if not isinstance(condition, Relation) or condition.operator is not Operator.NON_NEGATIVE:
            continue
        if not _BOUND_OF_BYTES.search(check.text):
            continue
        for context in judge.contexts:
            slack = substitute(condition.expr, judge.mapping(context)).value
            if slack is not None and 0 <= slack < BLOCK_BYTES:
                yield AtLaunch(
                    check.place,
                    check.function,
                    check.text,
                    context.place,
                    context.label,
                    slack_bytes=slack,
                )
                break
