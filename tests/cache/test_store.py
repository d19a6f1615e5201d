"""Entries are whole or not there, the user's own, and never more than fit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.cache import Store, default_folder
from portcheck.cache import store as stores

KEY = "0123abcd"
not_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not stop this user"
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"))


def entry(store: Store) -> Path:
    assert store.folder is not None
    (found,) = Path(store.folder).glob("*.entry")
    return found


def test_what_was_put_is_found_again(store: Store) -> None:
    assert store.get(KEY) is None
    store.put(KEY, b"answer" * 1000)
    assert store.get(KEY) == b"answer" * 1000
    assert store.get("0123abce") is None
    store.put(KEY, b"")
    assert store.get(KEY) == b""


def test_only_the_user_can_look_into_the_folder(store: Store) -> None:
    store.put(KEY, b"answer")
    assert store.folder is not None
    assert os.stat(store.folder).st_mode & 0o777 == 0o700
    assert entry(store).stat().st_mode & 0o777 == 0o600


def _cut(data: bytes) -> bytes:
    return data[:-1]


def _emptied(data: bytes) -> bytes:
    return b""


def _longer(data: bytes) -> bytes:
    return data + b"x"


def _flipped(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


def _other_checksum(data: bytes) -> bytes:
    return data[:20] + bytes([data[20] ^ 1]) + data[21:]


def _foreign(data: bytes) -> bytes:
    return b"\0" * len(data)


@pytest.mark.parametrize("damage", [_cut, _emptied, _longer, _flipped, _other_checksum, _foreign])
def test_a_damaged_entry_is_a_miss(store: Store, damage: Callable[[bytes], bytes]) -> None:
    store.put(KEY, b"answer" * 100)
    file = entry(store)
    file.write_bytes(damage(file.read_bytes()))
    assert store.get(KEY) is None
    store.put(KEY, b"answer")
    assert store.get(KEY) == b"answer"


def test_every_truncation_is_a_miss(store: Store) -> None:
    store.put(KEY, bytes(range(256)))
    file = entry(store)
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert store.get(KEY) is None, length


def test_an_entry_under_another_name_is_a_miss(store: Store) -> None:
    store.put(KEY, b"answer")
    entry(store).rename(entry(store).with_name("ffff.entry"))
    assert store.get("ffff") is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_may_write_is_a_miss(store: Store, mode: int) -> None:
    store.put(KEY, b"answer")
    entry(store).chmod(mode)
    assert store.get(KEY) is None


def test_what_someone_else_owns_is_a_miss(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(KEY, b"answer")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert store.get(KEY) is None


def test_links_and_folders_in_place_of_an_entry_are_misses(store: Store, tmp_path: Path) -> None:
    store.put(KEY, b"answer")
    file = entry(store)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert store.get(KEY) is None
    file.unlink()
    file.mkdir()
    assert store.get(KEY) is None
    store.put(KEY, b"other")  # cannot be written, and is no error
    assert store.get(KEY) is None
    file.rmdir()
    os.mkfifo(file)
    assert store.get(KEY) is None


def test_no_folder_keeps_nothing() -> None:
    store = Store(None)
    store.put(KEY, b"answer")
    assert store.get(KEY) is None
    assert not store.writable
    assert store.clear().entries == 0


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = Store(str(tmp_path / "file" / "cache"))
    store.put(KEY, b"answer")
    assert store.get(KEY) is None
    assert not store.writable


@not_root
def test_a_read_only_folder_still_gives_what_it_has(store: Store) -> None:
    store.put(KEY, b"answer")
    assert store.folder is not None
    os.chmod(store.folder, 0o500)
    try:
        store.put("ffff", b"more")
        assert store.get(KEY) == b"answer"
        assert store.get("ffff") is None
        assert not store.writable
    finally:
        os.chmod(store.folder, 0o700)


def test_a_read_only_file_system_still_gives_what_it_has(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"answer")
    real = os.open

    def read_only(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            raise OSError(30, "Read-only file system")
        return real(path, flags, mode)

    def no_change(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", read_only)
    monkeypatch.setattr(os, "utime", no_change)
    store.put("ffff", b"more")
    assert store.get(KEY) == b"answer"
    assert store.get("ffff") is None
    assert not store.writable


def test_a_full_disk_leaves_what_was_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(KEY, b"answer")
    written = []

    class Full:
        def __init__(self, descriptor: int) -> None:
            self.descriptor = descriptor

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.descriptor)

        def write(self, data: memoryview) -> int:
            if written:
                raise OSError(28, "No space left on device")
            written.append(data)
            return os.write(self.descriptor, data[:10])

    monkeypatch.setattr(stores, "open", lambda d, *_, **__: Full(d), raising=False)
    store.put(KEY, b"other")
    store.put("ffff", b"more")
    monkeypatch.undo()
    assert store.get(KEY) == b"answer"
    assert store.get("ffff") is None
    assert store.folder is not None
    assert os.listdir(store.folder) == [f"{KEY}.entry"]


def test_the_folder_stays_below_its_limit_and_keeps_what_is_used(tmp_path: Path) -> None:
    store = Store(str(tmp_path), limit_bytes=50_000)
    for number in range(40):
        store.put(f"{number:04}", os.urandom(4000))
        os.utime(tmp_path / f"{number:04}.entry", (number, number))
        if number:
            assert store.get("0000") is not None, "what is used is not the oldest"
    assert store.usage().total_bytes <= 50_000
    assert store.get("0039") is not None
    assert store.get("0001") is None


def test_parts_of_processes_that_are_gone_are_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "a-1-x.part", tmp_path / "b-2-y.part"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    long_ago = time.time() - 7200
    os.utime(old, (long_ago, long_ago))
    Store(str(tmp_path)).put(KEY, b"answer")
    assert not old.exists()
    assert new.exists()


def test_clear_removes_entries_and_parts_and_nothing_else(store: Store) -> None:
    store.put(KEY, b"answer")
    store.put("ffff", b"more")
    assert store.folder is not None
    (Path(store.folder) / "x.part").write_bytes(b"half")
    (Path(store.folder) / "notes.txt").write_text("mine")
    assert store.clear().entries == 2
    assert os.listdir(store.folder) == ["notes.txt"]


WRITER = """
import os, sys
from portcheck.cache import Store
store = Store(sys.argv[1])
number = 0
while True:
    for key in ("aaaa", "bbbb", "cccc"):
        store.put(key, (key.encode() + b"%d" % number) * 20000)
    print(number, flush=True)
    number += 1
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system does not kill so")
def test_kill_in_a_write_and_two_writers_at_once_leave_whole_entries(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    for delay in (0.0, 0.004, 0.009, 0.013, 0.02):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        time.sleep(delay)
        for writer in writers:
            writer.kill()
        for writer in writers:
            writer.communicate()
        for key in ("aaaa", "bbbb", "cccc"):
            found = store.get(key)
            assert found is not None
            repeated = found[: len(found) // 20000]
            assert found == repeated * 20000
            assert repeated.startswith(key.encode())


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"PORTCHECK_CACHE_DIR": "/here/it/is", "HOME": "/home/me"}, "linux", "/here/it/is"),
        ({"XDG_CACHE_HOME": "/caches", "HOME": "/home/me"}, "linux", "/caches/portcheck"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/me"}, "linux", "/home/me/.cache/portcheck"),
        ({"PORTCHECK_CACHE_DIR": "", "HOME": "/home/me"}, "linux", "/home/me/.cache/portcheck"),
        ({"XDG_CACHE_HOME": "/caches", "HOME": "/home/me"}, "darwin", "/home/me/Library/Caches/portcheck"),
        ({}, "win32", None),
    ],
)
def test_the_folder_is_the_platforms(environment: dict[str, str], platform: str, folder: str | None) -> None:
    assert default_folder(environment, platform) == folder
