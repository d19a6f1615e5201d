"""`portcheck show transfers`: what moves, what each target requires of it, and the verdicts."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from portcheck import scan as scanning
from portcheck.analysis import Analysis, analyse
from portcheck.cli.analysis import conclude, how_to_prove, named_paths, use_colour, way_to
from portcheck.cli.deep import deep
from portcheck.cli.output import Output
from portcheck.result import ScanResult


def run(options: Namespace) -> int:
    """Returns the exit code."""
    with Output(options.output) as output, deep("the code"):
        analysis = analyse(named_paths(options), **how_to_prove(options))
        result = scanning.result_of(analysis.reading).without(analysis.lost)
        output.write(_report(analysis, result, options, output))
        return conclude(result, options, output)


def _report(analysis: Analysis, result: ScanResult, options: Namespace, output: Output) -> Iterator[str]:
    texts = dict(analysis.assumed.texts())
    if options.format == "text":
        from portcheck.report import transfer_text
        from portcheck.report.style import Style

        style = Style(use_colour(options.color, output), way_to(result.root))
        return transfer_text.render(result, analysis.judged, texts, style)
    from portcheck.report.transfer_records import is_layout, judged_record

    if options.format == "jsonl":
        from portcheck.report import jsonl

        return jsonl.render(result, (), map(judged_record, analysis.judged))
    from portcheck.report import json
    from portcheck.report.proof_records import assumption_records

    transfers = (judged_record(one) for one in analysis.judged if not is_layout(one))
    layouts = (judged_record(one) for one in analysis.judged if is_layout(one))
    more = (
        ("assumptions", assumption_records(texts, texts)),
        ("transfers", transfers),
        ("layouts", layouts),
    )
    return json.render(result, (), more)
