"""Requirements of the targets on transfers and layouts, each with its proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from portcheck.analysis.machine import Machine
from portcheck.analysis.proof import Proof
from portcheck.analysis.proofs import Judge, Launched, Question
from portcheck.analysis.state import Known
from portcheck.analysis.transfers import End, Layout, Pattern, Transfer
from portcheck.analysis.values import Tags
from portcheck.symbolic.condition import Congruent, Operator, Relation, condition_symbols, congruent
from portcheck.symbolic.expr import Atom, Expr, Role, Symbol, number, of
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Assumptions, Kind, Quantity, Requirement, Severity, requirements, targets

_SCATTERED = "the lanes touch scattered elements: where a vector operand would start is the port's to choose"
_BESIDE = "another access of the same rows fills neighbouring bytes: what they move together is not seen"
_PARTS = "how many bytes lie together is not followed: other conditions leave out parts of the row"
_UNREACHED = "no kernel of the tree reaches this function: what a caller's lanes move together is not seen"


NEIGHBOUR_BYTES = 64


@dataclass(frozen=True, slots=True)
class Statement:
    """What one requirement says of one number of a transfer or layout, on the targets that ask it.

    `targets` are the names of the targets that ask for the same number; `role` says which
    number it is: "source", "destination", "length" or "address"; `subject` is that number
    in bytes, `modulus` what it must be a multiple of. `staged`: the number matters only if the
    port stages the object in UB as it lies, or works on it there.
    """

    requirement: Requirement
    targets: tuple[str, ...]
    role: str
    proof: Proof
    subject: Expr
    tags: Tags
    modulus: int

    staged: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.proof.verdict

    @property
    def severity(self) -> Severity:
        """What failing means: of an address that only a copy or an instruction that the port
        chooses would start at, it is a note."""
        return Severity.NOTE if self.staged else self.requirement.severity


@dataclass(frozen=True, slots=True)
class Judged:
    """A transfer or a layout with everything that is required of it."""

    subject: Transfer | Layout
    statements: tuple[Statement, ...]

    def of(self, quantity: Quantity) -> tuple[Statement, ...]:
        return tuple(s for s in self.statements if s.requirement.quantity is quantity)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the requirements that break something; of a layout, its own."""
        own = isinstance(self.subject, Layout)
        serious = [s.verdict for s in self.statements if own or s.severity is Severity.BREAKS]
        for verdict in (Verdict.VIOLATED, Verdict.DEPENDS, Verdict.UNKNOWN):
            if verdict in serious:
                return verdict
        return Verdict.HOLDS


def judge(m: Machine, judge_: Judge, subjects: list[Transfer | Layout], assumed: Assumptions) -> list[Judged]:
    """Every requirement on every transfer and layout."""
    beside = _beside(subjects)
    return [Judged(s, tuple(_told(m, judge_, s, assumed, s in beside))) for s in subjects]


def _beside(subjects: list[Transfer | Layout]) -> set[Transfer | Layout]:
    """Scattered accesses with another one next to it, a few bytes on: together they may be a row."""
    found: dict[object, dict[int, list[Transfer]]] = {}
    for one in subjects:
        if isinstance(one, Transfer) and one.pattern in (Pattern.STRIDED, Pattern.GATHER):
            for end in one.ends:
                rest = end.start - end.start.constant
                places = found.setdefault((end.space, rest, one.source is None), {})
                places.setdefault(end.start.constant, []).append(one)
    return {
        one
        for places in found.values()
        for at, listed in places.items()
        if any(0 < abs(at - other) <= NEIGHBOUR_BYTES for other in places)
        for one in listed
    }


def _told(
    m: Machine, judge_: Judge, subject: Transfer | Layout, assumed: Assumptions, beside: bool
) -> Iterator[Statement]:
    """The statements; where one lane's access may be a part of what a port moves, none that fails."""
    root = m.root.function if m.root is not None else None
    pattern = subject.pattern if isinstance(subject, Transfer) else None
    alone = pattern not in (None, Pattern.BULK, Pattern.CONTIGUOUS)
    for statement in _statements(m, judge_, subject, assumed):
        why = ""
        if alone and root is not None and not root.is_kernel:
            why = _UNREACHED
        elif alone and statement.requirement.quantity is Quantity.VECTOR_START:
            why = _SCATTERED if pattern is Pattern.GATHER else ""
        elif beside and statement.requirement.quantity is Quantity.LENGTH:
            why = _BESIDE
        yield _undecided(statement, why) if why else statement


def _undecided(statement: Statement, why: str) -> Statement:
    if statement.verdict is Verdict.HOLDS:
        return statement
    proof = statement.proof
    return replace(statement, proof=Proof(Verdict.UNKNOWN, proof.goal, proof.expression, why=why))


def _statements(
    m: Machine, judge_: Judge, subject: Transfer | Layout, assumed: Assumptions
) -> Iterator[Statement]:
    if isinstance(subject, Layout):
        for one in _congruences(m, judge_, Quantity.UB_START, "address", subject.end, subject.known, assumed):
            yield replace(one, staged=True)
        return
    in_registers = subject.pattern is not Pattern.BULK and any(e.space == "UB" for e in subject.ends)
    for role, end in (("source", subject.source), ("destination", subject.destination)):
        if end is None:
            continue
        quantity = Quantity.GM_START
        if end.space == "UB":
            quantity = Quantity.VECTOR_START if in_registers else Quantity.UB_START
        yield from _congruences(m, judge_, quantity, role, end, subject.known, assumed)
    if subject.length is None and not in_registers:
        yield from _of_unknown_length(subject)
    if subject.length is not None and not in_registers:
        end = End("", subject.length, subject.length_tags)
        yield from _congruences(m, judge_, Quantity.LENGTH, "length", end, subject.known, assumed)


