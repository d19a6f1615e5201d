"""`portcheck skeleton`: a folder with an Ascend C project for each kernel of a tree."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

from portcheck import scan as scanning
from portcheck.analysis import analyse
from portcheck.ascendc import refresh
from portcheck.ascendc.checking import shown
from portcheck.ascendc.generation import README, Generation
from portcheck.ascendc.project import Item
from portcheck.ascendc.refresh import Outcome, Refresh, RefreshError
from portcheck.cli.analysis import (
    how_to_prove,
    named_paths,
    nothing_was_analysed,
    warn_of_gaps,
    warn_of_losses,
)
from portcheck.cli.deep import deep
from portcheck.cli.errors import EXIT_FINDINGS, EXIT_NOTHING, EXIT_OK, UsageError, unknown
from portcheck.cli.examine import chosen_targets
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.progress import Progress
from portcheck.cli.rule_choice import all_rules
from portcheck.pack import findings
from portcheck.pack.subjects import View

_SHOWN = 20  # lines of what is generated differently, at a conflict


def run(options: Namespace) -> int:
    """Returns the exit code."""
    (target,) = chosen_targets([options.target], options.settings)
    rules = all_rules(options.rules)
    folder = Path(options.output)
    with deep("the code"):
        with Progress(enabled=not options.quiet) as progress:
            analysis = analyse(named_paths(options), progress=progress, **how_to_prove(options))
        result = scanning.result_of(analysis.reading)
        if not result.files:
            nothing_was_analysed(result)
            return EXIT_NOTHING
        view = View(analysis)
        generation = Generation(view, findings(analysis, rules, (target,)), target, language(options.lang))
        items = _items(generation, options.kernel)
        if not items:
            print("portcheck: error: there is no __global__ kernel", file=sys.stderr)
            return EXIT_NOTHING
        try:
            index = not options.kernel or not (folder / README).exists()
            planned = refresh.plan(folder, target.name, generation.projects(items, index=index))
        except RefreshError as error:
            raise UsageError(str(error)) from error
    if not options.quiet:
        warn_of_losses(result.without(analysis.lost))
        warn_of_gaps(result)
    return _preview(planned) if options.diff else _write(planned, items, options.quiet)


def _items(generation: Generation, wanted: list[str]) -> list[Item]:
    """The items that are asked for. Raises UsageError for a name that no kernel has."""
    for name in wanted:
        if not list(generation.named(name)):
            short = [k.rsplit("::", 1)[-1] for k in generation.kernels]
            raise UsageError(unknown("kernel", name, sorted({*short, *generation.kernels})))
    return list(generation.items(wanted))


def _preview(planned: Refresh) -> int:
    """Show what would change, and change nothing."""
    with Output(None) as output:
        for change in planned.changes:
            output.write(change.diff())
    return EXIT_FINDINGS if planned.conflicts else EXIT_OK


def _write(planned: Refresh, items: list[Item], quiet: bool) -> int:
    try:
        planned.apply()
    except OSError as error:
        raise UsageError(f"cannot write {planned.folder}: {error.strerror or error}") from error
    if not quiet:
        with Output(None) as output:
            output.write(_summary(planned, items))
    for change in planned.conflicts:
        copy = planned.folder / refresh.OWN / "conflicts" / change.path
        print(
            f"portcheck: conflict: {planned.folder / change.path}: merged with markers in {copy}",
            *(f"  {line}" for line in shown(change.news, _SHOWN)),
            sep="\n",
            file=sys.stderr,
        )
    if planned.conflicts:
        print(
            "portcheck: these projects are as they were; resolve the markers in the copies and run again",
            file=sys.stderr,
        )
    return EXIT_FINDINGS if planned.conflicts else EXIT_OK


def _summary(planned: Refresh, items: list[Item]) -> list[str]:
    lines = []
    for item in items:
        state = f"complete, {item.body.archetype}" if item.body.is_complete else _skeleton(item)
        lines.append(f"{item.folder}: {item.kernel}: {state}")
    counts = Counter(c.outcome for c in planned.changes)
    told = ", ".join(f"{counts[o]} {o.value}" for o in Outcome if counts[o])
    counted = f"{len(items)} {'project' if len(items) == 1 else 'projects'}"
    lines.append(f"{counted} for {planned.target} in {planned.folder}; files: {told}")
    others = refresh.left_over(planned.folder, planned.items)
    return [*lines, *(f"{name}: not written this time, its folder stays" for name in others)]


def _skeleton(item: Item) -> str:
    gaps = len(item.body.gaps)
    kind = item.body.archetype or "structured skeleton"
    return f"{kind}, {gaps} {'gap' if gaps == 1 else 'gaps'}"
