"""Macro calls written out, as the preprocessor would, with the origin of every byte.

Expansion follows Prosser's algorithm: each token carries the names it may not be expanded
to any more, so a macro never expands inside its own expansion and the work ends. Depth and
size are bounded too; beyond the bounds a call is left as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from portcheck.syntax.directives import MacroDefinition
from portcheck.syntax.macros import MacroTable

_TOKEN = re.compile(
    rb"[A-Za-z_]\w*|\s+|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)+'|\.?\d(?:[eEpP][+-]|[\w.']\b|[\w.])*|##|.",
    re.DOTALL,
)
_SPLIT = re.compile(
    rb"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'|[(),]", re.DOTALL
)
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/|(\"(?:[^\"\\\n]|\\.)*\")", re.DOTALL)
_STEPS = 20_000  # replacements per call, against exponential macros


@dataclass(frozen=True, slots=True)
class Segment:
    """Where `text[start:end]` of an expansion comes from.

    "body": `offset` is the byte offset in the file of the definition (`path`, `macro`).
    "argument": `offset` is the index of the call's argument and `inner` the byte offset
    inside that argument.
    """

    start: int
    end: int
    source: str
    offset: int
    macro: str
    path: str = ""
    inner: int = 0


@dataclass(frozen=True, slots=True)
class Expansion:
    text: bytes
    segments: tuple[Segment, ...]
    complete: bool = True  # False: a bound was met and some calls stand unexpanded


class _Token(NamedTuple):
    text: bytes
    source: str
    offset: int
    macro: str
    path: str
    inner: int
    hidden: frozenset[str]


def argument_spans(text: bytes) -> list[tuple[int, int]]:
    """Spans of the arguments in the text between a call's brackets, as C splits them.

    Only round brackets nest; strings and comments are skipped; white space is trimmed.
    """
    depth, begin = 0, 0
    spans: list[tuple[int, int]] = []
    for match in _SPLIT.finditer(text):
        token = match[0]
        if token == b"(":
            depth += 1
        elif token == b")":
            depth -= 1
        elif token == b"," and depth == 0:
            spans.append((begin, match.start()))
            begin = match.end()
    spans.append((begin, len(text)))
    return [_trim(text, *span) for span in spans]


def split_arguments(text: bytes) -> list[bytes]:
    """The arguments between a call's brackets: top-level commas, as the preprocessor splits."""
    return [text[start:end] for start, end in argument_spans(text)]


