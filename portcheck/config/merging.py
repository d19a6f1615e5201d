"""Defaults, the configuration file and the command line, made into one `Settings`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from portcheck.config.model import Origin, Settings
from portcheck.config.reading import Found
from portcheck.config.values import KEYS, PATHS

_TABLES = frozenset(("assume", "symbols", "launch-macros"))


def merge(found: Found | None, given: Mapping[str, Any]) -> Settings:
    """The settings in force; `given` is what the command line says, by key."""
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    if found is not None:
        for key, value in found.values.items():
            values[KEYS[key].field] = _resolved(found, key, value)
            origins |= dict.fromkeys(_ways(key, value), Origin.FILE)
    for key, value in given.items():
        name = KEYS[key].field
        if key in _TABLES:
            value = {**values.get(name, {}), **value}
        elif key == "defines":
            value = _defines(values.get(name, ()), value)
        values[name] = value
        origins |= dict.fromkeys(_ways(key, given[key]), Origin.COMMAND_LINE)
    base = str(found.file.parent) if found is not None and "exclude" not in given else ""
    return Settings(
        **values,
        exclude_base=base if values.get("exclude") else "",
        file=found.file if found is not None else None,
        origins=origins,
    )


def _defines(listed: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the file that the command line does not define otherwise, and the command line's."""
    named = {text.partition("=")[0] for text in given}
    return (*(text for text in listed if text.partition("=")[0] not in named), *given)


def _resolved(found: Found, key: str, value: Any) -> Any:
    """The value with its paths made absolute, which are relative to the file."""
    if key not in PATHS:
        return value
    folder = str(found.file.parent)
    if isinstance(value, str):
        return os.path.normpath(os.path.join(folder, value))
    return tuple(os.path.normpath(os.path.join(folder, one)) for one in value)


def _ways(key: str, value: Any) -> tuple[str, ...]:
    """The key, or those of the names in a table."""
    return tuple(f"{key}.{name}" for name in value) if key in _TABLES else (key,)
