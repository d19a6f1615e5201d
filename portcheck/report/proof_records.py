"""Proofs as plain JSON values; the field names are public (`schema/proof-1.json`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portcheck.analysis.proof import Line, Proof, Row
from portcheck.report.records import Record


def proof_record(proof: Proof) -> Record:
    """The answer in full; `assumptions` are ids."""
    return {
        "verdict": proof.verdict.value,
        "goal": proof.goal,
        "expression": proof.expression,
        "residues": list(proof.residues),
        "condition": None if proof.condition is None else str(proof.condition),
        "witness": dict(proof.witness),
        "value": proof.value,
        "table": [_row_record(row) for row in proof.table],
        "assumptions": list(proof.assumptions),
        "derivation": [_line_record(line) for line in proof.derivation],
        "why": proof.why,
        "would_decide": proof.would_decide,
    }


def assumption_records(ids: Iterable[str], texts: Mapping[str, str]) -> list[Record]:
    return [{"id": name, "text": texts.get(name, "")} for name in ids]


def _row_record(row: Row) -> Record:
    return {
        "label": row.label,
        "verdict": row.verdict.value,
        "condition": row.condition or None,
        "witness": dict(row.witness),
        "value": row.value,
    }


def _line_record(line: Line) -> Record:
    place = line.place
    return {
        "path": None if place is None else place.path,
        "line": None if place is None else place.line,
        "column": None if place is None else place.column,
        "text": line.text,
        "kind": line.kind,
    }
