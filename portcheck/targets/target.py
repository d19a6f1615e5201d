"""Target profiles: what an Ascend product can do, each number with its source (`rules/targets`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portcheck.resources import rules_path
from portcheck.targets.reading import Table, read_folder
from portcheck.targets.text import Language, Text


@dataclass(frozen=True, slots=True)
class Value:
    """A fact of a profile: `source` says where it is published, `note` what a reader must know of it."""

    key: str
    value: int | bool | str
    source: str
    note: Text


@dataclass(frozen=True, slots=True)
class Target:
    """One product family.

    Every key is either in `values` or, with the reason, in `unsourced`: a number without a
    public source is never guessed. All targets have the same keys.
    """

    name: str
    title: str
    products: tuple[str, ...]
    values: tuple[Value, ...]
    unsourced: tuple[tuple[str, Text], ...]

    @property
    def arch(self) -> int:
        """`__NPU_ARCH__`, for example 2201."""
        arch = self.number("npu_arch")
        assert arch is not None  # the reader refuses a profile without it
        return arch

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(v.key for v in self.values) | {key for key, _ in self.unsourced}

    def number(self, key: str) -> int | None:
        """The number in the unit that the key names; None where no source gives one."""
        value = self.value(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise KeyError(f"{self.name}: {key} is no number")
        return value

    def flag(self, key: str) -> bool | None:
        """Whether the target can do it; None where no source says."""
        value = self.value(key)
        if value is not None and not isinstance(value, bool):
            raise KeyError(f"{self.name}: {key} is no flag")
        return value

    def word(self, key: str) -> str | None:
        """A fact that is one of a few words, such as `down`; None where no source says."""
        value = self.value(key)
        if value is not None and not isinstance(value, str):
            raise KeyError(f"{self.name}: {key} is no word")
        return value

    def source(self, key: str) -> str | None:
        """Where the fact is published: repository at revision, path and lines, or an address."""
        fact = self._fact(key)
        return fact.source if fact else None

    def note(self, key: str, language: Language = Language.EN) -> str:
        """What a reader must know of the fact; "" where nothing was noted or there is no value."""
        fact = self._fact(key)
        return fact.note.fill(language) if fact else ""

    def reason(self, key: str, language: Language = Language.EN) -> str | None:
        """Why there is no value; None where there is one."""
        missing = dict(self.unsourced).get(key)
        return missing.fill(language) if missing else None

    def _fact(self, key: str) -> Value | None:
        found = next((v for v in self.values if v.key == key), None)
        if found is None and all(key != k for k, _ in self.unsourced):
            raise KeyError(f"{self.name}: no key {key}")
        return found

    def value(self, key: str) -> int | bool | str | None:
        """The fact, whatever its type; None where no source gives one."""
        fact = self._fact(key)
        return fact.value if fact else None


@cache
def targets() -> tuple[Target, ...]:
    """The profiles that portcheck ships, by name; raises RuleDataError where one is malformed."""
    return load_targets(rules_path() / "targets")


def load_targets(folder: Path) -> tuple[Target, ...]:
    """The profiles of a folder, one a file, checked against each other."""
    read = [(table, _target(table)) for table in read_folder(folder)]
    kinds: dict[str, tuple[type, str]] = {}
    for table, target in read:
        for fact in target.values:
            kind, first = kinds.setdefault(fact.key, (type(fact.value), target.name))
            if kind is not type(fact.value):
                raise table.error(f"values.{fact.key}", f"is {kind.__name__} in the profile of {first}")
    every = frozenset[str]().union(*(target.keys for _, target in read))
    for table, target in read:
        if every - target.keys:
            raise table.error(min(every - target.keys), "neither under values nor under unsourced")
    names = [target.name for _, target in read]
    for table, target in read:
        if names.count(target.name) > 1:
            raise table.error("name", f"{target.name} twice")
    return tuple(target for _, target in read)


def _target(table: Table) -> Target:
    name, title = table.string("name"), table.string("title")
    products = table.table("products")
    names = products.strings("value")
    products.string("source")
    products.close()
    values_table = table.table("values")
    values = tuple(_value(values_table, key) for key in values_table.names())
    missing = table.table("unsourced") if table.has("unsourced") else None
    unsourced = tuple((key, _reason(missing, key)) for key in missing.names()) if missing else ()
    table.close()
    both = {v.key for v in values} & {key for key, _ in unsourced}
    if both:
        raise table.error(min(both), "both under values and under unsourced")
    arch = next((v.value for v in values if v.key == "npu_arch"), None)
    if isinstance(arch, bool) or not isinstance(arch, int):
        raise table.error("values.npu_arch", "must be a number")
    return Target(name, title, names, values, unsourced)


def _value(values: Table, key: str) -> Value:
    row = values.table(key)
    value = row.take("value")
    if not isinstance(value, int | str):
        raise row.error("value", "must be an integer, true, false or a word")
    if not isinstance(value, bool) and isinstance(value, int) and value <= 0:
        raise row.error("value", "must be positive")
    note = row.table("note") if row.has("note") else None
    fact = Value(key, value, row.string("source"), note.text() if note else Text("", ""))
    if note:
        note.close()
    row.close()
    return fact


def _reason(unsourced: Table, key: str) -> Text:
    row = unsourced.table(key)
    reason = row.text()
    row.close()
    return reason
