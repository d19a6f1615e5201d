"""JSON and JSON lines keep to the published schema, and leave nothing out."""

from __future__ import annotations

import json as stdlib_json
from typing import Any

import pytest
from example_scan import empty, example
from jsonschema import Draft202012Validator, ValidationError

from portcheck import __version__
from portcheck.report import json, jsonl
from portcheck.report.schema import schema_text
from portcheck.result import ScanResult
from portcheck.source import Skipped

SCHEMA: dict[str, Any] = stdlib_json.loads(schema_text())
DOCUMENT = Draft202012Validator(SCHEMA)
LINE = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
CORE = {"kind", "path", "line", "column", "end_line", "function", "bytes", "detail"}


def document(result: ScanResult, *sections: str) -> dict[str, Any]:
    text = "\n".join(json.render(result, sections) if sections else json.render(result))
    loaded: dict[str, Any] = stdlib_json.loads(text)
    return loaded


def records(result: ScanResult, *sections: str) -> list[dict[str, Any]]:
    return [stdlib_json.loads(line) for line in jsonl.render(result, sections)]


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("result", [example(), empty(), empty(Skipped("x.cu", "binary"))])
def test_the_document_keeps_to_the_schema(result: ScanResult) -> None:
    DOCUMENT.validate(document(result))


def test_the_schema_refuses_what_it_does_not_know() -> None:
    wrong = document(example())
    wrong["facts"][0]["lines"] = 3
    with pytest.raises(ValidationError):
        DOCUMENT.validate(wrong)
    del wrong["facts"][0]["lines"]
    del wrong["coverage"]
    with pytest.raises(ValidationError):
        DOCUMENT.validate(wrong)


def test_the_document_holds_the_whole_scan() -> None:
    found = document(example())
    assert found["schema"] == "portcheck/scan"
    assert found["version"] == 1
    assert found["tool"] == {"name": "portcheck", "version": __version__}
    assert found["configuration"] == {"defines": ["FAST", "ARCH=90"]}
    assert found["counts"] == {"fp32_accum": 1, "sync_scope": 1, "tma_copy": 2, "vec_cast": 1}
    assert [len(found[name]) for name in ("kernels", "calls", "facts")] == [1, 2, 5]
    coverage = found["coverage"]
    assert {name: coverage[name] for name in coverage if name not in ("files", "skipped")} == {
        "files_read": 2,
        "files_skipped": 1,
        "total_bytes": 295,
        "unreadable_bytes": 7,
        "inactive_bytes": 24,
    }
    assert coverage["skipped"] == [{"path": "csrc/blob.cu", "reason": "binary"}]
    assert coverage["files"][0]["unreadable"][0]["reason"] == "syntax error"


def test_a_fact_in_full() -> None:
    assert document(example())["facts"][3] == {
        "kind": "tma_copy",
        "path": "csrc/dispatch.cu",
        "line": 8,
        "column": 5,
        "end_line": 9,
        "end_column": 12,
        "start_byte": 220,
        "end_byte": 239,
        "function": "ep::dispatch",
        "bytes": 16,
        "detail": "to shared",
        "active": True,
        "condition": "",
        "definition": False,
        "related": [
            {
                "path": "csrc/utils.cuh",
                "line": 1,
                "column": 17,
                "end_line": 1,
                "end_column": 21,
                "start_byte": 16,
                "end_byte": 20,
            }
        ],
        "content": {"target": "shared", "elements": []},
    }


@pytest.mark.parametrize("section", json.SECTIONS)
def test_a_document_of_one_section_keeps_coverage(section: str) -> None:
    found = document(example(), section)
    DOCUMENT.validate(found)
    assert set(json.SECTIONS) & set(found) == {section}
    assert found["coverage"]["files_read"] == 2


def test_each_record_has_a_line_of_its_own() -> None:
    lines = list(json.render(example()))
    assert sum(line.startswith('    {"kind": ') for line in lines) == 5


@pytest.mark.parametrize("result", [example(), empty(), empty(Skipped("x.cu", "binary"))])
def test_every_json_line_keeps_to_the_schema(result: ScanResult) -> None:
    for record in records(result, "facts", "kernels", "calls"):
        LINE.validate(record)
        assert set(record) >= CORE


def test_a_fact_cannot_pass_for_a_line_of_coverage() -> None:
    fact = records(example(), "facts")[0]
    with pytest.raises(ValidationError):
        LINE.validate(fact | {"kind": "coverage"})


def test_json_lines_are_facts_and_then_coverage() -> None:
    found = records(example(), "facts")
    kinds = [record["kind"] for record in found]
    assert kinds == [
        "vec_cast",
        "sync_scope",
        "fp32_accum",
        "tma_copy",
        "tma_copy",
        "unreadable",
        "skipped",
        "coverage",
    ]
    assert found[:5] == document(example())["facts"]
    assert found[-1]["detail"] == "2 files read, 1 skipped; 7 of 295 bytes unreadable"


def test_json_lines_of_kernels_and_calls() -> None:
    found = records(example(), "kernels", "calls")
    assert [(record["kind"], record["detail"]) for record in found[:3]] == [
        ("kernel", "kernel ep::dispatch"),
        ("call", "calls copy"),
        ("call", "calls st_release"),
    ]
