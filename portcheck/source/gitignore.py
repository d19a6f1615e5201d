"""`.gitignore` rules: which entries a repository does not want looked at.

Each entry is matched alone, from the root down, and an ignored folder is never entered;
that is what makes Git's rule hold that nothing below an ignored folder can be re-included.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from portcheck.source.glob import translate
from portcheck.source.model import Patterns
from portcheck.source.paths import relative


@dataclass(frozen=True, slots=True)
class _Rule:
    match: re.Pattern[bytes]
    negated: bool
    folder_only: bool
    by_name: bool


class Rules:
    """The patterns of one file, on top of those of the folders above (`parent`).

    `base` is the folder that the patterns are relative to: an absolute path.
    """

    __slots__ = ("_any_name", "_any_path", "_offset", "_rules", "parent")

    def __init__(self, lines: Iterable[bytes], base: str, parent: Rules | None = None) -> None:
        self.parent = parent
        self._offset = len(os.fsencode(os.path.join(base, "")))
        rules: list[_Rule] = []
        names: list[bytes] = []
        paths: list[bytes] = []
        for line in lines:
            parsed = _parse(line)
            if parsed is not None:
                rule, regex = parsed
                rules.append(rule)
                (names if rule.by_name else paths).append(regex)
        rules.reverse()
        self._rules = rules
        self._any_name = _any_of(names)
        self._any_path = _any_of(paths)

    def ignored(self, path: bytes, is_folder: bool) -> bool:
        """Whether the entry at the absolute `path` is ignored; the last match decides."""
        name = path[path.rfind(b"/") + 1 :]
        rules: Rules | None = self
        while rules is not None:
            verdict = rules._verdict(path[rules._offset :], name, is_folder)
            if verdict is not None:
                return verdict
            rules = rules.parent
        return False

    def _verdict(self, path: bytes, name: bytes, is_folder: bool) -> bool | None:
        by_name = self._any_name is not None and self._any_name.fullmatch(name) is not None
        by_path = self._any_path is not None and self._any_path.fullmatch(path) is not None
        if not (by_name or by_path):
            return None
        for rule in self._rules:
            if rule.folder_only and not is_folder:
                continue
            if rule.match.fullmatch(name if rule.by_name else path):
                return not rule.negated
        return None


def excluded(path: str, patterns: Patterns, root: str) -> bool:
    """Whether patterns leave out the file at an absolute path, or a folder around it.

    They are relative to their own base, else to `root`; a file elsewhere is not left out.
    """
    base = patterns.base or root
    below = relative(path, base)
    if below is None:
        return False
    rules = Rules((os.fsencode(p.removeprefix("./")) for p in patterns), base)
    parts = below.split(os.sep)
    steps = (os.path.join(base, *parts[: length + 1]) for length in range(len(parts)))
    return any(rules.ignored(os.fsencode(step), step != path) for step in steps)


def split_lines(data: bytes) -> list[bytes]:
    """The lines of a `.gitignore` file, without line endings and byte order mark."""
    return [line.removesuffix(b"\r") for line in data.removeprefix(codecs.BOM_UTF8).split(b"\n")]


def _parse(line: bytes) -> tuple[_Rule, bytes] | None:
    if line.startswith(b"#"):
        return None
    glob = _strip_spaces(line)
    negated = glob.startswith(b"!")
    if negated:
        glob = glob[1:]
    folder_only = glob.endswith(b"/")
    if folder_only:
        glob = glob[:-1]
    by_name = b"/" not in glob
    regex = translate(glob.removeprefix(b"/"))
    if regex is None:
        return None
    return _Rule(re.compile(regex, re.DOTALL), negated, folder_only, by_name), regex


def _strip_spaces(line: bytes) -> bytes:
    """Without the trailing spaces that no backslash protects."""
    kept = line.rstrip(b" ")
    if kept == line:
        return line
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return kept + b" " if backslashes % 2 else kept


def _any_of(regexes: list[bytes]) -> re.Pattern[bytes] | None:
    """One expression for all, as most entries match none."""
    return re.compile(b"|".join(b"(?:%s)" % r for r in regexes), re.DOTALL) if regexes else None
