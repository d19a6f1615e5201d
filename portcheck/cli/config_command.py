"""`portcheck config`: every setting in force with where it comes from."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Iterator, Mapping

from portcheck.cli.errors import EXIT_OK, UsageError
from portcheck.cli.language import language
from portcheck.cli.output import Output
from portcheck.cli.settings import settings_for
from portcheck.config import Found, Origin, Settings, read
from portcheck.config.reading import shown
from portcheck.config.values import KEYS, PATHS
from portcheck.program.knowledge import OwnLaunch
from portcheck.targets.assumptions import defaults
from portcheck.targets.text import Language, Text

_FILE = Text("configuration  {file}", "配置文件  {file}")
_NO_FILE = Text(
    "configuration  none: no portcheck.toml, and no pyproject.toml with [tool.portcheck], here or above",
    "配置文件  无：此处及上级目录没有 portcheck.toml，也没有含 [tool.portcheck] 的 pyproject.toml",
)
_ORIGINS = {
    Origin.DEFAULT: Text("default", "默认值"),
    Origin.FILE: Text("file", "文件"),
    Origin.COMMAND_LINE: Text("command line", "命令行"),
}
_LOCALE = Text("from the locale", "取自区域设置")


def run(options: Namespace) -> int:
    """Returns the exit code."""
    if options.path is not None and not os.path.exists(options.path):
        raise UsageError(f"{options.path}: no such file or folder")
    settings = settings_for("config", options)
    with Output(None) as output:
        output.write(_lines(settings, language(settings.language or None)))
    return EXIT_OK


def _lines(settings: Settings, spoken: Language) -> Iterator[str]:
    yield _NO_FILE.said(spoken) if settings.file is None else _FILE.fill(spoken, file=shown(settings.file))
    found = None if settings.file is None else read(settings.file)
    rows = [row for key in KEYS for row in _rows(settings, key, spoken)]
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    for name, value in rows:
        origin = _origin(settings, found, name, spoken)
        yield f"{name.ljust(widths[0])}  {value.ljust(min(widths[1], 60))}  {origin}".rstrip()


def _rows(settings: Settings, key: str, spoken: Language) -> Iterator[tuple[str, str]]:
    value = getattr(settings, KEYS[key].field)
    if key == "assume":
        value = {**defaults(), **value}
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield f"{key}.{name}", _written(inner)
        if value:
            return
    if key == "language" and not value:
        yield key, f"{language(None).value} ({_LOCALE.said(spoken)})"
        return
    if key in PATHS and value:
        value = shown_path(value) if isinstance(value, str) else tuple(map(shown_path, value))
    yield key, _written(value)


def _origin(settings: Settings, found: Found | None, name: str, spoken: Language) -> str:
    origin = settings.origin(name)
    if origin is Origin.FILE and found is not None:
        return found.place(*name.split(".", 1))
    return _ORIGINS[origin].said(spoken)


def shown_path(path: str) -> str:
    """A path as it opens from the current folder."""
    return min(os.path.relpath(path), path, key=len)


def _written(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, OwnLaunch):
        more = "" if value.arguments is None else f", arguments = {value.arguments}"
        return f"{{ kernel = {value.kernel}{more} }}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
