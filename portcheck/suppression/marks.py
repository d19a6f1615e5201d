"""Comments that suppress findings: their grammar, and the code that each is about.

    // portcheck: WORD[CODE, CODE] reason            a statement
    // portcheck: WORD-block[CODE, CODE] reason      a block in braces
    // portcheck: WORD-file[CODE, CODE] reason       the whole file

WORD is `accept`, `deferred`, `ported` or `false-positive`. CODE is a rule's code, written in full. The
reason is the rest of the comment and must not be empty. `/* */` does as well; the comment has to begin
with `portcheck:`, so that prose which mentions the word is none.

A comment that shares its line with code is about that line; a comment that has its lines for itself is
about the next line of code. From there:

- a *statement* is every simple statement or declaration that touches the line, all of it where it spans
  several lines; where a function, loop, branch or class begins on the line, it is what stands before its
  brace. A preprocessor directive counts as a statement, with all its lines.
- a *block* is the last one whose opening brace is on the line; where none is, the one that belongs to the
  function, loop, branch or class that begins on the line. What stands before its brace is part of it.
- the form for the *file* stands before the first line that is neither a comment nor a directive.

A finding is suppressed where its place begins inside, and its rule is one of the codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from portcheck.source.place import Place
from portcheck.suppression.mark import Mark, Problem
from portcheck.suppression.scopes import Code
from portcheck.syntax.directives import comments_of, lex

if TYPE_CHECKING:
    from portcheck.scan import Parsed

STATUSES = {
    "accept": "accepted",
    "deferred": "deferred",
    "ported": "ported",
    "false-positive": "false-positive",
}
_SCOPES = ("-block", "-file")
_OPENING = re.compile(r"(?://|/\*)[/*!]*<?\s*portcheck:")
_MARK = re.compile(r"portcheck:\s*([\w-]+)\s*\[([^\]]*)\]\s*[:—–-]*\s*(.*)", re.DOTALL)
_CODE = re.compile(r"[A-Z]+[0-9]+")


def marks(parsed: Iterable[Parsed]) -> tuple[Mark, ...]:
    """The comments of all files that address portcheck, in the order of the files."""
    return tuple(mark for one in parsed if b"portcheck:" in one.source.data for mark in _in_file(one))


def _in_file(parsed: Parsed) -> Iterator[Mark]:
    source = parsed.source
    lexed = lex(source.parse_bytes)
    code: Code | None = None
    for start, end in comments_of(lexed):
        text = source.text(start, end)
        if not _OPENING.match(text):
            continue
        code = code or Code(lexed, parsed.syntax)
        off = any(r.start_byte <= start < r.end_byte for r in parsed.syntax.inactive)
        yield _mark(text, source.place(start, end), off, code)


def _mark(text: str, place: Place, off: bool, code: Code) -> Mark:
    match = _MARK.search(text.removesuffix("*/") if text.startswith("/*") else text)
    if match is None:
        return Mark(place, off=off, problem=Problem.FORM)
    word = match.group(1)
    scope = next((s for s in _SCOPES if word.endswith(s)), "")
    status = STATUSES.get(word.removesuffix(scope))
    if status is None:
        return Mark(place, off=off, problem=Problem.WORD, wrong=_quoted(word))
    codes = tuple(dict.fromkeys(part.strip() for part in match.group(2).split(",") if part.strip()))
    if not codes:
        return Mark(place, off=off, problem=Problem.NO_RULE)
    wrong = next((one for one in codes if not _CODE.fullmatch(one)), None)
    if wrong is not None:
        return Mark(place, off=off, problem=Problem.NO_CODE, wrong=wrong)
    reason = " ".join(match.group(3).split())
    if not any(c.isalnum() for c in reason):
        return Mark(place, status, codes, off=off, problem=Problem.NO_REASON)
    span = code.about(place.start_byte, place.end_byte, scope.removeprefix("-"))
    if isinstance(span, Problem):
        return Mark(place, status, codes, reason, off=off, problem=span)
    return Mark(place, status, codes, reason, *span, off=off)


def _quoted(word: str) -> str:
    """The word, with the nearest one that there is."""
    words = [status + scope for scope in ("", *_SCOPES) for status in STATUSES]
    close = get_close_matches(word, words, n=1)
    return f"'{word}' ({close[0]}?)" if close else f"'{word}'"
