"""What the proofs take for granted: explicit, listed in a report, and the user's to change.

`rules/assumptions.toml` holds the sentences and defaults; the `assume` table of the project's
configuration switches one off with `false` or sets an alignment in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from portcheck.resources import rules_path
from portcheck.targets.reading import read_table
from portcheck.targets.text import Language, Text


class AssumptionError(Exception):
    """A user changes an assumption in a way that is not possible; the message says why."""


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


def assumptions(changes: Mapping[str, int | bool] | None = None) -> Assumptions:
    """The defaults with a user's changes by id: `False` switches one off, an integer sets an alignment
    in bytes. Raises AssumptionError for a change that cannot be made."""
    chosen: dict[str, int | bool | None] = {rule.id: rule.default for rule in _definitions()}
    for name, value in (changes or {}).items():
        chosen[name] = check_change(name, value)
    return Assumptions(**{_field(name): value for name, value in chosen.items()})  # type: ignore[arg-type]


def defaults() -> dict[str, int | bool]:
    """The default of each assumption by its id, in the order of the data file."""
    return {rule.id: rule.default for rule in _definitions()}


def check_change(name: str, value: object) -> int | bool | None:
    """What a change makes of an assumption. Raises AssumptionError, whose message is without the id."""
    rules = {rule.id: rule for rule in _definitions()}
    rule = rules.get(name)
    if rule is None:
        raise AssumptionError(f"no such assumption; there are {', '.join(rules)}")
    if rule.fixed:
        raise AssumptionError("the proofs compute so; it cannot be switched off")
    if value is False:
        return None if rule.alignment else False
    if value is True:
        return rule.default
    if not rule.alignment:
        raise AssumptionError("must be true or false, which switches it off")
    if not isinstance(value, int) or value < 1 or value & (value - 1):
        raise AssumptionError("must be false or a power of two, in bytes")
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
