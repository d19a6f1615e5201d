"""A baseline: the findings of a tree that are there already, so that only new ones count.

A file of JSON lines, made to be kept under version control: the first line says what it is and which
folder the paths are relative to, every other line is one finding, in the order of path, function, code and
identity:

    {"schema": "portcheck/baseline", "version": 1, "root": "."}
    {"identity": "…", "code": "MTE003", "verdict": "violated", "path": "a.cu", "function": "ns::copy"}

Only `identity` and `verdict` are compared (`portcheck.pack.identity` has the recipe); the rest is for
people. A finding is known if its identity is listed and its verdict is no worse than what is written: what
only depended on a condition and now always fails is new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portcheck.checked import SuppressedBy, Suppression
from portcheck.pack.finding import WORST_FIRST, Finding
from portcheck.symbolic.verdict import Verdict

SCHEMA, VERSION = "portcheck/baseline", 1
STATUS = "baseline"
_OPEN = tuple(v.value for v in WORST_FIRST if v is not Verdict.HOLDS)


class BaselineError(Exception):
    """The file is no baseline that can be used; the message is one line: `FILE:LINE: cause`."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One finding; the order of the fields is that of the file."""

    path: str
    function: str
    code: str
    identity: str
    verdict: str

    @classmethod
    def of(cls, finding: Finding) -> Entry:
        return cls(
            finding.place.path,
            finding.function,
            finding.rule.code,
            finding.identity,
            finding.verdict.value,
        )

    def knows(self, finding: Finding) -> bool:
        """Whether a finding of this identity is no worse than it was."""
        return _OPEN.index(finding.verdict.value) >= _OPEN.index(self.verdict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries by identity; `root` is the folder that their paths are relative to."""

    root: str
    entries: Mapping[str, Entry]

    def knows(self, finding: Finding) -> bool:
        entry = self.entries.get(finding.identity)
        return entry is not None and finding.open and entry.knows(finding)

    def suppressions(self, findings: Iterable[Finding], name: str) -> dict[str, tuple[Suppression, ...]]:
        """The findings that are known, by identity; `name` is what the file is called."""
        said = Suppression(SuppressedBy.EXTERNAL, STATUS, name)
        return {f.identity: (said,) for f in findings if self.knows(f)}

    def gone(self, findings: Iterable[Finding], codes: Iterable[str], skipped: Iterable[str]) -> list[Entry]:
        """The entries that were looked for and are no longer found.

        `codes` are the rules that were evaluated, `skipped` the files that could not be read.
        """
        there = {f.identity for f in findings if f.open}
        judged, unread = frozenset(codes), frozenset(skipped)
        listed = (e for e in self.entries.values() if e.code in judged and e.path not in unread)
        return [entry for entry in listed if entry.identity not in there]


def read(file: Path) -> Baseline:
    """The baseline in a file. Raises BaselineError, and nothing for what the file holds."""
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise BaselineError(f"{file}: is no baseline: it is not UTF-8") from None
    except OSError as error:
        raise BaselineError(f"cannot read {file}: {error.strerror or error}") from None
    lines = text.replace("\r\n", "\n").split("\n")
    root = _root(file, lines[0])
    entries: dict[str, Entry] = {}
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            entry = _entry(line, f"{file}:{number}")
            entries[entry.identity] = entry
    return Baseline(root, entries)


def _root(file: Path, line: str) -> str:
    head = _object(line)
    if head is None or head.get("schema") != SCHEMA:
        raise BaselineError(f"{file}:1: is no baseline of portcheck; --write-baseline writes one")
    if head.get("version") != VERSION:
        raise BaselineError(f"{file}:1: version {head.get('version')}; this portcheck reads {VERSION}")
    root = head.get("root")
    if not isinstance(root, str):
        raise BaselineError(f"{file}:1: root: must be the folder that the paths are relative to")
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(file)), root))


def _entry(line: str, place: str) -> Entry:
    found = _object(line)
    names = ("path", "function", "code", "identity", "verdict")
    if found is None or not all(isinstance(found.get(name), str) for name in names):
        raise BaselineError(f"{place}: is no entry of a baseline; restore the file, or write it anew")
    if found["verdict"] not in _OPEN:
        raise BaselineError(f"{place}: verdict: must be one of {', '.join(_OPEN)}")
    return Entry(*(found[name] for name in names))


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def lines(file: Path, root: str, entries: Iterable[Entry]) -> Iterator[str]:
    """The lines of the file; the same entries give the same bytes."""
    way = os.path.relpath(root, os.path.dirname(os.path.abspath(file))).replace(os.sep, "/")
    yield json.dumps({"schema": SCHEMA, "version": VERSION, "root": way}, ensure_ascii=False)
    for one in sorted(set(entries)):
        record = {
            "identity": one.identity,
            "code": one.code,
            "verdict": one.verdict,
            "path": one.path,
            "function": one.function,
        }
        yield json.dumps(record, ensure_ascii=False)
