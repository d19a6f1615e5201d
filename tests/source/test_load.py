from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import portcheck.source.loading as module
from portcheck.source import Discovery, Skipped, collect, discover, load

Make = Callable[..., Path]


def test_cuda_files_and_all_headers(make: Make, tmp_path: Path) -> None:
    make("a.cu", "int x;\n")
    make("b.h", "#define N 4\n")
    make("c.hpp", "__device__ int f();\n")
    make("d.cpp", "int main() {}\n")
    make("e.cpp", "void f() { cudaFree(p); }\n")
    make("f.cc", "int y;\n")
    make("g.inl", "int z;\n")
    make("h.cu", b"\0\1")
    root, files, skipped = load([tmp_path])
    assert root == os.fspath(tmp_path)
    assert [(f.path, f.cuda) for f in files] == [
        ("a.cu", True),
        ("b.h", False),
        ("c.hpp", True),
        ("e.cpp", True),
        ("g.inl", False),
    ]
    assert skipped == [Skipped("h.cu", "binary")]
    assert collect([tmp_path]).counts == {"no CUDA": 2}


def test_counts_of_the_walk_are_kept(make: Make, tmp_path: Path) -> None:
    make(".gitignore", "gen.cu\n")
    make("gen.cu")
    make("skip.cu")
    make(".venv/k.cu")
    make("d.cpp", "int main() {}\n")
    found = collect([tmp_path], exclude=["skip.cu"])
    assert found.files == ()
    assert found.counts == {"excluded": 1, "gitignored": 1, "hidden": 1, "no CUDA": 1}


def test_named_files_are_always_analysed(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("main.cpp", "int main() {}\n")
    make("kernel.txt", "text\n")
    make("image.png", b"\x89PNG\0")
    monkeypatch.chdir(tmp_path)
    _, files, skipped = load(["main.cpp", "kernel.txt", "image.png"])
    assert [(f.path, f.cuda) for f in files] == [("kernel.txt", True), ("main.cpp", True)]
    assert skipped == [Skipped("image.png", "binary")]


def test_a_file_vanishes_between_listing_and_reading(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("a.cu")
    gone = make("b.cu")

    def discover_then_delete(paths: list[Path], *, exclude: list[str], root: None) -> Discovery:
        found = discover(paths, exclude=exclude)
        gone.unlink()
        return found

    monkeypatch.setattr(module, "discover", discover_then_delete)
    _, files, skipped = load([tmp_path])
    assert [f.path for f in files] == ["a.cu"]
    assert skipped == [Skipped("b.cu", "vanished before it was read")]


def test_the_limit_is_passed_on(make: Make, tmp_path: Path) -> None:
    make("a.cu", b"a" * 100)
    _, files, skipped = load([tmp_path], max_file_bytes=99)
    assert files == []
    assert [skip.path for skip in skipped] == ["a.cu"]


def test_skips_of_walk_and_reading_are_sorted_together(make: Make, tmp_path: Path) -> None:
    (tmp_path / "b.cu").symlink_to("nowhere")
    make("a.cu", b"\0")
    make("c.cu", b"\0")
    assert [skip.path for skip in load([tmp_path])[2]] == ["a.cu", "b.cu", "c.cu"]
