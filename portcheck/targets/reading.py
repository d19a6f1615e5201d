"""Strict reading of portcheck's own data files: what is missing, empty or unknown is one clear error."""

from __future__ import annotations

import tomllib
from pathlib import Path
from string import Formatter
from typing import Any

from portcheck.targets.text import Text


class RuleDataError(Exception):
    """A data file is malformed; the message names the file and the key."""


class Table:
    """A table of a data file, taken key by key; `close` refuses the keys that nobody took."""

    __slots__ = ("_at", "_file", "_left")

    def __init__(self, data: dict[str, Any], file: Path, at: str = "") -> None:
        self._left = dict(data)
        self._file = file
        self._at = at

    def error(self, key: str, problem: str) -> RuleDataError:
        return RuleDataError(f"{self._file.parent.name}/{self._file.name}: {self._at}{key}: {problem}")

    def has(self, key: str) -> bool:
        return key in self._left

    def names(self) -> tuple[str, ...]:
        return tuple(self._left)

    def take(self, key: str) -> object:
        if key not in self._left:
            raise self.error(key, "missing")
        value: object = self._left.pop(key)
        return value

    def string(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be a string with something in it")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, "must be a list with something in it")
        found = tuple(v for v in value if isinstance(v, str) and v.strip())
        if len(found) != len(value):
            raise self.error(key, "every entry must be a string with something in it")
        return found

    def table(self, key: str) -> Table:
        value = self.take(key)
        if not isinstance(value, dict):
            raise self.error(key, "must be a table")
        return Table(value, self._file, f"{self._at}{key}.")

    def tables(self, key: str) -> tuple[Table, ...]:
        value = self.take(key)
        if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
            raise self.error(key, "must be a list of tables")
        return tuple(Table(v, self._file, f"{self._at}{key}[{i}].") for i, v in enumerate(value))

    def text(self, fields: frozenset[str] = frozenset()) -> Text:
        """The members `en` and `zh`, which may use the placeholders `fields` only."""
        found = Text(self.string("en"), self.string("zh"))
        for key, template in (("en", found.en), ("zh", found.zh)):
            try:
                used = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
            except ValueError as error:
                raise self.error(key, f"not a template: {error}") from None
            if used - fields:
                raise self.error(key, f"unknown placeholder {{{min(used - fields)}}}")
        return found

    def close(self) -> None:
        if self._left:
            raise self.error(min(self._left), "unknown key")


def read_table(file: Path) -> Table:
    """The whole of a TOML file."""
    try:
        with file.open("rb") as stream:
            return Table(tomllib.load(stream), file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleDataError(f"{file.parent.name}/{file.name}: not TOML: {error}") from None


def read_folder(folder: Path) -> tuple[Table, ...]:
    """All TOML files of a folder by name; a folder without any is an error."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise RuleDataError(f"{folder.name}: no .toml file")
    return tuple(read_table(file) for file in files)
