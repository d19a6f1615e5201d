"""Bytes in a folder, under names that say all that they rest on.

The promises, and how they are kept:

- An entry is whole or it is not there. It is written under another name in the same folder and then
  renamed; a process that is killed leaves a part, which nothing reads and a later run removes.
- What is not as it was written is a miss, never an error: every entry carries a checksum over its
  name and its bytes.
- Two runs never disturb each other: both may write one entry, and either's is right.
- Nothing is read that someone else could have written: a file counts only if it is the user's own and
  no one else may write to it. (Where the system knows no such owners, its folder is the user's own.)
- A folder that cannot be read or written, or a full disk, means an answer without the cache.
- The folder stays below a limit: what was not used for longest goes first.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

LIMIT_BYTES = 512 << 20
MAX_ENTRY_BYTES = 1 << 30  # when unpacked: what claims to be more is no entry of ours
_MAGIC = b"portcheck entry 1\n"
_DIGEST_BYTES = 32
_SUFFIX, _PART = ".entry", ".part"
_PART_SECONDS = 3600  # an older part belongs to a process that is gone
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a folder holds."""

    entries: int
    total_bytes: int


class Store:
    """One folder of entries. None as the folder: nothing is found, nothing is kept."""

    def __init__(self, folder: str | None, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self._limit_bytes = limit_bytes
        self._room = -1  # bytes that may be written before the folder is looked through; -1: not yet known

    def get(self, key: str) -> bytes | None:
        """What was put under the key, None where there is no sound entry."""
        if self.folder is None:
            return None
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | _NO_LINK)
        except OSError:
            return None
        try:
            with open(descriptor, "rb", buffering=0) as stream:
                if not _is_own(os.fstat(descriptor)):
                    return None
                packed = stream.read()
                self._touch(descriptor, key)
        except OSError:
            return None
        return _unpacked(key, packed)

    def put(self, key: str, payload: bytes) -> None:
        """Keep the payload; does nothing where that is not possible."""
        if self.folder is None or len(payload) > MAX_ENTRY_BYTES:
            return
        packed = zlib.compress(payload, 1)
        packed = _MAGIC + _checksum(key, packed) + packed
        with contextlib.suppress(OSError):
            self._write(key, packed)
            self._keep_below_limit(len(packed))

    def usage(self) -> Usage:
        """How much lies in the folder."""
        found = list(self._files())
        return Usage(sum(f.name.endswith(_SUFFIX) for f, _ in found), sum(s.st_size for _, s in found))

    def clear(self) -> Usage:
        """Remove every entry and every part; returns what was removed."""
        entries = removed = 0
        for file, status in list(self._files()):
            with contextlib.suppress(OSError):
                os.unlink(file.path)
                entries += file.name.endswith(_SUFFIX)
                removed += status.st_size
        return Usage(entries, removed)

    @property
    def writable(self) -> bool:
        """Whether entries can be kept here; makes the folder if need be."""
        if self.folder is None:
            return False
        probe = self._part("probe")
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            os.unlink(probe)
        except OSError:
            return False
        return True

    def _path(self, key: str) -> str:
        assert self.folder is not None
        return os.path.join(self.folder, key + _SUFFIX)

    def _part(self, key: str) -> str:
        assert self.folder is not None
        return os.path.join(self.folder, f"{key}-{os.getpid()}-{os.urandom(4).hex()}{_PART}")

    def _touch(self, descriptor: int, key: str) -> None:
        """Note that an entry was used; on a read-only folder that stays unknown."""
        with contextlib.suppress(OSError):
            os.utime(descriptor if os.utime in os.supports_fd else self._path(key))

    def _write(self, key: str, packed: bytes) -> None:
        assert self.folder is not None
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        part = self._part(key)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
        try:
            with open(os.open(part, flags, 0o600), "wb", buffering=0) as stream:
                view = memoryview(packed)
                while view:
                    view = view[stream.write(view) :]
            os.replace(part, self._path(key))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise

    def _keep_below_limit(self, written: int) -> None:
        """Remove what was used least lately, down to nine tenths of the limit, once it is passed."""
        self._room -= written
        if self._room >= 0:
            return
        now = time.time()
        kept = []
        for file, status in self._files():
            if file.name.endswith(_PART) and now - status.st_mtime > _PART_SECONDS:
                with contextlib.suppress(OSError):
                    os.unlink(file.path)
            elif file.name.endswith(_SUFFIX):
                kept.append((status.st_mtime_ns, status.st_size, file.path))
        total = sum(size for _, size, _ in kept)
        if total > self._limit_bytes:
            for _, size, path in sorted(kept):
                if total <= self._limit_bytes * 9 // 10:
                    break
                with contextlib.suppress(OSError):
                    os.unlink(path)
                    total -= size
        self._room = (self._limit_bytes - total) // 4  # others may be writing too

    def _files(self) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
        if self.folder is None:
            return
        with contextlib.suppress(OSError), os.scandir(self.folder) as listed:
            for file in listed:
                if file.name.endswith((_SUFFIX, _PART)):
                    with contextlib.suppress(OSError):
                        yield file, file.stat(follow_symlinks=False)


def _is_own(status: os.stat_result) -> bool:
    if not stat.S_ISREG(status.st_mode):
        return False
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _checksum(key: str, packed: bytes) -> bytes:
    return sha256(key.encode() + b"\0" + packed).digest()


def _unpacked(key: str, data: bytes) -> bytes | None:
    head = len(_MAGIC) + _DIGEST_BYTES
    packed = data[head:]
    if data[:head] != _MAGIC + _checksum(key, packed):
        return None
    try:
        unpacker = zlib.decompressobj()
        payload = unpacker.decompress(packed, MAX_ENTRY_BYTES)
    except zlib.error:
        return None
    return payload if unpacker.eof else None
