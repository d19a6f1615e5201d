"""What a comment is about: a statement, a block, or the whole file. `marks` has the rules in words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from portcheck.pack.identity import statement_around
from portcheck.suppression.mark import Problem
from portcheck.syntax.directives import BLANK, Lexed, comments_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.syntax import SyntaxFile

Span = tuple[int, int]
_BRACED = frozenset(("compound_statement", "field_declaration_list", "declaration_list"))


class Code:
    """One file without its comments, and its tree."""

    def __init__(self, lexed: Lexed, syntax: SyntaxFile) -> None:
        self._lexed = lexed
        self._root = syntax.tree.root_node
        self._view = syntax.view
        self._text = _blanked(lexed.data, comments_of(lexed))

    def about(self, start: int, end: int, scope: str) -> Span | Problem:
        """What a comment at this span is about, or why it is about nothing.

        `scope` is "block", "file", or "" for a statement.
        """
        if scope == "file":
            if self._only_code[:start].strip():
                return Problem.NOT_LEADING
            return 0, len(self._text) + 1
        line = self._line(start, end)
        if line is None:
            return Problem.NOTHING_FOLLOWS
        if scope == "block":
            return self._block(*line) or Problem.NO_BLOCK
        return self._statement(*line)

    @cached_property
    def _only_code(self) -> bytes:
        """The file without its directives too."""
        return _blanked(self._text, [(d.start, d.end) for d in self._lexed.directives])

    def _line(self, start: int, end: int) -> Span | None:
        """From the first to the last character of code of the line that a comment belongs to."""
        first, last = self._text.rfind(b"\n", 0, start) + 1, _line_end(self._text, end)
        if self._text[first:start].strip():
            return self._trimmed(first, _line_end(self._text, start))
        if self._text[end:last].strip():
            return self._trimmed(end, last)
        at = len(self._text) - len(self._text[end:].lstrip())
        return self._trimmed(at, _line_end(self._text, at)) if at < len(self._text) else None

    def _trimmed(self, start: int, end: int) -> Span:
        text = self._text[start:end]
        return start + len(text) - len(text.lstrip()), start + len(text.rstrip())

    def _statement(self, start: int, end: int) -> Span:
        directive = next((d for d in self._lexed.directives if d.start <= start < d.end), None)
        if directive is not None:
            return directive.start, directive.end
        around = (self._simple(self._parsed_from(start)), self._simple(end - 1))
        found = [(start, end), *((node.start_byte, node.end_byte) for node in around if node is not None)]
        block = self._begun_at(start)
        if block is not None:
            found.append((start, block.start_byte))
        return min(s for s, _ in found), max(e for _, e in found)

    def _simple(self, at: int) -> Node | None:
        return statement_around(self._root, at, at + 1)

    def _block(self, start: int, end: int) -> Span | None:
        opened = [n for n in self._braced_within(start, end) if start <= n.start_byte < end]
        block = opened[-1] if opened else self._begun_at(start)
        return None if block is None else (start, block.end_byte)

    def _parsed_from(self, start: int) -> int:
        """The first character that the tree knows of: CUDA's keywords are none of its."""
        return len(self._view) - len(self._view[start:].lstrip())

    def _begun_at(self, start: int) -> Node | None:
        """The block of the outermost construct that begins exactly here."""
        start = self._parsed_from(start)
        node = self._root.descendant_for_byte_range(start, start)
        while node is not None and node.parent is not None and node.parent.start_byte == start:
            if node.parent.parent is None:
                break
            node = node.parent
        if node is None or node.start_byte != start:
            return None
        return next(_braced(node), None)

    def _braced_within(self, start: int, end: int) -> Iterator[Node]:
        node = self._root.descendant_for_byte_range(start, end)
        return _braced(node, end) if node is not None else iter(())


def _braced(node: Node, end: int | None = None) -> Iterator[Node]:
    """The blocks in a node that begin before `end`, in the order of their opening braces."""
    pending = [node]
    while pending:
        one = pending.pop()
        if end is not None and one.start_byte >= end:
            continue
        if one.type in _BRACED:
            yield one
        pending += reversed(one.named_children)


def _blanked(data: bytes, spans: list[Span]) -> bytes:
    kept = bytearray(data)
    for start, end in spans:
        kept[start:end] = kept[start:end].translate(BLANK)
    return bytes(kept)


def _line_end(text: bytes, start: int) -> int:
    found = text.find(b"\n", start)
    return len(text) if found < 0 else found
