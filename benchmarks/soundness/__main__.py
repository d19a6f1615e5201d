"""Runs the campaign: python -m benchmarks.soundness --kernels 2000 --seed 7 [--compile] [--keep DIR]"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.soundness.campaign import name_of, run, text_of
from benchmarks.soundness.compiled import Comparison, compare, compiler
from benchmarks.soundness.generate import generate
from benchmarks.soundness.provers import PROVERS

TOGETHER = 20  # files in one compiled program


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.soundness")
    parser.add_argument("--kernels", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first", type=int, default=0, help="index of the first file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--prover", choices=sorted(PROVERS), default="portcheck")
    parser.add_argument("--compile", action="store_true", help="compare the reference with g++ instead")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the generated files there")
    parser.add_argument("--shrink", type=float, default=60, help="seconds to spend on one text")
    arguments = parser.parse_args()
    if arguments.compile:
        return compile_all(arguments)
    report = run(
        arguments.kernels,
        arguments.seed,
        arguments.prover,
        arguments.jobs,
        arguments.first,
        arguments.keep,
        arguments.shrink,
    )
    print(text_of(report))
    return 1 if report.disagreements else 0


def compile_all(arguments: argparse.Namespace) -> int:
    if compiler() is None:
        print("no g++ or clang++ found", file=sys.stderr)
        return 2
    started = time.monotonic()
    end = arguments.first + arguments.kernels
    work = [(range(i, min(i + TOGETHER, end)), arguments.seed) for i in range(arguments.first, end, TOGETHER)]
    total = Comparison()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for found in pool.map(_compared, work):
            total.files += found.files
            total.runs += found.runs
            total.values += found.values
            total.stopped += found.stopped
            total.differences += found.differences
    for difference in total.differences[:20]:
        print(difference)
    print(
        f"{total.files} files compiled; {total.runs} runs compared, {total.values} values; "
        f"{total.stopped} runs left out (overflow and the like); {len(total.differences)} differences; "
        f"{time.monotonic() - started:.0f} s"
    )
    return 1 if total.differences else 0


def _compared(work: tuple[range, int]) -> Comparison:
    indices, seed = work
    return compare([(name_of(i), generate(seed, i)) for i in indices], seed)


if __name__ == "__main__":
    raise SystemExit(main())
