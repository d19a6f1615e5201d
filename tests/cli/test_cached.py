"""Answers from the cache: the same as found anew, whatever changed, and whatever happens to the cache."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import portcheck as package
from portcheck.analysis import workers
from portcheck.analysis.engine import Analysis
from portcheck.cli import main
from portcheck.program.model import Function

KERNEL = """\
#include "layout.cuh"
__global__ void copy(const int4* x, int4* y, int n) {
    extern __shared__ __align__(1024) char smem[];
    const int lane = threadIdx.x % 32;
    auto stage = reinterpret_cast<int4*>(smem + STAGE_BYTES * (n % 4) + kSlotBytes);
    stage[lane] = x[lane];
    __syncthreads();
    y[lane] = stage[lane];
}
__global__ void scale(float4* y, int n) {
    y[blockIdx.x * n + threadIdx.x].x *= 2.0f;
}
__global__ void third(int4* y) { y[threadIdx.x] = make_int4(0, 0, 0, 0); }
__global__ void fourth(int2* y) { y[threadIdx.x] = make_int2(0, 0); }
"""
HEADER = """\
#pragma once
#define STAGE_BYTES 4624
constexpr int kSlotBytes = 16;
#ifdef WIDE
constexpr int kWidth = 64;
#else
constexpr int kWidth = 32;
#endif
"""
HOST = """\
#include "layout.cuh"
__global__ void copy(const int4* x, int4* y, int n);
void launch(const int4* x, int4* y, int n) {
    if (n % 4 != 0) return;
    copy<<<n, kWidth, STAGE_BYTES * 4>>>(x, y, n);
}
"""
Run = Callable[..., tuple[int, str, str]]
needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system does not kill so")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for name, text in (("copy.cu", KERNEL), ("layout.cuh", HEADER), ("host.cu", HOST)):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTCHECK_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def run(tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tree.parent)
    for name in ("NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def call(*given: str) -> tuple[int, str, str]:
        code = main(given)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def entries(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.entry"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "tree"),
        ("check", "tree", "--format", "json", "--lang", "zh"),
        ("check", "tree", "--format", "sarif", "--select", "MTE,SYN"),
        ("scan", "tree"),
        ("scan", "tree", "--format", "json"),
        ("show", "kernels", "tree"),
    ],
)
def test_the_second_answer_is_the_first_and_nothing_is_analysed_for_it(
    run: Run, cache: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    anew = run(*arguments, "--no-cache")
    assert not cache.exists()
    assert run(*arguments) == anew

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("analysed again")

    monkeypatch.setattr("portcheck.scan.read", fail)
    assert run(*arguments) == anew


def test_one_answer_serves_every_format(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("check", "tree")
    monkeypatch.setattr("portcheck.scan.read", lambda *_, **__: pytest.fail("analysed again"))
    assert run("check", "tree", "--format", "jsonl", "--fail-on", "never", "--lang", "zh")[0] == 0


# -- changes -------------------------------------------------------------------------------


def _edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(tree: Path) -> None:
        file = tree / name
        if file.exists():
            text = file.read_text()
            file.write_text(text.replace(old, new) if old in text else text.replace(new, old))

    return change


def _toggle(name: str, text: str) -> Callable[[Path], None]:
    def change(tree: Path) -> None:
        file = tree / name
        if file.exists():
            file.unlink()
        else:
            file.write_text(text)

    return change


def _touch(tree: Path) -> None:
    for file in tree.iterdir():
        os.utime(file, (1, 1))


CHANGES = {
    "a macro of a header": _edit("layout.cuh", "STAGE_BYTES 4624", "STAGE_BYTES 4640"),
    "a constant of a header": _edit("layout.cuh", "kSlotBytes = 16", "kSlotBytes = 32"),
    "a switch of a header": _edit("layout.cuh", "#pragma once\n", "#pragma once\n#define WIDE\n"),
    "a body": _edit("copy.cu", "% 4", "% 2"),
    "a line before": _edit("copy.cu", '#include "layout.cuh"\n', '#include "layout.cuh"\n\n'),
    "the host's check": _edit("host.cu", "n % 4 != 0", "n % 8 != 0"),
    "a comment": _edit("host.cu", "return;", "return; // stop"),
    "a broken file": _edit("copy.cu", "__syncthreads();", "__syncthreads(;{"),
    "another file": _toggle("more.cu", "__global__ void more(int4* p) { p[threadIdx.x] = p[0]; }\n"),
    "a plain file": _toggle(
        "plain.cpp", "void launch(const int4*, int4*, int); void f() { launch(0, 0, 3); }\n"
    ),
    "a shadowing header": _toggle("shadow.h", "#define STAGE_BYTES 64\n"),
    "what is ignored": _toggle(".gitignore", "more.cu\nhost.cu\n"),
    "the dates alone": _touch,
    "the project's configuration": _toggle("portcheck.toml", 'defines = ["WIDE"]\n[symbols]\nn = [4, 8]\n'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_at_once(run: Run, tree: Path, change: str) -> None:
    arguments = ("check", "tree", "--format", "json")
    run(*arguments)
    CHANGES[change](tree)
    assert run(*arguments) == run(*arguments, "--no-cache")


@pytest.mark.parametrize("seed", range(3))
def test_any_series_of_changes_gives_what_is_found_anew(run: Run, tree: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(8):
        for name in chance.sample(sorted(CHANGES), chance.randint(1, 3)):
            CHANGES[name](tree)
        more = chance.choice([(), ("-D", "WIDE"), ("--set", "n=16"), ("--exclude", "host.cu")])
        arguments = ("check", "tree", "--format", "json", *more)
        anew = run(*arguments, "--no-cache")
        assert run(*arguments) == anew
        assert run(*arguments) == anew


def test_a_file_that_changes_while_it_is_read_is_not_kept_under_its_old_name(
    run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import portcheck.scan

    real = portcheck.scan.read

    def slow(*arguments: object, **options: object) -> object:
        found = real(*arguments, **options)  # type: ignore[arg-type]
        CHANGES["a macro of a header"](tree)
        return found

    monkeypatch.setattr(portcheck.scan, "read", slow)
    run("check", "tree")
    monkeypatch.setattr(portcheck.scan, "read", real)
    assert run("check", "tree") == run("check", "tree", "--no-cache")
    CHANGES["a macro of a header"](tree)
    assert run("check", "tree") == run("check", "tree", "--no-cache")


# -- damage --------------------------------------------------------------------------------


def test_damaged_entries_are_found_anew(run: Run, cache: Path) -> None:
    anew = run("check", "tree")
    for damage in (lambda b: b[:-7], lambda b: b[:40], lambda b: b"", lambda b: b[:50] + b"\xff" + b[51:]):
        for file in entries(cache):
            file.write_bytes(damage(file.read_bytes()))
        assert run("check", "tree") == anew
    assert len(entries(cache)) == 3  # this portcheck, its rules, and the answer


def portcheck(tree: Path, cache: Path, *arguments: str) -> subprocess.Popen[bytes]:
    code = Path(package.__file__).parent.parent
    environment = {**os.environ, "PORTCHECK_CACHE_DIR": str(cache), "LC_ALL": "C", "PYTHONPATH": str(code)}
    command = [sys.executable, "-m", "portcheck", *arguments]
    return subprocess.Popen(
        command, cwd=tree.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@needs_kill
def test_killed_runs_leave_no_wrong_answer(run: Run, tree: Path, cache: Path) -> None:
    anew = run("check", "tree", "--no-cache")
    for seconds in (0.2, 0.6, 0.9, 1.2, 1.6):
        running = portcheck(tree, cache, "check", "tree")
        time.sleep(seconds)
        running.kill()
        running.communicate()
    assert run("check", "tree") == anew
    assert run("check", "tree") == anew


def test_two_runs_at_once_share_a_cache(run: Run, tree: Path, cache: Path) -> None:
    anew = run("check", "tree", "--no-cache")[1].encode()
    both = [portcheck(tree, cache, "check", "tree") for _ in range(2)]
    assert [one.communicate() for one in both] == [(anew, b"")] * 2
    assert portcheck(tree, cache, "check", "tree").communicate() == (anew, b"")


@contextlib.contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_costs_only_the_cache(run: Run, cache: Path) -> None:
    anew = run("check", "tree", "--no-cache")
    with small_disk(cache, "size=16k"):
        (cache / "filler").write_bytes(b"x" * 8192)
        assert run("check", "tree") == anew
        assert run("check", "tree") == anew
        assert not list(cache.glob("*.part"))


def test_a_read_only_disk_gives_what_it_has(run: Run, tree: Path, cache: Path) -> None:
    anew = run("check", "tree", "--no-cache")
    with small_disk(cache, "size=10m"):
        run("check", "tree")
        subprocess.run(["mount", "-o", "remount,ro", str(cache)], check=True)
        assert run("check", "tree") == anew
        CHANGES["a macro of a header"](tree)
        assert run("check", "tree") == run("check", "tree", "--no-cache")
        assert run("cache")[1].splitlines()[1] == "it cannot be written: nothing is kept"


# -- what a run loses ----------------------------------------------------------------------


@needs_kill
@pytest.mark.parametrize("format_", ["full", "json"])
def test_a_kernel_whose_process_is_killed_is_named_and_the_rest_is_whole(
    run: Run, cache: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    monkeypatch.setattr(workers, "_processors", lambda: 2)
    whole = run("check", "tree", "--no-cache", "--format", format_)
    real = Analysis._root

    def killed(self: Analysis, function: Function) -> object:
        if function.name == "copy":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, function)

    monkeypatch.setattr(Analysis, "_root", killed)
    _, out, err = run("check", "tree", "--format", format_)
    assert err.splitlines()[0] == (
        "portcheck: warning: copy.cu:2: copy was not analysed: its process was ended by SIGKILL"
    )
    assert "copy was not analysed: its process was ended by SIGKILL" in out
    assert "scale" in out
    monkeypatch.setattr(Analysis, "_root", real)
    assert run("check", "tree", "--format", format_) == whole, "what lost something is not kept"


def test_without_files_of_its_own_to_read_portcheck_works_without_a_cache(
    run: Run, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew = run("check", "tree", "--no-cache")
    monkeypatch.setattr("portcheck.cache.digest._folders", lambda: ("/no/such/folder",))
    assert run("check", "tree") == anew
    assert entries(cache) == []


# -- the command ---------------------------------------------------------------------------


def test_cache_says_where_and_how_much_and_clears_it(run: Run, cache: Path) -> None:
    assert run("cache", "dir") == (0, f"{cache}\n", "")
    assert run("cache") == (0, f"{cache}\n0 entries, 0 bytes; at most 536,870,912 bytes are kept\n", "")
    run("scan", "tree")
    held = sum(file.stat().st_size for file in entries(cache))
    said = f"2 entries, {held:,} bytes"
    assert run("cache") == (0, f"{cache}\n{said}; at most 536,870,912 bytes are kept\n", "")
    assert run("cache", "clear") == (0, f"{cache}: {said} removed\n", "")
    assert entries(cache) == []


def test_without_a_home_there_is_no_cache(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portcheck.cli.cache_command.default_folder", lambda: None)
    code, out, err = run("cache")
    assert (code, out) == (2, "")
    assert err == (
        "portcheck: error: there is no home to keep anything in; name a folder in PORTCHECK_CACHE_DIR\n"
    )


def test_no_cache_in_the_configuration(run: Run, tree: Path, cache: Path) -> None:
    (tree / "portcheck.toml").write_text("cache = false\n")
    assert run("check", "tree")[0] in (0, 1)
    assert not cache.exists()
