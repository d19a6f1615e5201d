"""An older version of a tree, out of its Git repository.

The files are taken from Git's objects and written to a temporary folder, so that neither the work tree nor
the repository's own list of work trees is touched. Submodules are followed where they are checked out.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from portcheck.cli.errors import UsageError
from portcheck.source.cuda import SOURCE_SUFFIXES, suffix

_FILES = ("100644", "100755")
_SUBMODULE = "160000"
# Git tells its hooks which repository they run for; submodules are others.
_OF_A_HOOK = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"))
# Nothing that a repository's own configuration names is to be run.
_QUIETLY = ("-c", "core.fsmonitor=false", "--no-pager")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a revision: the repository that has it, Git's name for its bytes, its path in the tree."""

    repository: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository whose work tree is `top`, by the files that a scan could read."""

    top: str
    commit: str
    files: tuple[Blob, ...]

    def below(self, paths: Sequence[str]) -> Revision:
        """The same with the files in these paths alone, which are below `top`, and what Git ignores."""
        prefixes = tuple(f"{path}/" for path in paths)
        kept = (
            blob
            for blob in self.files
            if blob.path in paths
            or blob.path.startswith(prefixes)
            or "." in paths
            or os.path.basename(blob.path) == ".gitignore"
        )
        return replace(self, files=tuple(kept))

    def write(self, folder: str) -> None:
        """Write the files below a folder."""
        os.mkdir(os.path.join(folder, ".git"))  # where ignore files begin to count
        for repository in dict.fromkeys(blob.repository for blob in self.files):
            blobs = [blob for blob in self.files if blob.repository == repository]
            for blob, data in zip(blobs, _contents(repository, blobs), strict=True):
                path = os.path.join(folder, blob.path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as stream:
                    stream.write(data)


def revision(name: str, folder: str) -> Revision:
    """What a name of a revision means for the repository around a folder. Raises UsageError."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"--diff {name}: {folder} is in no Git repository")
    top = top.removesuffix("\n")
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit is None:
        raise UsageError(f"--diff {name}: no such revision in {top}")
    return Revision(top, commit.strip(), tuple(_listed(top, commit.strip(), "")))


def renamed(before: Revision) -> dict[str, str]:
    """What files of the revision are called by now, by paths below the repository's root.

    Those that Git sees as renamed, and those of the same bytes that it does not track yet.
    """
    found: dict[str, str] = {}
    listed = _git(
        before.top,
        "diff",
        "--name-status",
        "-z",
        "-M",
        "--no-ext-diff",
        "--diff-filter=R",
        before.commit,
        "--",
    )
    words = iter((listed or "").split("\0"))
    for kind in words:
        if kind.startswith("R"):
            old, new = next(words), next(words)
            found[old] = new
    gone = _paths(
        before.top,
        "diff",
        "--name-only",
        "-z",
        "--no-ext-diff",
        "--no-renames",
        "--diff-filter=D",
        before.commit,
    )
    if gone - found.keys():
        found |= _moved_by_hand(before, gone - found.keys())
    return found


def _moved_by_hand(before: Revision, gone: set[str]) -> dict[str, str]:
    others = [
        path
        for path in sorted(_paths(before.top, "ls-files", "--others", "--exclude-standard", "-z"))
        if suffix(path) in SOURCE_SUFFIXES and "\n" not in path
    ]
    names = _git(before.top, "hash-object", "--stdin-paths", given="\n".join(others)) if others else ""
    by_name = dict(zip((names or "").split(), others, strict=False))
    return {b.path: by_name[b.name] for b in before.files if b.path in gone and b.name in by_name}


def _paths(top: str, *arguments: str) -> set[str]:
    return {path for path in (_git(top, *arguments) or "").split("\0") if path}


def _listed(top: str, commit: str, below: str) -> Iterator[Blob]:
    listing = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit)
    for line in (listing or "").split("\0"):
        head, _, path = line.partition("\t")
        mode, _, rest = head.partition(" ")
        name = rest.rpartition(" ")[2]
        if mode == _SUBMODULE:
            inside = os.path.join(top, path)
            if os.path.lexists(os.path.join(inside, ".git")):
                yield from _listed(inside, name, f"{below}{path}/")
        elif mode in _FILES and (suffix(path) in SOURCE_SUFFIXES or os.path.basename(path) == ".gitignore"):
            yield Blob(top, name, below + path)


def _contents(repository: str, blobs: Sequence[Blob]) -> Iterator[bytes]:
    asked = "".join(f"{blob.name}\n" for blob in blobs).encode()
    output = _run(repository, ("cat-file", "--batch"), asked).stdout
    at = 0
    for blob in blobs:
        end = output.find(b"\n", at)
        words = output[at:end].split()
        if end < 0 or len(words) != 3:
            raise UsageError(f"{blob.path}: Git cannot give its contents in {repository}")
        size = int(words[2])
        yield output[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _git(folder: str, *arguments: str, given: str = "") -> str | None:
    """What a command of Git prints; None where it fails."""
    ran = _run(folder, arguments, os.fsencode(given))
    return os.fsdecode(ran.stdout) if ran.returncode == 0 else None


def _run(folder: str, arguments: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    environment = {**inherited, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ("git", *_QUIETLY, "-C", folder, *arguments)
    try:
        return subprocess.run(command, input=given, capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        raise UsageError("--diff needs git, which is not installed") from None
