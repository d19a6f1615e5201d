"""CUDA keywords, attributes and launch brackets, taken out of the text but kept as data.

All edits keep the length: tree-sitter-cpp then sees plain C++ at the user's own offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portcheck.syntax.directives import BLANK

_QUALIFIERS = (
    rb"global|device|host|shared|constant|managed|forceinline|noinline|inline|grid_constant|restrict|"
    rb"nv_pure|tile_global|nv_tex_surf_handler|cluster|private_extern|tile|extension|volatile"
)
_ATTRIBUTES = (
    rb"launch_bounds|align|cluster_dims|maxnreg|block_size|attribute|builtin_align|local_maxnreg|pragma"
)
# Brackets nested up to four deep, as in `__launch_bounds__(f(g(1)), h(2))`.
_NESTED = rb"\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\)"
_SPACE = rb"[ \t\r\n]*+"


@dataclass(frozen=True, slots=True)
class Blanked:
    """Text taken out of the view; offsets are the user's, in bytes."""

    kind: str
    text: bytes
    start_byte: int
    end_byte: int


@dataclass(frozen=True, slots=True)
class LaunchSyntax:
    """A `<<<..>>>`: from its first `<` to just past its last `>`, and each argument's span."""

    start_byte: int
    end_byte: int
    arguments: tuple[tuple[int, int], ...]


_KEYWORDS = re.compile(
    rb"__(?<!\w__)(?:("
    + _QUALIFIERS
    + rb")__|(?:"
    + _ATTRIBUTES
    + rb")__"
    + _SPACE
    + _NESTED
    + rb"|declspec"
    + _SPACE
    + _NESTED
    + rb"|forceinline|restrict|inline)(?!\w)"
)
_ARGUMENTS = re.compile(_SPACE + rb"(" + _NESTED + rb")")
# `i < UNROLL;` is a value, whatever a table says about the name.
_VALUE_BEFORE = re.compile(rb"[-=+/%<|^!?*(,\[]\s*\Z")
_VALUE_AFTER = re.compile(rb"\s*[-;,)+*/%<>=|&^?:\]]")
_WORDS = re.compile(rb"(?<![\w.>])[A-Z_]\w{2,}")


def attribute_uses(code: bytes, attribute_names: frozenset[bytes]) -> frozenset[bytes]:
    """Which of the known attribute macros the file names at all: usually a handful."""
    return attribute_names.intersection(_WORDS.findall(code))


def blank_attributes(
    code: bytearray, target: bytearray, with_call: frozenset[bytes], plain: frozenset[bytes]
) -> list[Blanked]:
    """Blank qualifiers, attributes and attribute macros in `code` and `target` alike.

    `code` has no comments and no string contents; `with_call` are the attribute macros
    that take arguments, `plain` those that do not.
    """
    source = bytes(code)
    spans: list[tuple[int, int, str]] = []
    if b"__" in source:
        spans = [
            (*m.span(), "attribute" if m[1] is None else "qualifier") for m in _KEYWORDS.finditer(source)
        ]
    # Few names in a file: searching for each is faster than one pattern for all of them.
    for name in with_call | plain:
        spans.extend(
            (start, end, "attribute_macro")
            for start, end in _uses(source, name, name in with_call, name in plain)
        )
    spans.sort()
    found: list[Blanked] = []
    last = 0
    for start, end, kind in spans:
        if start < last:
            continue
        last = end
        text = bytes(target[start:end])
        found.append(Blanked(kind, text, start, end))
        blank = text.translate(BLANK)
        code[start:end] = blank
        target[start:end] = blank
    return found


_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def _uses(source: bytes, name: bytes, called: bool, plain: bool) -> Iterator[tuple[int, int]]:
    """Spans of the uses of one attribute macro, with its arguments if it takes any."""
    size = len(name)
    at = source.find(name)
    while at >= 0:
        end = at + size
        if not (at and source[at - 1] in _WORD_BYTES) and not (
            end < len(source) and source[end] in _WORD_BYTES
        ):
            arguments = _ARGUMENTS.match(source, end) if called else None
            if arguments is not None:
                end = arguments.end()
                yield at, end
            elif plain and not (
                _VALUE_BEFORE.search(source, max(0, at - 8), at) and _VALUE_AFTER.match(source, end)
            ):
                yield at, end
        at = source.find(name, end)


_LAUNCH = re.compile(rb"<<<|>>>|[(){};,\[\]]")
_OPERATOR = re.compile(rb"\boperator\s*\Z")
_BEFORE_LAUNCH = re.compile(rb"(?:[\w>)\]])\s*\Z")


def find_launches(code: bytes) -> list[LaunchSyntax]:
    """Pairs of `<<<` and `>>>` that stand outside templates."""
    launches: list[LaunchSyntax] = []
    at = code.find(b"<<<")
    while at >= 0:
        before = code[max(0, at - 400) : at].rstrip(b" \t\r\n\\")[-64:]
        if _BEFORE_LAUNCH.search(before) and not _OPERATOR.search(before):
            launch = _close(code, at)
            if launch is not None:
                launches.append(launch)
                at = code.find(b"<<<", launch.end_byte)
                continue
        nxt = at + 3
        while code[nxt : nxt + 1] == b"<":
            nxt += 1
        at = code.find(b"<<<", nxt)
    return launches


def _close(code: bytes, start: int) -> LaunchSyntax | None:
    depth = 0
    commas: list[int] = []
    for match in _LAUNCH.finditer(code, start + 3, min(len(code), start + 8192)):
        token = match[0]
        if token in b"([{":
            depth += 1
        elif token in b")]}":
            depth -= 1
            if depth < 0:
                return None
        elif depth:
            if token == b"<<<":
                return None
        elif token == b",":
            commas.append(match.start())
        elif token == b">>>":
            end = match.end()
            return LaunchSyntax(start, end, tuple(_arguments(code, start + 3, end - 3, commas)))
        else:
            return None
    return None


def _arguments(code: bytes, start: int, end: int, commas: list[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for low, high in zip([start, *(c + 1 for c in commas)], [*commas, end], strict=True):
        text = code[low:high]
        left = low + len(text) - len(text.lstrip())
        spans.append((left, max(left, low + len(text.rstrip()))))
    return spans


def rewrite_launches(buffer: bytearray, launches: list[LaunchSyntax]) -> None:
    """`k<<<g,b>>>(x)` becomes `k(  g,b)  (x)`: a call of a call."""
    for launch in launches:
        buffer[launch.start_byte : launch.start_byte + 3] = b"(  "
        buffer[launch.end_byte - 3 : launch.end_byte] = b")  "
