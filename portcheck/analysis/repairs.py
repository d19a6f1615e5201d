"""The nearest repair of a layout: the stride that it needs, and what that breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.analysis.machine import Machine, Tree
from portcheck.analysis.proofs import Judge
from portcheck.analysis.record import CheckEvent, Event, Recorder
from portcheck.analysis.verdicts import Judged
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.symbolic.evaluate import substitute_condition
from portcheck.symbolic.expr import Expr
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Quantity

MAX_REPAIRS = 4  # a root; each is one more run


@dataclass(frozen=True, slots=True)
class Broken:
    """A check of the code that would fail with the repair."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A constant that would have to be another number for a layout to keep to UB's blocks.

    `place` declares the constant; `breaks` are the checks that hold now and would fail.
    """

    place: Place
    name: str
    bytes_now: int
    bytes_needed: int
    breaks: tuple[Broken, ...]

    @property
    def cost_bytes(self) -> int:
        """What one stage, row or record grows by."""
        return self.bytes_needed - self.bytes_now


def repairs(
    tree: Tree,
    root: Function,
    machine: Machine,
    judge: Judge,
    events: list[Event],
    judged: list[Judged],
) -> Iterator[Repair]:
    """A repair for each constant stride that puts addresses off the blocks of UB."""
    now = _failing(events, judge)
    for name, value, modulus, place in list(_strides(machine, judged))[:MAX_REPAIRS]:
        needed = -(-value // modulus) * modulus
        recorder = Recorder()
        trial = Machine(tree, recorder)
        trial.replaced[name, value] = needed
        trial.run(root)
        failing = _failing(recorder.events, judge)
        broken = tuple(Broken(*key) for key in failing if key not in now)
        yield Repair(place, name, value, needed, broken)


def _failing(events: list[Event], judge: Judge) -> dict[tuple[Place, str], None]:
    """The checks that are false by their numbers, in every case or in some launch."""
    found: dict[tuple[Place, str], None] = {}
    mappings = [judge.mapping(context) for context in judge.contexts]
    for event in events:
        if not isinstance(event, CheckEvent) or (event.place, event.text) in found:
            continue
        known = event.condition.known
        if known is None:
            known = False not in (substitute_condition(event.condition, m).known for m in mappings)
        if known is False:
            found[event.place, event.text] = None
    return found


def _strides(machine: Machine, judged: list[Judged]) -> Iterator[tuple[str, int, int, Place]]:
    """Named constants that are the coefficient of an index in an address that is off its block."""
    seen: set[tuple[str, int]] = set()
    for one in judged:
        for statement in one.of(Quantity.UB_START):
            modulus = statement.modulus
            if statement.verdict not in (Verdict.VIOLATED, Verdict.DEPENDS):
                continue
            strides = {c for c in _coefficients(statement.subject) if c > modulus and c % modulus}
            for name, value, place in _constants(machine, statement.tags):
                if value in strides and (name, value) not in seen:
                    seen.add((name, value))
                    yield name, value, modulus, place


def _coefficients(expr: Expr) -> set[int]:
    """How far apart the address lies for neighbouring values of what it is linear in."""
    return {abs(c) for _, c in expr.terms}


def _constants(machine: Machine, tags: frozenset[int]) -> Iterator[tuple[str, int, Place]]:
    steps = machine.state.steps
    pending, seen = list(tags), set(tags)
    while pending:
        step = steps[pending.pop()]
        if step.defines is not None and step.place is not None:
            yield *step.defines, step.place
        for tag in step.rests_on - seen:
            seen.add(tag)
            pending.append(tag)
