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
_LIMIT = 60_000  # how far past the site a call is followed, bytes
_NOT_MACROS = frozenset(
    b"if while for switch return catch sizeof decltype alignas static_assert asm defined requires "
    b"alignof typeid noexcept explicit operator constexpr int float double char void bool unsigned".split()
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
    brackets: dict[int, tuple[int, list[int]]] | None = None
    for match in _CALL.finditer(site.code, site.low, site.high):
        name = match[1]
        if name in _NOT_MACROS or not (_UPPER.match(name) or name in site.macros):
            continue
        if brackets is None:
            brackets = _pairs(site.code, match.end() - 1, site.high)
        opened = match.end() - 1
        if opened in brackets:
            end, commas = brackets[opened]
            spans = zip([opened + 1, *(c + 1 for c in commas)], [*commas, end - 1], strict=True)
            yield Call(name, match.start(), opened, end, tuple(spans))


def _pairs(code: bytes, low: int, high: int) -> dict[int, tuple[int, list[int]]]:
    """Round brackets that open in low..high: offset -> (past the closing one, its commas).

    One pass for all of them, so that nesting costs nothing; goes on past `high` only
    while one is open, and not for ever.
    """
    found: dict[int, tuple[int, list[int]]] = {}
    stack: list[tuple[bytes, int, list[int]]] = []
    round_open = 0
    for match in _BRACKETS.finditer(code, low, min(len(code), high + _LIMIT)):
        at = match.start()
        if at >= high and not round_open:
            break
        token = match[0]
        if token in b"([{":
            stack.append((token, at, []))
            round_open += token == b"("
        elif not stack:
            continue
        elif token == b",":
            stack[-1][2].append(at)
        else:
            kind, opened, commas = stack.pop()
            if kind == b"(":
                round_open -= 1
                if token == b")":
                    found[opened] = (at + 1, commas)
    return found


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
