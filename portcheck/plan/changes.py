"""What changed since the plan was made last, and what was ported from code that has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portcheck.plan.decisions import Decision, Decisions, Status
from portcheck.plan.model import Plan


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item whose code or category is another than before."""

    id: str
    code_changed: bool
    category_before: str
    category_now: str


@dataclass(frozen=True, slots=True)
class Stale:
    """An item that was marked ported from code that has changed since; `before`, `now`: fingerprints."""

    id: str
    decision: Decision
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two plans. Everything is named by ids and identities, in a stable order.

    `first`: there was no plan before, and nothing is new or gone. `orphans` are decisions on what
    is neither an item nor a finding any more.
    """

    first: bool
    new_items: tuple[str, ...]
    gone_items: tuple[str, ...]
    changed_items: tuple[ItemChange, ...]
    new_findings: tuple[str, ...]
    gone_findings: tuple[str, ...]
    stale: tuple[Stale, ...]
    orphans: tuple[Decision, ...]


def changes(
    before: Mapping[str, Any] | None,
    plan: Plan,
    decisions: Decisions,
    findings: Mapping[str, tuple[str, ...]] | None = None,
) -> Changes:
    """Compare with an earlier `plan.json`, None for the first time.

    Of `before`, `items` is read: a list of records with `id`, `category`, `fingerprint` and, where it
    is there, `findings`, a list of records with `identity`. `findings` are the identities of today's,
    by item. What is missing in the earlier file counts as not compared, never as changed.
    """
    now = {identity for listed in (findings or {}).values() for identity in listed}
    was = {} if before is None else {str(one["id"]): one for one in before.get("items", ())}
    listed = [f for one in was.values() for f in one.get("findings", ())]
    found_before = {str(f["identity"]) for f in listed if "identity" in f}
    has_identities = any("findings" in one for one in was.values()) and all("identity" in f for f in listed)
    compared = findings is not None and has_identities
    return Changes(
        before is None,
        tuple(i for i in plan.items if before is not None and i not in was),
        tuple(i for i in was if i not in plan.items),
        tuple(c for i, one in was.items() if (c := _changed(i, one, plan)) is not None),
        tuple(sorted(now - found_before)) if compared else (),
        tuple(sorted(found_before - now)) if compared else (),
        tuple(s for one in decisions if (s := _stale(one, plan)) is not None),
        tuple(one for one in decisions if not _is_known(one.subject, plan, now, findings is not None)),
    )


def _changed(id_: str, before: Mapping[str, Any], plan: Plan) -> ItemChange | None:
    item = plan.items.get(id_)
    if item is None:
        return None
    code = str(before.get("fingerprint", item.fingerprint)) != item.fingerprint
    category = str(before.get("category", item.category.value))
    if not code and category == item.category.value:
        return None
    return ItemChange(id_, code, category, item.category.value)


def _stale(decision: Decision, plan: Plan) -> Stale | None:
    item = plan.items.get(decision.subject)
    if item is None or decision.status is not Status.PORTED or not decision.fingerprint:
        return None
    if decision.fingerprint == item.fingerprint:
        return None
    return Stale(item.id, decision, decision.fingerprint, item.fingerprint)


def _is_known(subject: str, plan: Plan, findings: set[str], compared: bool) -> bool:
    """Whether something of the plan has that name; without findings, an identity may be one of them."""
    is_identity = len(subject) == 16 and all(c in "0123456789abcdef" for c in subject)
    return subject in plan.items or subject in findings or (is_identity and not compared)
