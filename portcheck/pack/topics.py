"""Pages on what several rules have in common, such as alignment or bank conflicts (`rules/topics`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portcheck.pack.data_file import DataFile
from portcheck.resources import rules_path
from portcheck.targets import RuleDataError
from portcheck.targets.text import Text

_KEYS = frozenset(("title", "aliases", "text", "rules", "sources", "corrections"))
_CORRECTION_KEYS = frozenset(("said", "fact"))
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RULE = re.compile(r"[A-Z]{2,8}(\d{3})?")


@dataclass(frozen=True, slots=True)
class Correction:
    """What is often said of a topic, and what is the fact, with its arithmetic or source."""

    said: Text
    fact: Text


@dataclass(frozen=True, slots=True)
class Topic:
    """One page. `text` is Markdown; `rules` are codes, or letters of codes that stand for a family."""

    name: str
    title: Text
    aliases: tuple[str, ...]
    text: Text
    rules: tuple[str, ...]
    sources: tuple[str, ...]
    corrections: tuple[Correction, ...]
    file: Path

    def covers(self, code: str) -> bool:
        """Whether the page names a rule, by its code or by its family."""
        return code in self.rules or code.rstrip("0123456789") in self.rules


def topics(folder: Path | None = None) -> tuple[Topic, ...]:
    """The topics of a folder by name, those that portcheck ships without one. Raises RuleDataError."""
    return _shipped() if folder is None else _load(folder)


def topic(word: str, among: Iterable[Topic] | None = None) -> Topic | None:
    """The topic with this name or alias: case does not matter, `_` and a space are as good as `-`."""
    wanted = _key(word)
    every = topics() if among is None else among
    return next((t for t in every if wanted in map(_key, (t.name, *t.aliases))), None)


@cache
def _shipped() -> tuple[Topic, ...]:
    return _load(rules_path() / "topics")


def _load(folder: Path) -> tuple[Topic, ...]:
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise RuleDataError(f"{folder}: no topic: no .toml file")
    owners: dict[str, Topic] = {}
    found = []
    for file in files:
        reader = _Reader(file)
        one = reader.topic()
        for word in (one.name, *one.aliases):
            other = owners.setdefault(_key(word), one)
            if other is not one:
                raise reader.error("aliases", f"'{word}' leads to {other.file} too")
        if len({_key(word) for word in (one.name, *one.aliases)}) <= len(one.aliases):
            raise reader.error("aliases", "a word stands there twice, or is the name of the page")
        found.append(one)
    return tuple(found)


def _key(word: str) -> str:
    return re.sub(r"[\s_-]+", "-", word.strip()).casefold()


class _Reader(DataFile):
    """The file of one topic."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _KEYS)

    def topic(self) -> Topic:
        if not _NAME.fullmatch(self.file.stem):
            raise RuleDataError(f"{self.file}: the name must be lower case words with hyphens")
        return Topic(
            self.file.stem,
            self.both(self.data.get("title"), "title"),
            self.some("aliases"),
            self.both(self.data.get("text"), "text"),
            self.codes(),
            self.some("sources"),
            self.corrections(),
            self.file,
        )

    def both(self, value: object, key: str) -> Text:
        """A text in every language: a page is not shipped half translated."""
        if value is None:
            raise self.error(key, "missing")
        if not isinstance(value, dict) or not str(value.get("zh", "")).strip():
            raise self.error(key, "must be a table with 'en' and 'zh'")
        return self.text_of(value, key)

    def some(self, key: str) -> tuple[str, ...]:
        found = self.strings(key)
        if not found:
            raise self.error(key, "missing, or a list without anything in it")
        return found

    def codes(self) -> tuple[str, ...]:
        found = self.some("rules")
        wrong = next((code for code in found if not _RULE.fullmatch(code)), "")
        if wrong:
            raise self.error("rules", f"'{wrong}' is neither a code such as ALN001 nor a family such as ALN")
        return found

    def corrections(self) -> tuple[Correction, ...]:
        rows = self.data.get("corrections", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.error("corrections", "must be tables: [[corrections]]")
        found = []
        for number, row in enumerate(rows, 1):
            key = f"corrections[{number}]"
            unknown = row.keys() - _CORRECTION_KEYS
            if unknown:
                raise self.error(f"{key}.{min(unknown)}", "unknown key; there are fact, said")
            said, fact = (self.both(row.get(part), f"{key}.{part}") for part in ("said", "fact"))
            found.append(Correction(said, fact))
        return tuple(found)
