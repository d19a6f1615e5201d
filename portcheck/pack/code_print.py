"""A hash of code that changes exactly when its tokens do: comments, layout and line breaks are left out."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from hashlib import sha256

_PARTS = re.compile(
    rb"""
    (?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<text>(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<space>\s+)
    |(?P<word>\w+)
    |(?P<sign>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_SPLICE = re.compile(rb"\\\r?\n")
_JOINING = frozenset(
    b"++ -- && || << >> == <= >= != += -= *= /= %= &= |= ^= -> :: ## // /*".split()
)  # two signs that would read as one without the space between them
_MEMBER = (b".", b"->", b"::")


def fingerprint(codes: Iterable[bytes]) -> str:
    """16 hexadecimal digits of several pieces of code, in their order."""
    digest = sha256()
    for code in codes:
        digest.update(tokens_of(code) + b"\0")
    return digest.hexdigest()[:16]


def tokens_of(code: bytes, locals_: Container[bytes] = ()) -> bytes:
    """The code without comments, and with a space only where two tokens would become one.

    The end of a directive's line stays: it is part of what the code says. Each of the names in
    `locals_` becomes `$` and a number, from 1 in the order in which they appear; a name behind
    `.`, `->` or `::` is a member's and stays.
    """
    found = bytearray()
    numbers: dict[bytes, int] = {}
    gap, directive = False, False
    for part in _PARTS.finditer(_SPLICE.sub(b" ", code)):
        text = part[0]
        if part.lastgroup in ("comment", "space"):
            gap = True
            if directive and b"\n" in text:
                found += b"\n"
                gap = directive = False
            continue
        if text == b"#" and not directive:
            directive = True
            found += b"\n"
        elif gap and found and _merges(bytes(found[-1:]), text[:1]):
            found += b" "
        if part.lastgroup == "word" and text in locals_ and not found.endswith(_MEMBER):
            text = b"$%d" % numbers.setdefault(text, len(numbers) + 1)
        found += text
        gap = False
    return bytes(found)


def _merges(last: bytes, first: bytes) -> bool:
    words = (last.isalnum() or last == b"_") and (first.isalnum() or first == b"_")
    return words or last + first in _JOINING
