"""`portcheck verify`: compile projects against the CPU model, run them, and say what is wrong."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from portcheck.ascendc import checking, inputs, manifest
from portcheck.ascendc.checking import Checked, CompileError, Library, NoCompilerError, RunError
from portcheck.ascendc.manifest import MAP_NAME, ManifestError
from portcheck.cli.errors import EXIT_FINDINGS, EXIT_NOTHING, EXIT_OK, UsageError
from portcheck.cli.language import language
from portcheck.cli.output import Output

_COMPILER_LINES, _SHOWN = 12, 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one project came to: lines for the reader, and whether something is wrong."""

    lines: tuple[str, ...]
    wrong: bool


def run(options: Namespace) -> int:
    """Returns the exit code."""
    folder = Path(options.folder)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    projects = list(_projects(folder))
    if not projects:
        print(f"portcheck: error: {folder} holds no project: no {MAP_NAME}", file=sys.stderr)
        return EXIT_NOTHING
    try:
        checking.compiler()
    except NoCompilerError as error:
        raise UsageError(str(error)) from error
    spoken = language(options.lang).value
    with Output(None) as output, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        wrong = 0
        for outcome in pool.map(lambda p: _verify(p, options.seeds, spoken), projects):
            wrong += outcome.wrong
            if outcome.wrong or not options.quiet:
                output.write(outcome.lines)
        output.write(_summary(len(projects), wrong, projects))
    return EXIT_FINDINGS if wrong else EXIT_OK


def _projects(folder: Path) -> Iterator[Path]:
    """The folder itself, or the folders in it that are projects."""
    if (folder / MAP_NAME).is_file():
        yield folder
        return
    yield from sorted(p.parent for p in folder.glob(f"*/{MAP_NAME}"))


def _summary(count: int, wrong: int, projects: list[Path]) -> list[str]:
    lines = [f"{count} {'project' if count == 1 else 'projects'}, {wrong} with something wrong"]
    if inputs.numpy() is None and any(map(inputs.has_reference, projects)):
        lines.append("NumPy is not installed: nothing was compared with the references")
    return lines


def _verify(project: Path, seeds: int, spoken: str) -> Outcome:
    try:
        library = checking.compiled(project)
    except (ManifestError, NoCompilerError) as error:
        return Outcome((f"{project}: {error}",), True)
    except CompileError as error:
        said = checking.shown(str(error).splitlines(), _COMPILER_LINES)
        return Outcome((f"{project.name}: does not compile", *(f"  {line}" for line in said)), True)
    try:
        return _ran(library, seeds, spoken)
    except RunError as error:
        return Outcome((str(error),), True)


def _ran(library: Library, seeds: int, spoken: str) -> Outcome:
    """Every seed with one core, a few and all."""
    described = library.manifest
    found: dict[Hashable, str] = {}
    refused, cases, compared = "", 0, False
    for seed in range(seeds):
        for cores in sorted({1, 3, described.cores}):
            checked = checking.check(library, cores=cores, seed=seed)
            refused = refused or checked.refused
            cases += not checked.refused
            compared = compared or checked.compared
            for key, line in _lines(checked, spoken):
                found.setdefault(key, f"  {line}")
    state = _state(len(manifest.gaps_left(library.project, described)), cases, compared)
    if not cases:
        return Outcome((f"{described.name}: compiles; not run: {refused}",), False)
    if not found:
        return Outcome((f"{described.name}: {state}",), False)
    return Outcome(
        (f"{described.name}: {len(found)} found, {state}", *checking.shown([*found.values()], _SHOWN)), True
    )


def _lines(checked: Checked, spoken: str) -> Iterator[tuple[Hashable, str]]:
    """Lines for the reader with what they are about: of the same check at the same line, one is enough."""
    for violation in checked.violations:
        yield (violation.check, violation.file, violation.line), violation.text(spoken)
    for number, difference in enumerate(checked.differences):
        yield ("reference", number), difference


def _state(gaps: int, cases: int, compared: bool) -> str:
    parts = [f"{cases} runs"]
    if compared:
        parts.append("compared with NumPy")
    if gaps:
        parts.append(f"{gaps} gaps")
    return ", ".join(parts)
