"""`portcheck plan`: a folder with the migration plan of a tree for one target."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from textwrap import fill

from portcheck import scan as scanning
from portcheck.analysis import analyse
from portcheck.cli.analysis import (
    how_to_prove,
    named_paths,
    nothing_was_analysed,
    warn_of_gaps,
    warn_of_losses,
)
from portcheck.cli.deep import deep
from portcheck.cli.errors import EXIT_NOTHING, EXIT_OK, UsageError
from portcheck.cli.examine import chosen_targets
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.progress import Progress
from portcheck.cli.rule_choice import all_rules
from portcheck.pack import findings
from portcheck.pack.subjects import View
from portcheck.plan.build import build_plan
from portcheck.plan.model import Plan
from portcheck.report import plan_json, plan_md
from portcheck.report.plan_html import write_html
from portcheck.report.schema import PLAN_NAME
from portcheck.result import ScanResult
from portcheck.targets.text import Language

JSON_NAME, MARKDOWN_NAME = "plan.json", "plan.md"
_COLUMNS = 100


def run(options: Namespace) -> int:
    """Returns the exit code."""
    (target,) = chosen_targets([options.target], options.settings)
    rules = all_rules(options.rules)
    folder = Path(options.output)
    check_folder(folder)
    with deep("the code"):
        with Progress(enabled=not options.quiet) as progress:
            analysis = analyse(named_paths(options), progress=progress, **how_to_prove(options))
        result = scanning.result_of(analysis.reading)
        if not result.files:
            nothing_was_analysed(result)
            return EXIT_NOTHING
        view = View(analysis)
        plan = build_plan(view, findings(analysis, rules, (target,)), target)
        result = result.without(analysis.lost)
        write(plan, view, result, folder, language(options.lang))
    if not options.quiet:
        warn_of_losses(result)
        warn_of_gaps(result, f"{folder / MARKDOWN_NAME} says where")
    return EXIT_OK


def check_folder(folder: Path) -> None:
    """Raises UsageError where files that are not an earlier plan's could be lost."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"cannot write {folder}: it is no folder")
    try:
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise UsageError(f"cannot read {folder}: {error.strerror or error}") from error
    if not is_empty and not _is_plan(folder / JSON_NAME):
        hint = "name a new or empty folder, or that of an earlier plan"
        raise UsageError(f"{folder} holds files that are no plan of portcheck", hint)


def _is_plan(file: Path) -> bool:
    """Whether a file is a plan that this program wrote, of any version."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("schema") == PLAN_NAME


def write(plan: Plan, view: View, result: ScanResult, folder: Path, spoken: Language) -> None:
    """Write every file of the report, and print what a reader wants to know first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from error
    texts = view.analysis.assumed.texts(spoken)
    _write(folder / JSON_NAME, plan_json.render(plan, result, texts, spoken))
    _write(folder / MARKDOWN_NAME, plan_md.render(plan, result, texts, spoken))
    write_html(plan, view, folder, spoken)
    with Output(None) as output:
        output.write(fill(plan_md.summary(plan, spoken), _COLUMNS).splitlines())


def _write(file: Path, lines: Iterable[str]) -> None:
    with Output(str(file)) as output:
        output.write(lines)
