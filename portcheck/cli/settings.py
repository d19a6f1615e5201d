"""The settings in force for a command line: what it says itself, else what the configuration says.

An option that was not given is None or an empty list in the namespace; `apply` puts what the
configuration file says there, so that a command reads one place.
"""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from portcheck.cli.errors import UsageError
from portcheck.config import Settings, find, merge

# The option's name in the namespace, and the key that it stands for.
_KEYS = {
    "define": "defines",
    "exclude": "exclude",
    "select": "select",
    "ignore": "ignore",
    "rules": "rules",
    "fail_on": "fail-on",
    "coverage_floor": "coverage-floor",
    "lang": "language",
    "baseline": "baseline",
    "decisions": "decisions",
}
_DEFINED_HERE = {"assume": "assume", "set": "symbols"}


def settings_for(command: str, options: Namespace) -> Settings:
    """The settings in force for a command line. Raises ConfigError."""
    return merge(find(_start(command, options)), _given(command, options))


def apply(command: str, options: Namespace) -> None:
    """Fill the options that the command line left open. `options.settings` has everything."""
    settings = settings_for(command, options)
    options.command, options.settings = command, settings
    for name, key in _KEYS.items():
        if hasattr(options, name):
            value = getattr(settings, key.replace("-", "_"))
            setattr(options, name, list(value) if isinstance(value, tuple) else value or None)
    if hasattr(options, "target"):
        _apply_targets(command, options, settings)


def _apply_targets(command: str, options: Namespace, settings: Settings) -> None:
    if command not in ("plan", "skeleton"):
        options.target = list(settings.targets)
    elif options.target is None:
        if len(settings.targets) != 1:
            hint = f"try 'portcheck {command} --help'"
            raise UsageError("the following arguments are required: --target", hint)
        (options.target,) = settings.targets


def _start(command: str, options: Namespace) -> Path:
    """Where the search for the configuration begins: the first path, else the current folder."""
    if command == "prove":
        return Path(options.place.partition(":")[0])
    if command == "config":
        return Path(options.path or os.curdir)
    paths = getattr(options, "paths", None)
    return Path(paths[0] if paths else os.curdir)


def _given(command: str, options: Namespace) -> dict[str, Any]:
    """What the command line says, by key."""
    given: dict[str, Any] = {}
    for name, key in _KEYS.items():
        value = getattr(options, name, None)
        if value is None or value == []:
            continue
        if name in ("baseline", "decisions"):
            value = os.path.abspath(value)
        given[key] = tuple(value) if isinstance(value, list) else value
    for name, key in _DEFINED_HERE.items():
        if getattr(options, name, []):
            given[key] = dict(getattr(options, name))
    target = getattr(options, "target", None)
    if target:
        given["targets"] = (target,) if isinstance(target, str) else tuple(target)
    if getattr(options, "no_cache", False):
        given["cache"] = False
    return given
