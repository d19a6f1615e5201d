"""The findings as JSON and as JSON lines, by the published schema."""

from __future__ import annotations

import json

from example_check import ACCEPTED, LENGTH, QUIET, example_check
from jsonschema import Draft202012Validator

from portcheck.report.check import json as whole
from portcheck.report.check import jsonl
from portcheck.report.presentation import Presentation
from portcheck.report.schema import schema_text

SCHEMA = json.loads(schema_text())
ACCEPTED_RECORD = {"kind": "inSource", "status": "accepted", "justification": ACCEPTED.justification}


def test_json_has_every_finding_also_what_is_suppressed() -> None:
    document = json.loads("\n".join(whole.render(example_check(), Presentation())))
    Draft202012Validator(SCHEMA).validate(document)
    found = {f["identity"]: f["suppressions"] for f in document["findings"]}
    assert len(found) == 6
    assert found[LENGTH.identity] == []
    [suppression] = found[QUIET.identity]
    assert suppression.pop("place")["line"] == 2
    assert suppression == ACCEPTED_RECORD
    [notice] = document["notices"]
    assert (notice["id"], notice["place"]["line"]) == ("unused-suppression", 1)


def test_json_lines_have_the_same() -> None:
    lines = [json.loads(line) for line in jsonl.render(example_check(), Presentation())]
    validator = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
    for line in lines:
        validator.validate(line)
    assert [line["kind"] for line in lines] == ["finding"] * 6 + [
        "notice",
        "unreadable",
        "skipped",
        "coverage",
    ]
