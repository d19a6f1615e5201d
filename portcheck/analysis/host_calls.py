"""Where the tree calls a host function, if it is certain that these are all its calls.

A function whose address is taken, that a macro's body names, that is exported for C, or that
stands in a text which no syntax tree explains may be called from anywhere: it has no known calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portcheck.facts.context import Context
from portcheck.program.model import Function, Observation

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_SITES = 6  # more calls of one function are not followed
MAX_OTHER_BYTES = 64 << 20  # of files without CUDA that may name a function
MIN_PASTED = 3  # characters of a piece that a macro pastes into a name
_RAW = r'R"([^()\\\s]{0,16})\(.*?\)\1"'  # may hold code, and stays
_STRING, _CHARACTER = r'"(?:\\.|[^"\\\n])*"', r"'(?:\\.|[^'\\\n])'"
_COMMENT = r"//[^\n]*|/\*.*?\*/|#[ \t]*include[^\n]*"
_NOISE = re.compile(f"{_RAW}|{_STRING}|{_CHARACTER}|{_COMMENT}".encode(), re.DOTALL)
_PASTED = re.compile(rb"(\w+)\s*##|##\s*(\w+)")
_QUALIFIERS = re.compile(rb"(?:(\w+)\s*(?:<[^<>;{}]*>)?\s*::\s*)+$")
_MEMBER = re.compile(rb"(?:\.|->)\s*(?:template\s*)?$")
_TEMPLATE = re.compile(rb"\s*<")
_CALLED = re.compile(rb"\s*(?:<[^;{}]*?>\s*)?\(")
_BEFORE = re.compile(rb"([A-Za-z_]\w*|>)\s+$|>$")
_NO_TYPES = frozenset(
    (
        b"return", b"throw", b"else", b"do", b"and", b"or", b"not", b"case", b"new", b"delete",
        b"co_return", b"co_await", b"co_yield",
    )
)  # fmt: skip
_TESTING = re.compile(r"(?:^|/)(?:tests?|testing|bench(?:es|mark|marks)?|examples?|samples?)/")
_WRITES = frozenset(("assignment_expression", "update_expression"))


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One call of a function: the function that it stands in, and where."""

    caller: Function
    seen: Observation

    @property
    def span(self) -> tuple[str, int, int]:
        node = self.seen.node
        return self.caller.origin.file.path, node.start_byte, node.end_byte


