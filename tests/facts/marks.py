"""Snippets of CUDA whose expected facts stand in comments at the ends of their lines.

A mark is `// expect: vec_cast 16; vec_access 16 direction=load`, or `/* expect: … */` where a
line must go on. Each expectation is a kind, then in any order:

- a number: `width_bytes`; `?` for a width that is not a constant of the source
- `definition` and `inactive`: without them the fact must be a use, and active
- `field=value`: a field of the fact, a tuple's items joined by ", "; quote values with spaces

A line without a mark expects nothing of the kinds under test; `// expect: nothing` says so aloud.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from portcheck.facts.base import Fact
from portcheck.result import ScanResult
from portcheck.scan import scan

_MARK = re.compile(r"(?://|/\*) expect: (.*?)\s*(?:\*/.*)?$")
_MAIN = "main.cu"


def write(folder: Path, code: str, files: dict[str, str]) -> None:
    for name, text in {_MAIN: code, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def scan_of(folder: Path, code: str, *, defines: tuple[str, ...] = (), **files: str) -> ScanResult:
    """Scan `code` as main.cu; `files` are further files, `util_cuh` for util.cuh."""
    write(folder, code, {".".join(name.rsplit("_", 1)): text for name, text in files.items()})
    return scan([str(folder)], defines=defines)


def expectations(code: str) -> dict[int, list[str]]:
    """The expected facts by line."""
    marks = {n: m.group(1) for n, line in enumerate(code.split("\n"), 1) if (m := _MARK.search(line))}
    assert marks, "a snippet without a mark proves nothing"
    return {n: [e.strip() for e in m.split(";")] for n, m in marks.items() if m != "nothing"}


def cases(table: dict[str, str], broken: dict[str, str] | None = None) -> list[Any]:
    """The snippets of a table as parameters; `broken` gives the reason why some fail today."""
    marks = {n: pytest.mark.xfail(strict=True, reason=why) for n, why in (broken or {}).items()}
    assert set(marks) <= set(table)
    return [pytest.param(code, id=n, marks=marks.get(n, ())) for n, code in table.items()]


def matches(fact: Fact, expected: str) -> bool:
    kind, *words = shlex.split(expected)
    flags = {w for w in words if w in ("definition", "inactive")}
    if (
        fact.kind != kind
        or fact.definition != ("definition" in flags)
        or fact.active == ("inactive" in flags)
    ):
        return False
    return all(_agrees(fact, word) for word in words if word not in flags)


def _agrees(fact: Fact, word: str) -> bool:
    if word.isdigit() or word == "?":
        return fact.width_bytes == (None if word == "?" else int(word))
    name, found, wanted = word.partition("=")
    assert found, f"unreadable expectation {word!r}"
    value = getattr(fact, name)
    return (", ".join(map(str, value)) if isinstance(value, tuple) else str(value)) == wanted


def shown(fact: Fact) -> str:
    flags = f"{' definition' if fact.definition else ''}{'' if fact.active else ' inactive'}"
    return f"{fact.kind} {fact.width_bytes}{flags} {fact.content()}"


def differences(facts: list[Fact], code: str, kinds: tuple[str, ...], path: str = _MAIN) -> list[str]:
    """What the facts of these kinds have too much and too little against the marks."""
    wanted = expectations(code)
    wrong: list[str] = []
    for fact in facts:
        if fact.kind not in kinds or fact.place.path != path:
            continue
        line = wanted.get(fact.place.line, [])
        found = next((e for e in line if matches(fact, e)), None)
        if found is None:
            wrong.append(f"line {fact.place.line}: unexpected {shown(fact)}")
        else:
            line.remove(found)
    wrong += [f"line {n}: missing {e}" for n, line in wanted.items() for e in line]
    return wrong
