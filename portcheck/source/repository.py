"""The Git files that say what a repository ignores.

The user's own `core.excludesFile` is not read: a scan should give the same result on every
machine.
"""

from __future__ import annotations

import os
import stat

from portcheck.source.gitignore import Rules, split_lines


def is_repository(folder: str) -> bool:
    """Whether `folder` is the top of a work tree (a submodule's `.git` is a file)."""
    return os.path.lexists(os.path.join(folder, ".git"))


def with_ignore_file(folder: str, parent: Rules | None) -> Rules | None:
    """The rules inside `folder`, given those above it; OSError where they cannot be read."""
    return _with_file(os.path.join(folder, ".gitignore"), folder, parent)


def repository_rules(folder: str) -> Rules | None:
    """The rules of `.git/info/exclude` for the repository at `folder`."""
    try:
        return _with_file(os.path.join(_git_folder(folder), "info", "exclude"), folder, None)
    except OSError:
        return None


def rules_above(folder: str) -> Rules | None:
    """The rules that hold for `folder` because of the repository around it."""
    above: list[str] = []
    at = folder
    while not is_repository(at):
        parent = os.path.dirname(at)
        if parent == at:
            return None
        above.append(parent)
        at = parent
    if not above:
        return None
    rules = repository_rules(at)
    for step in reversed(above):
        try:
            rules = with_ignore_file(step, rules)
        except OSError:
            continue
    return rules


def _with_file(path: str, base: str, parent: Rules | None) -> Rules | None:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return parent
    except FileNotFoundError:
        return parent
    with open(path, "rb") as file:
        return Rules(split_lines(file.read()), base, parent)


def _git_folder(folder: str) -> str:
    """The folder that holds `info/`: a work tree's or submodule's `.git` file names another."""
    git = os.path.join(folder, ".git")
    if os.path.isfile(git):
        git = os.path.join(folder, _first_line(git).removeprefix("gitdir:").strip())
    common = os.path.join(git, "commondir")
    return os.path.join(git, _first_line(common)) if os.path.isfile(common) else git


def _first_line(path: str) -> str:
    with open(path, "rb") as file:
        return os.fsdecode(file.readline(65536).strip())
