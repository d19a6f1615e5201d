"""`portcheck ported`: whether CUDA code changed after its port was recorded."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from portcheck.cli.analysis import how_to_read, nothing_was_analysed, use_colour, way_to
from portcheck.cli.deep import deep
from portcheck.cli.errors import EXIT_FINDINGS, EXIT_NOTHING, EXIT_OK, UsageError
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.remembered import remembered, store
from portcheck.cli.repository import repository_of
from portcheck.plan import decisions
from portcheck.plan.decisions import Decisions
from portcheck.plan.ported import Pieces, State, ported
from portcheck.report import ported_text
from portcheck.report.style import Style
from portcheck.result import ScanResult


def run(options: Namespace) -> int:
    """Returns the exit code."""
    return max(_one(file, options) for file in _files(options))


def _one(file: Path, options: Namespace) -> int:
    """The exit code for one file of decisions."""
    decided = decisions.read(file)
    with deep("the code"):
        tree = _pieces(file, options)
    if not tree.files:
        nothing_was_analysed(ScanResult(tree.root, (), tree.skipped, (), (), ()))
        return EXIT_NOTHING
    listed = ported(tree, decided)
    new = {o.decision.subject: o.now for o in listed if o.state is State.UNRECORDED}
    if options.record and new:
        _record(file, decisions.stamped(decided, new))
        listed = ported(tree, decisions.read(file))
    with Output(None) as output:
        style = Style(use_colour(options.color, output), way_to(tree.root))
        shown = os.path.relpath(file).replace(os.sep, "/")
        recorded = len(new) if options.record else 0
        output.write(ported_text.render(shown, listed, language(options.lang), style, recorded))
    return EXIT_OK if all(one.state is State.CURRENT for one in listed) else EXIT_FINDINGS


def _record(file: Path, decided: Decisions) -> None:
    try:
        decisions.write(file, decided)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror or error}") from error


def _pieces(file: Path, options: Namespace) -> Pieces:
    """Of the tree that a file of decisions is about: what is named, what is configured, else its folder."""
    include = options.settings.include
    trees = options.tree or list(include) or [str(file.parent)]
    how = how_to_read(options)
    if include and not options.tree:
        how["root"] = str(options.settings.file.parent)
    return remembered(store(options), Pieces, (), trees, how, lambda: _found(trees, how))


def _found(trees: Sequence[str], how: Mapping[str, Any]) -> Pieces:
    from portcheck.analysis import analyse
    from portcheck.pack.subjects import View
    from portcheck.plan.pieces import pieces

    return pieces(View(analyse(trees, **how)))


def _files(options: Namespace) -> Iterator[Path]:
    """The files of decisions: the one that is named, or the nearest of each path, each once."""
    if options.decisions:
        file = Path(options.decisions)
        if not file.is_file():
            raise UsageError(f"cannot read {os.path.relpath(file)}: no such file")
        yield file
        return
    found = dict.fromkeys(_nearest(path) for path in options.paths or [os.curdir])
    yield from found


def _nearest(path: str) -> Path:
    """The file of decisions beside a file, in a folder, or above it in the repository."""
    start = Path(os.path.abspath(path))
    if not start.exists():
        raise UsageError(f"cannot read {path}: no such file or folder")
    folder = start if start.is_dir() else start.parent
    top = repository_of(str(folder))
    for place in (folder, *folder.parents):
        if (place / decisions.NAME).is_file():
            return place / decisions.NAME
        if top is not None and place.resolve() == top:
            break
    hint = "it says what is ported; portcheck ported --help tells what stands in it"
    raise UsageError(f"no {decisions.NAME} at or above {path}", hint)
