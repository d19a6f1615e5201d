"""How long it takes to generate skeletons of a tree, and a compiler to read them with the CPU model.

    python benchmarks/skeletons.py TREE [--target 910B --target 950 …] [--no-compile] [--keep DIR]

Prints, for each target, the kernels, those that are complete, the gaps, seconds of analysis and of
generation, and how many projects the compiler accepts with all warnings as errors, with the seconds
of each run added up.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portcheck.analysis import analyse
from portcheck.ascendc import checking, refresh
from portcheck.ascendc.checking import CompileError
from portcheck.ascendc.generation import Generation
from portcheck.cli.deep import deep
from portcheck.cli.rule_choice import all_rules
from portcheck.pack import findings
from portcheck.pack.subjects import View
from portcheck.targets import Language, Target, targets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tree")
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--keep", type=Path, default=None)
    options = parser.parse_args()
    chosen = [t for t in targets() if t.name in (options.target or ["910B", "950", "310P"])]
    with deep("the code"):
        started = time.perf_counter()
        view = View(analyse([options.tree]))
        _ = view.analysis.judged
        print(f"{options.tree}: analysed in {time.perf_counter() - started:.1f} s")
        for target in chosen:
            measure(view, target, options.keep, compile_=not options.no_compile)


def measure(view: View, target: Target, keep: Path | None, *, compile_: bool) -> None:
    """Generate for one target, and compile what was generated."""
    started = time.perf_counter()
    found = findings(view.analysis, all_rules([]), (target,))
    ruled = time.perf_counter()
    generation = Generation(view, found, target, Language.EN)
    items = list(generation.items())
    files = generation.projects(items)
    generated = time.perf_counter()
    complete = sum(i.body.is_complete for i in items)
    gaps = sum(len(i.body.gaps) for i in items)
    lines = sum(i.body.kernel.count("\n") for i in items)
    print(
        f"{target.name}: {len(items)} kernels, {complete} complete, {gaps} gaps, {lines} lines of kernels; "
        f"rules {ruled - started:.1f} s, generation {generated - ruled:.1f} s"
    )
    if not compile_:
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = (keep or Path(scratch)) / target.name
        refresh.plan(folder, target.name, files).apply()
        projects = [folder / item.folder for item in items]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            results = list(pool.map(compiled, projects))
    failed = [f"{p.name}: {why}" for p, (_, why) in zip(projects, results, strict=True) if why]
    seconds = [s for s, _ in results]
    print(
        f"{target.name}: {len(results) - len(failed)} of {len(results)} compile; "
        f"{sum(seconds):.0f} s added up, {max(seconds, default=0):.1f} s the longest"
    )
    for line in failed:
        print(f"  {line}")


def compiled(project: Path) -> tuple[float, str]:
    """Seconds, and the compiler's first error, "" for none."""
    started = time.perf_counter()
    try:
        checking.check_syntax(project)
    except CompileError as error:
        lines = str(error).splitlines()
        return time.perf_counter() - started, next((line for line in lines if "error" in line), lines[0])
    return time.perf_counter() - started, ""


if __name__ == "__main__":
    main()
