"""Finders about checks and alignments: what they imply in bytes, and what relies on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from portcheck.analysis import declarations
from portcheck.analysis.machine import Machine
from portcheck.analysis.proofs import Judge, Question
from portcheck.analysis.record import Access, CheckEvent, Event, Recorder
from portcheck.analysis.state import Known
from portcheck.analysis.transfers import Transfer, normalise
from portcheck.analysis.values import Number
from portcheck.facts.base import Fact
from portcheck.facts.checks import AlignmentCheck
from portcheck.facts.layouts import Layout
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.symbolic.answers import Verdict
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
from portcheck.symbolic.expr import Expr, number, of
from portcheck.symbolic.premises import Premise, Premises

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.state import Frame
    from portcheck.analysis.values import Tags
    from portcheck.program.model import Function, Record
    from portcheck.program.types import CType

MAX_BYTES = 4096  # multiples beyond this change nothing on any target
BLOCK_BYTES = 32  # UB's block, the same on every target
_CONJUNCTION = re.compile(r"\s(?:and|&&)\s|&&")
_REMAINDER = re.compile(r"(.+?)\s*%\s*([^%=!<>]+?)\s*==\s*0[uUlL]*\)*\s*$")
_ALIGNED = re.compile(r"aligned\w*\s*<\s*([^<>]+)\s*>\s*\((.+)\)\s*$", re.IGNORECASE)
_MASKED = re.compile(r"(.+?)\s*&\s*\(?\s*(\d+|0x[\da-fA-F]+)[uUlL]*\s*\)*\s*==\s*0\s*\)*$")
_POINTER = re.compile(r"u?intptr_t|data_ptr|_cast<(?:std::)?uint64_t>\s*\((?!\s*\w*(?:size|bytes))")
_IN_BYTES = re.compile(r"sizeof|element_?size|itemsize|bytes", re.IGNORECASE)
_ELEMENTS = re.compile(r"\.size\s*\(|->size\s*\(|numel|\.shape|sizes\s*\(")
_ELECTED = re.compile(r"elect|leader|lane|pred", re.IGNORECASE)
_SHARED = re.compile(r"smem|shared|shm|cvta", re.IGNORECASE)


# -- runs ------------------------------------------------------------------------------


@dataclass(eq=False)
class _Recorder(Recorder):
    """Also writes down scalar accesses of shared memory, which no requirement is about."""

    shared: list[Access] = field(default_factory=list)

    def access(
        self, m: Machine, way: str, address: Expr, element: CType | None, tags: Tags, node: Node, frame: Frame
    ) -> None:
        super().access(m, way, address, element, tags, node, frame)
        if element is not None and m.is_shared(address):
            width = m.sizes.size(m.sizes.resolve(element, frame), frame)
            pointer = Number(address, element.pointer(), tags)
            common = self._common(m, node, frame)
            self.shared.append(Access(*common, way, pointer, element, width, m.shown(node, frame)))


@dataclass(eq=False)
class Run:
    """One kernel as the analysis runs it; the checks and scalar accesses are not kept there."""

    root: Function
    machine: Machine
    judge: Judge
    events: list[Event]
    shared: list[Access]

    @cached_property
    def checks(self) -> list[CheckEvent]:
        return [e for e in self.events if isinstance(e, CheckEvent)]

    @cached_property
    def transfers(self) -> list[Transfer]:
        subjects = normalise(self.machine, self.root.qualified, self.events)
        return [s for s in subjects if isinstance(s, Transfer)]


@lru_cache(maxsize=1)
def runs(view: View) -> tuple[Run, ...]:
    """Every kernel, and every device function that no kernel enters, as the analysis takes them."""
    made: list[Run] = []
    entered: set[int] = set()
    listed = [f for f in view.analysis.functions if f.origin.active]
    for kernels in (True, False):
        for function in listed:
            wanted = "__device__" in function.qualifiers and id(function) not in entered
            if function.is_kernel is not kernels or not (kernels or wanted):
                continue
            recorder = _Recorder()
            machine = Machine(view.analysis.tree, recorder)
            machine.run(function)
            entered |= machine.entered
            judge = view.analysis.judge(machine, function)
            made.append(Run(function, machine, judge, recorder.events, recorder.shared))
    return tuple(made)


# -- what a check implies in bytes -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A number of bytes of a transfer that a check is about; `role` says which number."""

    role: str
    expr: Expr
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class _Implied:
    """What one part of a check implies of one quantity, by itself."""

    check: CheckEvent
    condition: Congruent
    quantity: _Quantity
    modulus_bytes: int


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
        yield _Quantity("length", transfer.length, transfer)
    for end in transfer.ends:
        for monomial, coefficient in end.start.terms:
            own = [a for a in monomial if of(a).symbols() & symbols]
            if not own or (len(own) == len(monomial) and end.space == "GM"):
                continue  # an offset that no index multiplies is no pitch
            pitch = number(coefficient)
            for atom in own:
                pitch = pitch * of(atom)
            yield _Quantity(f"pitch in {end.space}", pitch, transfer)


