"""From what was found in a tree to what counts: the scope, an older version, suppressions, a baseline."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portcheck.checked import Checked, Notice, Suppression
from portcheck.cli.check_scope import Scope, scope_of
from portcheck.cli.errors import UsageError
from portcheck.cli.examine import examine, examined, question
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.remembered import remembered_by, store
from portcheck.config import Origin, Settings, where
from portcheck.config.reading import shown
from portcheck.source.paths import printable, relative
from portcheck.source.place import Place
from portcheck.suppression import words
from portcheck.suppression.mark import Examined

if TYPE_CHECKING:
    from portcheck.cli.revision import Revision
    from portcheck.plan.decisions import Decisions
    from portcheck.suppression.baseline import Baseline

DECISIONS_NAME = "portcheck-plan.toml"


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of `check`: what was asked, and where."""

    options: Namespace
    scope: Scope
    how: Mapping[str, Any]


def counted(options: Namespace, how: Mapping[str, Any]) -> Checked:
    """The findings of what the options name, with everything that is to be said of them."""
    _check_options(options)
    baseline = _baseline(options)
    scope = scope_of(options, baseline.root if baseline is not None else _new_root(options))
    _check_whole(options, scope)
    only = tuple(sorted(scope.reported)) if scope.limited else None
    run = _Run(options, scope, {**how, "root": scope.root, "only": only})
    found = _reported(examined(scope.paths, run.how, options), scope)
    found = replace(found, checked=replace(found.checked, notices=_notices(found, options)))
    if options.diff is not None:
        found = _since(run, found)
    checked = replace(found.checked, threshold=options.fail_on, suppressions=_suppressed(found, run))
    checked = _remarked(checked, *_given(options))
    if scope.limited:
        files = len(checked.result.files)
        checked = _remarked(checked, words.LIMITED.fill(language(options.lang), files=files))
    if options.write_baseline is not None:
        return _written(checked, run)
    return _compared(checked, baseline, run) if baseline is not None else checked


def _given(options: Namespace) -> Iterator[str]:
    """What the user said of integer arguments: every finding may rest on it."""
    for name, values in options.settings.symbols.items():
        said = words.OR.said(language(options.lang)).join(map(str, values))
        yield words.GIVEN.fill(language(options.lang), name=name, values=said)


def _remarked(checked: Checked, *texts: str) -> Checked:
    return replace(checked, remarks=(*checked.remarks, *texts))


def _reported(found: Examined, scope: Scope) -> Examined:
    """What stands in the files that are reported."""
    findings = tuple(f for f in found.checked.findings if scope.reports(f.place.path))
    marks = tuple(m for m in found.marks if scope.reports(m.place.path))
    files = frozenset(f.path for f in found.checked.result.files if scope.reports(f.path))
    reported = files if scope.limited else None
    checked = replace(found.checked, findings=findings, reported=reported)
    return replace(found, checked=checked, marks=marks)


# -- suppressions --------------------------------------------------------------------------


def _notices(found: Examined, options: Namespace) -> tuple[Notice, ...]:
    if not found.marks:
        return ()
    from portcheck.suppression.matching import notices

    every = options.settings.origin("targets") is not Origin.COMMAND_LINE
    judged = {rule.code for rule in found.checked.rules} if every else set()
    spoken = language(options.lang)
    return tuple(notices(found.checked.findings, found.marks, set(found.codes), judged, spoken))


def _suppressed(found: Examined, run: _Run) -> Mapping[str, tuple[Suppression, ...]]:
    decisions = _decisions(run.options.settings, run.scope.root)
    if not found.marks and decisions is None:
        return {}
    from portcheck.suppression.matching import by_decisions, by_marks, joined

    said = by_marks(found.checked.findings, found.marks)
    return said if decisions is None else joined(said, by_decisions(found.checked.findings, decisions))


def _decisions(settings: Settings, root: str) -> Decisions | None:
    """The decisions that are named, or lie at the root of the scan; None where there are none."""
    file = Path(settings.decisions or os.path.join(root, DECISIONS_NAME))
    if not file.exists():
        if settings.decisions:
            raise UsageError(f"{where(settings, 'decisions')}{shown(file)}: no such file")
        return None
    from portcheck.plan.decisions import read

    return read(file)


