"""Where comments, strings and words of C++ code lie: enough to colour it and to write between its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKENS = re.compile(
    r"""(?P<comment>//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z))
    |(?P<string>(?:u8|[LuU])?R"(?P<mark>[^()\\\s]{0,16})\(.*?(?:\)(?P=mark)"|\Z)
      |"(?:\\\r?\n|\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])+')
    |(?P<directive>^[ \t]*\#[ \t]*\w+)
    |(?P<number>\b\d[\w'.]*)
    |(?P<word>[A-Za-z_]\w*)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Role, start and end of comments, strings, directives, numbers and words, in their order."""
    for found in _TOKENS.finditer(text):
        role = found.lastgroup or ""
        yield "string" if role == "mark" else role, found.start(), found.end()
