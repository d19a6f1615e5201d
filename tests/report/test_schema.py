"""The published schemas: valid, and of one mind about what they share."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from portcheck.report.schema import SCHEMAS, schema_text


@pytest.mark.parametrize("which", SCHEMAS)
def test_a_schema_is_itself_valid(which: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema_text(which)))


def test_shared_definitions_are_equal() -> None:
    scan, proof = (json.loads(schema_text(which)) for which in ("scan", "proof"))
    assert {name: scan["$defs"][name] for name in proof["$defs"]} == proof["$defs"]
    statement = scan["$defs"]["statement"]["properties"]
    answer = set(proof["properties"]) - {
        "schema",
        "version",
        "tool",
        "root",
        "configuration",
        "place",
        "question",
    }
    assert {n: proof["properties"][n] for n in answer - {"assumptions"}} == {
        n: statement[n] for n in answer - {"assumptions"}
    }