# -- an older version ----------------------------------------------------------------------


def _since(run: _Run, found: Examined) -> Examined:
    """What is not in the revision that the findings are compared with."""
    from portcheck.cli.revision import revision
    from portcheck.suppression.comparison import introduced, new_notices

    before = revision(run.options.diff, _existing(run.scope.root))
    paths = (_below(path, before) for path in (*run.scope.paths, *run.scope.missing))
    before = before.below([path for path in paths if path is not None])
    _check_missing(run.scope, before)
    old = _reported(_older(run, before), run.scope)
    new = tuple(introduced(found.checked.findings, old.checked.findings))
    said = tuple(new_notices(found.checked.notices, _notices(old, run.options)))
    there, was = ({f.identity for f in one.checked.findings if f.open} for one in (found, old))
    text = words.SINCE.fill(
        language(run.options.lang),
        revision=run.options.diff,
        new=sum(f.open for f in new),
        known=len(there) - sum(f.open for f in new),
        gone=len(was - there),
    )
    checked = replace(found.checked, findings=new, notices=said)
    return replace(found, checked=_remarked(checked, text))


def _existing(folder: str) -> str:
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _check_missing(scope: Scope, before: Revision) -> None:
    """Raises UsageError for a path that exists neither now nor in the revision."""
    there = {os.path.join(before.top, blob.path) for blob in before.files}
    for path in scope.missing:
        real = os.path.realpath(path)
        if not any(one == real or one.startswith(f"{real}/") for one in there):
            raise UsageError(f"{printable(path)}: no such file or folder, and none in the revision")


def _older(run: _Run, before: Revision) -> Examined:
    """What the rules find in the revision, kept between runs by what its files are."""
    from portcheck.cli.revision import renamed

    root = _below(run.scope.root, before)
    if root is None:
        raise UsageError(f"--diff {run.options.diff}: {run.scope.root} is not in the repository {before.top}")
    names = {_shown(old, root): _shown(new, root) for old, new in renamed(before).items()}
    files = [(blob.path, blob.name) for blob in before.files]
    key = ("revision", question(run.options), run.how, run.scope.paths, before.top, files, names)
    kept = store(run.options)
    return remembered_by(
        kept,
        Examined,
        key,
        lambda: _examined_before(run, before, root, names),
        lambda found: not found.checked.result.lost,
    )


def _examined_before(run: _Run, before: Revision, root: str, names: Mapping[str, str]) -> Examined:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="portcheck-") as folder:
        top = os.path.realpath(folder)
        before.write(top)
        belows = (_below(path, before) for path in (*run.scope.paths, *run.scope.missing))
        listed = [os.path.normpath(os.path.join(top, below)) for below in belows if below is not None]
        patterns = run.how["exclude"]
        base = _below(patterns.base, before) if patterns.base else None
        only = run.how["only"]
        if only is not None:
            only = (*only, *(old for old, new in names.items() if run.scope.reports(new)))
        how = {
            **run.how,
            "only": only,
            "root": os.path.normpath(os.path.join(top, root)),
            "exclude": replace(patterns, base=os.path.normpath(os.path.join(top, base)) if base else ""),
        }
        found = examine([path for path in listed if os.path.lexists(path)], how, run.options, names)
    return _called(found, names)


def _called(found: Examined, names: Mapping[str, str]) -> Examined:
    """The same with files called by other names."""

    def place(was: Place) -> Place:
        return replace(was, path=names.get(was.path, was.path))

    findings = tuple(replace(f, place=place(f.place)) for f in found.checked.findings)
    marks = tuple(replace(m, place=place(m.place)) for m in found.marks)
    return replace(found, checked=replace(found.checked, findings=findings), marks=marks)


def _below(path: str, before: Revision) -> str | None:
    """The way from the repository's root to a path, None where it lies elsewhere."""
    return relative(os.path.realpath(path), before.top)


def _shown(path: str, root: str) -> str:
    """What a path below the repository's root is shown as, `root` being the scan's."""
    return printable(path if root == "." else relative(path, root) or path)


