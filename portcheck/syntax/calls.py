"""Macro calls in a stretch of text: name, brackets and arguments, without a parse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Tree

from portcheck.syntax.macros import MacroTable

_CALL = re.compile(rb"(?<![\w.>])([A-Za-z_]\w*)\s*\(")
_UPPER = re.compile(rb"_*[A-Z][A-Z0-9_]+\w*\Z")
_BRACKETS = re.compile(rb"[()\[\]{},]")
_LIMIT = 60_000  # longest call looked at, bytes
_WORK = 600_000  # bytes scanned per site, against nested brackets
_NOT_MACROS = frozenset(
    b"if while for switch return catch sizeof decltype alignas static_assert asm defined requires alignof typeid "
    b"noexcept explicit operator constexpr int float double char void bool unsigned".split()
)


@dataclass(slots=True)
class Site:
    """The neighbourhood low..high of `code`, which has no comments or string contents.

    `errors` and `missing` are those of the whole file, as `tree.broken` gives them.
    """

    code: bytes
    low: int
    high: int
    macros: MacroTable
    path: str
    tree: Tree
    errors: list[tuple[int, int]]
    missing: list[int]
    calls: list[Call] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`: `open` at its bracket, `end` past the closing one; byte offsets."""

    name: bytes
    start: int
    open: int
    end: int
    arguments: tuple[tuple[int, int], ...]  # as they lie between the commas, untrimmed


def macro_calls(site: Site) -> list[Call]:
    """Calls that start in the site and whose name is that of a macro, known or by shape."""
    if site.calls is None:
        site.calls = list(_find_calls(site))
    return site.calls


def _find_calls(site: Site) -> Iterator[Call]:
    work = _WORK
    for match in _CALL.finditer(site.code, site.low, site.high):
        name = match[1]
        if name in _NOT_MACROS or not (_UPPER.match(name) or name in site.macros):
            continue
        call = read_call(site.code, name, match.start(), match.end() - 1)
        if call is not None:
            yield call
            work -= call.end - call.start
        else:
            work -= 2000
        if work < 0:
            return


def read_call(code: bytes, name: bytes, start: int, opened: int) -> Call | None:
    """The call whose `(` is at `opened`, if it closes within bounds."""
    depth = 0
    commas: list[int] = []
    for match in _BRACKETS.finditer(code, opened, min(len(code), opened + _LIMIT)):
        token = match[0]
        if token in b"([{":
            depth += 1
        elif token == b",":
            if depth == 1:
                commas.append(match.start())
        else:
            depth -= 1
            if depth == 0:
                if token != b")":
                    return None
                end = match.end()
                spans = zip([opened + 1, *(c + 1 for c in commas)], [*commas, end - 1], strict=True)
                return Call(name, start, opened, end, tuple(spans))
    return None


def scope_of(tree: Tree, offset: int) -> str:
    """What kind of text stands at `offset`: "statement", "class" or "file"."""
    node: Node | None = tree.root_node.descendant_for_byte_range(offset, offset)
    for _ in range(200):
        if node is None:
            return "file"
        if node.type in ("compound_statement", "case_statement"):
            return "statement"
        if node.type == "field_declaration_list":
            return "class"
        node = node.parent
    return "statement"
