"""`portcheck plan`: a folder with the migration plan of a tree for one target."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os.path import relpath
from pathlib import Path
from textwrap import fill
from typing import Any

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
from portcheck.pack import Finding, Rule, findings
from portcheck.pack.subjects import View
from portcheck.plan import decisions
from portcheck.plan.build import build_plan
from portcheck.plan.changes import changes
from portcheck.plan.decisions import Decisions
from portcheck.plan.edition import Edition
from portcheck.plan.layouts import layouts
from portcheck.plan.matching import check_given
from portcheck.plan.unapplied import unapplied
from portcheck.report import plan_json, plan_md
from portcheck.report.annotate import annotate
from portcheck.report.plan_html import write_html
from portcheck.report.schema import PLAN_NAME
from portcheck.result import ScanResult
from portcheck.targets import Target
from portcheck.targets.text import Language

JSON_NAME, MARKDOWN_NAME = "plan.json", "plan.md"
_COLUMNS = 100


def run(options: Namespace) -> int:
    """Returns the exit code."""
    (target,) = chosen_targets([options.target], options.settings)
    rules = all_rules(options.rules)
    given = dict(_given(word) for word in options.given)
    folder = Path(options.output)
    before = _earlier(folder)
    decided = decisions.read(folder / decisions.NAME)
    with deep("the code"):
        with Progress(enabled=not options.quiet) as progress:
            analysis = analyse(named_paths(options), progress=progress, **how_to_prove(options))
        result = scanning.result_of(analysis.reading)
        if not result.files:
            nothing_was_analysed(result)
            return EXIT_NOTHING
        view = View(analysis)
        found = findings(analysis, rules, (target,))
        edition = _edition(view, found, rules, target, given, decided, before)
        result = result.without(analysis.lost)
        spoken = language(options.lang)
        write(edition, view, result, folder, spoken)
        if options.annotate is not None:
            _annotate(found, view, Path(options.annotate), spoken)
    if not options.quiet:
        warn_of_losses(result)
        warn_of_gaps(result, f"{folder / MARKDOWN_NAME} says where")
    return EXIT_OK


def _given(word: str) -> tuple[str, int | str]:
    """`hidden=7168`: a quantity of operators, and its value."""
    name, equals, text = (part.strip() for part in word.partition("="))
    if not equals or not text:
        raise UsageError(f"--given {word}: must be NAME=VALUE, such as hidden=7168")
    value = int(text) if text.isascii() and text.isdigit() else text
    try:
        check_given(name, value)
    except ValueError as error:
        raise UsageError(f"--given {word}: {error}") from error
    return name, value


def _edition(
    view: View,
    found: Sequence[Finding],
    rules: Sequence[Rule],
    target: Target,
    given: Mapping[str, int | str],
    decided: Decisions,
    before: Mapping[str, Any] | None,
) -> Edition:
    try:
        plan = build_plan(view, found, target, given)
    except ValueError as error:
        raise UsageError(f"--given: {error}") from error
    decided = decisions.stamped(decided, {item.id: item.fingerprint for item in plan.items.values()})
    return Edition(
        plan,
        layouts(view.analysis, target),
        unapplied(view, rules, found, target),
        decided,
        changes(before, plan, decided),
    )


def _earlier(folder: Path) -> Mapping[str, Any] | None:
    """The plan that is in the folder already, None for a new one.

    Raises UsageError where files that are not an earlier plan's could be lost.
    """
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise UsageError(f"cannot write {folder}: it is no folder")
    try:
        names = {file.name for file in folder.iterdir()}
    except OSError as error:
        raise UsageError(f"cannot read {folder}: {error.strerror or error}") from error
    document = _plan_in(folder / JSON_NAME)
    if document is None and names - {decisions.NAME}:
        hint = "name a new or empty folder, or that of an earlier plan"
        raise UsageError(f"{folder} holds files that are no plan of portcheck", hint)
    return document


def _plan_in(file: Path) -> Mapping[str, Any] | None:
    """A plan that this program wrote, of any version; None for anything else."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_plan = isinstance(document, dict) and document.get("schema") == PLAN_NAME
    return document if is_plan else None


def _annotate(found: Sequence[Finding], view: View, folder: Path, spoken: Language) -> None:
    """Copies of the sources with comments; never over a source."""
    try:
        annotate(found, [p.source for p in view.analysis.reading.parsed], folder, spoken)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise UsageError(f"--annotate {folder}: {said}") from error


def write(edition: Edition, view: View, result: ScanResult, folder: Path, spoken: Language) -> None:
    """Write every file of the report, and print what a reader wants to know first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from error
    texts = view.analysis.assumed.texts(spoken)
    try:
        decisions.write(folder / decisions.NAME, edition.decisions)
        write_html(edition, view, folder, spoken)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or folder}: {error.strerror or error}") from error
    seen = replace(result, root=_seen_from(folder, result.root))
    _write(folder / MARKDOWN_NAME, plan_md.render(edition, seen, texts, spoken))
    _write(folder / JSON_NAME, plan_json.render(edition, seen, texts, spoken))
    with Output(None) as output:
        output.write(fill(plan_md.summary(edition.plan, spoken), _COLUMNS).splitlines())


def _seen_from(folder: Path, root: str) -> str:
    """The way from the report to the sources: a report that is moved with them stays true."""
    try:
        return Path(relpath(root, folder)).as_posix()
    except ValueError:  # on another drive
        return root


def _write(file: Path, lines: Iterable[str]) -> None:
    with Output(str(file)) as output:
        output.write(lines)
