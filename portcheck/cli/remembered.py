"""Answers about a tree that has not changed since they were found."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from portcheck.cache import CodecError, Store, decode, default_folder, encode
from portcheck.cache.digest import digest, tool, tree
from portcheck.source.discovery import discover
from portcheck.source.model import SourceError
from portcheck.source.reading import MAX_FILE_BYTES

Answer = TypeVar("Answer")


def store(options: Namespace) -> Store:
    """The cache that the options allow; one that keeps nothing where they switch it off."""
    return Store(default_folder() if options.settings.cache else None)


def remembered(
    kept: Store, kind: type[Answer], question: object, paths: Iterable[str], how: Mapping[str, Any],
    compute: Callable[[], Answer],
    keep: Callable[[Answer], bool] = lambda _: True,
) -> Answer:  # fmt: skip
    """`compute()`, or what it gave before for the same question, files and portcheck.

    `question` and `how` are everything beside the files that the answer depends on; of `how`, `exclude`
    and `root` say which files there are. An answer is kept only if the files were the same before and
    after it was found, and if `keep` says so of it.
    """
    if kept.folder is None:
        return compute()
    named = list(paths)
    key = _key(kept, kind, question, named, how)
    if key is None:  # of a path that cannot be used, the work itself says so
        return compute()
    known = _known(kept, kind, key)
    if known is not None:
        return known
    answer = compute()
    if keep(answer) and _key(kept, kind, question, named, how) == key:
        _keep(kept, key, answer)
    return answer


def remembered_by(
    kept: Store, kind: type[Answer], question: object, compute: Callable[[], Answer],
    keep: Callable[[Answer], bool] = lambda _: True,
) -> Answer:  # fmt: skip
    """The same for an answer that rests on nothing but the question."""
    if kept.folder is None:
        return compute()
    try:
        key = digest(kind.__name__, tool(kept), question)
    except OSError:
        return compute()
    known = _known(kept, kind, key)
    if known is not None:
        return known
    answer = compute()
    if keep(answer):
        _keep(kept, key, answer)
    return answer


def rule_files(folders: Iterable[str]) -> tuple[tuple[str, bytes], ...]:
    """What the user's rules say, for a question; what cannot be read here is complained of by its reader."""
    found = []
    for folder in folders:
        files = [Path(folder)] if Path(folder).is_file() else sorted(Path(folder).rglob("*.toml"))
        for file in files:
            with contextlib.suppress(OSError):
                found.append((str(file), file.read_bytes()))
    return tuple(found)


def _known(kept: Store, kind: type[Answer], key: str) -> Answer | None:
    data = kept.get(key)
    if data is None:
        return None
    with contextlib.suppress(CodecError):
        found = decode(data)
        if isinstance(found, kind):
            return found
    return None


def _keep(kept: Store, key: str, answer: object) -> None:
    with contextlib.suppress(CodecError):
        kept.put(key, encode(answer))


def _key(
    kept: Store, kind: type[object], question: object, paths: list[str], how: Mapping[str, Any]
) -> str | None:
    """None where there is no name: a path that cannot be used, or portcheck's own files cannot be read."""
    try:
        found = discover(paths, exclude=how["exclude"], root=how["root"])
        return digest(kind.__name__, tool(kept), question, how, tree(found, MAX_FILE_BYTES))
    except (SourceError, OSError):
        return None
