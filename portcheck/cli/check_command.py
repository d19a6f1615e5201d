"""`portcheck check`: the rules over a tree, and the exit code that a script acts on."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portcheck.checked import Checked
from portcheck.cli.analysis import (
    below_floor,
    how_to_prove,
    named_paths,
    nothing_was_analysed,
    use_colour,
    warn_of_gaps,
    way_to,
)
from portcheck.cli.deep import deep
from portcheck.cli.errors import EXIT_FINDINGS, EXIT_NOTHING, EXIT_OK, UsageError, unknown
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.remembered import remembered, rule_files, store
from portcheck.cli.reports import Reports
from portcheck.cli.repository import way_from_repository
from portcheck.config import Settings, where
from portcheck.report.presentation import Presentation
from portcheck.report.style import Style
from portcheck.targets import Target, targets


def run(options: Namespace) -> int:
    """Returns the exit code."""
    with Reports(options) as reports, deep("the code"):
        checked = check(options)
        reports.write(checked, lambda output: _presentation(checked, options, output))
    return _conclude(checked, options, reports)


def check(options: Namespace) -> Checked:
    """The findings of what the options name."""
    paths, how = named_paths(options), how_to_prove(options)
    chosen = (options.target, options.select, options.ignore, options.rules, rule_files(options.rules))
    found = remembered(store(options), Checked, chosen, paths, how, lambda: _found(paths, how, options))
    return replace(found, threshold=options.fail_on)


def _found(paths: Sequence[str], how: Mapping[str, Any], options: Namespace) -> Checked:
    """The findings, whatever is to be done with them. Of the files, the reports tell only the coverage."""
    from portcheck import scan as scanning
    from portcheck.analysis import analyse
    from portcheck.cli.rule_choice import all_rules, chosen
    from portcheck.pack import findings

    profiles = chosen_targets(options.target, options.settings)
    rules = chosen(all_rules(options.rules), options)
    analysis = analyse(paths, **how)
    result = scanning.result_of(analysis.reading)
    found = findings(analysis, rules, profiles) if result.files else ()
    coverage = replace(result, facts=(), kernels=(), calls=())
    return Checked(coverage, rules, profiles, tuple(found), analysis.assumed)


def _conclude(checked: Checked, options: Namespace, reports: Reports) -> int:
    """The exit code, with a line on stderr about what a reader of the reports could miss."""
    if not checked.result.files:
        nothing_was_analysed(checked.result)
        return EXIT_NOTHING
    if not reports.seen and not options.quiet:
        warn_of_gaps(checked.result)
    if below_floor(checked.result, options.coverage_floor or 0):
        return EXIT_NOTHING
    return EXIT_FINDINGS if checked.failing else EXIT_OK


def _presentation(checked: Checked, options: Namespace, output: Output) -> Presentation:
    root = checked.result.root
    style = Style(use_colour(options.color, output), way_to(root))
    return Presentation(language(options.lang), style, way_from_repository(root), options.summary)


def chosen_targets(names: Sequence[str], settings: Settings) -> tuple[Target, ...]:
    """The profiles of these targets, in the order of the profiles; all where none is named."""
    known = {target.name.lower(): target for target in targets()}
    for name in names:
        if name.lower() not in known:
            message = where(settings, "targets") + unknown("target", name, [t.name for t in targets()])
            raise UsageError(message, "try 'portcheck targets'")
    wanted = {name.lower() for name in names}
    return tuple(t for key, t in known.items() if not wanted or key in wanted)
