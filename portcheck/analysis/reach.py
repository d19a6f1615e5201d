"""Which code may lead into some files: judged too widely on purpose, and without interpreting anything.

A function leads to whatever its text mentions: functions, members of classes, and what stands outside of
functions (classes, aliases, constants, macros), which leads on by its own text. What cannot be seen by
names leads everywhere: macros that paste names together, and operators that are overloaded for others.
Words in comments count as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.program.model import Function, Unit
    from portcheck.scan import Reading

_WORD = re.compile(rb"[A-Za-z_]\w*")
_DEFINE = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_RENAMED = re.compile(rb"\bnamespace[ \t]+\w+[ \t]*=|\binline[ \t]+namespace\b")
_PASTED = re.compile(rb"##(?![ \t]*__VA_ARGS__)")
_Node = tuple[str, int]  # a file and a function's first byte; -1 for what stands outside of functions
_OUTSIDE = -1


def within(paths: Iterable[str]) -> Callable[[str], bool]:
    """Whether a file, as it is shown, is one of these files or lies in one of these folders."""
    named = frozenset(paths)
    folders = tuple(f"{path}/" for path in named)
    return lambda path: path in named or "." in named or path.startswith(folders)


class Reach:
    """Whether functions may lead into the wanted files."""

    def __init__(self, reading: Reading, wanted: Callable[[str], bool]) -> None:
        self._words: dict[_Node, frozenset[bytes]] = {}
        self._defined: dict[bytes, set[tuple[bytes, _Node]]] = {}
        self._anywhere: set[_Node] = set()  # what needs no name to be reached
        self._pasting: set[_Node] = set()
        texts = {s.path: s.parse_bytes for s in reading.collection.files}
        self._spaced = not any(_RENAMED.search(text) for text in texts.values())
        units = {p.source.path: p.unit for p in reading.parsed}
        for path, text in texts.items():
            self._read(path, text, units.get(path))
        self._leading = self._backwards({node for node in self._words if wanted(node[0])})

    def __call__(self, function: Function) -> bool:
        return (function.origin.file.path, function.start_byte) in self._leading

    def _read(self, path: str, text: bytes, unit: Unit | None) -> None:
        functions = [f for f in unit.functions if f.name and f.shadow_of is None] if unit is not None else []
        outside, end = [], 0
        for function in sorted(functions, key=lambda f: f.start_byte):
            node = (path, function.start_byte)
            self._node(node, text[function.start_byte : function.end_byte])
            if function.name.startswith("operator") and not function.record:
                self._anywhere.add(node)
            for name in filter(None, (function.name, function.record)):
                self._define(name, function.namespace, node)
            outside.append(text[end : function.start_byte])
            end = max(end, function.end_byte)
        rest = (path, _OUTSIDE)
        self._node(rest, b" ".join([*outside, text[end:]]))
        for word in _DEFINE.findall(text):
            self._defined.setdefault(word, set()).add((b"", rest))
        if unit is not None:
            for record in unit.records:
                self._define(record.name, record.namespace, rest)
            for name in {*unit.aliases, *_constants(unit)}:
                self._define(name, (), rest)

    def _node(self, node: _Node, text: bytes) -> None:
        self._words[node] = frozenset(_WORD.findall(text))
        if _PASTED.search(text):
            self._pasting.add(node)

    def _define(self, name: str, namespace: tuple[str, ...], node: _Node) -> None:
        """With the innermost namespace of the name: the code that means it says that one too, in its file."""
        space = namespace[-1].encode("utf-8", "surrogatepass") if self._spaced and namespace else b""
        for word in _WORD.findall(name.encode("utf-8", "surrogatepass")):
            self._defined.setdefault(word, set()).add((space, node))

    def _backwards(self, found: set[_Node]) -> frozenset[_Node]:
        """Everything that leads to these nodes, these included."""
        before: dict[_Node, set[_Node]] = {}
        said: dict[str, set[bytes]] = {}
        for (path, _), words in self._words.items():
            said.setdefault(path, set()).update(words)
        for node, words in self._words.items():
            for end in self._ends(node, words, said[node[0]]):
                before.setdefault(end, set()).add(node)
        pending = list(found)
        while pending:
            more = before.get(pending.pop(), set()) - found
            found |= more
            pending += more
        return frozenset(found)

    def _ends(self, node: _Node, words: frozenset[bytes], said: set[bytes]) -> Iterator[_Node]:
        if node in self._pasting:
            yield from self._words
            return
        yield from self._anywhere
        for word in words:
            for space, end in self._defined.get(word, ()):
                if not space or space in said:
                    yield end


def _constants(unit: Unit) -> set[str]:
    """The constants that other files can name without a class: those that stand in no function or class."""
    members = {name for record in unit.records for name in record.members}
    spans = [(f.start_byte, f.end_byte) for f in unit.functions if f.name]
    return {
        name
        for name, places in unit.constants.items()
        if name not in members
        and any(not any(low <= node.start_byte < high for low, high in spans) for node, _ in places)
    }
