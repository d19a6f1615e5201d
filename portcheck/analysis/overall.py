"""One answer from the answers for each launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portcheck.analysis.proof import Row
from portcheck.symbolic.condition import Condition
from portcheck.symbolic.decide import Decision
from portcheck.symbolic.verdict import Verdict

Outcome = tuple[Decision, tuple[Row, ...]]
"""An answer, and the table of what it is in each launch."""


def overall(base: Decision, launched: Sequence[tuple[str, Decision]], complete: bool) -> Outcome:
    """`base` is the answer by the function alone, `launched` that of each launch, with its label.

    `complete` says that there are no other launches.
    """
    table = _table([_row(label, d) for label, d in launched])
    decisions = [d for _, d in launched]
    return _decision(base, decisions, complete), table


def _decision(base: Decision, decisions: Sequence[Decision], complete: bool) -> Decision:
    verdicts = {d.verdict for d in decisions}
    conditions = {d.condition for d in decisions}
    if verdicts == {Verdict.HOLDS}:
        used = tuple(dict.fromkeys(t for d in decisions for t in d.used))
        return Decision(Verdict.HOLDS, decisions[0].residues, used=used) if complete else base
    if verdicts == {Verdict.VIOLATED}:
        example = next((d for d in decisions if d.witness), decisions[0])
        residues = base.residues
        if complete and all(d.residues for d in decisions):
            residues = tuple(sorted({r for d in decisions for r in d.residues}))
        return replace(example, residues=residues)
    failing = next((d for d in decisions if d.verdict in (Verdict.VIOLATED, Verdict.DEPENDS)), None)
    if failing is None:
        open_ = next(d for d in decisions if d.verdict is Verdict.UNKNOWN)
        return open_ if complete and base.verdict is not Verdict.UNKNOWN else base
    if base.verdict is Verdict.UNKNOWN:
        if Verdict.UNKNOWN in verdicts:
            return base
        alike = len(verdicts) == len(conditions) == 1
        return _depends(failing, (), failing.condition if alike else None)
    if verdicts == {Verdict.DEPENDS} and len(conditions) == 1:  # with what the host fixes put in
        return _depends(failing, base.residues, failing.condition)
    if base.verdict is not Verdict.VIOLATED:
        return _depends(failing, base.residues, base.condition)
    if verdicts == {Verdict.VIOLATED, Verdict.UNKNOWN}:
        return replace(_depends(failing, base.residues, base.condition), verdict=Verdict.VIOLATED)
    return _depends(failing, base.residues, None)  # what holds, holds by the host's checks alone


def _depends(failing: Decision, residues: tuple[int, ...], condition: Condition | None) -> Decision:
    return Decision(Verdict.DEPENDS, residues, condition, failing.witness, failing.value, failing.used)


def _row(label: str, decision: Decision) -> Row:
    return Row(
        label,
        decision.verdict,
        str(decision.condition) if decision.condition is not None else "",
        tuple((s.name, v) for s, v in decision.witness),
        decision.value,
    )


def _table(rows: list[Row]) -> tuple[Row, ...]:
    """One row a label: the worst verdict that a launch with these arguments has."""
    rank = {Verdict.HOLDS: 0, Verdict.DEPENDS: 1, Verdict.UNKNOWN: 2, Verdict.VIOLATED: 3}
    best: dict[str, Row] = {}
    for row in rows:
        known = best.get(row.label)
        if known is None or rank[row.verdict] > rank[known.verdict]:
            best[row.label] = row
    return tuple(best.values())