# -- the baseline --------------------------------------------------------------------------


def _check_options(options: Namespace) -> None:
    if options.prune_baseline and not options.baseline:
        raise UsageError("--prune-baseline: no baseline is given", "name it with --baseline FILE")
    if options.prune_baseline and options.write_baseline is not None:
        raise UsageError("--write-baseline writes a whole baseline; there is nothing to prune")
    writing = "--write-baseline" if options.write_baseline is not None else "--prune-baseline"
    if options.diff is not None and (options.write_baseline is not None or options.prune_baseline):
        raise UsageError(f"{writing} is about all findings, and --diff leaves some out")


def _check_whole(options: Namespace, scope: Scope) -> None:
    if options.write_baseline is not None and scope.limited:
        raise UsageError("--write-baseline is about whole folders", "name folders, and no files")


def _baseline(options: Namespace) -> Baseline | None:
    if options.write_baseline is not None or not options.baseline:
        return None
    from portcheck.suppression.baseline import BaselineError, read

    file = Path(shown(Path(options.baseline)))
    if not file.exists():
        origin = where(options.settings, "baseline")
        raise UsageError(f"{origin}{file}: no such file", f"to write it: --write-baseline {file}")
    try:
        return read(file)
    except BaselineError as error:
        raise UsageError(str(error)) from error


def _new_root(options: Namespace) -> str | None:
    """What a new baseline is relative to: the repository, so that it serves for its folders too."""
    if options.write_baseline is None:
        return None
    from portcheck.cli.repository import repository_of

    found = repository_of(options.paths[0] if options.paths else os.curdir)
    return None if found is None else str(found)


def _written(checked: Checked, run: _Run) -> Checked:
    from portcheck.suppression.baseline import Baseline, Entry, lines

    file, root = run.options.write_baseline, run.scope.root
    if not checked.result.files:
        return checked  # which is an error of its own
    _check_complete(checked, file)
    entries = {f.identity: Entry.of(f) for f in checked.counted if f.open}
    with Output(file) as output:
        output.write(lines(Path(file), root, entries.values()))
    text = words.WROTE.fill(language(run.options.lang), file=file, count=len(entries))
    return _known(_remarked(checked, text), Baseline(root, entries), file)


def _check_complete(checked: Checked, file: str) -> None:
    """Raises UsageError where findings are missing that the file should have."""
    if checked.result.lost:
        raise UsageError(f"{file} was left as it is: part of the analysis was lost", "run it once more")


def _known(checked: Checked, baseline: Baseline, name: str) -> Checked:
    said = baseline.suppressions(checked.counted, name)
    return replace(checked, suppressions={**checked.suppressions, **said})


def _compared(checked: Checked, baseline: Baseline, run: _Run) -> Checked:
    file, spoken = shown(Path(run.options.baseline)), language(run.options.lang)
    all_open = sum(f.open for f in checked.counted)
    after = _known(checked, baseline, file)
    new = sum(f.open for f in after.counted)
    texts = [words.BASELINE.fill(spoken, file=file, known=all_open - new, new=new)]
    if run.options.diff is None:
        texts += _gone(checked, baseline, run, file)
    return _remarked(after, *texts)


def _gone(checked: Checked, baseline: Baseline, run: _Run, file: str) -> Iterator[str]:
    """What is said of entries that are no longer found, after taking them out if that is asked for."""
    if not checked.result.files or (checked.result.lost and not run.options.prune_baseline):
        return
    skipped = [one.path for one in checked.result.skipped]
    codes = [rule.code for rule in checked.rules]
    found = baseline.gone(checked.findings, codes, skipped)
    gone = [entry for entry in found if run.scope.reports(entry.path)]
    spoken = language(run.options.lang)
    if run.options.prune_baseline:
        from portcheck.suppression.baseline import lines

        _check_complete(checked, file)
        kept = [entry for entry in baseline.entries.values() if entry not in gone]
        if gone:
            with Output(file) as output:
                output.write(lines(Path(file), baseline.root, kept))
        yield words.PRUNED.fill(spoken, file=file, count=len(gone))
    elif gone:
        yield words.GONE.fill(spoken, count=len(gone))
