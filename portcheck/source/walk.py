"""The walk through folders that finds the files worth opening."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from dataclasses import dataclass

from portcheck.source.cuda import SOURCE_SUFFIXES, suffix
from portcheck.source.gitignore import Rules
from portcheck.source.model import Candidate, Skipped
from portcheck.source.paths import printable, reason, relative
from portcheck.source.repository import repository_rules, rules_above, with_ignore_file

# Folders without a leading dot that never hold a project's own sources.
_FOREIGN = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to list: its path as reached, its path free of links, and its rules.

    `excludes` are the configured ones, relative to the root or to the named folder.
    """

    path: str
    real: str
    rules: Rules | None
    excludes: Rules


class Walk:
    """Collects candidates from any number of named folders and files.

    A folder or file is known by its path free of symbolic links, so that nothing is read
    twice. Links are looked at last: what they lead to is shown under its own name where the
    walk has already met it.
    """

    def __init__(self, root: str, exclude: tuple[bytes, ...], exclude_base: str = "") -> None:
        self.root = root
        self.skipped: list[Skipped] = []
        self.counts: Counter[str] = Counter()
        self._exclude = exclude
        self._exclude_base = exclude_base or root
        self._real_root = os.path.realpath(root)
        self._files: dict[str, Candidate] = {}
        self._folders: set[str] = set()
        self._links: deque[tuple[str, _Folder]] = deque()

    def candidates(self) -> tuple[Candidate, ...]:
        return tuple(sorted(self._files.values(), key=lambda c: (c.shown, c.absolute)))

    def add_file(self, path: str) -> None:
        """A file that the user named: wanted whatever its suffix and the ignore rules."""
        real = os.path.realpath(path)
        known = self._files.get(real)
        if known is None or not known.explicit:
            self._files[real] = Candidate(self.shown(path), path, explicit=True)

    def add_folder(self, path: str) -> None:
        """A folder that the user named: walked even where a rule ignores the folder itself."""
        base = self._exclude_base if relative(path, self._exclude_base) is not None else path
        excludes = Rules(self._exclude, base)
        self._walk(_Folder(path, os.path.realpath(path), rules_above(path), excludes))

    def follow_links(self) -> None:
        """Follow the symbolic links met so far, and those that turn up behind them."""
        while self._links:
            self._follow(*self._links.popleft())

    def shown(self, path: str) -> str:
        below = relative(path, self.root)
        return printable(path if below is None else below)

    def skip(self, path: str, why: str) -> None:
        self.skipped.append(Skipped(self.shown(path), why))

    def _walk(self, first: _Folder) -> None:
        stack = [first]
        while stack:
            folder = stack.pop()
            if folder.real not in self._folders:
                self._folders.add(folder.real)
                stack.extend(reversed(self._list(folder)))

    def _list(self, folder: _Folder) -> list[_Folder]:
        """Take the files of one folder; its sub-folders are returned, to be walked next."""
        try:
            with os.scandir(folder.path) as entries:
                listing = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.skip(folder.path, reason(error))
            return []
        rules = self._rules_inside(folder, {entry.name for entry in listing})
        folders: list[_Folder] = []
        inside = _Folder(folder.path, folder.real, rules, folder.excludes)
        for entry in listing:
            try:
                self._take(entry, inside, folders)
            except OSError as error:
                self.skip(entry.path, reason(error))
        return folders

    def _take(self, entry: os.DirEntry[str], folder: _Folder, folders: list[_Folder]) -> None:
        name = entry.name
        if entry.is_file(follow_symlinks=False):
            if suffix(name) in SOURCE_SUFFIXES and self._wanted(entry.path, folder, False, False):
                real = os.path.join(folder.real, name)
                if real not in self._files:
                    self._files[real] = Candidate(self.shown(entry.path), entry.path)
        elif entry.is_dir(follow_symlinks=False):
            if self._enter(name) and self._wanted(entry.path, folder, True, True):
                real = os.path.join(folder.real, name)
                folders.append(_Folder(entry.path, real, folder.rules, folder.excludes))
        elif entry.is_symlink():
            self._links.append((entry.path, folder))
        elif self._wanted(entry.path, folder, False, False):
            self.skip(entry.path, "not a regular file")

    def _follow(self, path: str, folder: _Folder) -> None:
        name = os.path.basename(path)
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            if self._enter(name) and self._wanted(path, folder, False, False):
                broken = isinstance(error, FileNotFoundError)
                self.skip(path, "broken symlink" if broken else reason(error))
            return
        real = os.path.realpath(path)
        if stat.S_ISDIR(mode):
            # Git knows no folders behind links: a pattern for folders does not match one.
            if not self._enter(name) or not self._wanted(path, folder, False, True):
                return
            if self._above(real, folder):
                self.skip(path, "symlink loop")
            elif real in self._folders:
                self.skip(path, "symlink to a folder that is read already")
            else:
                self._walk(_Folder(path, real, folder.rules, folder.excludes))
        elif not stat.S_ISREG(mode):
            if self._wanted(path, folder, False, False):
                self.skip(path, "not a regular file")
        elif suffix(name) in SOURCE_SUFFIXES and self._wanted(path, folder, False, False):
            if real in self._files:
                self.counts["symlink to a file that is read already"] += 1
            else:
                self._files[real] = Candidate(self.shown(path), path)

    def _above(self, real: str, folder: _Folder) -> bool:
        """Whether `real` holds the folder that the link lies in, or the whole scan."""
        return any(relative(path, real) is not None for path in (folder.real, self._real_root))

    def _enter(self, name: str) -> bool:
        if name[0] == "." or name in _FOREIGN:
            self.counts["hidden"] += 1
            return False
        return True

    def _wanted(self, path: str, folder: _Folder, git_folder: bool, is_folder: bool) -> bool:
        encoded = os.fsencode(path)
        if folder.excludes.ignored(encoded, is_folder):
            self.counts["excluded"] += 1
            return False
        if folder.rules is not None and folder.rules.ignored(encoded, git_folder):
            self.counts["gitignored"] += 1
            return False
        return True

    def _rules_inside(self, folder: _Folder, names: set[str]) -> Rules | None:
        """A repository inside another one (a submodule) answers to its own rules only."""
        rules = repository_rules(folder.path) if ".git" in names else folder.rules
        if ".gitignore" in names:
            try:
                return with_ignore_file(folder.path, rules)
            except OSError as error:
                self.skip(os.path.join(folder.path, ".gitignore"), reason(error))
        return rules
