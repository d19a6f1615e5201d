"""From a scan's result to output, exit code and the lines on standard error."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from example_scan import empty

from portcheck.cli.progress import Progress
from portcheck.source import Skipped, SourceError

GAPS = "portcheck: warning: 1 skipped; 7 of 295 bytes could not be parsed; the report says where\n"


def pretend_terminal(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: True, raising=False)


def test_text_quotes_the_source_from_the_files(cli) -> None:
    ran = cli("scan", ".")
    assert (ran.code, ran.err) == (0, "")
    assert (
        "     3 |     auto v = reinterpret_cast<const int4*>(x);\n"
        "       |              ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
    ) in ran.out
    assert "     1 | __device__ void copy(int4 v, int n) { }\n       |" in ran.out


def test_paths_open_from_the_current_folder(cli, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("scan", ".").out.startswith("csrc/dispatch.cu\n")
    monkeypatch.chdir(tree.parent)
    assert cli("scan", tree.name).out.startswith(f"{tree.name}/csrc/dispatch.cu\n")
    monkeypatch.chdir(tree / "csrc")
    assert cli("show", "facts", "..").out.startswith("../csrc/dispatch.cu:3:11")


def test_summary_alone(cli) -> None:
    assert cli("scan", ".", "--summary").out.startswith("Summary\n  kernels  1 with")


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_documents(cli, form: str) -> None:
    ran = cli("scan", ".", "--format", form)
    assert (ran.code, ran.err) == (0, GAPS)
    assert json.loads(ran.out)["version"] in (1, "2.1.0")


@pytest.mark.parametrize(
    ("command", "kinds"), [(["scan"], 3), (["show", "facts"], 3), (["show", "calls"], 0)]
)
def test_json_lines(cli, command: list[str], kinds: int) -> None:
    found = [json.loads(line)["kind"] for line in cli(*command, ".", "--format", "jsonl").out.splitlines()]
    assert found[-3:] == ["unreadable", "skipped", "coverage"]
    assert sum(kind in ("vec_cast", "tma_copy") for kind in found) == kinds


@pytest.mark.parametrize("section", ["facts", "kernels", "calls"])
def test_show(cli, section: str) -> None:
    ran = cli("show", section, ".")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("csrc/dispatch.cu:")
    assert "\nCoverage\n  files    2 read, 295 bytes\n" in ran.out


def test_quiet_says_nothing_of_gaps(cli) -> None:
    assert cli("scan", ".", "--format", "json", "-q").err == ""


def test_no_gaps_no_warning(cli, fake) -> None:
    files = tuple(replace(file, unreadable=()) for file in fake.result.files)
    fake.result = replace(fake.result, files=files, skipped=())
    assert cli("scan", ".", "--format", "json").err == ""


@pytest.mark.parametrize(
    ("skipped", "why"),
    [
        ((), "no CUDA or C++ file was found"),
        ((Skipped("a.cu", "binary"),), "a.cu: binary"),
        ((Skipped("a.cu", "binary"), Skipped("b.cu", "binary")), "a.cu: binary (and 1 more)"),
    ],
)
def test_nothing_analysed(cli, fake, skipped: tuple[Skipped, ...], why: str) -> None:
    fake.result = empty(*skipped)
    ran = cli("scan", ".", "--format", "json")
    assert (ran.code, ran.err) == (3, f"portcheck: error: nothing was analysed: {why}\n")
    assert len(json.loads(ran.out)["coverage"]["skipped"]) == len(skipped)


def test_a_source_error_is_a_usage_error(cli, fake) -> None:
    def fail() -> None:
        raise SourceError("gone: no such file or folder")

    fake.before = fail
    ran = cli("scan", "gone")
    assert (ran.code, ran.err) == (2, "portcheck: error: gone: no such file or folder\n")


class TestColour:
    def test_none_in_a_pipe(self, cli) -> None:
        assert "\x1b" not in cli("scan", ".").out

    @pytest.mark.parametrize("command", [["scan"], ["show", "facts"]])
    def test_on_a_terminal(self, cli, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
        pretend_terminal(monkeypatch, "stdout")
        monkeypatch.setenv("TERM", "xterm")
        assert "\x1b[36mvec_cast\x1b[0m" in cli(*command, ".").out

    @pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
    def test_unless_the_environment_says_no(
        self, cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        pretend_terminal(monkeypatch, "stdout")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv(name, value)
        assert "\x1b" not in cli("scan", ".").out

    def test_an_empty_no_color_means_nothing(self, cli, monkeypatch: pytest.MonkeyPatch) -> None:
        pretend_terminal(monkeypatch, "stdout")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "")
        assert "\x1b" in cli("scan", ".").out

    def test_always_and_never_win(self, cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b" in cli("scan", ".", "--color", "always").out
        monkeypatch.delenv("NO_COLOR")
        pretend_terminal(monkeypatch, "stdout")
        assert "\x1b" not in cli("scan", ".", "--color", "never").out


class TestProgress:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("portcheck.cli.progress._QUIET_SECONDS", 0.0)

    def test_on_a_terminal_it_counts_and_leaves_no_trace(self, cli, monkeypatch: pytest.MonkeyPatch) -> None:
        pretend_terminal(monkeypatch, "stderr")
        line = "portcheck: 1 of 2 files"
        assert cli("scan", ".").err == f"\r{line}\r{' ' * len(line)}\r"

    @pytest.mark.parametrize("terminal", [True, False])
    def test_not_in_a_pipe_and_not_when_quiet(
        self, cli, monkeypatch: pytest.MonkeyPatch, terminal: bool
    ) -> None:
        if terminal:
            pretend_terminal(monkeypatch, "stderr")
        assert cli("scan", ".", *(["--quiet"] if terminal else [])).err == ""

    def test_short_work_shows_nothing(self, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
        monkeypatch.setattr("portcheck.cli.progress._QUIET_SECONDS", 60.0)
        pretend_terminal(monkeypatch, "stderr")
        with Progress() as progress:
            progress(1, 2)
        assert capsys.readouterr().err == ""


def test_a_file_that_is_gone_costs_only_its_quotation(cli, tree: Path) -> None:
    (tree / "csrc/utils.cuh").unlink()
    out = cli("scan", ".").out
    assert "csrc/utils.cuh:1:37  tma_copy" in out
    assert "     1 |" not in out
