"""Writes projects over earlier ones: hand edits stay, and nothing is overwritten where both sides changed.

What was generated last lies in `.portcheck/base`. A file that nobody edited is replaced. One that was
edited is merged line by line with the new text; that is `git merge-file`, which is everywhere where
Git is. (The merge libraries of PyPI are under the GPL or not kept.) CUDA code that only moved within
its file changes nothing but line numbers in comments: that alone is no conflict with an edit.

Where a merge conflicts, no file of that project is touched: the merged files, with markers, are put
into `.portcheck/conflicts`. When no marker is left in them, the next run takes them.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

OWN = ".portcheck"
_STATE = "project.json"
SCHEMA, VERSION = "portcheck-skeletons", 1
_MARKERS = ("<<<<<<< ", ">>>>>>> ")
_DIGEST = "digest"
_LINE_NUMBER = re.compile(r"(?<=\w\.)(\w{1,5}):\d+(?:-\d+)?")  # of path:line and path:first-last


class RefreshError(Exception):
    """A folder cannot be written over; the message is one line."""


class Outcome(StrEnum):
    """What happens to a file."""

    NEW = "new"
    SAME = "unchanged"
    REPLACED = "replaced"
    KEPT = "kept"  # edited by hand, and the generated text is the same as before
    MERGED = "merged"
    RESOLVED = "resolved"  # a conflict that was resolved by hand
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Change:
    """One file: its path below the output, its text now ("" for none) and then.

    Of a conflict, `news` says what is generated differently than before, as lines with - and +.
    """

    path: str
    outcome: Outcome
    before: str
    after: str
    news: tuple[str, ...] = ()

    def diff(self) -> Iterator[str]:
        """A unified diff, without line ends."""
        old, new = self.before.splitlines(), self.after.splitlines()
        was = f"a/{self.path}" if self.before else "/dev/null"
        yield from difflib.unified_diff(old, new, was, f"b/{self.path}", lineterm="")


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a run would do to a folder, decided before anything is written.

    `items` gives the files of each project by its folder, "" for those beside the projects; `changes`
    has one entry a file. A project with a conflict keeps all its files.
    """

    folder: Path
    target: str
    items: Mapping[str, Mapping[str, str]]
    changes: tuple[Change, ...]

    @property
    def conflicts(self) -> tuple[Change, ...]:
        return tuple(c for c in self.changes if c.outcome is Outcome.CONFLICT)

    def apply(self) -> None:
        """Write everything. Raises OSError."""
        blocked = {_item(c.path) for c in self.conflicts}
        for change in self.changes:
            item = _item(change.path)
            if item in blocked:
                _put(self._own("conflicts", change.path), change.after)
            elif change.outcome not in (Outcome.SAME, Outcome.KEPT):
                _put(self.folder / change.path, change.after)
        for item, files in self.items.items():
            if item in blocked:
                _put(self._own("conflicts", f"{item}/{_DIGEST}"), _digest(files))
                continue
            for path, text in files.items():
                _put(self._own("base", _joined(item, path)), text)
            if item:
                shutil.rmtree(self._own("conflicts", item), ignore_errors=True)
        projects = sorted({*self.items, *left_over(self.folder, self.items)} - {""})
        state = {"schema": SCHEMA, "version": VERSION, "target": self.target, "projects": projects}
        _put(self.folder / OWN / _STATE, json.dumps(state, indent=1) + "\n")

    def _own(self, kind: str, path: str) -> Path:
        return self.folder / OWN / kind / path


def plan(folder: Path, target: str, items: Mapping[str, Mapping[str, str]]) -> Refresh:
    """Decide what happens to every file. Raises RefreshError."""
    _check_folder(folder, target)
    changes: list[Change] = []
    for item, files in items.items():
        for path in files:
            _check_path(_joined(item, path))
        resolved = _resolved(folder, item, files)
        for path, new in sorted(files.items()):
            changes.append(_change(folder, _joined(item, path), new, resolved.get(path)))
    return Refresh(folder, target, items, tuple(changes))


def left_over(folder: Path, items: Mapping[str, object]) -> list[str]:
    """Projects of an earlier run that this one does not write."""
    state = _state(folder)
    listed = state.get("projects", []) if state else []
    names = listed if isinstance(listed, list) else []
    return [p for p in names if isinstance(p, str) and p and p not in items and (folder / p).is_dir()]


