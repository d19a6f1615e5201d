"""`portcheck check`: the rules over a tree, and the exit code that a script acts on."""

from __future__ import annotations

from argparse import Namespace

from portcheck.checked import Checked
from portcheck.cli.analysis import (
    below_floor,
    how_to_prove,
    nothing_was_analysed,
    use_colour,
    warn_of_gaps,
    warn_of_losses,
    way_to,
)
from portcheck.cli.counting import counted
from portcheck.cli.deep import deep
from portcheck.cli.errors import EXIT_FINDINGS, EXIT_NOTHING, EXIT_OK
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.reports import Reports
from portcheck.cli.repository import way_from_repository
from portcheck.report.presentation import Presentation
from portcheck.report.style import Style


def run(options: Namespace) -> int:
    """Returns the exit code."""
    with Reports(options) as reports, deep("the code"):
        checked = check(options)
        reports.write(checked, lambda output: _presentation(checked, options, output))
    return _conclude(checked, options, reports)


def check(options: Namespace) -> Checked:
    """The findings of what the options name."""
    return counted(options, how_to_prove(options))


def _conclude(checked: Checked, options: Namespace, reports: Reports) -> int:
    """The exit code, with a line on stderr about what a reader of the reports could miss."""
    if not checked.result.files:
        nothing_was_analysed(checked.result)
        return EXIT_NOTHING
    if not options.quiet:
        warn_of_losses(checked.result)
    if not reports.seen and not options.quiet:
        warn_of_gaps(checked.result)
    if below_floor(checked.result, options.coverage_floor or 0):
        return EXIT_NOTHING
    return EXIT_FINDINGS if checked.failing else EXIT_OK


def _presentation(checked: Checked, options: Namespace, output: Output) -> Presentation:
    root = checked.result.root
    style = Style(use_colour(options.color, output), way_to(root))
    return Presentation(language(options.lang), style, way_from_repository(root), options.summary)