def _follows(expr: Expr, conditions: tuple[Condition, ...]) -> int:
    """The largest power of two, up to MAX_BYTES, that divides `expr` where the conditions hold."""
    premises = Premises(tuple(Premise(c, i) for i, c in enumerate(conditions)))
    modulus = 1
    while modulus < MAX_BYTES:
        if decide(congruent(expr, 2 * modulus), premises).verdict is not Verdict.HOLDS:
            break
        modulus *= 2
    return modulus


@lru_cache(maxsize=1)
def _implied(view: View) -> tuple[_Implied, ...]:
    """For each check of divisibility on the device what it adds, in bytes, for each quantity."""
    found: list[_Implied] = []
    for run in runs(view):
        done: dict[tuple[Condition, Expr], int] = {}
        for check in run.checks:
            for part in _parts(check.condition):
                if not isinstance(part, Congruent) or part.residue or part.negated:
                    continue
                for transfer in run.transfers:
                    for quantity in _quantities(transfer, part):
                        key = part, quantity.expr
                        if key not in done:
                            with_check = _follows(quantity.expr, (part,))
                            adds = with_check > _follows(quantity.expr, ())
                            done[key] = with_check if adds else 0
                        if done[key]:
                            found.append(_Implied(check, part, quantity, done[key]))
    return tuple(found)


@finder("implied_bytes", "requires", "condition", "role", "quantity", "bytes")
def implied_bytes(view: View) -> Iterator[Match]:
    """What a check on the device means in bytes: of the least quantity that counts what it divides."""
    best: dict[object, tuple[int, _Implied]] = {}
    for one in _implied(view):
        unit = _unit(one.quantity.expr, one.condition.expr)
        before = best.get(one.check.place)
        if unit is not None and (before is None or unit < before[0]):
            best[one.check.place] = unit, one
    for _, one in best.values():
        yield _implied_match(one)


def _unit(quantity: Expr, counted: Expr) -> int | None:
    """How many bytes each of what is counted takes, where the quantity is a multiple of that."""
    terms = quantity.terms
    unit = abs(terms[0][1]) if terms else abs(quantity.constant)
    shared = abs(counted.terms[0][1]) if counted.terms else 1
    unit = unit // shared
    return unit if unit and quantity == counted * unit else None


@finder("weak_check", "requires", "condition", "role", "quantity", "bytes")
def weak_check(view: View) -> Iterator[Match]:
    """A check on the device that lets through lengths, or pitches in UB, that are no whole blocks.

    The verdict is about the transfer, with everything that is known there: another check may
    say more. One match a check: the worst.
    """
    rank = {Verdict.VIOLATED: 0, Verdict.DEPENDS: 1, Verdict.UNKNOWN: 2, Verdict.HOLDS: 3}
    worst: dict[object, Match] = {}
    by_kernel = {run.root.qualified: run for run in runs(view)}
    for one in _implied(view):
        if one.quantity.role == "pitch in GM" or one.modulus_bytes >= BLOCK_BYTES:
            continue
        transfer, run = one.quantity.transfer, by_kernel[one.quantity.transfer.kernel]
        known = (*transfer.known, *run.machine.universal)
        expr = one.quantity.expr
        text = f"the {one.quantity.role} {expr} is a multiple of {BLOCK_BYTES} bytes"
        goal = congruent(expr, BLOCK_BYTES)
        proof = run.judge.answer(Question(goal, expr, text, frozenset((*one.check.tags,)), known))
        made = replace(
            _implied_match(one), verdict=proof.verdict, why=proof.why, proof=proof, related=(transfer.place,)
        )
        before = worst.get(one.check.place)
        if before is None or rank[proof.verdict] < rank[before.verdict or Verdict.HOLDS]:
            worst[one.check.place] = made
    yield from worst.values()


def _implied_match(one: _Implied) -> Match:
    fields = {
        "requires": one.check.text,
        "condition": str(one.condition),
        "role": one.quantity.role,
        "quantity": str(one.quantity.expr),
        "bytes": one.modulus_bytes,
    }
    return Match(one.check.place, one.check.function, fields, related=(one.quantity.transfer.place,))


