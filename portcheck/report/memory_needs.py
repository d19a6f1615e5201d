"""What kernels need of UB, and the limits that the code sets itself: what says the same is told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portcheck.analysis.capacity import Capacity, Fit, SharedMemory, SizeCheck
from portcheck.analysis.launches import Context
from portcheck.analysis.proof import Proof
from portcheck.analysis.repairs import Broken, Repair
from portcheck.source.place import Place
from portcheck.symbolic.expr import Expr, number
from portcheck.symbolic.premises import Premise, Premises


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch: where, and its template arguments."""

    place: Place
    label: str


@dataclass(frozen=True, slots=True)
class Need:
    """An amount of shared memory that a kernel is launched with.

    `number` is the whole in bytes where the launch decides it, `dynamic` the part that the
    launch asks for.
    """

    memory: SharedMemory
    number: int | None
    dynamic: int | None
    launches: tuple[Launch, ...]
    fits: tuple[Fit, ...]

    def over(self, fit: Fit) -> int | None:
        """By how many bytes it is too much for a target; negative is what is left."""
        limit = fit.requirement.limit(fit.target)
        return None if self.number is None or limit is None else self.number - limit


@dataclass(frozen=True, slots=True)
class Check:
    """A check that bounds a size, with the kernels that it says the same in."""

    place: Place
    text: str
    proof: Proof
    kernels: tuple[str, ...]


def needs(capacities: Iterable[Capacity], contexts: Mapping[str, Sequence[Context]]) -> dict[str, list[Need]]:
    """The distinct amounts of each kernel, in the order of launches."""
    grouped: dict[object, list[tuple[Capacity, list[Context]]]] = {}
    by_kernel: dict[str, list[Capacity]] = {}
    for capacity in capacities:
        by_kernel.setdefault(capacity.memory.kernel, []).append(capacity)
    for capacity in (capacity for listed in by_kernel.values() for capacity in listed):
        kernel = capacity.memory.kernel
        own = _contexts(capacity, by_kernel[kernel], contexts.get(kernel, ()))
        whole = _number(capacity.memory.bytes_needed, own)
        amount = str(capacity.memory.bytes_needed) if whole is None else whole
        outcome = tuple(
            (f.requirement.code, f.target.name, f.proof.verdict, str(f.proof.condition))
            for f in capacity.fits
        )
        grouped.setdefault((capacity.memory.kernel, amount, outcome), []).append((capacity, own))
    found: dict[str, list[Need]] = {}
    for members in grouped.values():
        first, own = members[0]
        launches = dict.fromkeys(Launch(c.place, c.label) for _, listed in members for c in listed)
        whole, dynamic = (_number(e, own) for e in (first.memory.bytes_needed, first.memory.dynamic_bytes))
        need = Need(first.memory, whole, dynamic, tuple(launches), first.fits)
        found.setdefault(first.memory.kernel, []).append(need)
    return found


def _contexts(capacity: Capacity, others: Sequence[Capacity], contexts: Sequence[Context]) -> list[Context]:
    """The launches that an amount was computed for: those with its label, if launches ask alike for two."""
    memory = capacity.memory
    same = [c for c in contexts if _asked(c.shared_bytes) == _asked(memory.dynamic_bytes)]
    rivals = [c for c in others if _asked(c.memory.dynamic_bytes) == _asked(memory.dynamic_bytes)]
    return same if len(rivals) == 1 else [c for c in same if c.label == memory.launch]


def _asked(amount: Expr | None) -> Expr:
    """What a launch asks for; without an amount it asks for nothing."""
    return number(0) if amount is None else amount


def _number(amount: Expr | None, contexts: Sequence[Context]) -> int | None:
    """The amount as a number, where the host's checks leave only one."""
    if amount is None or amount.value is not None or not contexts:
        return None if amount is None else amount.value
    found: set[int | None] = set()
    for context in contexts:
        premises = Premises(tuple(Premise(k.condition, i) for i, k in enumerate(context.known)))
        interval = premises.interval(amount)
        found.add(interval.low if interval.low == interval.high else None)
    return found.pop() if len(found) == 1 else None


def checks(listed: Iterable[SizeCheck]) -> list[Check]:
    """In the order of places; what several kernels repeat is one check."""
    grouped: dict[object, list[SizeCheck]] = {}
    for one in listed:
        said = (one.proof.verdict, str(one.proof.condition), one.proof.why)
        grouped.setdefault((one.place, one.text, said), []).append(one)
    found = [
        Check(ones[0].place, ones[0].text, ones[0].proof, tuple(dict.fromkeys(one.kernel for one in ones)))
        for ones in grouped.values()
    ]
    return sorted(found, key=lambda check: (check.place.path, check.place.start_byte))


def repairs(listed: Iterable[Repair]) -> list[Repair]:
    """In the order of places; a constant that several kernels use breaks all their checks."""
    grouped: dict[object, list[Repair]] = {}
    for one in listed:
        grouped.setdefault((one.place, one.name, one.bytes_now, one.bytes_needed), []).append(one)
    found = []
    for ones in grouped.values():
        broken: dict[Broken, None] = dict.fromkeys(b for one in ones for b in one.breaks)
        first = ones[0]
        found.append(Repair(first.place, first.name, first.bytes_now, first.bytes_needed, tuple(broken)))
    return sorted(found, key=lambda repair: (repair.place.path, repair.place.start_byte))
