"""Finding the configuration file and reading it strictly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portcheck.config.model import ConfigError, Origin, Settings
from portcheck.config.values import KEYS, ValueRefusedError

Way = tuple[str, ...]

OWN_NAME, SHARED_NAME = "portcheck.toml", "pyproject.toml"
_SHARED_TABLE: Way = ("tool", "portcheck")


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration file and its checked values by key. Lines are looked for when asked."""

    file: Path
    values: Mapping[str, Any]
    table: Way
    text: str = field(repr=False)

    def line(self, *way: str) -> int:
        """The line of a key, or of the nearest table around it; 0 where there is none."""
        from portcheck.config.lines import lines_of

        lines = lines_of(self.text, self.table)
        full = (*self.table, *way)
        found = (lines.get(full[:length]) for length in range(len(full), 0, -1))
        return next((line for line in found if line is not None), 0)

    def place(self, *way: str) -> str:
        """`FILE:LINE` of a key, with the file's path as it opens from the current folder."""
        line = self.line(*way)
        return f"{shown(self.file)}:{line}" if line else shown(self.file)


def shown(file: Path) -> str:
    """A path as it opens from the current folder, the shorter of relative and absolute."""
    return min(os.path.relpath(file), str(file), key=len)


def find(start: Path) -> Found | None:
    """The settings of the nearest file at or above `start`, a file or folder; None where there are none.

    Raises ConfigError.
    """
    start = Path(os.path.abspath(start))
    for folder in (start, *start.parents):
        own = folder / OWN_NAME
        if own.is_file():
            return read(own)
        shared = folder / SHARED_NAME
        if shared.is_file() and _names_portcheck(shared) and (found := read(shared)) is not None:
            return found
    return None


def _names_portcheck(file: Path) -> bool:
    """Whether a shared file can say anything of portcheck: to parse one for nothing takes long."""
    try:
        return b"portcheck" in file.read_bytes()
    except OSError:
        return True  # its reader says why it cannot be read


def read(file: Path) -> Found | None:
    """One file, every key of it checked; None for a pyproject.toml without a table for portcheck."""
    text, table = _parsed(file)
    way: Way = ()
    if file.name == SHARED_NAME:
        way = _SHARED_TABLE
        inner = table.get("tool", {})
        if not isinstance(inner, dict) or "portcheck" not in inner:
            return None
        table = inner["portcheck"]
        if not isinstance(table, dict):
            raise ConfigError(f"{shown(file)}: tool.portcheck: must be a table")
    raw = Found(file, {}, way, text)
    return Found(file, {name: _checked(raw, name, value) for name, value in table.items()}, way, text)


def where(settings: Settings, key: str) -> str:
    """What an error about a key's value begins with: `FILE:LINE: KEY: ` if the value comes from the file."""
    if settings.file is None or settings.origin(key) is not Origin.FILE:
        return ""
    found = read(settings.file)
    return "" if found is None else f"{found.place(*key.split('.'))}: {key}: "


def _parsed(file: Path) -> tuple[str, dict[str, Any]]:
    import tomllib

    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        import re

        line = re.search(r"line (\d+)", str(error))
        at = f":{line.group(1)}" if line else ""
        raise ConfigError(f"{shown(file)}{at}: not TOML: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{shown(file)}: cannot be read: it is not UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{shown(file)}: cannot be read: {error.strerror or error}") from None


def _checked(raw: Found, name: str, value: Any) -> Any:
    key = KEYS.get(name)
    if key is None:
        raise ConfigError(f"{raw.place(name)}: {_unknown(name)}")
    try:
        return key.check(value)
    except ValueRefusedError as problem:
        way = (name, problem.inside) if problem.inside else (name,)
        raise ConfigError(f"{raw.place(*way)}: {'.'.join(way)}: {problem}") from None


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.replace("_", "-"), KEYS, n=1)
    guess = f"; did you mean '{close[0]}'?" if close else ";"
    return f"unknown key '{name}'{guess} there are {', '.join(KEYS)}"
