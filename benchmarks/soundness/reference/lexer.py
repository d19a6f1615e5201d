"""Tokens of a generated file, with `#define` expanded as the preprocessor does."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<num>0[xX][0-9a-fA-F']+[uUlLzZ]*|\d[\d']*[uUlLzZ]*)
  | (?P<id>[A-Za-z_]\w*)
  | (?P<str>"(?:\\.|[^"\\])*")
  | (?P<op><<<|>>>|<<=|>>=|->|\+\+|--|<<|>>|&&|\|\||::|\.\.\.|[-+*/%&|^<>=!]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`start` and `end` are offsets into the file; a token from a macro has those of the macro's use."""

    kind: str
    text: str
    start: int
    end: int
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Macro:
    parameters: tuple[str, ...] | None
    body: tuple[Token, ...]


class LexError(Exception):
    pass


def tokens_of(text: str) -> list[Token]:
    """The expanded tokens of a file. Every `#define` is in force from its line on."""
    macros: dict[str, Macro] = {}
    found: list[Token] = []
    chunk_start = offset = 0
    pending: list[Token] = []

    def flush(end: int) -> None:
        pending.extend(_split(text, chunk_start, end))
        found.extend(_expand(pending, macros))
        pending.clear()

    lines = text.splitlines(keepends=True)
    index = 0
    while index < len(lines):
        if lines[index].lstrip().startswith("#"):
            flush(offset)
            directive = ""
            while True:
                line = lines[index]
                offset += len(line)
                index += 1
                stripped = line.rstrip("\n")
                if not stripped.endswith("\\"):
                    directive += stripped
                    break
                directive += stripped[:-1] + " "
            _define(directive.strip(), macros)
            chunk_start = offset
        else:
            offset += len(lines[index])
            index += 1
    flush(offset)
    found.append(Token("end", "", len(text), len(text)))
    return found


def _split(text: str, start: int, end: int) -> list[Token]:
    found = []
    position = start
    while position < end:
        match = _TOKEN.match(text, position, end)
        if match is None:
            raise LexError(f"cannot read {text[position : position + 20]!r}")
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup or "", match.group(), match.start(), match.end()))
        position = match.end()
    return found


def _define(directive: str, macros: dict[str, Macro]) -> None:
    match = re.match(r"#\s*define\s+(\w+)(\(([^)]*)\))?(.*)", directive, re.DOTALL)
    if match is None:
        if (undef := re.match(r"#\s*undef\s+(\w+)", directive)) is not None:
            macros.pop(undef.group(1), None)
        return
    parameters = None
    if match.group(2) is not None:
        parameters = tuple(p.strip() for p in match.group(3).split(",") if p.strip())
    body = match.group(4)
    macros[match.group(1)] = Macro(parameters, tuple(_split(body, 0, len(body))))


def _expand(tokens: list[Token], macros: dict[str, Macro]) -> list[Token]:
    found: list[Token] = []
    stack = list(reversed(tokens))
    while stack:
        token = stack.pop()
        macro = macros.get(token.text) if token.kind == "id" and token.text not in token.hidden else None
        if macro is None:
            found.append(token)
            continue
        end = token.end
        arguments: dict[str, list[Token]] = {}
        if macro.parameters is not None:
            if not stack or stack[-1].text != "(":
                found.append(token)
                continue
            stack.pop()
            given, close = _arguments(stack)
            end = max(end, close)
            if len(given) != len(macro.parameters) and not (not macro.parameters and given == [[]]):
                raise LexError(f"{token.text} takes {len(macro.parameters)} arguments")
            arguments = {p: _expand(a, macros) for p, a in zip(macro.parameters, given, strict=False)}
        hidden = token.hidden | {token.text}
        result: list[Token] = []
        for part in macro.body:
            pieces = arguments.get(part.text, [part]) if part.kind == "id" else [part]
            result += [replace(p, start=token.start, end=end, hidden=p.hidden | hidden) for p in pieces]
        stack.extend(reversed(result))
    return found


def _arguments(stack: list[Token]) -> tuple[list[list[Token]], int]:
    given: list[list[Token]] = [[]]
    depth = 0
    while stack:
        token = stack.pop()
        if token.text == ")" and depth == 0:
            return given, token.end
        if token.text == "," and depth == 0:
            given.append([])
            continue
        depth += (token.text in "([{") - (token.text in ")]}") if token.kind == "op" else 0
        given[-1].append(token)
    raise LexError("a macro's arguments do not end")
