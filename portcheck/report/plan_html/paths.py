"""Names of the report's pages: readable, safe on every file system, one for each thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from urllib.parse import quote

_UNSAFE = re.compile(r"[^\w.+-]|^\.+$")
_MOST_CHARACTERS = 120


def page_names(names: Iterable[str]) -> Mapping[str, str]:
    """A relative file name without suffix for each name; names that differ only in case differ in more."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names)):
        parts = [_part(p) for p in name.replace("\\", "/").split("/") if p]
        readable = "/".join(parts) or "_"
        if readable.casefold() in taken:
            readable += "-" + _digest(name)
        taken.add(readable.casefold())
        found[name] = readable
    return found


def link(path: str, anchor: str = "") -> str:
    """A relative address."""
    return quote(path, safe="/") + (f"#{anchor}" if anchor else "")


def _part(name: str) -> str:
    made = _UNSAFE.sub("_", name.replace("::", "."))
    if len(made) > _MOST_CHARACTERS:
        made = f"{made[:_MOST_CHARACTERS]}-{_digest(name)}"
    return made


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
