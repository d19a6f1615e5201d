"""How much of real CUDA code becomes a clean tree: `python benchmarks/readability.py PATH...`

Each PATH is one repository. Prints files, MB, files with ERROR or MISSING nodes raw and
after portcheck's pre-pass, share of bytes inside outermost ERROR nodes raw and after, and
seconds of the raw parse against everything `parse_file` does.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from portcheck.syntax import Configuration, MacroTable, collect_macros, lex, parse_file
from portcheck.syntax.tree import broken, parser

_TOKEN = re.compile(rb"__global__|__device__|__shared__|<<<|cuda_runtime")
_HEADERS = {".cuh", ".h", ".hpp", ".hh", ".inl"}
_MAYBE = {".h", ".hpp", ".hh", ".inl", ".cpp"}


def cuda_files(root: Path) -> list[tuple[str, bytes]]:
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in _MAYBE and path.suffix not in {".cu", ".cuh"}:
            continue
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        if len(data) <= 3_000_000 and (path.suffix in {".cu", ".cuh"} or _TOKEN.search(data)):
            found.append((path.relative_to(root).as_posix(), data))
    return found


def header_files(root: Path, taken: set[str]) -> list[tuple[str, bytes]]:
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix in _HEADERS and name not in taken and path.is_file() and not path.is_symlink():
            found.append((name, path.read_bytes()))
    return found


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("paths", nargs="+", type=Path)
    reader.add_argument("--worst", type=int, default=0, help="list the N files with most unreadable bytes")
    reader.add_argument("--every", type=int, default=1, help="take every Nth file only")
    reader.add_argument(
        "--own", action="store_true", help="macros of the CUDA files only, not of every header"
    )
    options = reader.parse_args()
    configuration = Configuration.default()
    print(
        "repository           files     MB   bad raw  bad after  ERROR% raw  after "
        "  parse s  parse_file s  macros s"
    )
    total = [0.0] * 9
    for root in options.paths:
        files = cuda_files(root)[:: options.every]
        began = time.perf_counter()
        # Macros come from every header, with a CUDA token or not.
        others = [] if options.own else header_files(root, {path for path, _ in files})
        kept = [(path, data, lex(data)) for path, data in files]
        definitions = [m for path, data in others for m in collect_macros(path, data, configuration)]
        definitions += [
            m for path, data, lexed in kept for m in collect_macros(path, data, configuration, lexed)
        ]
        macros = MacroTable(definitions)
        row = [0.0] * 9
        row[8] = time.perf_counter() - began
        worst: list[tuple[int, int, str, str]] = []
        for path, data, lexed in kept:
            began = time.perf_counter()
            tree = parser().parse(data)
            parsed = time.perf_counter()
            file = parse_file(path, data, macros, configuration, lexed)
            row[7] += time.perf_counter() - parsed
            row[6] += parsed - began
            errors, missing = broken(tree)
            row[0] += 1
            row[1] += len(data) / 1e6
            row[2] += bool(errors or missing)
            row[3] += bool(file.unreadable or file.missing_count)
            row[4] += sum(e - s for s, e in errors)
            lost = sum(e - s for s, e in file.unreadable)
            row[5] += lost
            if lost or file.missing_count:
                first = file.unreadable[0] if file.unreadable else (0, 0)
                worst.append((lost, file.missing_count, path, "line " + str(data[: first[0]].count(10) + 1)))
        total = [a + b for a, b in zip(total, row, strict=True)]
        print_row(root.name, row)
        for item in sorted(worst, reverse=True)[: options.worst]:
            print("   ", *item)
    if len(options.paths) > 1:
        print_row("all", total)


def print_row(name: str, row: list[float]) -> None:
    size, files = max(row[1] * 1e6, 1), max(row[0], 1)
    print(
        f"{name:20s} {row[0]:5.0f} {row[1]:6.2f} {row[2]:6.0f} {100 * row[2] / files:3.0f}% {row[3]:5.0f} "
        f"{100 * row[3] / files:4.1f}% {100 * row[4] / size:9.2f}% {100 * row[5] / size:6.3f}% "
        f"{row[6]:8.2f} {row[7]:9.2f} {row[8]:9.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
