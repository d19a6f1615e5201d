"""Where a report goes: standard output, or a file that appears only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from types import TracebackType
from typing import Self, TextIO

from portcheck.cli.errors import UsageError


class Output:
    """The destination named by `-o`, opened before the work starts.

    A regular file is written under another name beside it and renamed at the end, so that
    a run which fails leaves the user's file as it was. Raises `UsageError` where it cannot
    be written.
    """

    def __init__(self, path: str | None) -> None:
        self._name = "" if path is None or path == "-" else path
        self._part = ""
        self._target = ""
        self._stream = self._open() if self._name else _standard_output()

    @property
    def is_standard(self) -> bool:
        """Whether the report goes to standard output."""
        return not self._name

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads along."""
        return self._stream.isatty()

    def write(self, lines: Iterable[str]) -> None:
        """Write the whole report; a regular file gets its name only now."""
        text = (f"{line}\n" for line in lines)
        if self.is_standard:
            self._stream.writelines(text)
            self._stream.flush()
            return
        try:
            self._stream.writelines(text)
            self._stream.close()
            if self._part:
                os.replace(self._part, self._target)
                self._part = ""
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _cannot_write(self._name, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_standard:
            return
        with contextlib.suppress(OSError):
            self._stream.close()
        if self._part:
            with contextlib.suppress(OSError):
                os.unlink(self._part)

    def _open(self) -> TextIO:
        try:
            return self._open_file()
        except OSError as error:
            raise _cannot_write(self._name, error) from error

    def _open_file(self) -> TextIO:
        self._target = os.path.realpath(self._name)
        mode = os.stat(self._target).st_mode if os.path.exists(self._target) else None
        if mode is not None and not stat.S_ISREG(mode):
            return _text_stream(os.open(self._target, os.O_WRONLY))
        if mode is not None and not os.access(self._target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        import tempfile

        folder = os.path.dirname(self._target)
        descriptor, self._part = tempfile.mkstemp(prefix=".portcheck-", suffix=".part", dir=folder)
        os.chmod(self._part, _permissions(mode))
        return _text_stream(descriptor)


def _standard_output() -> TextIO:
    if sys.stdout is None:
        raise UsageError("standard output is closed; name a file with -o")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout


def _text_stream(descriptor: int) -> TextIO:
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n")


def _permissions(mode: int | None) -> int:
    """Those of the file to be replaced, or those that a new file would get."""
    if mode is not None:
        return stat.S_IMODE(mode)
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask


def _cannot_write(path: str, error: OSError) -> UsageError:
    return UsageError(f"cannot write {path}: {error.strerror or error}")
