"""`portcheck rules`, `explain` and `targets`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.cli import main
from portcheck.pack import pack

OWN = """\
code = "ACME001"
severity = "breaks"
message = "`{api}` has no equivalent"
to = "api_call"
where = "api == 'cudaMallocManaged'"
[[example]]
verdict = "violated"
code = "void f(void** p) { CALL(p, 64); }  //!"
"""
Run = Callable[..., tuple[int, str, str]]
CHINESE = re.compile("[一-鿿]")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def call(*given: str) -> tuple[int, str, str]:
        code = main(given)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_rules_lists_each_rule_once(run: Run) -> None:
    code, out, err = run("rules")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [rule.code for rule in pack()]
    assert re.fullmatch(r"MTE001  breaks  ub-start  \S.*\n", run("rules", "--select", "mte001")[1])


@pytest.mark.parametrize(
    ("call", "code", "out"),
    [
        ("cudaMallocManaged", 0, "1 rules, 1 examples, 0 failed\n"),
        ("cudaMalloc", 1, "1 rules, 1 examples, 1 failed\n"),
    ],
)
def test_the_examples_of_a_users_rules(run: Run, tmp_path: Path, call: str, code: int, out: str) -> None:
    (tmp_path / "managed.toml").write_text(OWN.replace("CALL", call))
    found = run("rules", "--test", "--rules", "managed.toml")
    assert found[:2] == (code, out)
    assert found[2] == (
        "managed.toml: ACME001 example 1: must report violated on line 1, and reports nothing\n" * code
    )


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("MTE003", "MTE003 datacopy-length: "),
        ("mte003", "MTE003 datacopy-length: "),
        ("datacopy-length", "MTE003 datacopy-length: "),
        ("BNK", "BNK001  "),
        ("int4", "int4: 16 bytes"),
        ("zero buffer", "Zero buffer"),
        ("cudaMemcpyAsync", "cudaMemcpyAsync (CUDA runtime)\n  changed: aclrtMemcpyAsync\n"),
        ("cudaMemcpy*", "CUDA runtime\n  cudaMemcpy "),
        ("apis", "CUDA "),
    ],
)
def test_explain(run: Run, name: str, first: str) -> None:
    code, out, err = run("explain", name)
    assert (code, err) == (0, "")
    assert out.casefold().startswith(first.casefold())


@pytest.mark.parametrize("name", ["MTE003", "int4", "cudaMemcpyAsync", "BNK", "apis"])
def test_explain_in_chinese(run: Run, name: str) -> None:
    assert CHINESE.search(run("explain", name, "--lang", "zh")[1])


def test_explain_forgives_a_typing_error(run: Run) -> None:
    code, out, err = run("explain", "cudaMemcpyAsnc")
    assert code == 0
    assert out.startswith("cudaMemcpyAsync (CUDA runtime)\n")
    assert err.startswith("portcheck: nothing is known as 'cudaMemcpyAsnc'; nearest: cudaMemcpyAsync")


def test_explain_says_what_it_does_not_know(run: Run) -> None:
    assert run("explain", "qqqq") == (
        2,
        "",
        "portcheck: error: nothing is known as 'qqqq'\ntry 'portcheck rules' or 'portcheck explain apis'\n",
    )


def test_targets(run: Run) -> None:
    out = run("targets")[1]
    assert out.splitlines()[0].split() == ["target", "310P", "910B", "910C", "950"]
    assert re.search(r"^  ub_bytes +262,144 +196,608 +196,608 +253,952  bytes$", out, re.MULTILINE)
    one = run("targets", "910b")[1]
    assert "asc-devkit@" in one
    code, _, err = run("targets", "910")
    assert (code, err.splitlines()[0].split(";")[0]) == (2, "portcheck: error: unknown target '910'")
