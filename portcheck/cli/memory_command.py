"""`portcheck show memory`: what stands where in shared memory, what has to fit, and what a repair costs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from portcheck import scan as scanning
from portcheck.analysis import Analysis, analyse
from portcheck.cli.analysis import conclude, how_to_prove, named_paths, use_colour, way_to
from portcheck.cli.deep import deep
from portcheck.cli.output import Output
from portcheck.report.memory_map import memory_maps
from portcheck.report.memory_needs import checks, needs, repairs
from portcheck.report.memory_report import MemoryReport
from portcheck.result import ScanResult


def run(options: Namespace) -> int:
    """Returns the exit code."""
    with Output(options.output) as output, deep("the code"):
        analysis = analyse(named_paths(options), **how_to_prove(options))
        result = scanning.result_of(analysis.reading).without(analysis.lost)
        output.write(_report(analysis, result, options, output))
        return conclude(result, options, output)


def _found(analysis: Analysis) -> MemoryReport:
    launches = {f.qualified: analysis.launches.of(f)[0] for f in analysis.functions if f.is_kernel}
    return MemoryReport(
        tuple(memory_maps(launches, analysis.judged, analysis.bases)),
        needs(analysis.capacities, launches),
        tuple(repairs(analysis.repairs)),
        tuple(checks(analysis.size_checks)),
        analysis.bases,
    )


def _report(analysis: Analysis, result: ScanResult, options: Namespace, output: Output) -> Iterator[str]:
    texts = dict(analysis.assumed.texts())
    found = _found(analysis)
    if options.format == "text":
        from portcheck.report import memory_text
        from portcheck.report.style import Style

        style = Style(use_colour(options.color, output), way_to(result.root))
        return memory_text.render(result, found, texts, style)
    from portcheck.report.memory_records import sections

    listed = sections(result, found)
    if options.format == "jsonl":
        from portcheck.report import jsonl

        return jsonl.render(result, (), (record for _, records in listed for record in records))
    from portcheck.report import json
    from portcheck.report.proof_records import assumption_records

    return json.render(result, (), [("assumptions", assumption_records(texts, texts)), *listed])
