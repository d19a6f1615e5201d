"""What the headers that a file includes define: a feature macro is often set in another file.

Only headers of the scan are followed, and only object-like macros that are active there. A
name that the file defines itself, and every name of the configuration, keeps its own meaning.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portcheck.syntax.conditions import Configuration
from portcheck.syntax.directives import Lexed, MacroDefinition

_TARGET = re.compile(rb"include\w*\s*[<\"]([^>\"\n]+)[>\"]")


@dataclass(frozen=True, slots=True)
class Header:
    """One file as another one sees it: what it includes, and its object-like macros by name."""

    path: str
    includes: tuple[str, ...]
    defines: Mapping[str, str]


def header(path: str, lexed: Lexed, definitions: Iterable[MacroDefinition]) -> Header:
    """Read a file's includes; `definitions` are its macros, of which the active ones count."""
    targets = []
    for directive in lexed.directives:
        if directive.keyword in (b"include", b"include_next", b"import"):
            match = _TARGET.search(lexed.data, directive.start, directive.end)
            if match is not None:
                targets.append(match[1].decode("utf-8", "replace").strip().removeprefix("./"))
    defines = {
        d.name: d.body.decode("utf-8", "replace").strip()
        for d in definitions
        if d.active and d.parameters is None
    }
    return Header(path, tuple(targets), defines)


def configurations(headers: Iterable[Header], base: Configuration) -> dict[str, Configuration]:
    """The configuration of each file: `base`, with what its headers define below it."""
    by_path = {h.path: h for h in headers}
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in by_path:
        by_name[path.rsplit("/", 1)[-1]].append(path)
    included = {
        h.path: tuple(dict.fromkeys(p for t in h.includes if (p := _resolve(t, h.path, by_name)) is not None))
        for h in by_path.values()
    }
    found: dict[str, Configuration] = {}
    for path, own in by_path.items():
        defines: dict[str, str] = {}
        for other in _reached(path, included):
            for name, body in by_path[other].defines.items():
                if name not in own.defines:
                    defines.setdefault(name, body)
        found[path] = Configuration({**defines, **base.defines}) if defines else base
    return found


def _resolve(target: str, path: str, by_name: Mapping[str, list[str]]) -> str | None:
    """The file of the scan that an include means: beside the file, else the longest match."""
    candidates = by_name.get(target.rsplit("/", 1)[-1], [])
    folder = path.rpartition("/")[0]
    beside = f"{folder}/{target}" if folder else target
    if beside in candidates:
        return beside
    tail = target.lstrip("./")
    matching = [c for c in candidates if c == tail or c.endswith(f"/{tail}")]
    return min(matching, key=len) if matching else None


def _reached(path: str, included: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The files that a file includes, directly or not, itself left out."""
    seen = {path}
    order: list[str] = []
    pending = list(included[path])
    while pending:
        other = pending.pop(0)
        if other not in seen:
            seen.add(other)
            order.append(other)
            pending += included[other]
    return order
