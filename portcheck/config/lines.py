"""The line that each key of a TOML file stands on, which the parser of the standard library does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Way = tuple[str, ...]


def lines_of(text: str, below: Way = ()) -> dict[Way, int]:
    """Where every table and key of a well-formed document stands, by the way to it; lines from 1.

    Statements are parsed one by one, a statement being as many lines as it takes to be valid.
    Only what stands at or below the table `below` is kept.
    """
    found: dict[Way, int] = {}
    table: Way = ()
    for line, statement in _statements(text):
        content = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _header(content)
            _note(found, table, line, below)
        else:
            for way in _ways(content):
                _note(found, (*table, *way), line, below)
    return found


def _note(found: dict[Way, int], way: Way, line: int, below: Way) -> None:
    if way[: len(below)] == below:
        found.setdefault(way, line)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    held: list[str] = []
    first = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not held and (not line.strip() or line.lstrip().startswith("#")):
            continue
        if not held:
            first = number
        held.append(line)
        statement = "\n".join(held)
        try:
            tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        yield first, statement
        held = []


def _header(content: Mapping[str, Any]) -> Way:
    """The way to the table that `[a.b]` or `[[a.b]]` opens."""
    way: list[str] = []
    inner: Any = content
    while inner:
        if isinstance(inner, list):
            inner = inner[0]
            continue
        ((name, inner),) = inner.items()
        way.append(name)
    return tuple(way)


def _ways(content: Mapping[str, Any]) -> Iterator[Way]:
    for name, inner in content.items():
        yield (name,)
        if isinstance(inner, dict):
            yield from ((name, *way) for way in _ways(inner))
