"""One edition of the report: the plan, its layouts, what the team decided, what changed since the last."""

from __future__ import annotations

from dataclasses import dataclass

from portcheck.plan.changes import Changes
from portcheck.plan.decisions import Decisions
from portcheck.plan.layout_model import Layouts
from portcheck.plan.model import Plan
from portcheck.plan.unapplied import Unapplied


@dataclass(frozen=True, slots=True)
class Edition:
    """Everything that the formats of the report are written from.

    `decisions` are by the id of an item or the identity of a finding.
    """

    plan: Plan
    layouts: Layouts
    unapplied: tuple[Unapplied, ...]
    decisions: Decisions
    changes: Changes
