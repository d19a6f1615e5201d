"""`FILE:LINE`: the file and line that a question is about, and the tree that they are read in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from portcheck.cli.errors import UsageError
from portcheck.scan import Reading
from portcheck.source.paths import absolute, printable, relative
from portcheck.source.repository import is_repository

_SPOT = re.compile(r"(.+?):(\d+)(?::\d+)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spot:
    """`file` as the user wrote it; `line` from 1."""

    file: str
    line: int


def spot(text: str) -> Spot:
    """From `FILE:LINE`, or `FILE:LINE:COLUMN` as reports have it; raises UsageError."""
    match = _SPOT.fullmatch(text)
    shown = printable(text)
    if match is None:
        raise UsageError(f"'{shown}' names no line; write FILE:LINE")
    file, line = match.group(1), int(match.group(2))
    if os.path.isdir(file):
        raise UsageError(f"{printable(file)} is a folder; write FILE:LINE")
    if not os.path.exists(file):
        raise UsageError(f"{printable(file)}: no such file")
    if line < 1:
        raise UsageError(f"{shown}: lines begin at 1")
    return Spot(file, line)


def tree_around(file: str) -> str:
    """The Git repository that holds the file, else the file's folder."""
    own = at = os.path.dirname(absolute(file))
    while not is_repository(at):
        parent = os.path.dirname(at)
        if parent == at:
            return own
        at = parent
    return at


def path_in(reading: Reading, file: str) -> str:
    """What the reading calls the file; raises UsageError where it was not analysed."""
    root, named = reading.collection.root, absolute(file)
    shown = printable(relative(named, str(root)) or named)
    paths = {parsed.source.path for parsed in reading.parsed}
    if shown in paths:
        return shown
    real = os.path.realpath(named)
    for parsed in reading.parsed:
        if os.path.realpath(parsed.source.absolute) == real:
            return parsed.source.path
    skipped = {skip.path: skip.reason for skip in reading.collection.skipped}
    if shown in skipped:
        raise UsageError(f"{printable(file)} was not analysed: {skipped[shown]}")
    if any(source.path == shown for source in reading.collection.files):
        raise UsageError(f"{printable(file)} was not analysed: no CUDA in it; name it with --tree to insist")
    raise UsageError(f"{printable(file)} was not analysed: not among the files below {printable(str(root))}")
