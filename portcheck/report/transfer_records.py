"""Transfers, layouts and what is required of them as plain JSON values (`schema/scan-1.json`)."""

from __future__ import annotations

from portcheck.analysis.transfers import End, Layout, Transfer
from portcheck.analysis.verdicts import Judged, Statement
from portcheck.report.proof_records import proof_record
from portcheck.report.records import Record, place_record
from portcheck.symbolic.expr import Expr


def is_layout(judged: Judged) -> bool:
    return isinstance(judged.subject, Layout)


def judged_record(judged: Judged) -> Record:
    """A transfer or a layout with every statement about it; a JSON line as it stands."""
    subject = judged.subject
    return {
        "kind": "layout" if is_layout(judged) else "transfer",
        **place_record(subject.place),
        "function": subject.function,
        **(_layout_members(subject) if isinstance(subject, Layout) else _transfer_members(subject)),
        "kernel": subject.kernel,
        "calls": [place_record(place) for place in subject.calls],
        "verdict": judged.verdict.value,
        "statements": [_statement_record(s) for s in judged.statements],
    }


def _transfer_members(transfer: Transfer) -> Record:
    return {
        "bytes": transfer.length.value if transfer.length is not None else None,
        "detail": f"{transfer.operation}, {transfer.pattern.value}",
        "operation": transfer.operation,
        "pattern": transfer.pattern.value,
        "source": _end_record(transfer.source),
        "destination": _end_record(transfer.destination),
        "length": _text(transfer.length),
        "text": transfer.text,
    }


def _layout_members(layout: Layout) -> Record:
    return {
        "bytes": None,
        "detail": f"layout {layout.name}",
        "name": layout.name,
        "address": _end_record(layout.end),
    }


def _end_record(end: End | None) -> Record | None:
    return None if end is None else {"space": end.space, "expression": str(end.start)}


def _statement_record(statement: Statement) -> Record:
    requirement = statement.requirement
    return {
        "code": requirement.code,
        "name": requirement.name,
        "severity": statement.severity.value,
        "quantity": requirement.quantity.value,
        "targets": list(statement.targets),
        "role": statement.role,
        "modulus": statement.modulus,
        **proof_record(statement.proof),
    }


def _text(expr: Expr | None) -> str | None:
    return None if expr is None else str(expr)
