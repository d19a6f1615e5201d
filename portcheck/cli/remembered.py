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
    data = kept.get(key)
    if data is not None:
        with contextlib.suppress(CodecError):
            found = decode(data)
            if isinstance(found, kind):
                return found
    answer = compute()
    if not keep(answer):
        return answer
    with contextlib.suppress(CodecError):
        payload = encode(answer)
        if _key(kept, kind, question, named, how) == key:
            kept.put(key, payload)
    return answer


def remembered_by(
    kept: Store, kind: type[Answer], question: object, compute: Callable[[], Answer]
) -> Answer:
    """The same for an answer that rests on nothing but the question."""
    if kept.folder is None:
        return compute()
    key = digest(kind.__name__, tool(kept), question)
    data = kept.get(key)
    if data is not None:
        with contextlib.suppress(CodecError):
            found = decode(data)
            if isinstance(found, kind):
                return found
    answer = compute()
    with contextlib.suppress(CodecError):
        kept.put(key, encode(answer))
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


def _key(kept: Store, kind: type[object], question: object, paths: list[str], how: Mapping[str, Any]) -> str:
    found = discover(paths, exclude=how["exclude"], root=how["root"])
    return digest(kind.__name__, tool(kept), question, how, tree(found, MAX_FILE_BYTES))
