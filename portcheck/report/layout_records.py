"""Layout tables and UB budgets as plain JSON values; the field names are public (`schema/plan-1.json`)."""

from __future__ import annotations

from portcheck.plan.layout_model import Budget, Instance, LayoutTable, Proposal, Row, Unknown
from portcheck.report.records import Record, place_record
from portcheck.targets.text import Language


def layout_record(table: LayoutTable, language: Language) -> Record:
    """One table; `offsets` and `sizes` of a row go side by side with `instances`."""
    return {
        "id": table.id,
        "kind": table.kind.value,
        "name": table.name,
        "place": place_record(table.place),
        "bases": list(table.bases),
        "users": list(table.users),
        "origin": table.origin,
        "pitch": table.pitch,
        "rows": [_row(row) for row in table.rows],
        "instances": [_instance(*pair) for pair in zip(table.instances, table.proposals, strict=True)],
        "conditions": [text.said(language) for text in table.conditions],
    }


def _row(row: Row) -> Record:
    return {
        "name": row.name,
        "offset": row.offset,
        "size": row.size,
        "offsets": list(row.offsets),
        "sizes": list(row.sizes),
        "residues_mod_32": list(row.residues),
        "users": list(row.users),
        "place": place_record(row.place),
        "moved": list(row.moved),
    }


def _instance(instance: Instance, proposal: Proposal | None) -> Record:
    return {
        "label": instance.label,
        "pitch_bytes": instance.pitch_bytes,
        "proposal": None if proposal is None else _proposal(proposal),
    }


def _proposal(proposal: Proposal) -> Record:
    slots = [
        {"name": s.name, "offset": s.offset, "bytes": s.bytes, "padding": s.padding} for s in proposal.slots
    ]
    return {"pitch_bytes": proposal.pitch_bytes, "cost_bytes": proposal.cost_bytes, "slots": slots}


def budget_record(budget: Budget) -> Record:
    """Bytes of UB that a kernel needs in one launch."""
    return {
        "kernel": budget.kernel,
        "place": place_record(budget.place),
        "label": budget.label,
        "needed_bytes": budget.needed,
        "padded_bytes": budget.padded,
        "doubled_bytes": budget.doubled,
        "has_stages": budget.has_stages,
        "limit_bytes": budget.limit,
        "why": budget.why,
    }


def not_followed_record(unknown: Unknown) -> Record:
    """An offset that is in no table, and why."""
    place = place_record(unknown.place)
    return {"name": unknown.name, "place": place, "user": unknown.user, "why": unknown.why}
