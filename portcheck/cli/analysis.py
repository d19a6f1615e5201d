"""What `scan` and `show` have in common: from options to a scan's result and exit code."""

from __future__ import annotations

import math
import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from portcheck.cli.errors import EXIT_NOTHING, EXIT_OK, UsageError
from portcheck.cli.output import Output
from portcheck.cli.progress import Progress
from portcheck.cli.remembered import remembered, store
from portcheck.config import where
from portcheck.config.reading import shown
from portcheck.program.knowledge import OwnMacros
from portcheck.result import ScanResult
from portcheck.source import Patterns
from portcheck.targets import assumptions


def analyse(options: Namespace) -> ScanResult:
    """Scan what the options name, and keep the facts of the kinds that they ask for."""
    paths, how = named_paths(options), how_to_read(options)

    def scan() -> ScanResult:
        import portcheck.scan

        with Progress(enabled=not options.quiet) as progress:
            return portcheck.scan.scan(paths, progress=progress, **how)

    result = remembered(store(options), ScanResult, "scan", paths, how, scan)
    if not options.kind:
        return result
    return replace(result, facts=tuple(fact for fact in result.facts if fact.kind in options.kind))


def named_paths(options: Namespace) -> list[str]:
    """The paths of the command line and of `--files-from`, else what the configuration includes."""
    paths = [*options.paths, *_listed(options.files_from)]
    if paths or options.files_from is not None:
        return paths
    if options.settings.include:
        return included(options)
    command = f"{options.command} {getattr(options, 'section', '')}".rstrip()
    raise UsageError("no PATH given", f"to analyse this folder: portcheck {command} .")


def included(options: Namespace) -> list[str]:
    """What the configuration includes. Raises UsageError for what does not exist."""
    settings = options.settings
    for path in settings.include:
        if not os.path.lexists(path):
            raise UsageError(f"{where(settings, 'include')}{shown(Path(path))}: no such file or folder")
    return list(settings.include)


def exclude_of(options: Namespace) -> Patterns:
    """What is left out, and the folder that this is relative to."""
    return Patterns(tuple(options.exclude), options.settings.exclude_base)


def how_to_read(options: Namespace) -> dict[str, Any]:
    """What `portcheck.scan` is told besides the paths."""
    settings = options.settings
    names_nothing = not getattr(options, "paths", True) and options.files_from is None
    return {
        "defines": options.define,
        "exclude": exclude_of(options),
        "root": str(settings.file.parent) if names_nothing and settings.file is not None else None,
        "own_macros": OwnMacros(frozenset(settings.assert_macros), settings.launch_macros),
    }


def how_to_prove(options: Namespace) -> dict[str, Any]:
    """What `portcheck.analysis.analyse` is told besides the paths."""
    settings = options.settings
    proving = {"assumed": assumptions(settings.assume), "symbols": settings.symbols}
    return {**how_to_read(options), **proving}


def conclude(result: ScanResult, options: Namespace, output: Output) -> int:
    """The exit code, with a line on stderr about what a reader of the report could miss."""
    if not result.files:
        nothing_was_analysed(result)
        return EXIT_NOTHING
    if not options.quiet:
        warn_of_losses(result)
    seen = output.is_standard and options.format == "text"
    if not seen and not options.quiet:
        warn_of_gaps(result)
    return EXIT_OK


def nothing_was_analysed(result: ScanResult) -> None:
    """The error on stderr of a run that read no file."""
    print(f"portcheck: error: nothing was analysed: {_why_nothing(result)}", file=sys.stderr)


def below_floor(result: ScanResult, floor_percent: float) -> bool:
    """Whether less was read than was asked for, with the error on stderr."""
    share = result.covered_percent
    if share >= floor_percent:
        return False
    shown = math.floor(share * 100) / 100  # never rounded up to the floor
    print(
        f"portcheck: error: {shown:.2f} % of the bytes could be read, less than the floor of "
        f"{floor_percent:g} %",
        file=sys.stderr,
    )
    return True


def use_colour(choice: str, output: Output) -> bool:
    """`--color`, and for `auto` a terminal, no NO_COLOR (no-color.org) and no dumb terminal."""
    if choice != "auto":
        return choice == "always"
    return output.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def way_to(root: str) -> str:
    """What to put before a path below `root` so that it opens from the current folder."""
    way = os.path.relpath(root).replace(os.sep, "/")
    if way == os.curdir:
        return ""
    return f"{min(way, root, key=len)}/"


def _listed(source: str | None) -> list[str]:
    if source is None:
        return []
    try:
        if source == "-":
            data = sys.stdin.buffer.read() if sys.stdin is not None else b""
        else:
            with open(source, "rb") as stream:
                data = stream.read()
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from error
    return [os.fsdecode(line.rstrip(b"\r")) for line in data.split(b"\n") if line.strip()]


def _why_nothing(result: ScanResult) -> str:
    if not result.skipped:
        return "no CUDA or C++ file was found"
    first = result.skipped[0]
    others = f" (and {len(result.skipped) - 1} more)" if len(result.skipped) > 1 else ""
    return f"{first.path}: {first.reason}{others}"


def warn_of_losses(result: ScanResult) -> None:
    """A line on stderr for each part that was given up in this run alone."""
    for region in result.lost:
        print(
            f"portcheck: warning: {region.place.path}:{region.place.line}: {region.reason}", file=sys.stderr
        )


def warn_of_gaps(result: ScanResult, where: str = "the report says where") -> None:
    """One line on stderr where something was not read."""
    gaps = []
    if result.skipped:
        gaps.append(f"{len(result.skipped)} skipped")
    if result.unreadable_bytes:
        gaps.append(f"{result.unreadable_bytes} of {result.total_bytes} bytes could not be parsed")
    if gaps:
        print(f"portcheck: warning: {'; '.join(gaps)}; {where}", file=sys.stderr)
