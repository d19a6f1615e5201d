"""The rules that the command line chooses: shipped ones, a user's folders, `--select`, `--ignore`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from portcheck.cache import Store
from portcheck.cli.errors import UsageError, unknown
from portcheck.cli.remembered import remembered_by
from portcheck.config import Settings, where
from portcheck.pack import Rule, load, pack
from portcheck.targets import RuleDataError


def own_rules(folders: Iterable[str], shipped: tuple[Rule, ...] | None = None) -> tuple[Rule, ...]:
    """The rules of a user's folders. Raises UsageError or RuleDataError."""
    found: dict[str, Rule] = {rule.code: rule for rule in shipped or pack()}
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


def all_rules(folders: Iterable[str], kept: Store | None = None) -> tuple[Rule, ...]:
    """What portcheck ships and a user's folders, by code. To read the shipped ones from their many files
    takes ten times as long as from the cache, if there is one."""
    shipped = pack() if kept is None else remembered_by(kept, tuple, "the shipped rules", pack)
    return tuple(sorted((*shipped, *own_rules(folders, shipped)), key=lambda rule: rule.code))


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