# -- checks as they are written --------------------------------------------------------


@finder("written_check", "requires", "by", "what", "modulus", "divisor", "counts", "shared", "device")
def written_check(view: View) -> Iterator[Match]:
    """Every check of divisibility by its text, on host and device.

    `counts` is what is divided: "bytes", "pointer", "elements" or "" where the text does not
    say; `modulus` is the number that it is divided by, `divisor` as it is written.
    """
    for fact in view.of_kind["align_assert"]:
        assert isinstance(fact, AlignmentCheck)
        for part in _CONJUNCTION.split(fact.requires):
            read = _divided(part.strip())
            if read is None or re.search(r"\bor\b|\|\|", part):
                continue
            what, divisor, below = read
            modulus = _constant(view, fact, divisor)
            if modulus is None or _constant(view, fact, what) is not None:
                continue  # of constants the compiler decides
            fields = view.fields(fact) | {
                "what": what,
                "modulus": modulus + below,
                "divisor": divisor,
                "counts": _counts(what),
                "shared": bool(_SHARED.search(what)),
            }
            yield Match(fact.place, fact.function, fields)


def _divided(text: str) -> tuple[str, str, int] | None:
    """What is divided, by what as written, and 1 where that is a mask of the low bits."""
    inverted = re.match(r"(?:!|not\b)\s*\(?(.+?)\)*$", text)
    if inverted and "==" not in text and "!=" not in text and ("%" in text or "&" in text):
        text = f"{inverted.group(1)} == 0"
    elif inverted:
        text = inverted.group(1).replace("!=", "==")
    for pattern, below in ((_ALIGNED, 0), (_MASKED, 1), (_REMAINDER, 0)):
        found = pattern.match(text)
        if found is not None:
            first, second = found.group(1).strip(), found.group(2).strip()
            if pattern is _ALIGNED:
                return f"pointer {second}", first, 0
            return first, second, below
    return None


def _counts(what: str) -> str:
    if what.startswith("pointer ") or _POINTER.search(what):
        return "pointer"
    if re.match(r"\(?sizeof\b[^*+]*$", what):
        return "record"
    if _IN_BYTES.search(what):
        return "bytes"
    return "elements" if _ELEMENTS.search(what) else ""


@lru_cache(maxsize=1)
def functions_by_name(view: View) -> Mapping[str, Function]:
    """The functions with a body by their qualified names; the first of each."""
    return {f.qualified: f for f in reversed(view.analysis.functions)}


def _constant(view: View, fact: Fact, text: str) -> int | None:
    """The number that an expression is in the function of a fact, without running it."""
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1]
    function = functions_by_name(view).get(fact.function)
    if function is None:
        return int(text, 0) if re.fullmatch(r"\d+|0x[\da-fA-F]+", text) else None
    machine = Machine(view.analysis.tree)
    found = machine.text_number(text, declarations.root_frame(machine, function))
    return found.value if found is not None else None


# -- where checks stand, and whether they agree ----------------------------------------


@finder("unguarded_use", "requires", "use", "quantity", "modulus", "line")
def unguarded_use(view: View) -> Iterator[Match]:
    """A transfer that a check would make sound, at a place where the check is not in force.

    Without the check the number is not known to be the multiple that the access itself or
    UB asks for; with it, it is. One match a check.
    """
    for run in runs(view):
        done: set[object] = set()
        for transfer in run.transfers:
            known = (*transfer.known, *run.machine.universal)
            there = {k.condition for k in known}
            for check in run.checks:
                parts = [p for p in _parts(check.condition) if isinstance(p, Congruent) and not p.negated]
                for part in parts:
                    if part in there or check.place in done or check.function != transfer.function:
                        continue
                    if _by_one_thread(run, check, there):
                        continue
                    made = _needed(run, transfer, check, part, known)
                    if made is not None:
                        done.add(check.place)
                        yield made


def _by_one_thread(run: Run, check: CheckEvent, there: set[Condition]) -> bool:
    """Whether only a thread's number keeps the check from the access: it stops the others too."""
    threads = run.machine.thread_symbols()
    extra = [k.condition for k in check.known if k.guard and k.condition not in there]
    chosen = [condition_symbols(c) & threads or _ELECTED.search(str(c)) for c in extra]
    return bool(extra) and all(chosen)