def _of_unknown_length(transfer: Transfer) -> Iterator[Statement]:
    """What is asked of a length that is not known stays open: no statement would read as if it held."""
    for requirement in requirements():
        if requirement.quantity is Quantity.LENGTH and requirement.kind is Kind.CONGRUENT:
            for modulus, names in _by_modulus(requirement):
                text = f"the length is a multiple of {modulus}"
                proof = Proof(Verdict.UNKNOWN, text, "not known", why=_PARTS)
                yield Statement(requirement, names, "length", proof, number(0), transfer.length_tags, modulus)


def _congruences(
    m: Machine,
    judge_: Judge,
    quantity: Quantity,
    role: str,
    end: End,
    known: tuple[Known, ...],
    assumed: Assumptions,
) -> Iterator[Statement]:
    offset, base = _offset(m, end.start)
    in_rows = end.space == "GM"
    if in_rows:
        subject, known = _any_row(offset, (*known, *m.universal))
    elif quantity is Quantity.LENGTH:
        subject, base, known = end.start, "", (*known, *m.universal)
    else:
        subject, known = offset, (*known, *m.universal, *_assumed_bases(m, end.start, assumed))
    for requirement in requirements():
        if requirement.quantity is not quantity or requirement.kind is not Kind.CONGRUENT:
            continue
        for modulus, names in _by_modulus(requirement):
            text = f"{_label(role, base)} is a multiple of {modulus}"
            about = subject if in_rows else end.start
            question = Question(congruent(about, modulus), subject, text, end.tags, known)
            launched = Launched.ALL if requirement.severity is Severity.BREAKS else Launched.NONE
            if role == "address":
                launched = Launched.UNKNOWN
            proof = judge_.answer(question, launched)
            yield Statement(requirement, names, role, proof, end.start, end.tags, modulus)


def _any_row(offset: Expr, known: tuple[Known, ...]) -> tuple[Expr, tuple[Known, ...]]:
    """An offset in global memory for the question of bandwidth: an index that is read from
    memory stands for any row, and of what is known only divisibility and equality matter."""
    kept = []
    for one in known:
        condition = one.condition
        if isinstance(condition, Congruent) or (
            isinstance(condition, Relation) and condition.operator is Operator.ZERO
        ):
            kept.append(one)
    kept = [k for k in kept if not any(s.role is Role.OPAQUE for s in condition_symbols(k.condition))]
    return _with_any_index(offset), tuple(kept)


def _with_any_index(expr: Expr) -> Expr:
    """The expression with every index that is read from memory or computed from thread
    numbers and counters replaced by one that may have any value."""
    total = number(expr.constant)
    for monomial, coefficient in expr.terms:
        term = number(coefficient)
        for atom in monomial:
            term = term * _any_index(atom)
        total = total + term
    return total


def _any_index(atom: Atom) -> Expr:
    if isinstance(atom, Symbol):
        if atom.role is not Role.OPAQUE:
            return of(atom)
        return of(Symbol(atom.name, Role.INDEX, atom.low, atom.high, atom.note))
    if all(s.role is Role.PARAMETER for s in of(atom).symbols()):
        return of(atom)
    if any(s.role is Role.BASE for s in of(atom).symbols()):
        return of(atom)
    return of(Symbol(str(atom), Role.INDEX, 0, None, "an index that may have any value"))


def _label(role: str, base: str) -> str:
    return f"the offset from {base}" if base else f"the {role}"


def _offset(m: Machine, address: Expr) -> tuple[Expr, str]:
    """The address without its base, and the base's name."""
    for monomial, coefficient in address.terms:
        if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol):
            symbol = monomial[0]
            if m.is_base(symbol):
                return address - of(symbol), symbol.name
    return address, ""


def _assumed_bases(m: Machine, address: Expr, assumed: Assumptions) -> tuple[Known, ...]:
    """Where allocations start, by assumption."""
    found: list[Known] = []
    for symbol in sorted(address.symbols(), key=lambda s: s.name):
        if symbol.role is not Role.BASE:
            continue
        shared = symbol in m.shared
        alignment = assumed.shared_maps_to_ub if shared else assumed.allocated_bases
        if alignment is None or not (shared or symbol in m.bases):
            continue
        declared = m.shared[symbol].alignment_bytes if shared else alignment
        name = "shared-maps-to-ub" if shared else "allocated-bases"
        tag = m.state.step(None, name, "assumption")
        found.append(Known(congruent(of(symbol), min(declared, alignment)), tag, False))
    return tuple(found)


def _by_modulus(requirement: Requirement) -> list[tuple[int, tuple[str, ...]]]:
    """The moduli that the targets ask for, with the names of those targets."""
    grouped: dict[int, list[str]] = {}
    for target in targets():
        modulus = requirement.modulus(target)
        if modulus is not None and requirement.applies(target):
            grouped.setdefault(modulus, []).append(target.name)
    return [(m, tuple(names)) for m, names in grouped.items()]
