"""The register of finders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from portcheck.pack.subjects import Match, View

Find = Callable[[View], Iterator[Match]]


@dataclass(frozen=True, slots=True)
class Finder:
    """A function, and the names that its matches' fields have."""

    find: Find
    fields: frozenset[str]


FUNCTIONS: dict[str, Finder] = {}


def finder(name: str, *fields: str) -> Callable[[Find], Find]:
    """Register a function under the name that a rule's `find` gives."""

    def register(function: Find) -> Find:
        FUNCTIONS[name] = Finder(function, frozenset(fields))
        return function

    return register
