"""Reading one file, or saying why it was not read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from portcheck.source.cuda import CUDA_SUFFIXES, has_cuda, suffix
from portcheck.source.encoding import unreadable
from portcheck.source.file import SourceFile
from portcheck.source.model import Skipped
from portcheck.source.paths import reason

MEBIBYTE = 1024 * 1024
MAX_FILE_BYTES = 16 * MEBIBYTE

_NOT_REGULAR = "not a regular file"
# Should a FIFO take the file's place after it was looked at, opening it must not block.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read(
    absolute: str | Path,
    shown: str,
    *,
    explicit: bool = False,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> SourceFile | Skipped:
    """The file at `absolute`, known as `shown`. Never raises for what the disk holds.

    `explicit` says that the user named this very file, which makes it worth an analysis
    even where nothing in it looks like CUDA. The limit is in bytes.
    """
    size = 0
    try:
        status = os.stat(absolute)
        if not stat.S_ISREG(status.st_mode):
            return Skipped(shown, _NOT_REGULAR)
        size = status.st_size
        with open(os.open(absolute, _FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Skipped(shown, _NOT_REGULAR)
            size = status.st_size
            data = file.read(max_file_bytes + 1) if size <= max_file_bytes else b""
    except OSError as error:
        return Skipped(shown, reason(error), size)
    size = max(size, len(data))
    if size > max_file_bytes:
        return Skipped(shown, f"over the size limit ({_mib(size)} > {_mib(max_file_bytes)})", size)
    why_not = unreadable(data)
    if why_not is not None:
        return Skipped(shown, why_not, size)
    name = os.path.basename(absolute)
    cuda = explicit or suffix(name) in CUDA_SUFFIXES or has_cuda(data)
    return SourceFile.of(shown, Path(absolute), data, cuda=cuda)


def _mib(size: int) -> str:
    return f"{size / MEBIBYTE:.1f} MiB"
