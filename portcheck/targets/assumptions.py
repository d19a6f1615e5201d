"""What the proofs take for granted: explicit, listed in a report, and the user's to change.

`rules/assumptions.toml` holds the sentences and defaults; `[tool.portcheck.assume]` of the
scanned project's pyproject.toml switches one off with `false` or sets an alignment in bytes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from portcheck.resources import rules_path
from portcheck.targets.reading import read_table
from portcheck.targets.text import Language, Text

_HERE = "[tool.portcheck.assume]"


class AssumptionError(Exception):
    """The user's pyproject.toml overrides an assumption wrongly; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The assumptions in force: an alignment in bytes, None when off; a switch, False when off.

    `no_overflow` is how the proofs compute: it is always True.
    """

    shared_maps_to_ub: int | None
    allocated_bases: int | None
    sizes_not_negative: bool
    no_overflow: bool
    tree_is_program: bool
    elected_lane: bool
    lines_reached: bool

    def texts(self, language: Language = Language.EN) -> tuple[tuple[str, str], ...]:
        """Id and sentence of each assumption that is in force, in the order of the data file."""
        rows = ((rule, getattr(self, _field(rule.id))) for rule in _definitions())
        return tuple((rule.id, rule.text.fill(language, value=value)) for rule, value in rows if value)


@dataclass(frozen=True, slots=True)
class _Definition:
    id: str
    default: int | bool
    text: Text
    fixed: bool

    @property
    def alignment(self) -> bool:
        return not isinstance(self.default, bool)


def assumptions(start: Path | None = None) -> Assumptions:
    """The assumptions for a scan of `start`: the defaults, changed by the nearest pyproject.toml.

    Nearest is at or above `start`, a file or a folder; None reads no file.
    Raises AssumptionError where that file is not TOML or sets something wrongly.
    """
    chosen: dict[str, int | bool | None] = {rule.id: rule.default for rule in _definitions()}
    file = _nearest(start) if start else None
    if file:
        chosen |= _overrides(file)
    return Assumptions(**{_field(name): value for name, value in chosen.items()})  # type: ignore[arg-type]


def _nearest(start: Path) -> Path | None:
    path = start.resolve()
    files = (folder / "pyproject.toml" for folder in (path, *path.parents))
    return next((file for file in files if file.is_file()), None)


def _overrides(file: Path) -> dict[str, int | bool | None]:
    try:
        table: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise AssumptionError(f"{file}: cannot be read: {error}") from None
    for key in ("tool", "portcheck", "assume"):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise AssumptionError(f"{file}: {key} must be a table")
    return {name: _override(file, name, value) for name, value in table.items()}


def _override(file: Path, name: str, value: object) -> int | bool | None:
    rules = {rule.id: rule for rule in _definitions()}
    rule = rules.get(name)
    if rule is None:
        raise AssumptionError(f"{file}: {_HERE} {name}: no such assumption; there are {', '.join(rules)}")
    if rule.fixed:
        raise AssumptionError(f"{file}: {_HERE} {name}: the proofs compute so; it cannot be switched off")
    if value is False:
        return None if rule.alignment else False
    if not rule.alignment:
        raise AssumptionError(f"{file}: {_HERE} {name}: must be false, which switches it off")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or value & (value - 1):
        raise AssumptionError(f"{file}: {_HERE} {name}: must be false or a power of two, in bytes")
    return value


@cache
def _definitions() -> tuple[_Definition, ...]:
    table = read_table(rules_path() / "assumptions.toml")
    found = []
    for row in table.tables("assumption"):
        name, default = row.string("id"), row.take("default")
        if default is not True and (isinstance(default, bool) or not isinstance(default, int)):
            raise row.error("default", "must be true or an alignment in bytes")
        row.strings("sources")
        fixed = row.has("fixed") and row.take("fixed") is True
        found.append(_Definition(name, default, row.text(frozenset({"value"})), fixed))
        row.close()
    table.close()
    if sorted(_field(rule.id) for rule in found) != sorted(f.name for f in fields(Assumptions)):
        raise table.error("assumption", "the ids are not those that the proofs know")
    return tuple(found)


def _field(name: str) -> str:
    return name.replace("-", "_")
