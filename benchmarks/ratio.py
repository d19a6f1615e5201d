"""Time of a scan as a ratio to a bare tree-sitter parse of the same bytes (P), in one process.

    python benchmarks/ratio.py PATH [PATH...]

Each stage is timed once after one warm-up parse; P is the better of two bare parses with
tree-sitter-cpp. Figures are only comparable within one run.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from itertools import chain
from typing import Any

import tree_sitter_cpp
from tree_sitter import Language, Parser

from portcheck.facts.collect import Collector
from portcheck.facts.context import Context
from portcheck.program.typing import Program
from portcheck.scan import declare
from portcheck.source import collect
from portcheck.summary import call_graph, kernels
from portcheck.syntax import Configuration, MacroTable, collect_macros, lex, parse_file


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def measure(path: str) -> None:
    seconds, collection = timed(lambda: collect([path]))
    stages = {"read files": seconds}
    files = [f for f in collection.files if f.cuda]
    parser = Parser(Language(tree_sitter_cpp.language()))
    bare = min(timed(lambda: [parser.parse(f.data) for f in files])[0] for _ in range(2))
    configuration = Configuration.default()
    stages["lex"], lexed = timed(lambda: [lex(f.parse_bytes) for f in collection.files])
    pairs = list(zip(collection.files, lexed, strict=True))
    stages["macros"], macros = timed(
        lambda: MacroTable(
            chain.from_iterable(collect_macros(f.path, f.parse_bytes, configuration, x) for f, x in pairs)
        )
    )
    stages["pre-pass and parse"], parsed = timed(
        lambda: [(f, parse_file(f.path, f.parse_bytes, macros, configuration, x)) for f, x in pairs if f.cuda]
    )
    stages["declarations"], units = timed(lambda: [declare(f, s, macros) for f, s in parsed])
    context = Context(Program(units), macros)
    collector = Collector(context)
    stages["facts"], facts = timed(lambda: collector.collect(chain.from_iterable(u.functions for u in units)))
    stages["kernels and calls"], _ = timed(
        lambda: (
            list(kernels(context, facts, collector.instantiations, collector.dispatches)),
            list(call_graph(context)),
        )
    )
    total = sum(stages.values())
    size = sum(len(f.data) for f in files)
    print(f"{path}: {len(files)} files, {size / 1e6:.2f} MB, {len(facts)} facts; P = {bare:.3f} s")
    for name, spent in stages.items():
        print(f"  {name:20} {spent:7.3f} s  {spent / bare:6.2f} P")
    print(f"  {'whole scan':20} {total:7.3f} s  {total / bare:6.2f} P")


if __name__ == "__main__":
    gc.disable()
    for named in sys.argv[1:]:
        measure(named)
