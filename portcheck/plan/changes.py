"""What changed since the plan was made last, and what was ported from code that has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portcheck.pack import Finding
from portcheck.plan.categories import verdict_on
from portcheck.plan.decisions import Decision, Decisions, Status
from portcheck.plan.model import Plan
from portcheck.symbolic.verdict import Verdict


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
class Told:
    """A finding as a plan told of it; `place` is `path:line`, where it stood then."""

    identity: str
    code: str
    place: str
    detail: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two plans. Everything is named by ids and identities, in a stable order.

    `first`: there was no plan before, and nothing is new or gone. `target_before` is set where the
    last plan was for another target: findings are not compared then. `new_findings` do not hold now
    and were not there or held, `gone_findings` the other way round. `orphans` are decisions on what
    is neither an item nor a finding any more.
    """

    first: bool
    target_before: str
    new_items: tuple[str, ...]
    gone_items: tuple[str, ...]
    changed_items: tuple[ItemChange, ...]
    new_findings: tuple[Told, ...]
    gone_findings: tuple[Told, ...]
    stale: tuple[Stale, ...]
    orphans: tuple[Decision, ...]


def changes(before: Mapping[str, Any] | None, plan: Plan, decisions: Decisions) -> Changes:
    """Compare with an earlier `plan.json`, None for the first time.

    What is missing in the earlier file counts as not compared, never as changed.
    """
    was = _items_of(before or {})
    target_before = _target_of(before or {})
    found = {f.identity: f for item in plan.items.values() for f in item.findings}
    now = {identity: _told(f) for identity, f in found.items() if _is_open(f, plan.target.name)}
    earlier = [_read(f) for one in was.values() for f in one.get("findings", ()) if _was_open(f)]
    had = {told.identity: told for told in earlier}
    same_target = target_before in ("", plan.target.name)
    compared = before is not None and same_target and all(told.identity for told in earlier)
    return Changes(
        before is None,
        "" if same_target else target_before,
        tuple(i for i in plan.items if before is not None and i not in was),
        tuple(i for i in was if i not in plan.items),
        tuple(c for i, one in was.items() if (c := _changed(i, one, plan, same_target)) is not None),
        tuple(told for identity, told in now.items() if identity not in had) if compared else (),
        tuple(told for identity, told in had.items() if identity not in now) if compared else (),
        tuple(s for one in decisions if (s := _stale(one, plan)) is not None),
        tuple(one for one in decisions if one.subject not in plan.items and one.subject not in found),
    )


def _items_of(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    listed = document.get("items")
    records = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {str(one["id"]): one for one in records if "id" in one}


def _target_of(document: Mapping[str, Any]) -> str:
    target = document.get("target")
    return str(target.get("name", "")) if isinstance(target, dict) else ""


def _is_open(finding: Finding, target: str) -> bool:
    return verdict_on(finding, target) not in (None, Verdict.HOLDS)


def _was_open(record: Mapping[str, Any]) -> bool:
    return record.get("verdict") != Verdict.HOLDS.value


def _told(finding: Finding) -> Told:
    place = f"{finding.place.path}:{finding.place.line}"
    return Told(finding.identity, finding.rule.code, place, finding.message())


def _read(record: Mapping[str, Any]) -> Told:
    place = record.get("place") or {}
    identity, code, detail = (str(record.get(key, "")) for key in ("identity", "code", "detail"))
    return Told(identity, code, f"{place.get('path', '')}:{place.get('line', '')}", detail)


def _changed(id_: str, before: Mapping[str, Any], plan: Plan, same_target: bool) -> ItemChange | None:
    item = plan.items.get(id_)
    if item is None:
        return None
    code = str(before.get("fingerprint", item.fingerprint)) != item.fingerprint
    category = str(before.get("category", item.category.value)) if same_target else item.category.value
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