@dataclass(eq=False)
class HostCalls:
    """The calls of the host functions of a tree. `texts` are the files, parsed or not."""

    context: Context
    functions: list[Function]
    texts: dict[str, bytes]
    _found: dict[int, list[Site] | None] = field(default_factory=dict)
    _bare: dict[str, bytes] = field(default_factory=dict)
    _pieces: set[bytes] | None = None
    _observed: dict[str, dict[tuple[str, int], Observation]] | None = None

    @staticmethod
    def of(
        context: Context,
        functions: list[Function],
        files: Iterable[tuple[str, bytes]],
        others: Iterable[Path],
    ) -> HostCalls | None:
        """None if the tree has files that cannot be looked through for names."""
        texts = dict(files)
        total = 0
        for path in others:
            try:
                text = path.read_bytes()
            except OSError:
                return None
            total += len(text)
            if total > MAX_OTHER_BYTES:
                return None
            texts[str(path)] = text
        return HostCalls(context, functions, texts)

    def sites(self, function: Function) -> list[Site] | None:
        """Every call of a function; None where there may be others."""
        key = id(function)
        if key not in self._found:
            self._found[key] = self._all_sites(function)
        return self._found[key]

    def _all_sites(self, function: Function) -> list[Site] | None:
        variadic = any("..." in p.type_text for p in function.parameters)
        if function.record or variadic or "__device__" in function.qualifiers or _is_exported(function):
            return None
        name = function.name.encode()
        if any(piece in name for piece in self._pasted()):
            return None
        sites: list[Site] = []
        pattern = re.compile(rb"\b" + re.escape(name) + rb"\b")
        for path, text in self.texts.items():
            if name not in text:
                continue
            bare = self._without_noise(path)
            for match in pattern.finditer(bare):
                found = self._mention(function, path, bare, match)
                if found is None or len(sites) >= MAX_SITES:
                    return None
                if isinstance(found, Site):
                    sites.append(found)
        own = function.origin.file.path
        if sites and not _TESTING.search(own) and all(_TESTING.search(s.span[0]) for s in sites):
            return None  # tests call what a library offers to others
        return sites or None

    def _mention(
        self, function: Function, path: str, text: bytes, match: re.Match[bytes]
    ) -> Site | bool | None:
        """The call that a mention of the name is, True for what is none, None for what may be any."""
        start = match.start()
        before = text[max(0, start - 400) : start]
        if _MEMBER.search(before):
            return True
        qualifiers = _QUALIFIERS.search(before)
        if qualifiers is not None:
            if self._is_other(qualifiers.group(1).decode(), function):
                return True
            before = before[: qualifiers.start()]
        if not function.template_parameters and _TEMPLATE.match(text, match.end()):
            return True  # a template of the same name, such as the kernel
        if not _CALLED.match(text, match.end()):
            return None
        seen = self._calls(function.name).get((path, start))
        if seen is not None:
            return self._call(function, seen)
        if self._is_definition(function.name, path, start):
            return True
        declared = _BEFORE.search(before)
        return True if declared is not None and declared.group(1) not in _NO_TYPES else None

    def _call(self, function: Function, seen: Observation) -> Site | bool | None:
        callee, caller = seen.callee, seen.function
        assert callee is not None
        targets = self.context.effects.candidates(callee, caller, seen.origin)
        if targets and not any(t is function for t in targets):
            return True
        fitting = caller.name and caller.shadow_of is None and caller.body is not None
        host = not caller.is_kernel and "__device__" not in caller.qualifiers and seen.origin.active
        if not targets or not fitting or not host or seen.origin.is_macro or caller is function:
            return None
        return None if _is_in_writing_lambda(seen, caller) else Site(caller, seen)

    def _is_other(self, scope: str, function: Function) -> bool:
        """Whether a qualifier names a class or namespace that the function is not in."""
        if scope in function.namespace:
            return False
        return scope in self.context.program.records or any(scope in f.namespace for f in self.functions)

    def _is_definition(self, name: str, path: str, offset: int) -> bool:
        return any(
            f.origin.file.path == path
            and f.start_byte <= offset < (f.body.start_byte if f.body else f.end_byte)
            for f in self.context.program.functions.get(name, ())
        )

    def _calls(self, name: str) -> dict[tuple[str, int], Observation]:
        """The calls of a name by where the name stands; those of expansions stand nowhere."""
        if self._observed is None:
            self._observed = {}
            for function in self.functions:
                for seen in function.observations:
                    callee = seen.callee
                    if callee is not None and not seen.origin.expansion:
                        listed = self._observed.setdefault(callee.name, {})
                        listed[seen.origin.file.path, callee.title.start_byte] = seen
        return self._observed.get(name, {})

    def _pasted(self) -> set[bytes]:
        """Pieces of names that macros put together."""
        if self._pieces is None:
            found = {
                p for t in self.texts.values() if b"##" in t for m in _PASTED.finditer(t) for p in m.groups()
            }
            self._pieces = {p for p in found if p and len(p) >= MIN_PASTED}
        return self._pieces

    def _without_noise(self, path: str) -> bytes:
        """A file's text with comments and literals blanked."""
        if path not in self._bare:
            self._bare[path] = _NOISE.sub(_blank, self.texts[path])
        return self._bare[path]


def _blank(match: re.Match[bytes]) -> bytes:
    text = match.group()
    return text if text.startswith(b"R") else b" " * len(text)


def _is_exported(function: Function) -> bool:
    """Whether code that is no C++ may call a function by its name."""
    node = function.node
    while node is not None:
        if node.type == "linkage_specification":
            return True
        node = node.parent
    body = function.body
    head = function.origin.text[
        function.start_byte : body.start_byte if body is not None else function.end_byte
    ]
    return b"extern" in head or b"visibility" in head or b"EXPORT" in head.upper() or function.name == "main"


def _is_in_writing_lambda(seen: Observation, caller: Function) -> bool:
    """Whether a call stands in a lambda that changes something: it may run more than once."""
    node = seen.node.parent
    while node is not None and node.start_byte >= caller.start_byte:
        if node.type == "lambda_expression" and _writes(node):
            return True
        node = node.parent
    return False


def _writes(node: Node) -> bool:
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type in _WRITES:
            return True
        pending += current.named_children
    return False
