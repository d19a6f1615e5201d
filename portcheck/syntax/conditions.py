"""Which `#if` branches are on.

Conditions are evaluated under a configuration (data plus the user's --define) and the
`#define`s met earlier in active text of the same file. What is unknown counts as 0, as in
C. Branches that are off are listed, never dropped: they are parsed apart.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portcheck.resources import rules_path
from portcheck.syntax.directives import Lexed, clean_body, define_head
from portcheck.syntax.expression import FUNCTION_LIKE, evaluate


@dataclass(frozen=True, slots=True)
class Configuration:
    """Macros taken as defined from the outside: name -> replacement text."""

    defines: Mapping[str, str]

    @classmethod
    def default(cls, extra: Iterable[str] = ()) -> Configuration:
        """The shipped defines; `extra` holds `NAME` or `NAME=VALUE`, `-NAME` undefines."""
        defines = dict(_shipped())
        for item in extra:
            if item.startswith("-"):
                defines.pop(item[1:], None)
                continue
            name, equals, value = item.partition("=")
            defines[name.strip()] = value.strip() if equals else "1"
        return cls(defines)


@functools.cache
def _shipped() -> Mapping[str, str]:
    with (rules_path() / "cuda" / "defines.toml").open("rb") as file:
        return {row["name"]: row["value"] for row in tomllib.load(file)["define"]}


@dataclass(frozen=True, slots=True)
class InactiveRange:
    """Bytes that the configuration turns off, with the condition as the user wrote it."""

    start_byte: int
    end_byte: int
    condition: str


@dataclass(slots=True)
class OffBranch:
    """A branch that is off, inside another one (`parent`) or not; offsets in bytes."""

    start: int
    end: int
    condition: str
    parent: OffBranch | None
    children: list[OffBranch]


@dataclass(slots=True)
class _Group:
    opener: str
    taken: bool
    off: OffBranch | None
    outer: OffBranch | None


def off_branches(lexed: Lexed, configuration: Configuration) -> list[OffBranch]:
    """All branches that are off, by start; nested ones follow the one around them.

    A nested `#if` in a branch that is off is evaluated all the same, so that no two sides
    of a condition ever end up in one tree. Unbalanced groups run to the end of the file.
    """
    data = lexed.data
    names: dict[str, str] = dict(configuration.defines)
    found: list[OffBranch] = []
    stack: list[_Group] = []

    def turn_off(start: int, condition: str, outer: OffBranch | None) -> OffBranch:
        branch = OffBranch(start, len(data), condition, outer, [])
        found.append(branch)
        if outer is not None:
            outer.children.append(branch)
        return branch

    for directive in lexed.directives:
        keyword = directive.keyword
        here = (stack[-1].off or stack[-1].outer) if stack else None
        if keyword in _OPENERS:
            text = _text(data, directive.start, directive.end)
            on = _holds(keyword, text, names)
            off = None if on else turn_off(directive.end, text, here)
            stack.append(_Group(text, on, off, here))
        elif keyword in _BRANCHES and stack:
            group = stack[-1]
            if group.off is not None:
                group.off.end = directive.start
                group.off = None
            text = _text(data, directive.start, directive.end)
            on = not group.taken and (keyword == b"else" or _holds(keyword, text, names))
            group.taken = group.taken or on
            if not on:
                condition = f"#else of {group.opener}" if keyword == b"else" else text
                group.off = turn_off(directive.end, condition, group.outer)
        elif keyword == b"endif" and stack:
            group = stack.pop()
            if group.off is not None:
                group.off.end = directive.start
        elif here is None and keyword == b"define":
            head = define_head(data, directive)
            if head is not None:
                name, parameters, start, end = head
                body = clean_body(data[start:end]).decode("latin-1")
                names[name.decode("latin-1")] = body if parameters is None else FUNCTION_LIKE
        elif here is None and keyword == b"undef":
            words = _text(data, directive.start, directive.end).replace("#", " ").split()
            if len(words) > 1:
                names.pop(words[1], None)
    return found


_OPENERS = frozenset((b"if", b"ifdef", b"ifndef"))
_BRANCHES = frozenset((b"elif", b"else", b"elifdef", b"elifndef"))


def _text(data: bytes, start: int, end: int) -> str:
    """The directive on one line, without comments, for people to read."""
    text = " ".join(clean_body(data[start:end]).decode("utf-8", "replace").split())
    return "#" + text[1:].lstrip()


def _holds(keyword: bytes, text: str, names: Mapping[str, str]) -> bool:
    rest = text[1 + len(keyword) :]
    if keyword in (b"ifdef", b"ifndef", b"elifdef", b"elifndef"):
        words = rest.split()
        known = bool(words) and words[0] in names
        return known == keyword.endswith(b"ifdef") if b"n" not in keyword else not known
    return evaluate(rest, names) != 0
