"""The formats of `check` for people in a hurry, and for CI services."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from example_check import BARRIER, FP8, LENGTH, OPEN, QUIET, RULES, example_check, finding, nothing_found
from example_scan import dispatch

from portcheck.checked import NEVER
from portcheck.report.check import concise, github, gitlab, junit, markdown
from portcheck.report.presentation import Presentation
from portcheck.report.style import Style
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language

BELOW = Presentation(repository="ep/", style=Style(prefix="../"))
CHINESE = Presentation(Language.ZH)


def test_concise() -> None:
    assert "\n".join(concise.render(example_check(), BELOW)) == (
        """\
../csrc/dispatch.cu:3:11: QNT001 redesign: violated 310P 910B 910C; holds 950: \
`a, 50% | <b>` converts to or from FP8, a type that only 950 has
../csrc/dispatch.cu:4:16: MTE003 breaks: unknown 310P 910B 910C; holds 950: \
this transfer moves `16*n` bytes: DataCopy moves multiples of 32 and drops the rest
../csrc/dispatch.cu:8:5: MTE003 breaks: depends 310P 910B 910C; holds 950: \
this transfer moves `16*n` bytes: DataCopy moves multiples of 32 and drops the rest
../csrc/utils.cuh:1:37: SYN002 note: applies 310P 910B 910C; holds 950: \
`k` meets its block with __syncthreads() (places: 1): inside one core only the pipes need ordering
../csrc/utils.cuh:1:22: unused-suppression nothing here, or 50%
findings: 4; at or above breaks: 1; files read: 2; suppressed: 1; \
not listed (unknown, speed only or a note): 1
not read: 1 skipped; 7 of 295 bytes"""
    )


def test_concise_in_chinese_and_in_short() -> None:
    assert list(concise.render(nothing_found(), CHINESE)) == [
        "发现：0；达到“出错”及以上级别：0；已读取文件：2"
    ]
    only = replace(BELOW, only_summary=True)
    never = replace(example_check(), threshold=NEVER)
    assert next(iter(concise.render(never, only))).startswith("findings: 4; files read: 2; ")


# -- GitHub --------------------------------------------------------------------------------


def test_github() -> None:
    lines = list(github.render(example_check(), BELOW))
    assert "\n".join([*lines[:3], *lines[4:]]) == (
        """\
