from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from portcheck.targets import AssumptionError, Language, assumptions

DEFAULTS = {
    "shared_maps_to_ub": 1024,
    "allocated_bases": 512,
    "sizes_not_negative": True,
    "no_overflow": True,
    "tree_is_program": True,
    "elected_lane": True,
    "lines_reached": True,
}


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, "utf-8")
    return folder


def assume(folder: Path, text: str) -> Path:
    return project(folder, f"[tool.portcheck.assume]\n{text}\n")


def test_defaults() -> None:
    assert asdict(assumptions()) == DEFAULTS


def test_every_assumption_has_a_sentence_in_both_languages() -> None:
    english, chinese = dict(assumptions().texts()), dict(assumptions().texts(Language.ZH))
    assert [name.replace("-", "_") for name in english] == list(DEFAULTS)
    assert english.keys() == chinese.keys()
    assert all(re.search("[一-鿿]", text) for text in chinese.values())
    assert "multiple of 1024 bytes" in english["shared-maps-to-ub"]
    assert "512 字节" in chinese["allocated-bases"]


def test_the_project_overrides_and_switches_off(tmp_path: Path) -> None:
    start = assume(tmp_path, "shared-maps-to-ub = 32\nallocated-bases = false\nelected-lane = false")
    found = assumptions(start)
    assert asdict(found) == DEFAULTS | {
        "shared_maps_to_ub": 32,
        "allocated_bases": None,
        "elected_lane": False,
        "lines_reached": True,
    }
    texts = dict(found.texts())
    assert "multiple of 32 bytes" in texts["shared-maps-to-ub"]
    assert "allocated-bases" not in texts
    assert "elected-lane" not in texts


def test_the_nearest_file_at_or_above_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    source = inner / "kernel.cu"
    source.write_text("")
    assume(tmp_path, "allocated-bases = 64")
    assert assumptions(source).allocated_bases == 64
    project(tmp_path / "a", '[project]\nname = "other"\n')
    assert assumptions(source).allocated_bases == 512


BAD = [
    ("elected-lane = true", "elected-lane: must be false"),
    ("no-overflow = false", "no-overflow: the proofs compute so; it cannot be switched off"),
    ("elected-lane = 3", "elected-lane: must be false"),
    ("allocated-bases = true", "allocated-bases: must be false or a power of two, in bytes"),
    ("allocated-bases = 0", "allocated-bases: must be false or a power of two"),
    ("allocated-bases = -32", "allocated-bases: must be false or a power of two"),
    ("allocated-bases = 48", "allocated-bases: must be false or a power of two"),
    ('allocated-bases = "32"', "allocated-bases: must be false or a power of two"),
    ("allocated_bases = 32", "allocated_bases: no such assumption; there are shared-maps-to-ub, allocated"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_override_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    expected = f"{tmp_path / 'pyproject.toml'}: [tool.portcheck.assume] {message}"
    with pytest.raises(AssumptionError, match=re.escape(expected)) as caught:
        assumptions(assume(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.portcheck\n", "cannot be read: "),
        ("tool = 1\n", "tool must be a table"),
        ("[tool.portcheck]\nassume = 1\n", "assume must be a table"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(AssumptionError, match=re.escape(f"{tmp_path / 'pyproject.toml'}: {message}")):
        assumptions(project(tmp_path, text))


def test_bad_bytes_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b'name = "\xff"\n')
    with pytest.raises(AssumptionError, match="cannot be read"):
        assumptions(tmp_path)
