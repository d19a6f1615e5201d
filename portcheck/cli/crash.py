"""An internal error, told in one line and kept in a file that can be sent in."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from portcheck import __version__

_PACKAGES = ("tree-sitter", "tree-sitter-cpp")
_MESSAGE_CHARACTERS = 120


def report_crash(error: Exception, arguments: Sequence[str]) -> str:
    """Write the crash report into the temporary folder; the line that says so."""
    first = (str(error).strip() or "no message").splitlines()[0][:_MESSAGE_CHARACTERS]
    summary = f"internal error: {type(error).__name__}: {first}"
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="portcheck-crash-",
            suffix=".txt",
            encoding="utf-8",
            errors="backslashreplace",
            delete=False,
        ) as stream:
            stream.writelines(f"{line}\n" for line in _lines(error, arguments))
    except OSError as problem:
        return f"{summary} (and no crash report could be written: {problem.strerror})"
    return f"{summary}; please report it with {stream.name}"


def _lines(error: Exception, arguments: Sequence[str]) -> Iterator[str]:
    yield f"portcheck {__version__}"
    yield f"Python {sys.version.split()[0]} on {platform.platform()}"
    yield from (f"{name} {_version(name)}" for name in _PACKAGES)
    yield f"arguments: {list(arguments)!r}"
    yield ""
    yield "".join(traceback.format_exception(error)).rstrip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