::error file=ep/csrc/dispatch.cu,line=8,endLine=9,title=MTE003 datacopy-length (breaks)::\
depends 310P 910B 910C; holds 950: this transfer moves `16*n` bytes: \
DataCopy moves multiples of 32 and drops the rest%0Aholds where n %25 2 == 0
::warning file=ep/csrc/dispatch.cu,line=4,endLine=4,col=16,endColumn=35,\
title=MTE003 datacopy-length (breaks)::unknown 310P 910B 910C; holds 950: this transfer moves \
`16*n` bytes: DataCopy moves multiples of 32 and drops the rest%0Anot decided: n is not known
::warning file=ep/csrc/dispatch.cu,line=3,endLine=3,col=11,endColumn=43,\
title=QNT001 no-fp8-type (redesign)::violated 310P 910B 910C; holds 950: \
`a, 50%25 | <b>` converts to or from FP8, a type that only 950 has
::notice file=ep/csrc/utils.cuh,line=1,endLine=1,col=22,endColumn=26,title=unused-suppression::\
nothing here, or 50%25
::notice title=portcheck::findings: 4; at or above breaks: 1; files read: 2; suppressed: 1; \
not listed (unknown, speed only or a note): 1%0Anot read: 1 skipped; 7 of 295 bytes"""
    )


def test_what_fails_is_an_error_whatever_its_severity() -> None:
    checked = replace(example_check(), threshold="redesign")
    levels = Counter(line.split()[0] for line in github.render(checked, BELOW))
    assert levels == {"::error": 2, "::warning": 1, "::notice": 3}


def test_properties_of_a_command_are_escaped() -> None:
    place = replace(dispatch("int n"), path="a:b,c%\nd.cu")
    line = next(
        iter(github.render(example_check(finding("MTE003", place, "b" * 16, Verdict.VIOLATED)), BELOW))
    )
    assert line.startswith("::error file=ep/a%3Ab%2Cc%25%0Ad.cu,line=2,")


def test_ten_annotations_of_a_level_the_worst_first_and_the_rest_in_the_log() -> None:
    more = (
        finding(code, replace(dispatch("int n"), start_byte=at), f"{at:015x}f", Verdict.VIOLATED)
        for at in range(15)
        for code in ("MTE003", "MTE006")
    )
    lines = list(github.render(example_check(*more), BELOW))
    levels = Counter(line.split()[0] for line in lines if line.startswith("::"))
    assert levels == {"::error": 10, "::warning": 10, "::notice": 3, "::group::13": 1, "::endgroup::": 1}
    assert lines[0].startswith("::error ")
    group = lines[lines.index("::group::13 findings more") + 1 : lines.index("::endgroup::")]
    assert len(group) == 13
    assert group[0].startswith("- ep/csrc/dispatch.cu:")
    assert "not annotated: 13, in the log; GitHub shows 10 of each level a step" in lines[-1]


def test_a_log_line_holds_no_command() -> None:
    many = (
        finding("QNT001", replace(dispatch("int n"), start_byte=at), f"{at:015x}f", Verdict.VIOLATED)
        for at in range(20)
    )
    listed = [replace(one, fields={**one.fields, "text": "##[error]x"}) for one in many]
    lines = list(github.render(example_check(*listed), BELOW))
    assert not any("##[" in line for line in lines if not line.startswith("::"))


# -- GitLab --------------------------------------------------------------------------------


def test_gitlab() -> None:
    issues = json.loads("\n".join(gitlab.render(example_check(), BELOW)))
    assert issues[2] == {
        "description": "depends 310P 910B 910C; holds 950: this transfer moves `16*n` bytes: "
        "DataCopy moves multiples of 32 and drops the rest; holds where n % 2 == 0",
        "check_name": "MTE003 datacopy-length",
        "fingerprint": LENGTH.identity,
        "severity": "critical",
        "location": {"path": "ep/csrc/dispatch.cu", "lines": {"begin": 8, "end": 9}},
    }
    assert [(i["check_name"].split()[0], i["severity"]) for i in issues] == [
        ("QNT001", "major"),
        ("MTE003", "major"),
        ("MTE003", "critical"),
        ("SYN002", "info"),
        ("unused-suppression", "info"),
        ("unreadable-region", "info"),
        ("skipped-file", "info"),
    ]
    assert len({i["fingerprint"] for i in issues}) == len(issues)
    assert issues[-1]["location"] == {"path": "ep/csrc/blob.cu", "lines": {"begin": 1}}


def test_gitlab_with_nothing_to_say() -> None:
    assert list(gitlab.render(nothing_found(), BELOW)) == ["[", "]"]


# -- JUnit ---------------------------------------------------------------------------------


def test_junit() -> None:
    root = ElementTree.fromstring("\n".join(junit.render(example_check(), BELOW)))
    assert root.attrib == {"name": "portcheck", "tests": "7", "failures": "1", "skipped": "2", "errors": "0"}
    assert [s.get("name") for s in root] == [
        "ep/csrc/dispatch.cu", "ep/csrc/utils.cuh", "not analysed", "portcheck",
    ]  # fmt: skip
    cases = {case.get("name", "").rpartition(" ")[2]: case for case in root.iter("testcase")}
    failing = cases[f"[{LENGTH.identity}]"]
    assert failing.attrib == {
        "classname": "ep/csrc/dispatch.cu",
        "name": f"MTE003 datacopy-length in ep::dispatch [{LENGTH.identity}]",
        "file": "ep/csrc/dispatch.cu",
        "line": "8",
    }
    [failure] = failing
    assert (failure.tag, failure.get("type")) == ("failure", "breaks")
    assert str(failure.text).endswith("drops the rest\nholds where n % 2 == 0")
    assert [e.tag for e in cases[f"[{OPEN.identity}]"]] == ["system-out"]
    skipped, _ = cases[f"[{QUIET.identity}]"]
    assert (skipped.tag, skipped.get("message")) == ("skipped", "accepted: sizes are <even>")
    assert root.findtext("testsuite/system-err") == "ep/csrc/dispatch.cu:10:5: not read: syntax error"


def test_junit_has_a_case_for_a_file_without_findings() -> None:
    root = ElementTree.fromstring("\n".join(junit.render(nothing_found(), BELOW)))
    assert root.get("tests") == "2"
    assert [case.get("name") for case in root.iter("testcase")] == ["no findings", "no findings"]


def test_junit_says_nothing_of_files_that_are_not_reported() -> None:
    checked = replace(nothing_found(), reported=frozenset(("csrc/utils.cuh",)))
    root = ElementTree.fromstring("\n".join(junit.render(checked, BELOW)))
    assert [suite.get("name") for suite in root] == ["ep/csrc/utils.cuh"]


def test_junit_holds_no_character_that_xml_forbids() -> None:
    odd = replace(FP8, fields={**FP8.fields, "text": "\x00\x1b[31m\x0b"}, identity="c" * 16)
    assert ElementTree.fromstring("\n".join(junit.render(example_check(odd), BELOW))) is not None


# -- Markdown ------------------------------------------------------------------------------


def test_markdown() -> None:
    text = "\n".join(markdown.render(example_check(), BELOW))
    assert text.startswith(
        """\
<!-- portcheck -->
### portcheck: findings that fail the check: 1

**breaks** (2)

| place | rule | says |
| --- | --- | --- |
| `ep/csrc/dispatch.cu:8` | MTE003<br>datacopy-length | depends 310P 910B 910C; holds 950: \
this transfer moves `16*n` bytes: DataCopy moves multiples of 32 \
and drops the rest<br>holds where n % 2 == 0 |
"""
    )
    assert "| violated 310P 910B 910C; holds 950: `a, 50% \\| <b>` converts to or from FP8" in text
    assert "\n\n- `ep/csrc/utils.cuh:1` nothing here, or 50%\n\n<details><summary>findings: 4; " in text
    assert text.endswith(
        "\nnot read:\n\n- `csrc/blob.cu` binary\n- `csrc/dispatch.cu` 7 of 255 bytes\n\n</details>"
    )


@pytest.mark.parametrize(
    ("found", "title"),
    [((), "No finding."), ((BARRIER,), "nothing fails the check")],
)
def test_markdown_without_a_failure(found: tuple[object, ...], title: str) -> None:
    checked = replace(nothing_found(), findings=found, rules=tuple(RULES.values()))
    assert list(markdown.render(checked, BELOW))[1] == f"### portcheck: {title}"


def test_markdown_fits_a_comment_and_counts_what_does_not() -> None:
    more = (
        finding("MTE003", replace(dispatch("int n"), start_byte=at), f"{at:015x}f", Verdict.VIOLATED)
        for at in range(2000)
    )
    text = "\n".join(markdown.render(example_check(*more), BELOW))
    assert 50_000 < len(text) < 65_536
    rows = text.count("| `ep/")
    assert f"\n{2004 - rows:,} more findings have no room here; the other formats have them all.\n" in text
