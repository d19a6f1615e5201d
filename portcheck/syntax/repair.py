"""Repairs driven by errors: further same-length edits, only where the parse broke.

Each stage proposes edits in the neighbourhoods of the errors that are left, the text is
parsed again, and the edits of a neighbourhood that did not get better are taken back.
The work is bounded: few stages, each linear in the size of the neighbourhoods.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from tree_sitter import Tree

from portcheck.syntax.blank import Blanked
from portcheck.syntax.calls import Site
from portcheck.syntax.edits import Edit
from portcheck.syntax.macros import MacroTable
from portcheck.syntax.repair_rules import ROUNDS
from portcheck.syntax.tree import Lines, broken, parser

_MARGIN = 300  # bytes around an error that its cause may lie in, rounded to lines
_FARTHEST = 20_000  # how much white space before an error is skipped
_ERROR_WEIGHT = 12  # cost of an ERROR node beside its bytes
_MISSING_WEIGHT = 4
_MOST_EDITS = 200  # beyond these, marking the old tree costs more than it saves
_LARGE = 1_500_000  # above this many bytes, text that is mostly broken is left alone


@dataclass(slots=True)
class _State:
    tree: Tree
    errors: list[tuple[int, int]]
    missing: list[int]

    @property
    def cost(self) -> int:
        return sum(_cost(e) for e in self.errors) + _MISSING_WEIGHT * len(self.missing)


def _state(tree: Tree, text: bytearray) -> _State:
    errors, missing = broken(tree)
    return _State(tree, errors, [at for at in missing if not _hopeless(text, at)])


def _hopeless(text: bytearray, at: int) -> bool:
    """A `;` that misses after a macro call with no room for it: harmless, and left alone."""
    if text[at - 1 : at] != b")":
        return False
    after = text[at : at + 200]
    rest = after.lstrip()
    gap = after[: len(after) - len(rest)]
    return b" " not in gap and b"\t" not in gap and not rest.startswith(b"{")


def _cost(error: tuple[int, int]) -> int:
    return error[1] - error[0] + _ERROR_WEIGHT


def repair(
    tree: Tree, text: bytearray, code: bytearray, lines: Lines, macros: MacroTable, path: str, data: bytes
) -> tuple[Tree, list[Blanked]]:
    """Repair `text` (and its string-free twin `code`) in place; the new tree and what went."""
    state = _state(tree, code)
    if len(text) > _LARGE and sum(e - s for s, e in state.errors) > len(text) // 2:
        return tree, []
    removed: list[Blanked] = []
    calls: dict[int, int] = {}
    before: _State | None = None
    for stages in ROUNDS:
        if state is before and stages is ROUNDS[0]:
            continue  # the first round mended nothing: nor will it now
        before = state
        looked_at: _State | None = None
        sites: list[Site] = []
        for stage in stages:
            if not state.errors and not state.missing:
                return state.tree, removed
            if state is not looked_at:
                looked_at = state
                source = bytes(code)
                sites = [
                    Site(source, low, high, macros, path, state.tree, state.errors, state.missing)
                    for low, high in _regions(state, code, calls)
                ]
            proposals = [
                _disjoint([edit for rule in stage for edit in rule(site)], site.code) for site in sites
            ]
            if any(proposals):
                regions = [(site.low, site.high) for site in sites]
                state = _try(state, text, code, lines, regions, proposals, removed, data)
    return state.tree, removed


def _try(
    state: _State,
    text: bytearray,
    code: bytearray,
    lines: Lines,
    regions: list[tuple[int, int]],
    proposals: list[list[Edit]],
    removed: list[Blanked],
    data: bytes,
) -> _State:
    old_text, old_code = bytes(text), bytes(code)
    after = _apply(state, text, code, lines, [e for edits in proposals for e in edits])
    before_costs = _by_region(state, regions)
    after_costs = _by_region(after, regions)
    kept: list[Edit] = []
    undone: list[Edit] = []
    for edits, old, new in zip(proposals, before_costs, after_costs, strict=True):
        (kept if new < old else undone).extend(edits)
    if undone:
        for edit in undone:
            text[edit.start : edit.end] = old_text[edit.start : edit.end]
            code[edit.start : edit.end] = old_code[edit.start : edit.end]
        if not kept:
            return state
        after = _parse(after.tree, text, lines, undone)
    if after.cost >= state.cost:
        text[:] = old_text
        code[:] = old_code
        return state
    removed.extend(Blanked(e.kind, data[e.start : e.end], e.start, e.end) for e in kept if e.kind)
    return after


def _apply(state: _State, text: bytearray, code: bytearray, lines: Lines, edits: list[Edit]) -> _State:
    for edit in edits:
        text[edit.start : edit.end] = edit.text
        code[edit.start : edit.end] = edit.text
    return _parse(state.tree, text, lines, edits)


def _parse(tree: Tree, text: bytearray, lines: Lines, edits: list[Edit]) -> _State:
    if len(edits) > _MOST_EDITS:
        return _state(parser().parse(bytes(text)), text)
    old = tree.copy()
    for edit in edits:
        start, end = lines.point(edit.start), lines.point(edit.end)
        old.edit(edit.start, edit.end, edit.end, start, end, end)
    return _state(parser().parse(bytes(text), old), text)


def _regions(state: _State, code: bytearray, calls: dict[int, int]) -> list[tuple[int, int]]:
    """Neighbourhoods of the errors, whole lines, merged, in order.

    One that begins inside a macro call begins at that call; `calls` remembers where.
    """
    spans = sorted([*state.errors, *((m, m) for m in state.missing)])
    regions: list[tuple[int, int]] = []
    for start, end in spans:
        # White space is no neighbourhood: a blanked comment may be thousands of bytes long.
        reach = max(0, start - _FARTHEST)
        near = reach + len(code[reach:start].rstrip())
        low = code.rfind(b"\n", 0, max(0, near - _MARGIN)) + 1
        high = code.find(b"\n", min(len(code), end + _MARGIN))
        high = len(code) if high < 0 else high
        if regions and low <= regions[-1][1]:
            regions[-1] = (regions[-1][0], max(regions[-1][1], high))
            continue
        if low not in calls and len(calls) < _MOST_EXTENDED:
            calls[low] = _enclosing_call(code, low)
        low = max(calls.get(low, low), regions[-1][1] if regions else 0)
        regions.append((low, high))
    return regions


_MOST_EXTENDED = 300
_REACH = 6000
_BRACKET = re.compile(rb"[(){}]")
_MACRO_BEFORE = re.compile(rb"\b_*[A-Z][A-Z0-9_]+\w*\s*\Z")


def _enclosing_call(code: bytearray, low: int) -> int:
    """The start of the line of the outermost macro call that is still open at `low`."""
    stack: list[tuple[bytes, int]] = []
    for match in _BRACKET.finditer(code, max(0, low - _REACH), low):
        token = match[0]
        if token in b"({":
            stack.append((token, match.start()))
        elif stack:
            stack.pop()
    for token, at in stack:
        if token == b"(" and _MACRO_BEFORE.search(code[max(0, at - 80) : at]):
            return code.rfind(b"\n", 0, at) + 1
    return low


def _by_region(state: _State, regions: list[tuple[int, int]]) -> list[int]:
    starts = [low for low, _ in regions]
    costs = [0] * len(regions)
    for error in state.errors:
        index = bisect_right(starts, error[0]) - 1
        if index < 0 or regions[index][1] < error[0]:
            index = min(index + 1, len(regions) - 1)
        costs[index] += _cost(error)
    for at in state.missing:
        costs[max(0, bisect_right(starts, at) - 1)] += _MISSING_WEIGHT
    return costs


def _disjoint(edits: list[Edit], source: bytes) -> list[Edit]:
    """The edits that do not overlap an earlier proposal and change something."""
    kept: list[Edit] = []
    taken: set[int] = set()
    for edit in edits:
        if source[edit.start : edit.end] == edit.text or len(edit.text) != edit.end - edit.start:
            continue
        span = range(edit.start, edit.end)
        if edit.end - edit.start > 4096 or taken.isdisjoint(span):
            taken.update(span)
            kept.append(edit)
    return kept
