"""Where settings are found, what a file may say, and what wins."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from portcheck.config import ConfigError, Origin, Settings, find, merge, where
from portcheck.config.values import KEYS
from portcheck.program.knowledge import OwnLaunch
from portcheck.report.schema import schema_text

SCHEMA = json.loads(schema_text("config"))
FULL = """\
include = ["csrc"]
exclude = ["third_party/"]
defines = ["ARCH=90", "NDEBUG"]
select = ["MTE"]
ignore = ["MTE005"]
rules = ["our/rules"]
targets = ["910B"]
fail-on = "slow"
coverage-floor = 99.5
language = "zh"
baseline = "baseline.jsonl"
decisions = "plan.toml"
assert-macros = ["MUST"]
cache = false
[assume]
allocated-bases = 64
elected-lane = false
[symbols]
hidden = [4096, 7168]
ranks = 8
[launch-macros]
START = 1
RUN = { kernel = 0, arguments = 3 }
"""


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def settings(start: Path, **given: object) -> Settings:
    return merge(find(start), {name.replace("_", "-"): value for name, value in given.items()})


def test_every_key(tmp_path: Path) -> None:
    write(tmp_path / "portcheck.toml", FULL)
    found = settings(tmp_path)
    assert found.include == (str(tmp_path / "csrc"),)
    assert (found.exclude, found.exclude_base) == (("third_party/",), str(tmp_path))
    assert found.defines == ("ARCH=90", "NDEBUG")
    assert (found.select, found.ignore, found.targets) == (("MTE",), ("MTE005",), ("910B",))
    assert found.rules == (str(tmp_path / "our" / "rules"),)
    assert (found.fail_on, found.coverage_floor, found.language) == ("slow", 99.5, "zh")
    assert found.baseline == str(tmp_path / "baseline.jsonl")
    assert found.decisions == str(tmp_path / "plan.toml")
    assert dict(found.assume) == {"allocated-bases": 64, "elected-lane": False}
    assert dict(found.symbols) == {"hidden": (4096, 7168), "ranks": (8,)}
    assert found.assert_macros == ("MUST",)
    assert dict(found.launch_macros) == {"START": OwnLaunch(1), "RUN": OwnLaunch(0, 3)}
    assert found.cache is False
    assert found.file == tmp_path / "portcheck.toml"


def test_the_schema_has_every_key_and_accepts_what_is_accepted() -> None:
    import tomllib

    assert list(SCHEMA["properties"]) == list(KEYS)
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(tomllib.loads(FULL))


def test_without_a_file_everything_is_default(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found == Settings()
    assert found.origin("select") is Origin.DEFAULT


def test_the_nearest_file_wins_and_is_alone(tmp_path: Path) -> None:
    write(tmp_path / "portcheck.toml", 'select = ["MTE"]\nignore = ["MTE005"]\n')
    write(tmp_path / "a" / "pyproject.toml", '[tool.portcheck]\nselect = ["QNT"]\n')
    source = write(tmp_path / "a" / "b" / "k.cu", "")
    assert (settings(source).select, settings(source).ignore) == (("QNT",), ())
    assert settings(tmp_path).select == ("MTE",)


def test_a_pyproject_without_the_table_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "portcheck.toml", 'select = ["MTE"]\n')
    write(tmp_path / "a" / "pyproject.toml", '[project]\nname = "x"\n[tool.ruff]\nline-length = 1\n')
    assert settings(tmp_path / "a").select == ("MTE",)


def test_a_pyproject_that_does_not_speak_of_portcheck_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "portcheck.toml", 'select = ["MTE"]\n')
    write(tmp_path / "a" / "pyproject.toml", "= no toml\n")
    assert settings(tmp_path / "a").select == ("MTE",)


def test_portcheck_toml_wins_in_one_folder(tmp_path: Path) -> None:
    write(tmp_path / "portcheck.toml", 'select = ["MTE"]\n')
    write(tmp_path / "pyproject.toml", '[tool.portcheck]\nselect = ["QNT"]\n')
    assert settings(tmp_path).select == ("MTE",)


def test_the_command_line_wins(tmp_path: Path) -> None:
    write(tmp_path / "portcheck.toml", FULL)
    found = settings(
        tmp_path,
        select=("VEC",),
        exclude=("x",),
        defines=("ARCH=80",),
        symbols={"hidden": (2560,)},
        assume={"elected-lane": True},
    )
    assert found.select == ("VEC",)
    assert (found.exclude, found.exclude_base) == (("x",), "")
    assert found.defines == ("NDEBUG", "ARCH=80")
    assert dict(found.symbols) == {"hidden": (2560,), "ranks": (8,)}
    assert dict(found.assume) == {"allocated-bases": 64, "elected-lane": True}
    assert found.origin("select") is Origin.COMMAND_LINE
    assert found.origin("symbols.hidden") is Origin.COMMAND_LINE
    assert found.origin("symbols.ranks") is Origin.FILE


BAD = [
    ('slect = ["MTE"]', 1, "unknown key 'slect'; did you mean 'select'? there are include, exclude"),
    ("fail_on = 'slow'", 1, "unknown key 'fail_on'; did you mean 'fail-on'?"),
    ("\n\nfail-on = 'never ever'", 3, "fail-on: must be one of breaks, redesign, slow, note, never"),
    ("select = 'MTE'", 1, "select: must be a list of strings"),
    ("defines = ['A', '2B']", 1, "defines: '2B' is not NAME or NAME=VALUE"),
    ("coverage-floor = 101", 1, "coverage-floor: must be a number from 0 to 100, in percent of the bytes"),
    ("coverage-floor = true", 1, "coverage-floor: must be a number"),
    ("cache = 1", 1, "cache: must be true or false"),
    ("assume = 1", 1, "assume: must be a table of assumptions"),
    ("[assume]\n\nno-such = false", 3, "assume.no-such: no such assumption; there are shared-maps-to-ub"),
    ("[assume]\nno-overflow = false", 2, "assume.no-overflow: the proofs compute so; it cannot be switched"),
    ("symbols = { hidden = [4096, 'x'] }", 1, "symbols.hidden: must be an integer or a list of integers"),
    ("[symbols]\nhidden = []", 2, "symbols.hidden: must be an integer or a list of integers"),
    ("[symbols]\n'a b' = 1", 2, "symbols.a b: 'a b' is not a name"),
    ("launch-macros = { RUN = -1 }", 1, "launch-macros.RUN: must be the position of the kernel"),
    ("launch-macros = { RUN = { args = 1 } }", 1, "launch-macros.RUN: must have 'kernel', and may have"),
    ("assert-macros = ['A(x)']", 1, "assert-macros: 'A(x)' is not a name"),
    ("baseline = ''", 1, "baseline: must be a string with something in it"),
]


@pytest.mark.parametrize(("text", "line", "message"), BAD)
@pytest.mark.parametrize("name", ["portcheck.toml", "pyproject.toml"])
def test_a_mistake_is_one_line_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int, message: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "pyproject.toml":
        before = 'x = """\nselect = 1\n"""\n[project]\nfail-on = 1\n[tool.portcheck]\n'
        text, line = before + text.replace("\n[", "\n[tool.portcheck."), line + 6
        text = re.sub(r"portcheck\]\n\[", "portcheck]\n[tool.portcheck.", text)
    write(tmp_path / name, text)
    with pytest.raises(ConfigError, match=re.escape(f"{name}:{line}: {message}")) as caught:
        find(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"select = [\n", "portcheck.toml: not TOML: "),
        (b"a = 1\nb = = 2\n", "portcheck.toml:2: not TOML: "),
        (b'select = ["\xff"]\n', "portcheck.toml: cannot be read: it is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "portcheck.toml").write_bytes(data)
    with pytest.raises(ConfigError, match=re.escape(message)):
        find(tmp_path)


def test_lines_in_a_file_that_tries_hard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = """\
[tool.other]
select = [
    "a", # select = 1
]
text = '''
[tool.portcheck]
ignore = 1
'''
[tool.portcheck]
select = [
    "MTE",
]
symbols.hidden = 8
[[tool.other.list]]
exclude = 1
[tool.portcheck.assume]
elected-lane = false
"""
    write(tmp_path / "pyproject.toml", text.replace("\n", "\r\n"))
    found = settings(tmp_path)
    assert where(found, "select") == "pyproject.toml:10: select: "
    assert where(found, "symbols.hidden") == "pyproject.toml:13: symbols.hidden: "
    assert where(found, "assume.elected-lane") == "pyproject.toml:17: assume.elected-lane: "
    assert where(found, "ignore") == ""


def test_a_shared_file_that_does_not_name_portcheck_is_not_even_parsed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff\n")
    assert find(tmp_path) is None
