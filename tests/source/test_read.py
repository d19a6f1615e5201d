from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.source import Skipped, SourceFile, read

Make = Callable[..., Path]


def read_file(path: Path, **options: bool) -> SourceFile:
    result = read(path, "shown.cu", **options)
    assert isinstance(result, SourceFile)
    return result


def test_the_bytes_are_those_on_disk(make: Make) -> None:
    path = make("k.cu", b"\xef\xbb\xbfint x;\r\n")
    file = read_file(path)
    assert (file.path, file.absolute, file.data) == ("shown.cu", path, b"\xef\xbb\xbfint x;\r\n")
    assert file.encoding == "utf-8-sig"


def test_an_empty_file_is_read(make: Make) -> None:
    assert read_file(make("k.cu", "")).data == b""


@pytest.mark.parametrize(
    ("name", "content", "explicit", "cuda"),
    [
        ("k.cu", "int x;", False, True),
        ("k.CUH", "int x;", False, True),
        ("k.h", "int x;", False, False),
        ("k.h", "__device__ int x;", False, True),
        ("k.cpp", "cudaMalloc(&p, n);", False, True),
        ("k.cpp", "int x;", False, False),
        ("k.cpp", "int x;", True, True),
        ("k.txt", "int x;", True, True),
    ],
)
def test_what_counts_as_cuda(make: Make, name: str, content: str, explicit: bool, cuda: bool) -> None:
    assert read_file(make(name, content), explicit=explicit).cuda is cuda


def test_the_size_limit(make: Make) -> None:
    path = make("k.cu", b"a" * 200_000)
    assert isinstance(read(path, "k.cu", max_file_bytes=200_000), SourceFile)
    assert read(path, "k.cu", max_file_bytes=104_858) == Skipped(
        "k.cu", "over the size limit (0.2 MiB > 0.1 MiB)"
    )


def test_the_standard_limit_is_16_mib(tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    assert read(path, "k.cu") == Skipped("k.cu", "over the size limit (50.0 MiB > 16.0 MiB)")


def test_a_file_that_grows_while_it_is_read(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make("k.cu", b"a" * 100)
    real = os.fstat

    def earlier(descriptor: int) -> os.stat_result:
        values = list(real(descriptor))
        values[6] = 10
        return os.stat_result(values)

    monkeypatch.setattr(os, "fstat", earlier)
    result = read(path, "k.cu", max_file_bytes=50)
    assert isinstance(result, Skipped)
    assert result.reason.startswith("over the size limit")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF\0\0\0", "binary"),
        ("int x;".encode("utf-16"), "UTF-16: not supported, convert to UTF-8"),
    ],
)
def test_what_is_no_text(make: Make, content: bytes, reason: str) -> None:
    for explicit in (False, True):
        assert read(make("k.cu", content), "k.cu", explicit=explicit) == Skipped("k.cu", reason)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "permission denied"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (FileNotFoundError(2, "No such file or directory"), "vanished before it was read"),
    ],
)
def test_errors_are_reasons(make: Make, monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str) -> None:
    path = make("k.cu")

    def fail(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(os, "open", fail)
    assert read(path, "k.cu") == Skipped("k.cu", reason)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_really_unreadable(make: Make) -> None:
    path = make("k.cu")
    path.chmod(0)
    assert read(path, "k.cu") == Skipped("k.cu", "permission denied")


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    assert read(tmp_path / "k.cu", "k.cu") == Skipped("k.cu", "vanished before it was read")


def test_a_pipe_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "k.cu"
    os.mkfifo(path)

    def fail(*_: object, **__: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", fail)
    assert read(path, "k.cu") == Skipped("k.cu", "not a regular file")


def test_a_pipe_that_takes_a_file_s_place_does_not_block(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regular = os.stat(make("regular.cu"))
    path = tmp_path / "k.cu"
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda *_, **__: regular)
    assert read(path, "k.cu") == Skipped("k.cu", "not a regular file")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert read(tmp_path, "k.cu") == Skipped("k.cu", "not a regular file")
