"""Several reports of one run: what `--format` and `-o` ask for, and where each goes."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

import pytest

from portcheck.checked import THRESHOLDS
from portcheck.cli import main
from portcheck.cli.arguments import FAIL_ON
from portcheck.cli.errors import UsageError
from portcheck.cli.formats import FORMATS
from portcheck.cli.reports import Destination, destinations

SOURCE = """\
__global__ void copy(const int4* x) {
    extern __shared__ __align__(1024) char smem[];
    reinterpret_cast<int4*>(smem + 16)[threadIdx.x] = x[threadIdx.x];
}
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    (tmp_path / ".git").mkdir()
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc" / "copy.cu").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")

    def call(*given: str) -> tuple[int, str, str]:
        code = main(["check", "csrc", "--select", "VEC001", *given])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.mark.parametrize(
    ("chosen", "outputs", "expected"),
    [
        (None, [], [("full", None)]),
        ("text", [], [("full", None)]),
        ("json", [], [("json", None)]),
        ("json", ["out.json"], [("json", "out.json")]),
        (None, ["out.txt"], [("full", "out.txt")]),
        (None, ["sarif=out.sarif", "github"], [("sarif", "out.sarif"), ("github", None)]),
        ("full", ["sarif=out.sarif"], [("full", None), ("sarif", "out.sarif")]),
        ("full", ["sarif=out.sarif", "out.txt"], [("sarif", "out.sarif"), ("full", "out.txt")]),
        (None, ["text=a", "markdown=-"], [("full", "a"), ("markdown", None)]),
        (None, ["./a=b"], [("full", "./a=b")]),
        ("json", ["-"], [("json", None)]),
    ],
)
def test_destinations(chosen: str | None, outputs: list[str], expected: list[tuple[str, str | None]]) -> None:
    assert destinations(chosen, outputs) == tuple(Destination(*one) for one in expected)


@pytest.mark.parametrize(
    ("chosen", "outputs", "problem", "hint"),
    [
        (
            None,
            ["srif=out"],
            "unknown format 'srif'; did you mean 'sarif'? choose",
            "for a file of that name",
        ),
        (None, ["sarif="], "'sarif=' names no file", "for standard output: -o sarif"),
        (
            None,
            ["github", "sarif"],
            "github and sarif would both be written to standard output",
            "name a file",
        ),
        ("json", ["github"], "json and github would both be written to standard output", "-o github=FILE"),
        (None, ["json=a", "sarif=a"], "json and sarif would both be written to a", "name a file"),
        (None, ["json=a", "sarif=./a"], "json and sarif would both be written to ./a", "name a file"),
    ],
)
def test_refusals(chosen: str | None, outputs: list[str], problem: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        destinations(chosen, outputs)
    assert str(refused.value).startswith(problem)
    assert hint in refused.value.hint


def test_all_formats_in_one_run(run: Run, tmp_path: Path) -> None:
    more = [part for name in FORMATS[1:] for part in ("-o", f"{name}={name}.out")]
    code, out, err = run("--format", "full", *more)
    assert (code, err) == (1, "")
    assert out.startswith("csrc/copy.cu:3:5  VEC001 vector-start  breaks  in copy\n")
    texts = {name: (tmp_path / f"{name}.out").read_text("utf-8") for name in FORMATS[1:]}
    assert all("VEC001" in text for text in texts.values())
    identity = json.loads(texts["json"])["findings"][0]["identity"]
    assert all(identity in texts[name] for name in ("jsonl", "sarif", "gitlab", "junit"))


@pytest.mark.parametrize("name", ["sarif", "github", "gitlab", "junit", "markdown"])
def test_services_get_paths_from_the_root_of_the_repository(run: Run, name: str) -> None:
    assert "csrc/copy.cu" in run("--format", name)[1]


def test_a_report_that_cannot_be_written_leaves_the_others_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.sarif").write_text("old")
    code, out, err = run("-o", "sarif=old.sarif", "-o", "json=missing/out.json")
    problem = "portcheck: error: cannot write missing/out.json: No such file or directory\n"
    assert (code, out, err) == (2, "", problem)
    assert (tmp_path / "old.sarif").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == [".git", "csrc", "old.sarif"]


def test_files_are_written_before_standard_output(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed(io.StringIO):
        def writelines(self, lines: Iterable[str]) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            return os.open(os.devnull, os.O_WRONLY)

    monkeypatch.setattr("sys.stdout", Closed())
    assert main(["check", "csrc", "--select", "VEC001", "-o", "concise", "-o", "json=out.json"]) == 0
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["findings"]


def test_the_command_line_names_the_thresholds_that_there_are() -> None:
    assert FAIL_ON == THRESHOLDS


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_a_module(name: str) -> None:
    assert callable(import_module(f"portcheck.report.check.{name}").render)
