"""The statements of the analysis as something that rules report: a requirement with its proof."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.pack.subjects import Match, View
from portcheck.targets import Quantity, Requirement

_ROLES = {
    "source": "源",
    "destination": "目的",
    "length": "长度",
    "address": "地址",
    "shared memory": "共享内存",
}


def requirement_matches(view: View, requirement: Requirement) -> Iterator[Match]:
    """Every statement about one requirement, of transfers and of what kernels need of UB."""
    if requirement.quantity is Quantity.CAPACITY:
        yield from _fits(view, requirement)
        return
    for judged in view.analysis.judged:
        for statement in judged.statements:
            if statement.requirement.code != requirement.code or statement.staged:
                continue
            proof = statement.proof
            fields = {
                "subject": proof.expression,
                "role": statement.role,
                "role_zh": _ROLES[statement.role],
                "modulus": statement.modulus,
                "function": judged.subject.function,
                "kernel": judged.subject.kernel,
                "path": judged.subject.place.path,
                "value": proof.value,
                "condition": str(proof.condition) if proof.condition is not None else "",
                "why": proof.why,
            }
            yield Match(
                judged.subject.place,
                judged.subject.function,
                fields,
                proof.verdict,
                proof.why,
                statement.targets,
                proof,
                judged.subject.calls,
            )


def _fits(view: View, requirement: Requirement) -> Iterator[Match]:
    for capacity in view.analysis.capacities:
        memory = capacity.memory
        for fit in capacity.fits:
            if fit.requirement.code != requirement.code:
                continue
            fields = {
                "subject": str(memory.bytes_needed) if memory.bytes_needed is not None else "an unknown size",
                "role": "shared memory",
                "role_zh": _ROLES["shared memory"],
                "modulus": requirement.limit(fit.target),
                "function": memory.kernel,
                "kernel": memory.kernel,
                "path": memory.place.path,
                "value": fit.proof.value,
                "condition": str(fit.proof.condition) if fit.proof.condition is not None else "",
                "why": fit.proof.why,
            }
            yield Match(
                memory.place,
                memory.kernel,
                fields,
                fit.proof.verdict,
                fit.proof.why,
                (fit.target.name,),
                fit.proof,
            )
