"""Comments, strings and preprocessor directives of one file, found in a single sweep.

tree-sitter-cpp stumbles over much of what the preprocessor removes: block comments inside
a `#define`, `#pragma` between `if (..)` and its statement, `#if` groups that hold half a
statement. So all of it is found here first, as spans of bytes, and blanked later.

Every offset is a byte offset into the user's file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Turns any bytes into white space of the same length with the same line breaks.
BLANK = bytes(b if b in b"\n\r" else 0x20 for b in range(256))
# The same, line breaks too: for text that becomes one logical line.
JOINED = b" " * 256

_STRING = rb'"(?:[^"\\\n]++|\\.)*+"?'
_CHARACTER = rb"'(?<![0-9a-fA-F]')(?:\\[^\n][^'\n]{0,10}|[^'\\\n]{1,8})'"
_LINE_COMMENT = rb"//(?:[^\n\\]++|\\(?:\r\n|.)|\\)*+"
_BLOCK_COMMENT = rb"/\*(?:.*?\*/|.*+)"
# Every branch starts with a plain character, so that `re` can skip to the next candidate.
_LEX = re.compile(
    rb"(" + _LINE_COMMENT + rb"|" + _BLOCK_COMMENT + rb")"
    rb'|(R(?:(?<!\wR)|(?<=[uUL8]R))"([^()\\\s"]{0,16})\((?:.*?\)\3"|.*+)|'
    + _STRING
    + rb"|"
    + _CHARACTER
    + rb")"
    rb"|#(?:[^\n\\/\"']++|\\[ \t]*+(?:\r?\n|.)|"
    + _LINE_COMMENT
    + rb"|"
    + _BLOCK_COMMENT
    + rb"|"
    + _STRING
    + rb"|"
    + _CHARACTER
    + rb"|['/\\])*+",
    re.DOTALL,
)
_KEYWORD = re.compile(rb"#(?:[ \t]|\\\r?\n|/\*.*?\*/)*([A-Za-z_]\w*)?", re.DOTALL)
_WS = rb"(?:[ \t]|\\[ \t]*\r?\n|/\*.*?\*/)"
_DEFINE = re.compile(
    rb"#" + _WS + rb"*define" + _WS + rb"+([A-Za-z_]\w*)(?:\(([^()]*)\))?" + _WS + rb"*", re.DOTALL
)
_NOT_BODY = re.compile(
    _LINE_COMMENT + rb"|" + _BLOCK_COMMENT + rb"|\\[ \t]*\r?\n|(" + _STRING + rb"|" + _CHARACTER + rb")",
    re.DOTALL,
)
_NAME = re.compile(rb"\w+\s*\.\.\.|\w+|\.\.\.")


@dataclass(frozen=True, slots=True)
class Directive:
    """One preprocessor directive; `end` is at its line break (or the end of the file)."""

    keyword: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MacroDefinition:
    """A `#define`. Lines are 1-based, everything else is a byte offset into its file."""

    path: str
    name: str
    parameters: tuple[str, ...] | None  # None: object-like; a variadic one ends in "..."
    start_byte: int
    end_byte: int
    body_start: int
    body_end: int
    line: int
    body: bytes  # comments and continuations are spaces; as long as body_end - body_start
    active: bool = True  # False: it lies in an `#if` branch that is off


@dataclass(frozen=True, slots=True)
class Lexed:
    """What one sweep over a file found; spans are (start, end) in order."""

    data: bytes
    comments: list[tuple[int, int]]
    strings: list[tuple[int, int]]
    directives: list[Directive]


def lex(data: bytes) -> Lexed:
    """Find comments, string and character literals, and directives."""
    comments: list[tuple[int, int]] = []
    strings: list[tuple[int, int]] = []
    directives: list[Directive] = []
    for match in _LEX.finditer(data):
        kind = match.lastindex
        if kind == 1:
            comments.append(match.span())
        elif kind is not None:
            strings.append(match.span())
        else:
            start, end = match.span()
            line = data.rfind(b"\n", 0, start) + 1
            before = data[line:start]
            if before and not before.isspace() and not _only_comments(before):
                continue
            if data[end - 1 : end] == b"\r":
                end -= 1
            keyword = _KEYWORD.match(data, start, end)
            directives.append(Directive((keyword and keyword[1]) or b"", start, end))
    return Lexed(data, comments, strings, directives)


def comments_of(lexed: Lexed) -> list[tuple[int, int]]:
    """All comments in order, those inside of directives too."""
    found = list(lexed.comments)
    for directive in lexed.directives:
        inside = _NOT_BODY.finditer(lexed.data, directive.start, directive.end)
        found += [m.span() for m in inside if m.lastindex is None and m[0].startswith((b"//", b"/*"))]
    return sorted(found)


def _only_comments(text: bytes) -> bool:
    return text.rstrip().endswith(b"*/") and text.lstrip().startswith((b"/*", b"*"))


def clean_body(text: bytes, table: bytes = BLANK) -> bytes:
    """A macro body with comments and continuations blanked; the length stays."""
    if b"\\" not in text and b"/" not in text:
        return text
    return _NOT_BODY.sub(lambda m: m[0] if m.lastindex else m[0].translate(table), text)


def define_head(data: bytes, directive: Directive) -> tuple[bytes, bytes | None, int, int] | None:
    """Name, parameter text and body span of a `#define`, or None if it is malformed."""
    match = _DEFINE.match(data, directive.start, directive.end)
    if match is None:
        return None
    start = match.end()
    end = start + len(data[start : directive.end].rstrip())
    return match[1], match[2], start, max(start, end)


def macro_definition(
    path: str, data: bytes, directive: Directive, line: int, active: bool
) -> MacroDefinition | None:
    """Read one `#define`; `line` is its 1-based line."""
    head = define_head(data, directive)
    if head is None:
        return None
    name, parameters, start, end = head
    names: tuple[str, ...] | None = None
    if parameters is not None:
        names = tuple(_parameter(m[0]) for m in _NAME.finditer(clean_body(parameters)))
    body = clean_body(data[start:end], JOINED)
    return MacroDefinition(
        path,
        name.decode("ascii", "replace"),
        names,
        directive.start,
        directive.end,
        start,
        end,
        line,
        body,
        active,
    )


def _parameter(text: bytes) -> str:
    # `args...` is GNU's named variadic: kept with its name, `...` last, as expansion needs it.
    return b"".join(text.split()).decode("ascii", "replace")
