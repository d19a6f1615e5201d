"""The hooks and the action that the repository offers say what the command line understands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from portcheck.cli.arguments import parse
from portcheck.cli.reports import destinations

ROOT = Path(__file__).parents[2]
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
ACTION = (ROOT / "action.yml").read_text("utf-8")


@pytest.mark.parametrize("entry", re.findall(r"^ +entry: (.*)$", HOOKS, re.MULTILINE))
def test_the_entry_of_a_hook_is_a_command_line(entry: str) -> None:
    program, *arguments = shlex.split(entry)
    command, options = parse([*arguments, "a.cu", "b.cuh"])
    assert program == "portcheck"
    assert command in ("check", "ported")
    assert options.paths == ["a.cu", "b.cuh"]


def test_there_are_two_hooks_for_one_process_each() -> None:
    assert re.findall(r"^- id: (.*)$", HOOKS, re.MULTILINE) == ["portcheck", "portcheck-ported"]
    assert HOOKS.count("  require_serial: true\n") == 2
    assert "  types_or: [c, c++, cuda]\n" in HOOKS


@pytest.mark.parametrize(
    ("name", "is_meant"),
    [
        ("csrc/a.cu", True),
        ("ascend/a.asc", True),
        ("ascend/a.cce", True),
        ("a.cuh", True),
        ("portcheck-plan.toml", True),
        ("port/portcheck-plan.toml", True),
        ("xportcheck-plan.toml", False),
        ("a.py", False),
        ("a.ascii", False),
    ],
)
def test_the_files_of_the_second_hook(name: str, is_meant: bool) -> None:
    [pattern] = re.findall(r"^  files: (.*)$", HOOKS, re.MULTILINE)
    assert bool(re.search(pattern.strip("\"'"), name)) is is_meant


def test_the_action_asks_for_reports_that_there_are() -> None:
    outputs = re.findall(r"-o \"?(\w+)", ACTION)
    assert [one.format for one in destinations(None, [f"{o}=x{n}" for n, o in enumerate(outputs)])] == [
        "github",
        "sarif",
        "markdown",
    ]


def test_no_input_of_the_action_is_run_by_a_shell() -> None:
    scripts = re.findall(r"run: \|\n((?: {8}.*\n|\n)+)", ACTION)
    assert len(scripts) == 3
    assert not any("${{" in script for script in scripts)
