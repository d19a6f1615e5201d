"""Shared memory as a block of UB: how much a kernel needs, and the checks that bound sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.analysis.launches import Context
from portcheck.analysis.machine import Machine
from portcheck.analysis.proof import Line, Proof
from portcheck.analysis.proofs import Judge, Question
from portcheck.analysis.record import CheckEvent, Event
from portcheck.source.place import Place
from portcheck.symbolic.condition import (
    Condition,
    Every,
    Operator,
    Relation,
    Some,
    at_least,
    condition_symbols,
)
from portcheck.symbolic.decide import decide
from portcheck.symbolic.evaluate import substitute
from portcheck.symbolic.expr import Expr, Role, number
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Kind, Quantity, Requirement, Target, requirements, targets


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """The shared memory of one kernel in one launch. `bytes_needed` is None if not known.

    `variables` are those of static size, as (name, size in bytes); `dynamic_bytes` is what
    the launch asks for.
    """

    kernel: str
    place: Place
    launch: str
    dynamic_bytes: Expr | None
    variables: tuple[tuple[str, Expr], ...]
    bytes_needed: Expr | None


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a kernel's shared memory fits the UB of one target as one block."""

    requirement: Requirement
    target: Target
    proof: Proof


@dataclass(frozen=True, slots=True)
class Capacity:
    """A kernel's shared memory, and whether it fits."""

    memory: SharedMemory
    fits: tuple[Fit, ...]


@dataclass(frozen=True, slots=True)
class SizeCheck:
    """A check of the code that bounds a size: for which sizes does it stop the program?"""

    place: Place
    kernel: str
    text: str
    proof: Proof


def capacities(m: Machine, judge: Judge, kernel: str) -> Iterator[Capacity]:
    """One answer for each amount of shared memory that the kernel is launched with."""
    static = [(s.name, s.size) for s in m.shared.values() if s.size is not None]
    dynamic = any(s.size is None for s in m.shared.values())
    if not m.shared:
        return
    place = next(iter(m.shared.values())).place
    seen: set[object] = set()
    for context in judge.contexts:
        mapping = judge.mapping(context)
        own = tuple((name, substitute(size, mapping)) for name, size in static)
        needed = context.shared_bytes if dynamic or context.shared_bytes is not None else number(0)
        whole = sum((size for _, size in own), needed) if needed is not None else None
        free = whole is not None and whole.terms
        key = (context.label, needed, own, frozenset(k.condition for k in context.known) if free else None)
        if key in seen:
            continue
        seen.add(key)
        memory = SharedMemory(kernel, place, context.label, needed, own, whole)
        yield Capacity(memory, tuple(_fits(memory, context)))


MAX_THREADS = 1024  # of a block: CUDA C++ Programming Guide, technical specifications


def _fits(memory: SharedMemory, context: Context) -> Iterator[Fit]:
    for requirement in requirements():
        if requirement.quantity is not Quantity.CAPACITY or requirement.kind is not Kind.AT_MOST:
            continue
        for target in targets():
            limit = requirement.limit(target)
            if limit is None or not requirement.applies(target):
                continue
            yield Fit(requirement, target, _fit(memory, context, limit))


def _fit(memory: SharedMemory, context: Context, limit_bytes: int) -> Proof:
    goal_text = f"the shared memory of {memory.kernel} is at most {limit_bytes} bytes"
    if memory.bytes_needed is None:
        return Proof(
            Verdict.UNKNOWN,
            goal_text,
            "",
            why="the launch's shared memory is not followed",
            would_decide="it",
        )
    goal = at_least(number(limit_bytes), memory.bytes_needed)
    known = [k.condition for k in context.known]
    if "blockDim.x" in context.parameters:  # more threads are no launch
        known.append(at_least(number(MAX_THREADS), context.parameters["blockDim.x"]))
    premises = Premises(tuple(Premise(c, i) for i, c in enumerate(known)))
    decision = decide(goal, premises, subject=memory.bytes_needed)
    lines = [Line(context.place, f"launched with {context.label}", "launch")]
    lines += [Line(memory.place, f"{name} takes {size} bytes", "value") for name, size in memory.variables]
    lines.append(Line(context.place, f"{memory.dynamic_bytes} bytes of dynamic shared memory", "launch"))
    value = memory.bytes_needed.value if decision.value is None else decision.value
    return Proof(
        decision.verdict,
        goal_text,
        str(memory.bytes_needed),
        condition=decision.condition,
        witness={s.name: v for s, v in decision.witness},
        value=value,
        derivation=tuple(lines),
        why=decision.why,
        would_decide=decision.would_decide,
    )


def size_checks(m: Machine, judge: Judge, kernel: str, events: list[Event]) -> Iterator[SizeCheck]:
    """The checks that bound a size from above, each with the sizes for which it holds."""
    for event in events:
        if isinstance(event, CheckEvent) and _bounds(event.condition):
            known = (*event.known, *m.universal)
            expr = next(_expressions(event.condition))
            proof = judge.answer(Question(event.condition, expr, event.text, event.tags, known))
            yield SizeCheck(event.place, kernel, event.text, proof)


def _bounds(condition: Condition) -> bool:
    """Whether a condition limits sizes, and not data: it is over what a launch fixes alone."""
    return all(s.role is Role.PARAMETER for s in condition_symbols(condition)) and any(
        True for _ in _expressions(condition)
    )


def _expressions(condition: Condition) -> Iterator[Expr]:
    if isinstance(condition, Relation) and condition.operator is Operator.NON_NEGATIVE:
        yield condition.expr
    elif isinstance(condition, Every | Some):
        for part in condition.conditions:
            yield from _expressions(part)
