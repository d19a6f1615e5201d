"""What each kernel needs of UB: as it is, with padded stages, and with everything buffered twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portcheck.analysis.capacity import Capacity
from portcheck.analysis.engine import Analysis
from portcheck.analysis.launches import Context
from portcheck.plan.layout_model import Budget, LayoutKind, LayoutTable
from portcheck.symbolic.expr import Expr
from portcheck.symbolic.premises import Premise, Premises
from portcheck.targets import Target

_KEY = "ub_usable_bytes"


def budgets(
    analysis: Analysis,
    contexts: Mapping[str, Sequence[Context]],
    tables: Sequence[LayoutTable],
    target: Target,
) -> tuple[Budget, ...]:
    """One for each amount of shared memory that a kernel is launched with, in the order of kernels."""
    limit = target.number(_KEY)
    found: dict[object, Budget] = {}
    for capacity in analysis.capacities:
        stages = [t for t in tables if t.kind is LayoutKind.STAGE and capacity.memory.kernel in t.users]
        one = _budget(capacity, contexts.get(capacity.memory.kernel, ()), stages, limit)
        found.setdefault((one.kernel, one.needed, one.padded, one.why), one)
    return tuple(found.values())


def _budget(
    capacity: Capacity, contexts: Sequence[Context], stages: Sequence[LayoutTable], limit: int | None
) -> Budget:
    memory = capacity.memory
    needed = _needed(capacity, contexts)
    why = "" if needed is not None else "the amount that the launch asks for is not fixed"
    padded = None if needed is None else needed + _growth(needed, memory.launch, stages)
    doubled = None if padded is None else 2 * padded
    return Budget(
        memory.kernel,
        memory.place,
        memory.launch,
        needed,
        padded,
        doubled,
        any(t.alternates for t in stages),
        limit,
        why,
    )


def settled(amount: Expr, context: Context) -> int | None:
    """The amount in one launch, if what the host checked leaves one value only."""
    if amount.value is not None:
        return amount.value
    premises = Premises(tuple(Premise(k.condition, i) for i, k in enumerate(context.known)))
    interval = premises.interval(amount)
    return interval.low if interval.low == interval.high else None


def _needed(capacity: Capacity, contexts: Sequence[Context]) -> int | None:
    amount = capacity.memory.bytes_needed
    if amount is None or amount.value is not None:
        return None if amount is None else amount.value
    found = {settled(amount, c) for c in contexts if c.label == capacity.memory.launch}
    return found.pop() if len(found) == 1 else None


def _growth(needed: int, launch: str, stages: Sequence[LayoutTable]) -> int:
    """What padding adds at most: as many stages of each layout as there is room for."""
    words = set(launch.split(", "))
    total = 0
    for table in stages:
        worst = 0
        for instance, proposal in zip(table.instances, table.proposals, strict=True):
            if proposal is None or not instance.pitch_bytes or not _same(instance.label, words):
                continue
            worst = max(worst, -(-needed // instance.pitch_bytes) * proposal.cost_bytes)
        total += worst
    return total


def _same(label: str, words: set[str]) -> bool:
    """Whether an instance may be that of a launch: none of its values is another there."""
    given = dict(w.split("=", 1) for w in words if "=" in w)
    for word in label.split(", ") if label else ():
        name, _, value = word.partition("=")
        told = {"true": "1", "false": "0"}.get(given.get(name, value), given.get(name, value))
        if told != value:
            return False
    return True
