"""Reads the requirements of `rules/requirements`, each checked against every target profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TypeVar

from portcheck.resources import rules_path
from portcheck.targets.reading import Table, read_folder
from portcheck.targets.requirement import Instead, Kind, Quantity, Requirement, Severity
from portcheck.targets.target import Target, targets
from portcheck.targets.text import Text

_CODE = re.compile(r"[A-Z]{2,4}\d{3}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FIELDS = frozenset({"target", "value"})


@cache
def requirements() -> tuple[Requirement, ...]:
    """The requirements that portcheck ships, by code; raises RuleDataError where one is malformed."""
    return load_requirements(rules_path() / "requirements", targets())


def load_requirements(folder: Path, profiles: Sequence[Target]) -> tuple[Requirement, ...]:
    """The requirements of a folder, one a file, checked against the profiles that they are asked of."""
    found: dict[str, Requirement] = {}
    for table in read_folder(folder):
        requirement = _requirement(table, profiles)
        for other in found.values():
            if other.code == requirement.code:
                raise table.error("code", f"{other.code} is the code of {other.name}")
            if other.name == requirement.name:
                raise table.error("name", f"{other.name} is the name of {other.code}")
        found[requirement.code] = requirement
    return tuple(found[code] for code in sorted(found))


def _requirement(table: Table, profiles: Sequence[Target]) -> Requirement:
    code, name = table.string("code"), table.string("name")
    if not _CODE.fullmatch(code):
        raise table.error("code", "must be letters and three digits, such as MTE001")
    if not _NAME.fullmatch(name):
        raise table.error("name", "must be words joined by hyphens")
    requirement = Requirement(
        code,
        name,
        _member(table, "severity", Severity),
        _member(table, "quantity", Quantity),
        _member(table, "kind", Kind),
        _profile_key(table, "key", profiles, flag=False),
        _profile_key(table, "needs", profiles, flag=True),
        _text(table, "demand", _FIELDS),
        _text(table, "failure", _FIELDS),
        _text(table, "absent", frozenset({"target"})) if table.has("absent") else None,
        tuple(_instead(row, profiles) for row in table.tables("instead")),
        table.strings("sources"),
    )
    table.close()
    for target in profiles:
        if requirement.applies(target):
            if not any(i.fits(target) for i in requirement.instead):
                raise table.error("instead", f"nothing for {target.name}")
        elif requirement.absent is None:
            raise table.error("absent", f"missing, and {target.name} needs it")
    return requirement


_Member = TypeVar("_Member", bound=StrEnum)


def _member(table: Table, key: str, kind: type[_Member]) -> _Member:
    given = table.string(key)
    found = next((m for m in kind if m.value == given), None)
    if found is None:
        raise table.error(key, f"'{given}' is none of {', '.join(m.value for m in kind)}")
    return found


def _profile_key(table: Table, key: str, profiles: Sequence[Target], *, flag: bool) -> str:
    """A key that every profile has; a flag may be left out."""
    if flag and not table.has(key):
        return ""
    given = table.string(key)
    for target in profiles:
        try:
            _ = target.flag(given) if flag else target.number(given)
        except KeyError as error:
            raise table.error(key, f"not of the profiles: {error.args[0]}") from None
    return given


def _text(table: Table, key: str, fields: frozenset[str]) -> Text:
    row = table.table(key)
    text = row.text(fields)
    row.close()
    return text


def _instead(row: Table, profiles: Sequence[Target]) -> Instead:
    has = _profile_key(row, "has", profiles, flag=True)
    lacks = _profile_key(row, "lacks", profiles, flag=True)
    instead = Instead(has, lacks, row.text(_FIELDS))
    row.close()
    return instead
