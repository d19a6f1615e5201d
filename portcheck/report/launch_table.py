"""The table of a proof, folded: launches that differ only in what makes no difference share a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portcheck.analysis.proof import Row

_ARGUMENT = re.compile(r"([A-Za-z_][\w.]*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LaunchTable:
    """`names` are the arguments that matter, `idle` those that do not; `rows` pairs the values of
    `names` with one launch that has them. `launches` says how many launches there are.

    Rows that are not launches, but other ways to the line, have the one column "reached by".
    """

    names: tuple[str, ...]
    idle: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], Row], ...]
    launches: int


def fold(rows: Sequence[Row]) -> LaunchTable:
    """The shortest table that says the same."""
    listed = [_arguments(row.label) for row in rows]
    names = tuple(dict.fromkeys(name for row in listed or () for name, _ in row or ()))
    if any(row is None or tuple(n for n, _ in row) != names for row in listed):
        return LaunchTable(("reached by",), (), tuple(((row.label,), row) for row in rows), len(rows))
    values = [dict(row or ()) for row in listed]
    kept = list(names)
    for name in reversed(names):
        fewer = [n for n in kept if n != name]
        if _decides(fewer, values, rows):
            kept = fewer
    best: dict[tuple[str, ...], Row] = {}
    for own, row in zip(values, rows, strict=True):
        best.setdefault(tuple(own[n] for n in kept), row)
    idle = tuple(n for n in names if n not in kept)
    return LaunchTable(tuple(kept), idle, tuple(best.items()), len(rows))


def _decides(names: Sequence[str], values: Sequence[dict[str, str]], rows: Sequence[Row]) -> bool:
    """Whether launches with the same values of `names` have the same outcome."""
    seen: dict[tuple[str, ...], tuple[object, ...]] = {}
    for own, row in zip(values, rows, strict=True):
        outcome = (row.verdict, row.condition, row.value)
        if seen.setdefault(tuple(own[n] for n in names), outcome) != outcome:
            return False
    return True


def _arguments(label: str) -> tuple[tuple[str, str], ...] | None:
    """`kRanks=2, type=Pair<int, 4>` as names and values; None for another kind of label."""
    if not label:
        return ()
    parts: list[str] = []
    depth = 0
    for piece in label.split(", "):
        if depth:
            parts[-1] += f", {piece}"
        else:
            parts.append(piece)
        depth += sum(piece.count(c) for c in "<([{") - sum(piece.count(c) for c in ">)]}")
    found = [_ARGUMENT.fullmatch(part) for part in parts]
    return tuple((m.group(1), m.group(2)) for m in found if m) if all(found) else None
