"""`portcheck show facts|kernels|calls|transfers|memory`: the model that everything else is made from."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from portcheck.cli.analysis import analyse, conclude, use_colour, way_to
from portcheck.cli.errors import UsageError
from portcheck.cli.output import Output
from portcheck.result import ScanResult


def run(options: Namespace) -> int:
    """Returns the exit code."""
    if options.kind and options.section != "facts":
        raise UsageError(f"--kind chooses among facts; 'show {options.section}' has none")
    if options.section == "transfers":
        from portcheck.cli import transfers_command

        return transfers_command.run(options)
    if options.section == "memory":
        from portcheck.cli import memory_command

        return memory_command.run(options)
    with Output(options.output) as output:
        result = analyse(options)
        output.write(_report(result, options, output))
        return conclude(result, options, output)


def _report(result: ScanResult, options: Namespace, output: Output) -> Iterator[str]:
    if options.format == "json":
        from portcheck.report import json

        return json.render(result, (options.section,))
    if options.format == "jsonl":
        from portcheck.report import jsonl

        return jsonl.render(result, (options.section,))
    from portcheck.report import listing
    from portcheck.report.style import Style

    style = Style(use_colour(options.color, output), way_to(result.root))
    return listing.render(result, options.section, style)
