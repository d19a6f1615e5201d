"""The rules that the command line chooses: shipped ones, a user's folders, `--select`, `--ignore`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from portcheck.cli.errors import UsageError, unknown
from portcheck.config import Settings, where
from portcheck.pack import Rule, load, pack
from portcheck.targets import RuleDataError


def own_rules(folders: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of a user's folders. Raises UsageError or RuleDataError."""
    found: dict[str, Rule] = {rule.code: rule for rule in pack()}
    own: list[Rule] = []
    for folder in folders:
        if not Path(folder).exists():
            raise UsageError(f"cannot read {folder}: No such file or directory")
        for rule in load(Path(folder)):
            other = found.setdefault(rule.code, rule)
            if other is not rule:
                raise RuleDataError(f"{rule.file}: code: {rule.code} is the code of {other.file} too")
            own.append(rule)
    return tuple(own)


def all_rules(folders: Iterable[str]) -> tuple[Rule, ...]:
    """What portcheck ships and a user's folders, by code."""
    return tuple(sorted((*pack(), *own_rules(folders)), key=lambda rule: rule.code))


def chosen(rules: Iterable[Rule], options: Namespace) -> tuple[Rule, ...]:
    """Those that `--select` names, all if it is not given, without those that `--ignore` names."""
    rules = tuple(rules)
    select = tuple(_prefixes(rules, options.select, options.settings, "select"))
    ignore = tuple(_prefixes(rules, options.ignore, options.settings, "ignore"))
    kept = [r for r in rules if not select or r.code.startswith(select)]
    return tuple(r for r in kept if not ignore or not r.code.startswith(ignore))


def _prefixes(rules: tuple[Rule, ...], listed: Iterable[str], settings: Settings, key: str) -> Iterator[str]:
    for text in (part.strip() for option in listed for part in option.split(",")):
        prefix = text.upper()
        if not prefix or not any(rule.code.startswith(prefix) for rule in rules):
            families = sorted({rule.family for rule in rules})
            raise UsageError(where(settings, key) + unknown("rule", text, families), "try 'portcheck rules'")
        yield prefix
