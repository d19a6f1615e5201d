"""Text from a user's files made safe inside Markdown: nothing in it becomes markup or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import category

_SPECIAL = re.compile(r"([\\*_\[\]#~|<>&])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "\\|"}
_SPAN = re.compile(r"`([^`]+)`")


def visible(text: str) -> str:
    """One line, with control and direction characters spelled out."""
    line = " ".join(text.split())
    return "".join(c if category(c) not in ("Cc", "Cf", "Cs") else f"\\u{ord(c):04x}" for c in line)


def code(text: str) -> str:
    """A code span that holds in a table too, whatever the text contains."""
    shown = visible(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}" if shown else ""


def prose(text: str) -> str:
    """A sentence in which `code` stays code and everything else is plain text."""
    shown = visible(text)
    if shown.count("`") % 2:
        return code(shown)
    found = []
    end = 0
    for span in _SPAN.finditer(shown):
        found += [_plain(shown[end : span.start()]), code(span[1])]
        end = span.end()
    return "".join([*found, _plain(shown[end:])])


def _plain(text: str) -> str:
    return _SPECIAL.sub(lambda m: _ENTITIES.get(m[1], f"\\{m[1]}"), text).replace("`", "\\`")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> Iterator[str]:
    """A table of cells that are Markdown already; `numbers` are the columns set to the right."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---:' if n in numbers else '---' for n in range(len(head)))} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
