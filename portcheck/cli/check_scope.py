"""What `check` reads, and of which part of it findings are reported.

Folders are read and reported as they are. A file is only what is to be reported: its headers and its
callers lie elsewhere, so that the tree around it is read as well. That is what `--tree` names, else what
the configuration includes, else the Git repository of the first file. Where there is none of these, the
named files are all that is read. In a tree, a named file that `exclude` leaves out is not reported: hooks
name every file of a commit.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portcheck.cli.analysis import exclude_of, included, named_paths
from portcheck.cli.errors import UsageError
from portcheck.cli.repository import repository_of
from portcheck.source.discovery import discover
from portcheck.source.gitignore import excluded
from portcheck.source.model import Discovery
from portcheck.source.paths import absolute, printable, relative


@dataclass(frozen=True, slots=True)
class Scope:
    """`paths` are read, and shown relative to `root`. `reported` are the files and folders whose findings
    count, as they are shown; `limited` is whether more than those is read. `missing` are named files that
    do not exist, with what they would be shown as."""

    paths: tuple[str, ...]
    root: str
    reported: frozenset[str]
    limited: bool = False
    missing: Mapping[str, str] = field(default_factory=dict)

    def reports(self, path: str) -> bool:
        """Whether findings in a file, given as it is shown, are reported."""
        if path in self.reported or "." in self.reported:
            return True
        return any(path.startswith(f"{folder}/") for folder in self.reported)


def scope_of(options: Namespace, wanted_root: str | None) -> Scope:
    """The scope of a command line; `wanted_root` is the folder that a baseline asks for, None for any.

    Raises UsageError or SourceError.
    """
    named = _named(options)
    around = _around(options, named)
    if around is None:
        root = wanted_root or _root(options, named)
        return Scope(tuple(named), root, frozenset(_shown(path, None, root) for path in named))
    trees, root = around
    root = wanted_root or root
    found = discover(trees, exclude=exclude_of(options), root=root)
    shown = {path: _shown(path, found, root) for path in named}
    missing = {path: name for path, name in shown.items() if not os.path.lexists(path)}
    if missing and options.diff is None:
        raise UsageError(f"{printable(next(iter(missing)))}: no such file or folder")
    known = {one.shown for one in found.candidates}
    alone = [p for p in named if p not in missing and not os.path.isdir(p) and shown[p] not in known]
    left_out = {path for path in alone if excluded(absolute(path), exclude_of(options), root)}
    return Scope(
        (*trees, *(path for path in alone if path not in left_out)),
        root,
        frozenset(name for path, name in shown.items() if path not in left_out),
        limited=True,
        missing=missing,
    )


def _named(options: Namespace) -> list[str]:
    """The paths of the command line; for a comparison without any, the repository."""
    if options.diff is None or options.paths or options.files_from is not None or options.settings.include:
        return named_paths(options)
    return [str(repository_of(os.curdir) or os.curdir)]


def _around(options: Namespace, named: Sequence[str]) -> tuple[tuple[str, ...], str] | None:
    """The tree to read around what is named, and its root; None where the paths are the tree."""
    if options.tree:
        trees = tuple(options.tree)
        return trees, absolute(trees[0]) if len(trees) == 1 and os.path.isdir(trees[0]) else os.getcwd()
    files = [path for path in named if not os.path.isdir(path)]
    if not files:
        return None
    settings = options.settings
    if settings.include and settings.file is not None:
        return tuple(included(options)), str(settings.file.parent)
    repository = repository_of(os.path.dirname(absolute(files[0])))
    return None if repository is None else ((str(repository),), str(repository))


def _root(options: Namespace, named: Sequence[str]) -> str:
    """The root where nothing asks for another one."""
    settings = options.settings
    if named == list(settings.include) and settings.file is not None:
        return str(settings.file.parent)
    return absolute(named[0]) if len(named) == 1 and os.path.isdir(named[0]) else os.getcwd()


def _shown(path: str, found: Discovery | None, root: str) -> str:
    """What reports call a file or folder that the user named, also where a link leads to it."""
    named = absolute(path)
    shown = printable(relative(named, root) or named)
    if found is not None and any(one.shown == shown for one in found.candidates):
        return shown
    below = relative(os.path.realpath(named), os.path.realpath(root))
    return shown if below is None else printable(below)
