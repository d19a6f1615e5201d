"""From the bytes of a CUDA file to trees: the pre-pass, the parse, the repairs."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from tree_sitter import Tree

from portcheck.syntax.blank import (
    Blanked,
    LaunchSyntax,
    attribute_uses,
    blank_attributes,
    find_launches,
    rewrite_launches,
)
from portcheck.syntax.conditions import Configuration, InactiveRange, off_branches
from portcheck.syntax.directives import BLANK, Lexed, MacroDefinition, clean_body, define_head, lex
from portcheck.syntax.fragments import Fragment, inactive_fragments, macro_fragments
from portcheck.syntax.macros import MacroTable, definitions_of
from portcheck.syntax.repair import repair
from portcheck.syntax.tree import Lines, broken, parser


@dataclass(frozen=True, slots=True)
class SyntaxFile:
    """One parsed file. Every offset is a byte offset into `data`.

    `view` is what was parsed: as long as `data`, with the same line breaks. Comments,
    directives and `inactive` branches are spaces in it. `unreadable` are the outermost
    ERROR nodes of the main tree; `missing_count` its MISSING nodes.
    """

    path: str
    data: bytes = field(repr=False)
    view: bytes = field(repr=False)
    tree: Tree = field(repr=False)
    fragments: tuple[Fragment, ...] = field(repr=False)
    blanked: tuple[Blanked, ...] = field(repr=False)
    launches: tuple[LaunchSyntax, ...]
    inactive: tuple[InactiveRange, ...]
    unreadable: tuple[tuple[int, int], ...]
    missing_count: int
    macros: tuple[MacroDefinition, ...] = field(repr=False)
    comments: tuple[tuple[int, int], ...] = field(repr=False)

    def blanked_between(self, start: int, end: int) -> tuple[Blanked, ...]:
        """What was blanked and begins in start..end."""
        low = bisect_left(self.blanked, start, key=_start)
        high = bisect_left(self.blanked, end, lo=low, key=_start)
        return self.blanked[low:high]


def _start(item: Blanked) -> int:
    return item.start_byte


def parse_file(
    path: str, data: bytes, macros: MacroTable, configuration: Configuration, lexed: Lexed | None = None
) -> SyntaxFile:
    """Parse one file; `lexed` is its `lex`, if at hand."""
    lexed = lexed or lex(data)
    branches = off_branches(lexed, configuration) if lexed.directives else []
    outermost = [b for b in branches if b.parent is None]
    definitions = definitions_of(path, lexed, [(b.start, b.end) for b in outermost])

    text, code = _plain_text(lexed)
    used = attribute_uses(bytes(code), macros.attribute_names)
    blanked = blank_attributes(code, text, used & macros.called_attributes, used & macros.plain_attributes)
    launches: list[LaunchSyntax] = []
    if b"<<<" in code:
        launches = find_launches(bytes(code))
        rewrite_launches(code, launches)
        rewrite_launches(text, launches)
    with_bodies = bytes(text)
    for definition in definitions:
        _erase(text, definition.body_start, definition.body_end)
        _erase(code, definition.body_start, definition.body_end)
    with_branches = bytes(text)
    for branch in outermost:
        _erase(text, branch.start, branch.end)
        _erase(code, branch.start, branch.end)

    lines = Lines(data)
    tree = parser().parse(bytes(text))
    if tree.root_node.has_error:
        tree, more = repair(tree, text, code, lines, macros, path, data)
        if more:
            blanked = sorted([*blanked, *more], key=_start)
    errors, missing = broken(tree)
    fragments = inactive_fragments(with_branches, branches, lines)
    fragments += macro_fragments(with_bodies, definitions, lines)
    return SyntaxFile(
        path=path,
        data=data,
        view=bytes(text),
        tree=tree,
        fragments=tuple(fragments),
        blanked=tuple(
            Blanked(b.kind, data[b.start_byte : b.end_byte], b.start_byte, b.end_byte) for b in blanked
        ),
        launches=tuple(launches),
        inactive=tuple(InactiveRange(b.start, b.end, b.condition) for b in outermost),
        unreadable=tuple(errors),
        missing_count=len(missing),
        macros=tuple(definitions),
        comments=tuple(lexed.comments),
    )


def _erase(buffer: bytearray, start: int, end: int) -> None:
    buffer[start:end] = buffer[start:end].translate(BLANK)


def _plain_text(lexed: Lexed) -> tuple[bytearray, bytearray]:
    """The text without comments and directives, but with `#define` bodies; and the same
    without the contents of strings, which is what patterns are matched on."""
    data = lexed.data
    text = bytearray(data)
    for start, end in lexed.comments:
        text[start:end] = data[start:end].translate(BLANK)
    for directive in lexed.directives:
        start, end = directive.start, directive.end
        head = define_head(data, directive) if directive.keyword == b"define" else None
        if head is None:
            text[start:end] = data[start:end].translate(BLANK)
        else:
            text[start : head[2]] = data[start : head[2]].translate(BLANK)
            text[head[2] : head[3]] = clean_body(data[head[2] : head[3]])
            text[head[3] : end] = data[head[3] : end].translate(BLANK)
    code = bytearray(text)
    for start, end in lexed.strings:
        if end - start > 2:
            code[start + 1 : end - 1] = data[start + 1 : end - 1].translate(BLANK)
    return text, code


def parse_text(text: bytes) -> Tree:
    """Parse text that is no file, such as a macro expansion; offsets are those of `text`.

    CUDA's keywords and launches are taken care of; nothing is repaired.
    """
    code = bytearray(text)
    blank_attributes(code, bytearray(text), frozenset(), frozenset())
    if b"<<<" in code:
        rewrite_launches(code, find_launches(bytes(code)))
    return parser().parse(bytes(code))