def _needed(
    run: Run, transfer: Transfer, check: CheckEvent, part: Congruent, known: tuple[Known, ...]
) -> Match | None:
    for quantity in _quantities(transfer, part):
        modulus = BLOCK_BYTES if quantity.role != "pitch in GM" else 0
        width = re.search(r"of (?:int4|uint4|float4|ulonglong2|longlong2)$", transfer.operation)
        modulus = 16 if width and quantity.role != "length" else modulus
        if not modulus:
            continue
        goal = congruent(quantity.expr, modulus)
        asked = Question(goal, quantity.expr, str(goal), frozenset(), known)
        proof = run.judge.answer(asked)
        if proof.verdict in (Verdict.HOLDS, Verdict.UNKNOWN):
            continue
        premises = Premises(tuple(Premise(k.condition, k.tag) for k in known))
        more = Premises((*premises.items, Premise(part, check.known[0].tag if check.known else 0)))
        if decide(goal, more).verdict is Verdict.HOLDS:
            fields = {
                "requires": check.text,
                "use": transfer.text,
                "quantity": str(quantity.expr),
                "modulus": modulus,
                "line": check.place.line,
            }
            return Match(
                transfer.place,
                transfer.function,
                fields,
                Verdict.DEPENDS,
                proof=proof,
                related=(check.place,),
            )
    return None


@finder("host_device_check", "requires", "condition", "host", "launch")
def host_device_check(view: View) -> Iterator[Match]:
    """A check on the device that the host's own check of the same quantity does not imply."""
    for run in runs(view):
        seen: set[tuple[object, str]] = set()
        for check in run.checks:
            for part in _parts(check.condition):
                if not isinstance(part, Congruent):
                    continue
                for context in run.judge.contexts:
                    there = substitute_condition(part, run.judge.mapping(context))
                    known = [p.condition for p in context.known]
                    near = [c for c in known if _same_quantity(c, there)]
                    if there.known is not None or not near:
                        continue
                    premises = Premises(tuple(Premise(c, i) for i, c in enumerate(known)))
                    decision = decide(there, premises)
                    host = " and ".join(dict.fromkeys(str(c) for c in near))
                    if decision.verdict not in (Verdict.DEPENDS, Verdict.VIOLATED):
                        continue
                    if (check.place, host) in seen:
                        continue
                    seen.add((check.place, host))
                    fields = {
                        "requires": check.text,
                        "condition": str(there),
                        "host": host,
                        "launch": context.label,
                    }
                    yield Match(
                        check.place, check.function, fields, decision.verdict, related=(context.place,)
                    )


def _same_quantity(host: Condition, device: Condition) -> bool:
    congruence = any(isinstance(p, Congruent) and not p.negated for p in _parts(host))
    return congruence and bool(condition_symbols(host) & condition_symbols(device))


# -- capacity --------------------------------------------------------------------------


@finder("broken_by_repair", "requires", "name", "bytes_now", "bytes_needed", "cost")
def broken_by_repair(view: View) -> Iterator[Match]:
    """A check that holds now and fails once a stride is rounded up to UB's blocks."""
    for repair in view.analysis.repairs:
        for broken in repair.breaks:
            fields = {
                "requires": broken.text,
                "name": repair.name,
                "bytes_now": repair.bytes_now,
                "bytes_needed": repair.bytes_needed,
                "cost": repair.cost_bytes,
            }
            yield Match(broken.place, "", fields, related=(repair.place,))


@finder("tight_check", "requires", "launch", "slack")
def tight_check(view: View) -> Iterator[Match]:
    """A bound on a size in bytes that is met with less than one block to spare in a launch."""
    for run in runs(view):
        for check in run.checks:
            condition = check.condition
            if not isinstance(condition, Relation) or condition.operator is not Operator.NON_NEGATIVE:
                continue
            if not re.search(r"bytes|sizeof|smem", check.text, re.IGNORECASE):
                continue
            for context in run.judge.contexts:
                slack = substitute(condition.expr, run.judge.mapping(context)).value
                if slack is not None and 0 <= slack < BLOCK_BYTES:
                    fields = {"requires": check.text, "launch": context.label, "slack": slack}
                    yield Match(check.place, check.function, fields, related=(context.place,))
                    break


# -- declarations ----------------------------------------------------------------------


