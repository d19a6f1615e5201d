from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portcheck.source import discover
from portcheck.source.gitignore import Rules, split_lines

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

FOLDERS = ["", "a", "a/b", "a/b/c", "b", "b/a", "build", "a/build", "build/a"]
NAMES = ["a.cu", "b.cu", "ab.cu", "x1.h", "[a].cu", "a b.cu", "é.cu", "!n.cu", "#c.cu"]


def git(folder: Path, *arguments: str) -> bytes:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(
        ["git", "-C", os.fspath(folder), *arguments], check=True, capture_output=True, env=environment
    ).stdout


def not_ignored(folder: Path) -> list[str]:
    """What Git itself would add, apart from the ignore files."""
    listed = git(
        folder,
        "ls-files",
        "--others",
        "-z",
        "--exclude-per-directory=.gitignore",
        f"--exclude-from={folder / '.git/info/exclude'}",
    )
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    return sorted(name for name in names if not name.endswith(".gitignore"))


def found(folder: Path) -> list[str]:
    return sorted(c.shown for c in discover([folder]).candidates)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("repository")
    git(top, "init", "-q")
    for folder in FOLDERS:
        (top / folder).mkdir(exist_ok=True)
        for name in NAMES:
            (top / folder / name).touch()
    return top


PLAIN = [
    "a",
    "b",
    "c",
    "build",
    "a.cu",
    "*.cu",
    "*",
    "**",
    "?.cu",
    "a*",
    "*b*",
    "a?*",
    "b*d",
    "??.cu",
    "a b.cu",
    "é*",
    "***",
    "*.h",
]
SPECIAL = [
    "[ab].cu",
    "[!a]*",
    "[a-c]*",
    r"\a.cu",
    "[[]a].cu",
    r"\[a\].cu",
    "[]a]*",
    "[[:alpha:]].cu",
    "[[:digit:]x]*",
    r"a\ b.cu",
    "[z-a]*",
    "[",
    "\\",
    "x[0-9].h",
    "[^a].cu",
    "[a-b-c].cu",
    r"[\]]*",
    "[[:nope:]]*",
    "[a",
]
SEGMENTS = st.sampled_from(PLAIN + SPECIAL)
PATTERNS = st.builds(
    lambda negated, rooted, segments, folder, tail: negated + rooted + "/".join(segments) + folder + tail,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
    st.sampled_from(["", "", "", " ", "\r", "\t", "\\ "]),
)
LINES = st.one_of(PATTERNS, st.sampled_from(["", "#c.cu", "\\#c.cu", "\\!n.cu", "!", "/", "*", "!*/", "//"]))
FILES = st.dictionaries(
    st.sampled_from([".git/info/exclude", *(os.path.join(f, ".gitignore") for f in FOLDERS[:6])]),
    st.lists(LINES, min_size=1, max_size=4),
    min_size=1,
    max_size=3,
)


@needs_git
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES)
def test_the_same_files_as_git(repository: Path, files: dict[str, list[str]]) -> None:
    for name in (".git/info/exclude", *(os.path.join(folder, ".gitignore") for folder in FOLDERS)):
        path = repository / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes("\n".join(files.get(name, [])).encode())
    assert found(repository) == not_ignored(repository)


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        ("*.cu", "a/k.cu", True),
        ("*.cu\n!k.cu", "a/k.cu", False),
        ("!k.cu\n*.cu", "a/k.cu", True),
        ("/k.cu", "a/k.cu", False),
        ("a/k.cu", "a/k.cu", True),
        ("a/k.cu", "b/a/k.cu", False),
        ("**/k.cu", "k.cu", True),
        ("a/**/k.cu", "a/k.cu", True),
        ("a/**/k.cu", "a/b/c/k.cu", True),
        ("a/**", "a/b/k.cu", True),
        ("a/*", "a/b/k.cu", False),
        ("k.cu/", "k.cu", False),
        ("\ufeffk.cu", "k.cu", True),
        ("k.cu  ", "k.cu", True),
        ("k.cu\r\n", "k.cu", True),
        ("foo**/k.cu", "fooa/b/k.cu", False),
        ("?.cu", "é.cu", False),
        ("??.cu", "é.cu", True),
    ],
)
def test_one_file(lines: str, path: str, expected: bool) -> None:
    rules = Rules(split_lines(lines.encode()), "/top")
    assert rules.ignored(f"/top/{path}".encode(), False) is expected


def test_hostile_patterns_end() -> None:
    """Each would take ages by plain backtracking."""
    name = "a" * 250 + ".c"
    rules = Rules([b"*a" * 40 + b"*b", b"**/a/" * 30 + b"b", b"a*" * 40 + b"?b"], "/")
    assert not rules.ignored(f"/{name}".encode(), False)
    assert not rules.ignored(("/a" * 120).encode(), False)


def test_shortest_matches_lose_nothing() -> None:
    rules = Rules([b"*ab*a?*b", b"**/x/y/**/z"], "/")
    assert rules.ignored(b"/aababab", False)
    assert not rules.ignored(b"/abab", False)
    assert rules.ignored(b"/x/x/y/y/z", False)
    assert not rules.ignored(b"/x/yy/x/z", False)
