"""The map of CUDA APIs to Ascend: data of `rules/api`, looked up by name and summed over a tree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from portcheck.facts.apis import ApiCall
from portcheck.facts.base import Fact
from portcheck.resources import rules_path
from portcheck.targets import Language, RuleDataError, targets
from portcheck.targets.reading import Table
from portcheck.targets.text import Text

ANY_TYPE = "TYPE"  # in a name: the name of any type, as in nvshmem_TYPE_atomic_add
_VERSION = re.compile(r"_(?:v\d|pt[sd][sz])$")  # of the driver's and the runtime's own symbols
_KEY = re.compile(r"""(?:\[["']?([^]"'=\n]+?)["']?\]|["']?([^]"'=\s\n]+?)["']?\s*=)""")  # that begins a line
_NEAR = 5


class ApiKind(StrEnum):
    """How far the Ascend API is from the CUDA one: a rename, a call with other arguments or
    another meaning, a new design, or nothing at all."""

    DIRECT = "direct"
    CHANGED = "changed"
    REDESIGN = "redesign"
    NONE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Api:
    """One CUDA API. `also` are further names of it, `ascend` what takes its place, () for nothing.

    `support` says for a target whether the sources list the equivalent; a target that is not in
    it is not mentioned by any source.
    """

    name: str
    also: tuple[str, ...]
    library: str
    kind: ApiKind
    ascend: tuple[str, ...]
    note: Text
    support: Mapping[str, bool]
    sources: tuple[str, ...]
    file: Path
    line: int

    @property
    def equivalent(self) -> str:
        return " + ".join(self.ascend)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up gave: the API, or names that are near to the one asked for."""

    api: Api | None
    near: tuple[Api, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """The APIs that a tree calls, by kind; every name counts once, however often it is called."""

    mapped: tuple[Api, ...]
    missing: tuple[str, ...]

    @property
    def used(self) -> int:
        return len(self.mapped) + len(self.missing)

    def count(self, kind: ApiKind) -> int:
        return sum(api.kind is kind for api in self.mapped)

    def text(self, language: Language = Language.EN) -> str:
        return _SUMMARY.fill(
            language, used=self.used, missing=len(self.missing), **{k.value: self.count(k) for k in ApiKind}
        )


_SUMMARY = Text(
    "of {used} CUDA APIs used, {direct} direct, {changed} changed, {redesign} redesign, {none} none, "
    "{missing} not in the map",
    "共使用 {used} 个 CUDA 接口：直接对应 {direct} 个，有差异 {changed} 个，需重新设计 {redesign} 个，"
    "无对应接口 {none} 个，未收录 {missing} 个",
)


@dataclass(frozen=True)
class ApiMap:
    """All APIs, in the order of their files."""

    apis: tuple[Api, ...]

    def find(self, name: str) -> Api | None:
        """The API of a name: exact, in any case, with a version suffix of the driver's symbols, or
        one of a family over types."""
        folded = name.strip().casefold()
        found = self._by_name.get(folded) or self._by_name.get(_VERSION.sub("", folded))
        return found or next((a for pattern, a in self._families if pattern.fullmatch(folded)), None)

    def lookup(self, name: str) -> Found:
        """The API of a name, or near ones: those that the name is the beginning of, else those that
        it may be a misspelling of. A name that ends in `*` asks for a family."""
        asked = name.strip()
        family = asked.endswith("*")
        found = None if family else self.find(asked)
        if found is not None:
            return Found(found)
        folded = asked.rstrip("*").casefold()
        near = [a for n, a in self._by_name.items() if folded and n.startswith(folded)]
        if not near and not family:
            near = [self._by_name[n] for n in get_close_matches(folded, self._by_name, _NEAR, 0.75)]
        return Found(None, tuple({a.name: a for a in near}.values()))

    def coverage(self, facts: Iterable[Fact]) -> Coverage:
        """What the map says of the APIs that these facts call. Other facts are passed over."""
        mapped: dict[str, Api] = {}
        missing: dict[str, None] = {}
        for fact in facts:
            if isinstance(fact, ApiCall) and fact.active and not fact.definition:
                if fact.api.endswith("_t"):  # a cast to a type of the API
                    continue
                api = self.find(fact.api)
                if api is None:
                    missing[fact.api] = None
                else:
                    mapped[api.name] = api
        return Coverage(tuple(mapped[n] for n in sorted(mapped)), tuple(sorted(missing)))

    @cached_property
    def _by_name(self) -> Mapping[str, Api]:
        return {n.casefold(): a for a in self.apis for n in (a.name, *a.also)}

    @cached_property
    def _families(self) -> tuple[tuple[re.Pattern[str], Api], ...]:
        return tuple(
            (re.compile(re.escape(a.name.casefold()).replace(ANY_TYPE.casefold(), "[a-z0-9]+")), a)
            for a in self.apis
            if f"_{ANY_TYPE}_" in a.name
        )


@cache
def api_map() -> ApiMap:
    """The map that portcheck ships; raises RuleDataError where a file is malformed."""
    return load(rules_path() / "api")


def load(folder: Path) -> ApiMap:
    """The map in a folder, one file a library. Raises RuleDataError with file, line and reason."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise RuleDataError(f"{folder}: no map: no .toml file")
    found: dict[str, Api] = {}
    for file in files:
        for api in _apis(file):
            for name in (api.name, *api.also):
                other = found.setdefault(name.casefold(), api)
                if other is not api:
                    raise RuleDataError(
                        f"{file}:{api.line}: {name}: stands at {other.file}:{other.line} already"
                    )
    return ApiMap(tuple(dict.fromkeys(found.values())))


def _apis(file: Path) -> Iterator[Api]:
    table = _read(file)
    library = table.string("library")
    known = tuple(t.name for t in targets())
    lines = _first_lines(table.text_of_file)
    for name in table.names():
        yield _api(table.table(name), name, library, file, known, lines.get(name, 1))


def _api(row: _Lined, name: str, library: str, file: Path, known: tuple[str, ...], line: int) -> Api:
    word = row.string("kind")
    if word not in list(ApiKind):
        raise row.error("kind", f"'{word}' is none of {', '.join(ApiKind)}")
    kind = ApiKind(word)
    ascend = row.strings("ascend") if row.has("ascend") else ()
    if kind is ApiKind.NONE and ascend:
        raise row.error("ascend", "an API of the kind none has no equivalent")
    if kind in (ApiKind.DIRECT, ApiKind.CHANGED) and not ascend:
        raise row.error("ascend", f"missing: an API of the kind {kind} has an equivalent")
    made = Api(
        name,
        row.strings("also") if row.has("also") else (),
        library,
        kind,
        ascend,
        row.table("note").text(),
        _support(row, known) if row.has("support") else {},
        row.strings("sources"),
        file,
        line,
    )
    row.close()
    return made


def _support(row: _Lined, known: tuple[str, ...]) -> dict[str, bool]:
    listed = row.table("support")
    found: dict[str, bool] = {}
    for target in listed.names():
        value = listed.take(target)
        if target not in known:
            raise listed.error(target, f"no such target; there are {', '.join(known)}")
        if not isinstance(value, bool):
            raise listed.error(target, "must be true or false")
        found[target] = value
    return found


class _Lined(Table):
    """A table whose errors name the file and the line. `path` are the keys that lead to it."""

    __slots__ = ("path", "text_of_file")

    def __init__(self, data: dict[str, Any], file: Path, text: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(data, file, "".join(f"{p}." for p in path))
        self.path, self.text_of_file = path, text

    def error(self, key: str, problem: str) -> RuleDataError:
        line = _line(self.text_of_file, (*self.path, key))
        return RuleDataError(f"{self._file}:{line}: {self._at}{key}: {problem}")

    def table(self, key: str) -> _Lined:
        value = self.take(key)
        if not isinstance(value, dict):
            raise self.error(key, "must be a table")
        return _Lined(value, self._file, self.text_of_file, (*self.path, key))


def _first_lines(text: str) -> dict[str, int]:
    """The line that each key first stands on, as the head of a table or before an equals sign."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _KEY.match(line)
        if match is not None:
            found.setdefault(match[1] or match[2], number)
    return found


def _line(text: str, path: tuple[str, ...]) -> int:
    """The line of a key, else that of the API that it belongs to, else the first."""
    head, *keys = path or ("",)
    name = f"[\"']?{re.escape(head)}[\"']?"
    start = re.search(rf"^(?:\[{name}\]|{name}\s*=)", text, re.MULTILINE)
    if not head or start is None:
        return 1
    following = re.compile(r"^\[", re.MULTILINE).search(text, start.end())
    end = following.start() if following else len(text)
    at = start.start()
    for listed in (keys, keys[:1]):
        key = r"\.".join(map(re.escape, listed))
        found = re.compile(rf"^{key}\b", re.MULTILINE).search(text, start.end(), end) if key else None
        if found is not None:
            at = found.start()
            break
    return text.count("\n", 0, at) + 1


def _read(file: Path) -> _Lined:
    try:
        text = file.read_text("utf-8")
        return _Lined(tomllib.loads(text), file, text)
    except (UnicodeDecodeError, OSError) as error:
        raise RuleDataError(f"{file}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise RuleDataError(f"{file}:{line.group(1) if line else 1}: not TOML: {error}") from None
