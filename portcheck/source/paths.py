"""How paths are named: absolute for opening them, short and printable for showing them."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def absolute(path: str | Path) -> str:
    """The absolute path, with symbolic links kept as the user wrote them where possible."""
    given = os.fspath(path)
    result = os.path.abspath(given)
    # `link/..` is not the folder that holds `link`: ask the file system instead.
    if ".." in given.split(os.sep) and not _same(result, given):
        return os.path.realpath(given)
    return result


def printable(path: str) -> str:
    """`path` with forward slashes; undecodable bytes and control characters as escapes."""
    path = path.replace(os.sep, "/")
    if path.isprintable():
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def relative(path: str, root: str) -> str | None:
    """`path` below `root`, or None where it lies elsewhere; both are absolute."""
    if path == root:
        return "."
    prefix = os.path.join(root, "")
    return path[len(prefix) :] if path.startswith(prefix) else None


def reason(error: OSError) -> str:
    """Why a file or folder cannot be read, as a short clause."""
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, FileNotFoundError):
        return "vanished before it was read"
    if error.errno == errno.ELOOP:
        return "symlink loop"
    return error.strerror or str(error)


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
