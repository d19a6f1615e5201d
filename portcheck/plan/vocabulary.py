"""The words of operators' limits: quantities and semantics, and what code calls them (`rules/operators`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portcheck.pack.data_file import DataFile
from portcheck.resources import rules_path
from portcheck.targets.text import Text

FILE = "vocabulary.toml"
_PADDINGS = ("", "columns", "rows")
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_QUANTITY_KEYS = frozenset(("en", "zh", "names", "least", "padding", "words", "product"))
_SEMANTIC_KEYS = frozenset(("en", "zh", "parameters", "roles", "stages", "scale_groups"))


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, or one of `words`, that operators limit.

    `names` are patterns of what code calls it, in order of preference. `least` is what every
    call has at least. `padding` says how code can bring more of it to an operator: "columns"
    (zeros in each row), "rows", or "" where it cannot. `product` are the quantities that it is
    the product of.
    """

    name: str
    title: Text
    names: tuple[re.Pattern[str], ...]
    least: int | None
    padding: str
    words: tuple[str, ...]
    product: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Semantic:
    """Something that code can do and an operator may lack, with the signs that code does it.

    `parameters` are patterns of names, `roles` those that the rules' finder of parameters
    gives, `stages` stages that are nothing else; `scale_groups`: groups of elements that share
    a scale.
    """

    name: str
    title: Text
    parameters: tuple[re.Pattern[str], ...]
    roles: tuple[str, ...]
    stages: tuple[str, ...]
    scale_groups: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words that a file of an operator may use."""

    quantities: Mapping[str, Quantity]
    semantics: Mapping[str, Semantic]

    def quantity(self, name: str) -> tuple[str, int] | None:
        """The quantity that code's name means, and the position of the pattern; None for none."""
        snake = snake_case(name)
        for quantity in self.quantities.values():
            for position, pattern in enumerate(quantity.names):
                if pattern.search(snake):
                    return quantity.name, position
        return None


def snake_case(name: str) -> str:
    """`kNumMaxTopk` as `num_max_topk`."""
    return _BOUNDARY.sub("_", name).lower().removeprefix("k_")


@cache
def vocabulary() -> Vocabulary:
    """The words that portcheck ships; raises RuleDataError where the file is malformed."""
    return load(rules_path() / "operators" / FILE)


def load(file: Path) -> Vocabulary:
    """The words of one file. Raises RuleDataError."""
    data = DataFile(file, ("quantity", "semantic"))
    quantities = {name: _quantity(data, name, row) for name, row in _tables(data, "quantity")}
    for quantity in quantities.values():
        for part in quantity.product:
            if part not in quantities:
                raise data.error(f"quantity.{quantity.name}", f"no quantity '{part}'")
    semantics = {name: _semantic(data, name, row) for name, row in _tables(data, "semantic")}
    return Vocabulary(quantities, semantics)


def _tables(data: DataFile, key: str) -> list[tuple[str, dict[str, Any]]]:
    found = data.data.get(key, {})
    if not isinstance(found, dict) or not found or not all(isinstance(v, dict) for v in found.values()):
        raise data.error(key, "must be a table of tables")
    return list(found.items())


def _quantity(data: DataFile, name: str, row: dict[str, Any]) -> Quantity:
    at = f"quantity.{name}"
    _known(data, at, row, _QUANTITY_KEYS)
    least, padding = row.get("least"), row.get("padding", "")
    if least is not None and (isinstance(least, bool) or not isinstance(least, int) or least < 0):
        raise data.error(at, "least: must be a number from 0")
    if padding not in _PADDINGS:
        raise data.error(at, "padding: must be 'columns' or 'rows'")
    words = _strings(data, at, row, "words")
    if bool(words) == (least is not None):
        raise data.error(at, "has either 'least', for a number, or 'words'")
    names, product = _patterns(data, at, row, "names"), _strings(data, at, row, "product")
    return Quantity(name, _title(data, at, row), names, least, padding, words, product)


def _semantic(data: DataFile, name: str, row: dict[str, Any]) -> Semantic:
    at = f"semantic.{name}"
    _known(data, at, row, _SEMANTIC_KEYS)
    groups = row.get("scale_groups", False)
    if not isinstance(groups, bool):
        raise data.error(at, "scale_groups: must be true or false")
    roles, stages = _strings(data, at, row, "roles"), _strings(data, at, row, "stages")
    patterns = _patterns(data, at, row, "parameters")
    if not (patterns or roles or stages or groups):
        raise data.error(at, "no sign that code does it")
    return Semantic(name, _title(data, at, row), patterns, roles, stages, groups)


def _title(data: DataFile, at: str, row: dict[str, Any]) -> Text:
    return data.text_of({key: row[key] for key in ("en", "zh") if key in row}, at)


def _known(data: DataFile, at: str, row: dict[str, Any], keys: frozenset[str]) -> None:
    unknown = row.keys() - keys
    if unknown:
        raise data.error(at, f"unknown key '{min(unknown)}'; there are {', '.join(sorted(keys))}")


def _strings(data: DataFile, at: str, row: dict[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise data.error(at, f"{key}: must be a list of strings")
    return tuple(value)


def _patterns(data: DataFile, at: str, row: dict[str, Any], key: str) -> tuple[re.Pattern[str], ...]:
    try:
        return tuple(re.compile(p) for p in _strings(data, at, row, key))
    except re.error as error:
        raise data.error(at, f"{key}: no pattern: {error}") from None
