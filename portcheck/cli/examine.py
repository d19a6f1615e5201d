"""The rules over a tree, before anybody says which findings count; kept between runs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portcheck.checked import Checked
from portcheck.cli.errors import UsageError, unknown
from portcheck.cli.remembered import remembered, rule_files, store
from portcheck.config import Settings, where
from portcheck.suppression.mark import Examined
from portcheck.targets import Target, targets


def examined(paths: Sequence[str], how: Mapping[str, Any], options: Namespace) -> Examined:
    """What the rules find in the files below the paths; `how` is of `how_to_prove`."""
    return remembered(
        store(options),
        Examined,
        question(options),
        paths,
        how,
        lambda: examine(paths, how, options),
        lambda found: not found.checked.result.lost,
    )


def question(options: Namespace) -> tuple[object, ...]:
    """What the answer depends on besides the files and how they are read."""
    return (options.target, options.select, options.ignore, options.rules, rule_files(options.rules))


def examine(
    paths: Sequence[str],
    how: Mapping[str, Any],
    options: Namespace,
    renamed: Mapping[str, str] | None = None,
) -> Examined:
    """The same, found anew. Of the files, it tells only the coverage.

    `renamed` gives files another path in the identities of findings.
    """
    from portcheck import scan as scanning
    from portcheck.analysis import analyse
    from portcheck.cli.rule_choice import all_rules, chosen
    from portcheck.pack import findings
    from portcheck.suppression.marks import marks

    profiles = chosen_targets(options.target, options.settings)
    every = all_rules(options.rules, store(options))
    rules = chosen(every, options)
    analysis = analyse(paths, **how)
    result = scanning.result_of(analysis.reading)
    found = findings(analysis, rules, profiles, renamed) if result.files else ()
    coverage = replace(result, facts=(), kernels=(), calls=()).without(analysis.lost)
    checked = Checked(coverage, rules, profiles, tuple(found), analysis.assumed)
    return Examined(checked, marks(analysis.reading.parsed), tuple(rule.code for rule in every))


def chosen_targets(names: Sequence[str], settings: Settings) -> tuple[Target, ...]:
    """The profiles of these targets, in the order of the profiles; all where none is named."""
    known = {target.name.lower(): target for target in targets()}
    for name in names:
        if name.lower() not in known:
            message = where(settings, "targets") + unknown("target", name, [t.name for t in targets()])
            raise UsageError(message, "try 'portcheck targets'")
    wanted = {name.lower() for name in names}
    return tuple(t for key, t in known.items() if not wanted or key in wanted)
