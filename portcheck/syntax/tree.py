"""Small helpers over tree-sitter: the parser, its broken places, line positions."""

from __future__ import annotations

import functools
from bisect import bisect_right
from itertools import accumulate

import tree_sitter_cpp
from tree_sitter import Language, Node, Parser, Point, Range, Tree


@functools.cache
def language() -> Language:
    """tree-sitter's C++ grammar."""
    return Language(tree_sitter_cpp.language())


@functools.cache
def parser() -> Parser:
    """One parser per process; a parser with included ranges is made apart."""
    return Parser(language())


class Lines:
    """Byte offset -> tree-sitter point (0-based row, column in bytes)."""

    __slots__ = ("_starts",)

    def __init__(self, data: bytes) -> None:
        self._starts = [0, *accumulate(len(part) + 1 for part in data.split(b"\n"))]

    def point(self, offset: int) -> Point:
        row = bisect_right(self._starts, offset) - 1
        return Point(row, offset - self._starts[row])

    def range(self, start: int, end: int) -> Range:
        return Range(self.point(start), self.point(end), start, end)


def broken(tree: Tree) -> tuple[list[tuple[int, int]], list[int]]:
    """Spans of the outermost ERROR nodes and offsets of the MISSING ones outside them.

    Descends only where tree-sitter says that something is wrong; never recurses.
    """
    errors: list[tuple[int, int]] = []
    missing: list[int] = []
    root = tree.root_node
    if not root.has_error:
        return errors, missing
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        if node.is_error:
            errors.append((node.start_byte, node.end_byte))
        elif node.is_missing:
            missing.append(node.start_byte)
        else:
            pending.extend(child for child in reversed(node.children) if child.has_error)
    return errors, missing
