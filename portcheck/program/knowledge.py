"""The CUDA names that portcheck knows, read from `rules/cuda/*.toml` once a process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

from portcheck.resources import rules_path


@dataclass(frozen=True, slots=True)
class TypeTable:
    """Sizes in bytes of the built-in and toolkit types; the element of those that are two 16-bit floats."""

    scalars: dict[str, int]
    vectors: dict[str, int]
    low_precision: dict[str, str]
    vector_templates: frozenset[str]
    pairs: dict[str, str]


class NameSet:
    """Names, some of them with `*` wildcards."""

    __slots__ = ("_exact", "_pattern")

    def __init__(self, names: list[str]) -> None:
        self._exact = frozenset(n for n in names if "*" not in n)
        wild = [re.escape(n).replace(r"\*", r"\w*") for n in names if "*" in n]
        self._pattern = re.compile(rf"(?:{'|'.join(wild)})$") if wild else None

    def __contains__(self, name: str) -> bool:
        return name in self._exact or bool(self._pattern and self._pattern.match(name))


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """Names of CUDA intrinsics and library calls by what they do.

    `objects` are library classes with the methods that do it.
    """

    kinds: tuple[tuple[str, NameSet], ...]
    objects: tuple[tuple[str, NameSet, frozenset[str]], ...]
    tables: dict[str, Any]
    api: re.Pattern[str]

    def method_kind(self, owner: str, method: str) -> str | None:
        """The fact kind of a method, or static member, of a library's class."""
        for kind, types_, methods in self.objects:
            if method in methods and owner in types_:
                return kind
        return None

    def kind(self, name: str) -> str | None:
        """The fact kind of a call of `name`, None for a name without one."""
        return _kind_of(name)


@dataclass(frozen=True, slots=True)
class OwnLaunch:
    """Where a macro that launches has the kernel among its arguments, from 0, and from where on the
    kernel's own arguments; None where the macro puts them together otherwise."""

    kernel: int
    arguments: int | None = None


@dataclass(frozen=True, slots=True)
class OwnMacros:
    """What a project says of its macros: which stop the program unless their first argument is true,
    and which launch a kernel."""

    stops: frozenset[str] = frozenset()
    launches: Mapping[str, OwnLaunch] = field(default_factory=dict)


NO_OWN_MACROS = OwnMacros()


@cache
def types() -> TypeTable:
    table = _load("types")
    templates = frozenset(table["vector_templates"]["names"])
    return TypeTable(table["scalars"], table["vectors"], table["low_precision"], templates, table["pairs"])


@cache
def intrinsics() -> Intrinsics:
    tables = _load("intrinsics")
    not_remote = NameSet(tables["remote_comm"]["not_remote"])
    kinds = [("", not_remote)]
    kinds += [(k, NameSet(t["names"])) for k, t in tables.items() if "names" in t]
    objects = [
        (kind, NameSet(t["types"]), frozenset(t["methods"]))
        for kind, t in tables.items()
        if "types" in t and "methods" in t
    ]
    return Intrinsics(tuple(kinds), tuple(objects), tables, re.compile(tables["api_call"]["pattern"]))


def with_launches(launches: Mapping[str, OwnLaunch]) -> Intrinsics:
    """What CUDA's own names do, and that these macros launch kernels."""
    known = intrinsics()
    if not launches:
        return known
    table = dict(known.tables["launch"])
    table["names"] = [*table["names"], *launches]
    positions = {name: one.kernel for name, one in launches.items()}
    table["kernel_argument"] = {**table["kernel_argument"], **positions}
    return replace(known, tables={**known.tables, "launch": table})


@lru_cache(maxsize=65536)
def _kind_of(name: str) -> str | None:
    return next((kind for kind, names in intrinsics().kinds if name in names), None)


@cache
def values() -> dict[str, Any]:
    """What calls give as numbers: `rules/cuda/values.toml`."""
    return _load("values")


@cache
def ptx_table() -> tuple[dict[str, Any], ...]:
    return tuple(_load("ptx")["instruction"])


@cache
def qualifier_macros() -> dict[str, str]:
    """The CUDA qualifier that a widely used library's macro stands for."""
    return dict(_load("attribute_macros")["means"])


def _load(name: str) -> dict[str, Any]:
    import tomllib

    with open(rules_path() / "cuda" / f"{name}.toml", "rb") as file:
        return tomllib.load(file)
