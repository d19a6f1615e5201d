"""Names for answers: digests of all that an answer rests on.

`digest` is over values, `tree` over the files that a run would read, `tool` over portcheck itself: its
code, its rules, the parser and the interpreter. An edited checkout is another tool, and never reads
what it found before the edit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from portcheck.resources import rules_path

if TYPE_CHECKING:
    from portcheck.cache.store import Store
    from portcheck.source import Discovery

_PARSERS = ("tree_sitter", "tree_sitter_cpp")
_NOT_CODE = frozenset(("__pycache__", "rules"))  # below the package; the rules are listed by themselves


def digest(*values: object) -> str:
    """One name for these values: alike for equal ones, different for any others. Knows plain values,
    collections, enumerations, paths and dataclasses; raises TypeError for anything else."""
    return sha256(_canonical(values)).hexdigest()[:40]


def tree(found: Discovery, largest_bytes: int) -> str:
    """One name for what is read below the paths: which files, their bytes, and what was left out.

    Of a file over `largest_bytes` only the size counts: it is skipped.
    """
    whole = sha256(digest(found.root, found.skipped, found.counts).encode())
    for one in found.candidates:
        whole.update(_canonical((one.shown, one.absolute, one.explicit)))
        whole.update(_content(one.absolute, largest_bytes))
    return whole.hexdigest()[:40]


def tool(store: Store) -> str:
    """One name for portcheck as it is installed here.

    To read all of its files takes longer than a warm answer, so that name is itself kept, under what the
    file system says of those files (size, and when they were written and changed).
    """
    folders = _folders()
    listed = [
        (number, name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        for number, folder in enumerate(folders)
        for name, status in _files(folder)
    ]
    key = digest("tool", sys.version, folders, repr(sorted(listed)))
    known = store.get(key)
    if known is not None:
        return known.decode("ascii", "replace")
    whole = sha256(sys.version.encode())
    for number, folder in enumerate(folders):
        for name, _ in sorted(_files(folder)):
            data = Path(folder, name).read_bytes()
            whole.update(_canonical((number, name, sha256(data).digest())))
    found = whole.hexdigest()[:40]
    store.put(key, found.encode())
    return found


def _folders() -> tuple[str, ...]:
    parsers = [spec.submodule_search_locations for name in _PARSERS if (spec := find_spec(name)) is not None]
    return (
        str(Path(__file__).resolve().parent.parent),
        str(rules_path()),
        *(folder for folders in parsers if folders is not None for folder in folders),
    )


def _files(folder: str, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(os.path.join(folder, below)) as listed:
        for entry in listed:
            name = below + entry.name
            if entry.is_dir():
                if name not in _NOT_CODE and entry.name != "__pycache__":
                    yield from _files(folder, name + "/")
            else:
                yield name, entry.stat()


def _content(path: str, largest_bytes: int) -> bytes:
    """A digest of the file, or why there is none."""
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > largest_bytes:
                return _canonical(size)
            return sha256(stream.readall()).digest()
    except OSError as error:
        return _canonical(error.errno)


def _canonical(value: object) -> bytes:
    """Bytes that two values share only if they are equal: every part carries its kind and length."""
    if value is None or (isinstance(value, (bool, int)) and not isinstance(value, Enum)):
        return b"%r;" % (value,)
    if isinstance(value, Enum):
        return _canonical((type(value).__qualname__, value.name))
    if isinstance(value, (str, PurePath)):
        text = str(value).encode("utf-8", "surrogatepass")
        return b"s%d:" % len(text) + text
    if isinstance(value, bytes):
        return b"b%d:" % len(value) + value
    if isinstance(value, (tuple, list)):
        return b"(%d:" % len(value) + b"".join(map(_canonical, value))
    if isinstance(value, Set):
        return b"{%d:" % len(value) + b"".join(sorted(map(_canonical, value)))
    if isinstance(value, Mapping):
        return b"m" + _canonical({(_canonical(k), _canonical(v)) for k, v in value.items()})
    if is_dataclass(value):
        return _canonical((type(value).__qualname__, *(getattr(value, f.name) for f in fields(value))))
    raise TypeError(f"{type(value).__qualname__} has no digest")
