"""The README tells what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portcheck.cli import arguments, errors
from portcheck.facts.base import FactKind
from portcheck.report.kinds import meaning

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", FactKind)
def test_it_lists_every_kind(kind: FactKind) -> None:
    assert f"| `{kind.value}` | {meaning(kind)} |\n" in README


def test_it_lists_every_exit_code() -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert {int(code) for code in re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)} == codes


def test_its_options_exist() -> None:
    parsers = [parser() for parser in arguments._PARSERS.values()]
    known = {option for parser in parsers for option in parser._option_string_actions}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= known | {"--version"}


def test_every_format_is_described() -> None:
    assert re.findall(r"^\| `(\w+)` \| .* \| .* \|$", README, re.MULTILINE) == list(arguments.SCAN_FORMATS)
