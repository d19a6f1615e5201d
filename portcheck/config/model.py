"""The settings themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from portcheck.program.knowledge import OwnLaunch


class Origin(StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    FILE = "file"
    COMMAND_LINE = "command line"


class ConfigError(Exception):
    """A configuration file cannot be used; the message is one line: `FILE:LINE: cause`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its value in force. Paths are absolute.

    `include` are the files and folders of the tree: what is read where no path is given, and around
    single files that are named. Patterns of `exclude` are those of `.gitignore`, relative to
    `exclude_base` ("": to the root of the scan). `assume` has the user's changes to
    `rules/assumptions.toml`, `symbols` the values that an integer takes, by its name. `assert_macros`
    stop the program unless their first argument is true; `launch_macros` launch a kernel. `language` ""
    is the locale's; `coverage_floor` is a share of the bytes in percent. `origins` tells by key where
    values come from that are no defaults; of tables by `KEY.NAME`. `file` is the configuration file, None
    where there is none.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    fail_on: str = "breaks"
    coverage_floor: float = 0.0
    language: str = ""
    baseline: str = ""
    decisions: str = ""
    assume: Mapping[str, int | bool] = field(default_factory=dict)
    symbols: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    assert_macros: tuple[str, ...] = ()
    launch_macros: Mapping[str, OwnLaunch] = field(default_factory=dict)
    cache: bool = True
    exclude_base: str = ""
    file: Path | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def origin(self, key: str) -> Origin:
        """Where the value of a key, or of one name of a table, comes from."""
        return self.origins.get(key, Origin.DEFAULT)
