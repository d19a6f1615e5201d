"""`portcheck scan`: analyse, and write the report in the format asked for."""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Iterator

from portcheck.cli.analysis import analyse, conclude, use_colour, way_to
from portcheck.cli.output import Output
from portcheck.result import ScanResult


def run(options: Namespace) -> int:
    """Returns the exit code."""
    with Output(options.output) as output:
        result = analyse(options)
        output.write(_report(result, options, output))
        return conclude(result, options, output)


def _report(result: ScanResult, options: Namespace, output: Output) -> Iterator[str]:
    if options.format == "json":
        from portcheck.report import json

        return json.render(result)
    if options.format == "jsonl":
        from portcheck.report import jsonl

        return jsonl.render(result)
    if options.format == "sarif":
        from portcheck.report import sarif

        return sarif.render(result)
    return _text(result, options, output)


def _text(result: ScanResult, options: Namespace, output: Output) -> Iterator[str]:
    from portcheck.cli.source_text import SourceText
    from portcheck.report import summary, text
    from portcheck.report.style import Style

    style = Style(use_colour(options.color, output), way_to(result.root))
    if options.summary:
        return summary.summary(result, style)
    width = shutil.get_terminal_size().columns if output.is_terminal else text.WIDTH_COLUMNS
    return text.render(result, SourceText(result), style, width)
