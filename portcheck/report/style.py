"""Colour for a terminal, and text from a user's files made safe to print on one."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import category, east_asian_width

from portcheck.source.place import Place

_CODES = {
    "heading": "1",
    "code": "36",
    "kind": "36",
    "kernel": "1;36",
    "caret": "32",
    "quiet": "2",
    "warning": "33",
    "holds": "32",
    "depends": "33",
    "violated": "1;31",
    "unknown": "35",
}
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_LEFT_OUT = "…"
_TERM_SIGNS = (" + ", " - ", " and ", " or ")


@dataclass(frozen=True, slots=True)
class Style:
    """Puts colours on text where `colour` is set; the roles are the keys of `_CODES`.

    `prefix` goes before relative paths: the way from the reader's folder to the scan's root,
    so that a path in the report can be opened as it stands.
    """

    colour: bool = False
    prefix: str = ""

    def __call__(self, role: str, text: str) -> str:
        return f"\x1b[{_CODES[role]}m{text}\x1b[0m" if self.colour and text else text

    def path(self, path: str) -> str:
        """The path as it is printed."""
        return safe(path if path.startswith("/") else self.prefix + path)

    def place(self, place: Place) -> str:
        """`path:line:column` as it is printed."""
        return f"{self.path(place.path)}:{place.line}:{place.column}"


def cell(char: str) -> tuple[str, int]:
    """What to print for one character, and how many columns of a terminal that takes.

    Controls and invisible format characters could move the cursor or reorder the line, so
    a replacement character stands for them.
    """
    kind = category(char)
    if kind in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return _UNPRINTABLE, 1
    if kind in ("Mn", "Me"):
        return char, 0
    return char, 2 if east_asian_width(char) in "WF" else 1


def safe(text: str) -> str:
    """The text on one line, with nothing in it that a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(cell(char)[0] for char in " ".join(text.split()))


def padded(text: str, width: int) -> str:
    """The text, filled with spaces up to `width` columns of a terminal."""
    return text + " " * max(0, width - columns(text))


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(cell(char)[1] for char in text)


def elided(text: str, width: int) -> str:
    """The text with its middle left out where it is wider than `width`.

    What is left out is whole terms where that is possible, else whole words.
    """
    if len(text) <= width:
        return text
    room = width - len(_LEFT_OUT) - 2
    for cuts in (_terms(text), [at for at, char in enumerate(text) if char == " "]):
        end = max((c for c in cuts if room // 6 <= c <= room * 2 // 3), default=0)
        start = min((c for c in cuts if c >= len(text) - (room - end)), default=len(text))
        if end:
            return f"{text[:end]} {_LEFT_OUT} {text[start:].lstrip()}".rstrip()
    return f"{text[: room * 2 // 3]}{_LEFT_OUT}{text[len(text) - room // 3 :]}"


def _terms(text: str) -> list[int]:
    """Where a term begins that stands in no brackets."""
    depth = 0
    found: list[int] = []
    for at, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if depth == 0 and text.startswith(_TERM_SIGNS, at):
            found.append(at)
    return found


def counted(number: int, noun: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
