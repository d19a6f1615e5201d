"""The answer to one question as a JSON document, by the schema `portcheck/proof` version 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portcheck import __version__
from portcheck.analysis.proof import Proof
from portcheck.report.json import array, one_line
from portcheck.report.proof_records import assumption_records, proof_record
from portcheck.report.question import Question
from portcheck.report.schema import PROOF_NAME, PROOF_VERSION


def render(question: Question, proof: Proof, assumptions: Mapping[str, str]) -> Iterator[str]:
    """The document's lines; `assumptions` gives the sentence of each by its id."""
    record = proof_record(proof)
    record["assumptions"] = assumption_records(proof.assumptions, assumptions)
    members: list[tuple[str, Any]] = [
        ("schema", PROOF_NAME),
        ("version", PROOF_VERSION),
        ("tool", {"name": "portcheck", "version": __version__}),
        ("root", question.root),
        ("configuration", {"defines": list(question.defines)}),
        ("place", {"path": question.path, "line": question.line}),
        ("question", _question_record(question)),
        *record.items(),
    ]
    yield "{"
    for index, (name, value) in enumerate(members):
        end = "," if index < len(members) - 1 else ""
        if _is_table(value):
            yield from array("  ", name, value, end)
        else:
            yield f'  "{name}": {one_line(value)}{end}'
    yield "}"


def _question_record(question: Question) -> dict[str, object]:
    return {
        "text": question.text,
        "modulus": question.modulus,
        "equals": question.equals,
        "function": question.function,
        "given": list(question.given),
    }


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