def _check_folder(folder: Path, target: str) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RefreshError(f"cannot write {folder}: it is no folder")
    state = _state(folder)
    if state is None:
        if any(folder.iterdir()):
            raise RefreshError(f"{folder} holds files that are no projects of portcheck")
        return
    if state.get("target") != target:
        raise RefreshError(f"{folder} holds projects for {state.get('target')}, not for {target}")


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or parts[0] == OWN:
        raise RefreshError(f"{path} is no path inside the output")


def _state(folder: Path) -> dict[str, object] | None:
    """What an earlier run wrote down, None where there was none."""
    try:
        document = json.loads((folder / OWN / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("schema") == SCHEMA else None


def _resolved(folder: Path, item: str, files: Mapping[str, str]) -> dict[str, str]:
    """The files of a conflict that the user resolved, if they are about the text that is generated now."""
    kept = folder / OWN / "conflicts" / item
    if not item or _read(kept / _DIGEST) != _digest(files):
        return {}
    found = {path: text for path in files if (text := _read(kept / path)) is not None}
    return {} if any(_has_markers(text) for text in found.values()) else found


def _change(folder: Path, path: str, new: str, resolved: str | None) -> Change:
    now, base = _read(folder / path), _read(folder / OWN / "base" / path)
    if resolved is not None:
        return Change(path, Outcome.RESOLVED if resolved != now else Outcome.SAME, now or "", resolved)
    if now is None:
        return Change(path, Outcome.NEW, "", new)
    if now == new:
        return Change(path, Outcome.SAME, now, now)
    if base is not None and now == base:
        return Change(path, Outcome.REPLACED, now, new)
    if base == new:
        return Change(path, Outcome.KEPT, now, now)
    mine, before = _renumbered(now, base or "", new)
    merged, conflicts = _merge(mine, before, new)
    if not conflicts:
        return Change(path, Outcome.MERGED, now, merged)
    return Change(path, Outcome.CONFLICT, now, merged, tuple(_news(before, new)))


def _news(before: str, new: str) -> Iterator[str]:
    """The lines that went and came, each once: one CUDA line may stand at several places."""
    lines = difflib.unified_diff(before.splitlines(), new.splitlines(), lineterm="", n=0)
    yield from dict.fromkeys(line for line in list(lines)[2:] if not line.startswith("@@"))


def _renumbered(now: str, base: str, new: str) -> tuple[str, str]:
    """`now` and `base`, each line that differs from one of `new` by CUDA line numbers alone as in `new`."""
    before, mine, after = (text.splitlines(keepends=True) for text in (base, now, new))
    fresh = {n: after[m] for n, m in _matched([*map(_unnumbered, before)], [*map(_unnumbered, after)])}
    for n, m in _matched(before, mine):
        mine[m] = fresh.get(n, mine[m])
    return "".join(mine), "".join(fresh.get(n, line) for n, line in enumerate(before))


def _unnumbered(line: str) -> str:
    return _LINE_NUMBER.sub(r"\1:", line)


def _matched(left: list[str], right: list[str]) -> Iterator[tuple[int, int]]:
    """The indices of lines that are the same on both sides, in order."""
    for at, to, length in difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
        yield from zip(range(at, at + length), range(to, to + length), strict=True)


def _merge(now: str, base: str, new: str) -> tuple[str, bool]:
    """The merged text, and whether it has conflict markers."""
    with tempfile.TemporaryDirectory(prefix="portcheck-merge-") as name:
        folder = Path(name)
        for file, text in (("now", now), ("base", base), ("new", new)):
            _put(folder / file, text)
        labels = ("-L", "your text", "-L", "generated before", "-L", "generated now")
        command = ["git", "merge-file", "-p", "--diff3", *labels, "now", "base", "new"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True)
        except OSError:
            raise RefreshError(
                "files were edited by hand: merging them needs Git, which is not installed"
            ) from None
        if done.returncode < 0 or done.returncode >= 128:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise RefreshError(f"git merge-file failed: {said}")
        return done.stdout.decode("utf-8"), done.returncode > 0


def _has_markers(text: str) -> bool:
    return any(line.startswith(_MARKERS) for line in text.splitlines())


def _digest(files: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{files[path]}\0".encode())
    return digest.hexdigest()


def _item(path: str) -> str:
    return path.split("/", 1)[0] if "/" in path else ""


def _joined(item: str, path: str) -> str:
    return f"{item}/{path}" if item else path


def _read(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return None


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
