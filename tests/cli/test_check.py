"""`portcheck check`: findings of a small tree, exit codes, and every format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from portcheck.cli import main
from portcheck.report.schema import schema_text

SOURCE = """\
__global__ void copy(const int4* x, int4* y, int n) {
    extern __shared__ __align__(1024) char smem[];
    const int lane = threadIdx.x % 32;
    reinterpret_cast<int4*>(smem + 16)[lane] = x[lane];
    __syncthreads();
    y[lane] = reinterpret_cast<int4*>(smem + 16)[lane];
}
"""
OWN = """\
code = "ACME001"
severity = "slow"
message.en = "a barrier of {function}"
message.zh = "{function} 中的同步"
to = "block_barrier"
requires = "target.simt"
[[example]]
verdict = "violated"
code = "__global__ void k() { __syncthreads(); }  //!"
"""
SCHEMA = json.loads(schema_text())
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "copy.cu").write_text(SOURCE)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "barrier.toml").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def call(*given: str) -> tuple[int, str, str]:
        code = main(given)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_text(run: Run) -> None:
    code, out, err = run("check", "tree", "--select", "VEC001,SYN002", "--target", "910B", "--target", "950")
    assert (code, err) == (1, "")
    assert out.startswith(
        """\
tree/copy.cu:4:5  VEC001 vector-start  breaks  in copy
  violated 910B 950: """
    )
    assert "\n    fails for 16, 16 mod 32 = 16\n" in out
    assert re.search(r"\n    SYN002 block-barrier  note +1 +1\n    VEC001 vector-start   breaks +2 +2\n", out)
    assert "\n    SYN002 block-barrier  1 / 0 / 0 / 0  0 / 0 / 0 / 1\n" in out
    assert "\n  files    1 read, " in out


def test_only_tables(run: Run) -> None:
    out = run("check", "tree", "--select", "VEC001", "--summary")[1]
    assert out.startswith("Summary\n    rule ")
    assert "copy.cu" not in out


def test_a_users_rule_in_both_languages(run: Run) -> None:
    chosen = ("check", "tree", "--rules", "own", "--select", "ACME")
    code, out, _ = run(*chosen)
    assert code == 0
    assert "tree/copy.cu:5:5  ACME001 barrier  slow  in copy\n  violated 310P 910B 910C; holds 950: " in out
    assert "a barrier of copy\n" in out
    out = run(*chosen, "--lang", "zh")[1]
    assert "影响性能" in out
    assert "不满足 310P 910B 910C; 满足 950: copy 中的同步\n" in out


@pytest.mark.parametrize(
    ("locale", "expected"),
    [({"LANG": "zh_CN.UTF-8"}, "汇总"), ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "Summary"), ({}, "Summary")],
)
def test_the_language_comes_from_the_locale(
    run: Run, monkeypatch: pytest.MonkeyPatch, locale: dict[str, str], expected: str
) -> None:
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert run("check", "tree", "--select", "SYN002", "--summary")[1].startswith(f"{expected}\n")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--select", "VEC001"), 1),
        (("--select", "VEC001", "--fail-on", "never"), 0),
        (("--select", "VEC,SYN", "--ignore", "VEC001", "--fail-on", "note"), 1),
        (("--select", "SYN002"), 0),
        (("--select", "SYN002", "--target", "950", "--fail-on", "note"), 0),
        (("--select", "ACME", "--rules", "own", "--fail-on", "slow"), 1),
        (("--select", "ACME", "--rules", "own", "--fail-on", "redesign"), 0),
    ],
)
def test_exit_code(run: Run, options: tuple[str, ...], expected: int) -> None:
    assert run("check", "tree", *options)[0] == expected


def test_json(run: Run) -> None:
    out = run("check", "tree", "--format", "json", "--target", "910b")[1]
    report = json.loads(out)
    Draft202012Validator(SCHEMA).validate(report)
    assert [t["name"] for t in report["targets"]] == ["910B"]
    assert len(report["rules"]) > 60
    found = next(f for f in report["findings"] if f["code"] == "VEC001" and f["line"] == 4)
    assert (found["verdict"], found["targets"]) == ("violated", [{"name": "910B", "verdict": "violated"}])
    assert found["proof"]["value"] == 16


def test_json_lines(run: Run) -> None:
    lines = [json.loads(line) for line in run("check", "tree", "--format", "jsonl")[1].splitlines()]
    validator = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
    for line in lines:
        validator.validate(line)
    assert {line["kind"] for line in lines} == {"finding", "coverage"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--target", "910"), "unknown target '910'; did you mean '910C'? choose from 310P, 910B, 910C, 950"),
        (("--select", "MTX"), "unknown rule 'MTX'; did you mean 'MTE'? choose from ACC, ALN, BNK, "),
        (("--rules", "none"), "cannot read none: No such file or directory"),
        (("--rules", "tree"), "tree: no rule: no .toml file"),
        (
            ("--rules", "own", "--rules", "own"),
            "own/barrier.toml: code: ACME001 is the code of own/",
        ),
        (("--lang", "de"), "unknown language 'de'; choose from en, zh"),
        (("--fail-on", "break"), "unknown choice 'break'; did you mean 'breaks'?"),
    ],
)
def test_refusals(run: Run, options: tuple[str, ...], problem: str) -> None:
    code, out, err = run("check", "tree", *options)
    assert (code, out) == (2, "")
    assert err.startswith(f"portcheck: error: {problem}")


def test_nothing_to_read_is_no_success(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = run("check", "empty")
    assert code == 3
    assert err == "portcheck: error: nothing was analysed: no CUDA or C++ file was found\n"