@finder("aligned_record", "name", "alignment", "size", "use")
def aligned_record(view: View) -> Iterator[Match]:
    """A struct with a declared alignment that transfers, shared arrays or sizes name.

    `size` is None where it is not known.
    """
    used = _used_names(view)
    for listed in view.analysis.reading.context.program.records.values():
        for record in listed:
            origin, node = record.origin, record.node
            if origin is None or node is None or not origin.active or record.name not in used:
                continue
            asked = re.fullmatch(r"\s*(\d+)\s*", record.alignment)
            if asked is None:
                continue
            use = used[record.name]
            fields = {
                "name": record.name,
                "alignment": int(asked.group(1)),
                "size": _size(view, record),
                "use": view.line(use.place),
            }
            title = node.child_by_field_name("name") or node
            place = origin.place(title.start_byte, title.end_byte)
            yield Match(place, "", fields, related=(use.place,))


def _size(view: View, record: Record) -> int | None:
    machine = Machine(view.analysis.tree)
    function = next((f for f in view.analysis.functions), None)
    if function is None or record.template_parameters:
        return None
    frame = declarations.root_frame(machine, function)
    found = machine.text_number(f"sizeof({record.name})", frame)
    return found.value if found is not None else None


def _used_names(view: View) -> dict[str, Fact]:
    """The type names that facts about moving and carving memory mention, each with one of them."""
    found: dict[str, Fact] = {}
    facts: Iterable[Fact] = (
        *view.of_kind["vec_access"],
        *view.of_kind["tma_copy"],
        *view.of_kind["remote_comm"],
        *(f for f in view.of_kind["smem_layout"] if isinstance(f, Layout)),
    )
    for fact in facts:
        content = fact.content()
        keys = ("element", "length", "expression", "destination", "source")
        for word in re.findall(r"[A-Za-z_]\w*", " ".join(str(content.get(k, "")) for k in keys)):
            found.setdefault(word, fact)
    return found


# -- rounding --------------------------------------------------------------------------

_NUMBER = r"(0x[\da-fA-F]+|\d+)[uUlL]*"
_ROUND_CALL = re.compile(
    r"\b((?:\w+::)*(?:\w*(?:align|round|pad)_?(?:up|to)\w*|align(?:_offset|ed_size)?|ceil_?align\w*))"
    rf"\s*(?:<[\w:]+>)?\s*\((.+?),\s*{_NUMBER}\s*\)",
    re.IGNORECASE,
)
_ROUND_MASK = re.compile(rf"\(\s*([\w.>\-]+)\s*\+\s*{_NUMBER}\s*\)\s*&\s*~\s*\(?\s*{_NUMBER}")
_ROUND_DIVIDE = re.compile(rf"\(\s*([\w.>\-]+)\s*\+\s*{_NUMBER}\s*\)\s*/\s*{_NUMBER}\s*\*\s*{_NUMBER}")


@finder("round_up", "text", "to", "step", "name", "in_elements")
def round_up(view: View) -> Iterator[Match]:
    """A size or offset of a layout that is rounded up to a constant, however it is written.

    `in_elements`: a `sizeof` multiplies the rounded number, so that it counts elements.
    """
    for fact in view.of_kind["smem_layout"]:
        assert isinstance(fact, Layout)
        for text, modulus in _roundings(fact.expression):
            rest = fact.expression.replace(text, "")
            fields = {
                "text": text,
                "to": modulus,
                "step": fact.step,
                "name": fact.name,
                "in_elements": bool(re.search(r"sizeof", rest)) and "sizeof" not in text,
            }
            yield Match(fact.place, fact.function, fields)


def _roundings(text: str) -> Iterator[tuple[str, int]]:
    for found in _ROUND_CALL.finditer(text):
        yield found.group(0), int(found.group(3), 0)
    for found in _ROUND_MASK.finditer(text):
        if found.group(2) == found.group(3):
            yield found.group(0), int(found.group(2), 0) + 1
    for found in _ROUND_DIVIDE.finditer(text):
        if found.group(3) == found.group(4):
            yield found.group(0), int(found.group(3), 0)


@finder("wrong_mask", "text", "added", "mask", "to")
def wrong_mask(view: View) -> Iterator[Match]:
    """`(n + a) & ~m` that rounds to no multiple: m is no mask of low bits, or a is not m."""
    for parsed in view.analysis.reading.parsed:
        source = parsed.source
        text = source.text(0, len(source.data))
        for found in _ROUND_MASK.finditer(text):
            added, mask = int(found.group(2), 0), int(found.group(3), 0)
            if mask == 0 or (added == mask and mask & (mask + 1) == 0):
                continue
            start = len(text[: found.start()].encode())
            place = source.place(start, start + len(found.group(0).encode()))
            fields = {"text": found.group(0), "added": added, "mask": mask, "to": added + 1}
            yield Match(place, "", fields)


__all__ = ["Run", "functions_by_name", "runs"]
