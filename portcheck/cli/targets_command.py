"""`portcheck targets`: what is known of the targets, side by side, or of one with its sources."""

from __future__ import annotations

from argparse import Namespace

from portcheck.cli.analysis import use_colour
from portcheck.cli.errors import EXIT_OK
from portcheck.cli.examine import chosen_targets
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.config import Settings
from portcheck.report.style import Style
from portcheck.report.targets_text import render_table, render_target
from portcheck.targets import targets


def run(options: Namespace) -> int:
    """Returns the exit code."""
    spoken = language(options.lang)
    with Output(None) as output:
        style = Style(use_colour("auto", output))
        if options.name is None:
            output.write(render_table(targets(), style, spoken))
        else:
            output.write(render_target(chosen_targets([options.name], Settings())[0], style, spoken))
    return EXIT_OK
