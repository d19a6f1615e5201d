"""What a run costs, as ratios to P: a bare tree-sitter parse of the same bytes in one process.

    python benchmarks/speed.py PATH [PATH...] [--changed FILE] [--skip-cold]

For each tree, in whole processes as a user starts them: P, a scan for facts, and the whole analysis
(`check`), each without a cache, when it fills one, and when it finds its answer there; wall time, time on
all processors and peak memory. `--changed` is a file of the first tree: it is edited in a copy, and the
tree is checked for that file alone, before and after its answer is known, as a hook does it. At last
`--version` beside an interpreter that does nothing. Figures are only comparable within one run; on a machine
that does other work, those of the processors are.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPEATS = 5
BARE = """
import sys, time, gc
import tree_sitter_cpp
from tree_sitter import Language, Parser
from portcheck.source import collect
gc.disable()
files = [f for f in collect([sys.argv[1]]).files if f.cuda]
parser = Parser(Language(tree_sitter_cpp.language()))
wall = processor = 1e9
for _ in range(3):
    start, spent = time.perf_counter(), time.process_time()
    for file in files:
        parser.parse(file.data)
    wall = min(wall, time.perf_counter() - start)
    processor = min(processor, time.process_time() - spent)
print(len(files), sum(len(f.data) for f in files), wall, processor)
"""


@dataclass(frozen=True)
class Spent:
    """Wall and processor time in seconds, and the peak memory of one process in bytes."""

    wall: float
    processor: float
    peak_bytes: int


def run(arguments: Sequence[str], folder: Path, where: Path | None = None) -> Spent:
    """One whole process of portcheck; its exit code must be one of an analysis."""
    environment = {**os.environ, "PORTCHECK_CACHE_DIR": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "portcheck", *arguments]
    start = time.perf_counter()
    child = subprocess.Popen(
        command, env=environment, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if child.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: exit code {child.returncode}")
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def best(arguments: Sequence[str], folder: Path, where: Path | None = None) -> Spent:
    """The fastest of several runs."""
    return min((run(arguments, folder, where) for _ in range(REPEATS)), key=lambda s: s.wall)


def line(name: str, spent: Spent, bare: Spent) -> None:
    print(
        f"  {name:42} {spent.wall:8.3f} s  {spent.wall / bare.wall:8.2f} P"
        f"   processors {spent.processor:8.3f} s  {spent.processor / bare.processor:8.2f} P"
        f"   peak {spent.peak_bytes / 2**20:6.0f} MiB",
        flush=True,
    )


def measure(tree: Path, skip_cold: bool) -> Spent:
    """Print the figures of one tree; returns P."""
    out = subprocess.run(
        [sys.executable, "-c", BARE, tree], check=True, capture_output=True, text=True
    ).stdout
    count, size, wall, processor = out.split()
    bare = Spent(float(wall), float(processor), 0)
    told = f"P = {bare.wall:.3f} s, on the processor {bare.processor:.3f} s"
    print(f"{tree}: {int(count):,} files, {int(size) / 1e6:.2f} MB; {told}", flush=True)
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        for command, name in (("scan", "facts (scan)"), ("check", "whole analysis (check)")):
            arguments = [command, str(tree), "-q", "--summary"]
            if not skip_cold:
                line(f"{name}, --no-cache", run([*arguments, "--no-cache"], folder), bare)
            line(f"{name}, cold", run(arguments, folder), bare)
            line(f"{name}, warm", best(arguments, folder), bare)
        held = sum(f.stat().st_size for f in folder.iterdir())
        print(f"  the cache then holds {held / 1e6:.2f} MB")
    return bare


def measure_hook(tree: Path, changed: Path, bare: Spent) -> None:
    """A commit that changes one file: the first answer, and the next ones."""
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as copies:
        folder, copy = Path(kept), Path(copies) / tree.name
        shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".git"))
        subprocess.run(["git", "init", "-q", str(copy)], check=True)
        file = copy / changed.relative_to(tree)
        arguments = ["check", str(file.relative_to(copy)), "-q", "--format", "concise"]
        print(f"hook: {changed.relative_to(tree)} of {tree.name}", flush=True)
        line("the first commit, nothing known", run(arguments, folder, copy), bare)
        line("again, nothing changed", best(arguments, folder, copy), bare)
        file.write_bytes(b"// one line more\n" + file.read_bytes())
        line("the file changed", run(arguments, folder, copy), bare)
        line("again with that change", best(arguments, folder, copy), bare)


def measure_start() -> None:
    """The floor under every run."""
    with tempfile.TemporaryDirectory() as kept:
        version = best(["--version"], Path(kept)).wall
        helped = best(["--help"], Path(kept)).wall
    bare = min(_timed([sys.executable, "-c", "pass"]) for _ in range(REPEATS))
    print(f"start: a bare interpreter {bare * 1000:.0f} ms", end="")
    print(f", --version {(version - bare) * 1000:+.0f} ms, --help {(helped - bare) * 1000:+.0f} ms")


def _timed(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--changed", type=Path, metavar="FILE")
    parser.add_argument("--skip-cold", action="store_true", help="do not measure --no-cache")
    options = parser.parse_args()
    measure_start()
    bare = [measure(path, options.skip_cold) for path in options.paths]
    if options.changed is not None:
        measure_hook(options.paths[0], options.changed, bare[0])


if __name__ == "__main__":
    main()