def _trim(text: bytes, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    left = start + len(part) - len(part.lstrip())
    return left, max(left, start + len(part.rstrip()))


def expand_call(
    definition: MacroDefinition,
    arguments: Sequence[bytes],
    macros: MacroTable,
    *,
    depth: int = 8,
    budget_bytes: int = 65536,
    path: str | None = None,
    offset: int | None = None,
) -> Expansion:
    """Expand one use of `definition`, everything in its result included.

    `path` and `offset` say where the use stands: macros that its arguments name are looked up
    from there, since files reuse the names of their macros.
    """
    worker = _Expander(macros, definition.path, depth, budget_bytes, path, offset)
    given = [
        worker.tokens(_no_comments(argument), "argument", index, definition.name, "", frozenset())
        for index, argument in enumerate(arguments)
    ]
    tokens = worker.expand(worker.substitute(definition, given, frozenset()))
    return _assemble(tokens, not worker.exhausted)


def _no_comments(text: bytes) -> bytes:
    if b"//" not in text and b"/*" not in text:
        return text
    return _COMMENT.sub(lambda m: m[0] if m[1] else b" " * len(m[0]), text)


def _assemble(tokens: list[_Token], complete: bool) -> Expansion:
    parts: list[bytes] = []
    segments: list[Segment] = []
    at = 0
    for token in tokens:
        end = at + len(token.text)
        parts.append(token.text)
        last = segments[-1] if segments else None
        place = token.inner if token.source == "argument" else token.offset
        if (
            last is not None
            and (last.source, last.macro, last.path) == (token.source, token.macro, token.path)
            and (token.source == "body" or last.offset == token.offset)
            and (last.inner if token.source == "argument" else last.offset) + at - last.start == place
        ):
            segments[-1] = Segment(
                last.start, end, last.source, last.offset, last.macro, last.path, last.inner
            )
        else:
            segments.append(
                Segment(at, end, token.source, token.offset, token.macro, token.path, token.inner)
            )
        at = end
    return Expansion(b"".join(parts), tuple(segments), complete)


@lru_cache(maxsize=8192)
def _words(text: bytes) -> tuple[tuple[bytes, int], ...]:
    """The preprocessor's tokens of a text, with their offsets; a macro's body is read once."""
    return tuple((m[0], m.start()) for m in _TOKEN.finditer(text))


class _Expander:
    """One expansion: the table, the bounds, and how much of them is used up."""

    def __init__(
        self, macros: MacroTable, path: str, depth: int, budget: int, use: str | None, offset: int | None
    ) -> None:
        self.use = use
        self.offset = offset
        self.macros = macros
        self.path = path
        self.depth = depth
        self.budget = budget
        self.steps = _STEPS
        self.exhausted = False

    def tokens(
        self, text: bytes, source: str, offset: int, macro: str, path: str, hidden: frozenset[str]
    ) -> list[_Token]:
        if source == "body":
            return [
                _Token(word, source, offset + start, macro, path, 0, hidden) for word, start in _words(text)
            ]
        return [_Token(word, source, offset, macro, path, start, hidden) for word, start in _words(text)]

    def expand(self, tokens: list[_Token], nested: int = 0) -> list[_Token]:
        """Rescan: replace every macro use until nothing is left or a bound is met."""
        out: list[_Token] = []
        written = 0
        pending = tokens[::-1]
        while pending:
            token = pending.pop()
            replaced = None
            first = token.text[0]
            if (first == 95 or 65 <= first <= 90 or 97 <= first <= 122) and not self.exhausted:
                replaced = self._replace(token, pending, nested)
            if replaced is None:
                out.append(token)
                written += len(token.text)
                if written > self.budget:
                    self.exhausted = True
                    out.extend(reversed(pending))
                    break
            else:
                pending.extend(reversed(replaced))
        return out

    def _replace(self, token: _Token, pending: list[_Token], nested: int) -> list[_Token] | None:
        name = token.text.decode("latin-1")
        if name in token.hidden or len(token.hidden) >= self.depth or nested > self.depth:
            return None
        if token.source == "argument" and self.use is not None:
            definition = self.macros.get(name, self.use, self.offset)
        else:
            definition = self.macros.get(name, token.path or self.path)
        if definition is None or (definition.parameters is None and not definition.active):
            return None  # a name that only a branch which is off gives another meaning stands for itself
        given: list[list[_Token]] = []
        used = 0
        if definition.parameters is not None:
            call = _call(pending)
            if call is None:
                return None
            given, used = call
        self.steps -= 1
        size = len(definition.body)
        self.budget -= size
        if self.steps < 0 or self.budget < 0:
            self.exhausted = True
            return None
        if used:
            del pending[-used:]
        return self.substitute(definition, given, token.hidden, nested)

    def substitute(
        self, definition: MacroDefinition, given: list[list[_Token]], hidden: frozenset[str], nested: int = 0
    ) -> list[_Token]:
        """The body with its parameters replaced, `#` and `##` done; not yet rescanned."""
        hidden = hidden | {definition.name}
        body = self.tokens(
            definition.body, "body", definition.body_start, definition.name, definition.path, hidden
        )
        if definition.parameters is None:
            return _paste(body)
        values, variadic = _bind(definition.parameters, given)
        expanded: dict[str, list[_Token]] = {}
        out: list[_Token] = []
        index = 0
        while index < len(body):
            token = body[index]
            name = token.text.decode("latin-1")
            if name == "#":
                after = _next(body, index + 1)
                key = body[after].text.decode("latin-1") if after < len(body) else ""
                if key in values:
                    out.append(_string(values[key], token))
                    index = after + 1
                    continue
            if name == "__VA_OPT__" and variadic is not None:
                opened = _call(body[index + 1 :][::-1])
                if opened is not None:
                    end = index + 1 + opened[1]
                    inner = body[_next(body, index + 1) + 1 : end - 1] if values[variadic] else []
                    body[index:end] = inner
                    continue
            if name in values:
                value = values[name]
                if _beside_paste(body, index):
                    before = _previous(out)
                    if (
                        name == variadic
                        and before >= 1
                        and out[before].text == b"##"
                        and out[_previous(out, before)].text == b","
                    ):
                        # `, ##__VA_ARGS__`: the comma goes when there is nothing after it.
                        del out[before:]
                        if not value:
                            del out[_previous(out) :]
                    out.extend(value or [token._replace(text=b"")])
                else:
                    if name not in expanded:
                        expanded[name] = self.expand(value, nested + 1)
                    out.extend(t._replace(hidden=t.hidden | hidden) for t in expanded[name])
                if sum(len(t.text) for t in out[-len(value) :]) > self.budget or len(out) > 4 * self.budget:
                    self.exhausted = True
                    return out
            else:
                out.append(token)
            index += 1
        return _paste(out)


def _bind(
    parameters: tuple[str, ...], given: list[list[_Token]]
) -> tuple[dict[str, list[_Token]], str | None]:
    values: dict[str, list[_Token]] = {}
    variadic: str | None = None
    if not parameters:
        return values, None
    if parameters[-1].endswith("..."):
        variadic = parameters[-1].removesuffix("...") or "__VA_ARGS__"
    named = parameters[:-1] if variadic else parameters
    for index, name in enumerate(named):
        values[name] = given[index] if index < len(given) else []
    if variadic is not None:
        rest: list[_Token] = []
        for number, part in enumerate(given[len(named) :]):
            if number and part:
                rest.append(part[0]._replace(text=b", "))
            elif number:
                rest.append(_Token(b", ", "argument", len(named) + number, "", "", 0, frozenset()))
            rest.extend(part)
        values[variadic] = rest
    return values, variadic


def _call(pending: list[_Token]) -> tuple[list[list[_Token]], int] | None:
    """Arguments of a call whose `(` comes next (the list is in reverse), tokens used."""
    at = len(pending) - 1
    while at >= 0 and pending[at].text.isspace():
        at -= 1
    if at < 0 or pending[at].text != b"(":
        return None
    depth = 0
    arguments: list[list[_Token]] = [[]]
    while at >= 0:
        token = pending[at]
        at -= 1
        if token.text == b"(":
            depth += 1
            if depth == 1:
                continue
        elif token.text == b")":
            depth -= 1
            if depth == 0:
                return [_stripped(a) for a in arguments], len(pending) - at - 1
        elif token.text == b"," and depth == 1:
            arguments.append([])
            continue
        arguments[-1].append(token)
    return None


def _stripped(tokens: list[_Token]) -> list[_Token]:
    start, end = 0, len(tokens)
    while start < end and tokens[start].text.isspace():
        start += 1
    while end > start and tokens[end - 1].text.isspace():
        end -= 1
    return tokens[start:end]


def _next(tokens: list[_Token], at: int) -> int:
    while at < len(tokens) and tokens[at].text.isspace():
        at += 1
    return at


def _previous(tokens: list[_Token], before: int | None = None) -> int:
    at = (len(tokens) if before is None else before) - 1
    while at > 0 and tokens[at].text.isspace():
        at -= 1
    return at


def _beside_paste(body: list[_Token], index: int) -> bool:
    after = _next(body, index + 1)
    before = _previous(body, index)
    return (after < len(body) and body[after].text == b"##") or (before >= 0 and body[before].text == b"##")


def _string(value: list[_Token], sign: _Token) -> _Token:
    text = b" ".join(b"".join(t.text for t in value).split())
    text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return (value[0] if value else sign)._replace(text=b'"' + text + b'"')


def _paste(tokens: list[_Token]) -> list[_Token]:
    """Do every `##`; operands lose the white space between them."""
    if not any(t.text == b"##" for t in tokens):
        return [t for t in tokens if t.text]
    out: list[_Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        if token.text != b"##":
            out.append(token)
            continue
        while out and out[-1].text.isspace():
            out.pop()
        index = _next(tokens, index)
        if index < len(tokens) and out:
            right = tokens[index]
            index += 1
            left = out.pop()
            origin = left if left.text else right
            out.append(origin._replace(text=left.text + right.text, hidden=left.hidden & right.hidden))
    return [t for t in out if t.text]
