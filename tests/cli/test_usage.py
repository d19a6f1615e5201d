"""What the command line accepts, and the one line with which it refuses the rest."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from types import SimpleNamespace

import pytest

from portcheck import __version__
from portcheck.cli.arguments import COMMANDS, parse
from portcheck.facts.base import FactKind
from portcheck.program.knowledge import OwnMacros
from portcheck.source import Patterns

LISTED = (
    "scan, check, plan, ported, skeleton, verify, show, prove, rules, explain, targets, config, cache, "
    "schema, completion"
)


def test_version(cli) -> None:
    ran = cli("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"portcheck {__version__}\n", "")


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(cli, command: list[str], flag: str) -> None:
    ran = cli(*command, flag)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"usage: portcheck {' '.join(command)}".rstrip())


def test_help_tells_commands_examples_and_exit_codes(cli) -> None:
    out = cli("--help").out
    for command in COMMANDS:
        assert f"\n  {command} " in out
    for expected in ("examples:", "exit codes:\n  0    analysed"):
        assert expected in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples_that_parse(cli, command: str) -> None:
    out = cli(command, "--help").out
    examples = out.split("examples:\n")[1].split("\n\n")[0].splitlines()
    own = [line.strip() for line in examples if line.strip().startswith(f"portcheck {command}")]
    assert own
    for line in own:
        words = shlex.split(re.sub(r" > [\w./~-]+$", "", line.split("   ")[0]))
        assert parse(words[1:])[0] == command


def test_help_of_scan_lists_the_kinds(cli) -> None:
    out = cli("scan", "--help").out
    listed = out.split("kinds:")[1].split("exit codes:")[0].replace(",", " ").split()
    assert listed == [kind.value for kind in FactKind]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            [],
            f"no command; choose from {LISTED}",
            "try 'portcheck --help'",
        ),
        (
            ["scna", "."],
            f"unknown command 'scna'; did you mean 'scan'? choose from {LISTED}",
            "try 'portcheck --help'",
        ),
        (
            ["--format", "json", "scan"],
            "'--format' comes before the command",
            "usage: portcheck COMMAND [options]",
        ),
        (["scan"], "no PATH given", "to analyse this folder: portcheck scan ."),
        (
            ["scan", ".", "--format", "jsn"],
            "unknown format 'jsn'; did you mean 'json'? choose from text, json, jsonl, sarif",
            "try 'portcheck scan --help'",
        ),
        (
            ["show", "fact", "."],
            (
                "unknown section 'fact'; did you mean 'facts'?"
                " choose from facts, kernels, calls, transfers, memory"
            ),
            "try 'portcheck show --help'",
        ),
        (
            ["scan", ".", "--color", "yes"],
            "unknown choice 'yes'; choose from auto, always, never",
            "try 'portcheck scan --help'",
        ),
        (
            ["scan", ".", "-D", "2X"],
            "argument -D/--define: '2X' is not NAME or NAME=VALUE",
            "try 'portcheck scan --help'",
        ),
        (["scan", ".", "-o"], "argument -o/--output: expected one argument", "try 'portcheck scan --help'"),
        (["show", "calls", ".", "--kind", "launch"], "--kind chooses among facts; 'show calls' has none", ""),
        (["show", "facts"], "no PATH given", "to analyse this folder: portcheck show facts ."),
        (
            ["schema", "x"],
            "unknown schema 'x'; choose from scan, proof, plan, config",
            "try 'portcheck schema --help'",
        ),
    ],
)
def test_refusals(cli, fake, arguments: list[str], message: str, hint: str) -> None:
    ran = cli(*arguments)
    assert ran.err.splitlines() == [line for line in (f"portcheck: error: {message}", hint) if line]
    assert (ran.code, ran.out, fake.calls) == (2, "", [])


def test_an_unknown_kind_is_met_with_the_nearest(cli) -> None:
    ran = cli("scan", ".", "--kind", "vec_acess")
    assert ran.code == 2
    assert ran.err.startswith(
        "portcheck: error: unknown kind 'vec_acess'; did you mean 'vec_access'? choose from vec_cast, "
    )


def test_options_reach_the_scan(cli, fake) -> None:
    arguments = ["-D", "A", "one", "--define", "B=2", "--exclude", "x/", "two", "--exclude=y"]
    assert cli("scan", *arguments).code == 0
    read = {"defines": ["A", "B=2"], "exclude": Patterns(("x/", "y")), "root": None}
    assert fake.calls == [(["one", "two"], {**read, "own_macros": OwnMacros()})]


def test_paths_from_a_file(cli, fake, tree) -> None:
    (tree / "list").write_bytes(b"a.cu\r\n\n b.cu\n\xff.cu")
    assert cli("scan", "first.cu", "--files-from", "list").code == 0
    assert fake.calls[0][0] == ["first.cu", "a.cu", " b.cu", "\udcff.cu"]


def test_paths_from_standard_input(cli, fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a.cu\nb.cu\n")))
    assert cli("scan", "--files-from", "-").code == 0
    assert fake.calls[0][0] == ["a.cu", "b.cu"]


def test_a_missing_list_of_paths(cli) -> None:
    ran = cli("scan", "--files-from", "nowhere")
    expected = "portcheck: error: cannot read nowhere: No such file or directory\n"
    assert (ran.code, ran.err) == (2, expected)


def test_kinds_choose_facts(cli) -> None:
    out = cli("show", "facts", ".", "--format", "json", "--kind", "vec_cast", "--kind", "launch").out
    assert {fact["kind"] for fact in json.loads(out)["facts"]} == {"vec_cast"}


def test_schema_prints_the_published_schemas(cli) -> None:
    assert json.loads(cli("schema").out)["title"] == "portcheck scan, version 1"
    assert json.loads(cli("schema", "scan").out)["title"] == "portcheck scan, version 1"
    assert json.loads(cli("schema", "proof").out)["title"] == "portcheck proof, version 1"


def test_an_unknown_option_is_met_with_the_nearest(cli) -> None:
    ran = cli("scan", ".", "--colour", "never")
    assert ran.code == 2
    assert ran.err.startswith(
        "portcheck: error: unknown option '--colour'; did you mean '--color'? choose from --help, "
    )
