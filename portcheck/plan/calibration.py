"""What kernels became in real ports (`rules/effort`): the table that estimates are fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portcheck.pack.data_file import DataFile
from portcheck.plan.features import Nature
from portcheck.plan.tables import TableFile
from portcheck.resources import rules_path
from portcheck.targets import targets
from portcheck.targets.text import Text

_KERNEL_KEYS = frozenset(
    ("name", "nature", "lines", "measures", "port", "also", "merged_into", "source")
)  # fmt: skip
MEASURES = frozenset(
    ("transfers", "remote", "flags", "rings", "barriers", "mbarriers", "collectives", "quantisation")
)
_SHARES = ("helpers", "host", "further_target", "tests")
_DAYS = ("lines", "working_days", "team_least", "team_most")


@dataclass(frozen=True, slots=True)
class Ported:
    """One CUDA kernel: its lines and measures, and the lines of its port by target.

    `also` are the lines of further variants on a target. `merged_into` names the kernel whose
    port does this one's work too, "" for none.
    """

    name: str
    nature: Nature
    lines: int
    measures: Mapping[str, int]
    port: Mapping[str, int]
    also: Mapping[str, tuple[int, ...]]
    merged_into: str
    source: str


@dataclass(frozen=True, slots=True)
class Share:
    """A range of factors, with what it says and where it comes from."""

    least: float
    most: float
    text: Text
    source: str

    @property
    def middle(self) -> float:
        """The geometric mean: as many times from the least as from the most."""
        return float((self.least * self.most) ** 0.5)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The whole table."""

    kernels: tuple[Ported, ...]
    helpers: Share
    host: Share
    further_target: Share
    tests: Share
    lines_a_day: Share
    source: str


@cache
def calibration() -> Calibration:
    """The table that portcheck ships; raises RuleDataError where it is malformed."""
    return load(rules_path() / "effort" / "calibration.toml")


def load(file: Path) -> Calibration:
    """A table. Raises RuleDataError with file and line."""
    data = TableFile(file, ("source", "kernel", "days", *_SHARES))
    rows = data.data.get("kernel")
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise data.error("kernel", "must be a list of tables")
    kernels = tuple(_kernel(data, f"kernel[{n}]", row) for n, row in enumerate(rows, 1))
    names = [k.name for k in kernels]
    for number, kernel in enumerate(kernels, 1):
        if names.count(kernel.name) > 1:
            raise data.error(f"kernel[{number}].name", f"{kernel.name} twice")
        if kernel.merged_into and kernel.merged_into not in names:
            raise data.error(f"kernel[{number}].merged_into", f"no kernel '{kernel.merged_into}'")
    shares = {key: _share(data, key) for key in _SHARES}
    return Calibration(kernels, **shares, lines_a_day=_days(data), source=data.string("source"))


def _kernel(data: DataFile, at: str, row: dict[str, Any]) -> Ported:
    unknown = row.keys() - _KERNEL_KEYS
    if unknown:
        raise data.error(f"{at}.{min(unknown)}", f"unknown key; there are {', '.join(sorted(_KERNEL_KEYS))}")
    if row.get("nature") not in tuple(Nature):
        raise data.error(f"{at}.nature", f"must be one of {', '.join(Nature)}")
    measures = _numbers(data, f"{at}.measures", row.get("measures", {}), MEASURES)
    known = frozenset(t.name for t in targets())
    port = _numbers(data, f"{at}.port", row.get("port"), known)
    also = row.get("also", {})
    if not isinstance(also, dict) or not all(
        k in port and isinstance(v, list) and v and all(type(n) is int and n > 0 for n in v)
        for k, v in also.items()
    ):
        raise data.error(f"{at}.also", "must give lists of lines for targets of 'port'")
    lines = _whole(data, f"{at}.lines", row.get("lines"))
    return Ported(
        _word(data, f"{at}.name", row.get("name")),
        Nature(row["nature"]),
        lines,
        measures,
        port,
        {k: tuple(v) for k, v in also.items()},
        _word(data, f"{at}.merged_into", row["merged_into"]) if "merged_into" in row else "",
        _word(data, f"{at}.source", row.get("source")),
    )


def _share(data: DataFile, key: str) -> Share:
    row = _table(data, key, ("least", "most"))
    least, most = row.get("least"), row.get("most")
    if not isinstance(least, float | int) or not isinstance(most, float | int) or not 0 < least <= most:
        raise data.error(key, "needs numbers 'least' and 'most', in this order")
    return Share(float(least), float(most), _text(data, key, row), _word(data, key, row.get("source")))


def _days(data: DataFile) -> Share:
    """Lines that one engineer writes on a day: what a team wrote, by the size that it may have had."""
    row = _table(data, "days", _DAYS)
    lines, days, fewest, most = (_whole(data, "days", row.get(key)) for key in _DAYS)
    if fewest > most:
        raise data.error("days", "team_least is more than team_most")
    pace = lines / days
    return Share(pace / most, pace / fewest, _text(data, "days", row), _word(data, "days", row.get("source")))


def _table(data: DataFile, key: str, numbers: tuple[str, ...]) -> dict[str, Any]:
    row = data.data.get(key)
    if not isinstance(row, dict):
        raise data.error(key, "must be a table")
    unknown = row.keys() - {*numbers, "en", "zh", "source"}
    if unknown:
        raise data.error(key, f"unknown key '{min(unknown)}'")
    return row


def _text(data: DataFile, key: str, row: dict[str, Any]) -> Text:
    return data.text_of({k: row[k] for k in ("en", "zh") if k in row}, key)


def _numbers(data: DataFile, at: str, value: object, keys: frozenset[str]) -> dict[str, int]:
    if not isinstance(value, dict) or not all(type(v) is int and v >= 0 for v in value.values()):
        raise data.error(at, "must be a table of numbers from 0")
    if value.keys() - keys:
        raise data.error(at, f"no '{min(value.keys() - keys)}'; there are {', '.join(sorted(keys))}")
    return dict(value)


def _whole(data: DataFile, at: str, value: object) -> int:
    if type(value) is not int or value <= 0:
        raise data.error(at, "must be a positive number")
    return value


def _word(data: DataFile, at: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise data.error(at, "missing" if value is None else "must be a string with something in it")
    return value
