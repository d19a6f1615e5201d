"""Looking at code behind facts: the node at a place, what encloses it, which thread runs it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from portcheck.pack.subjects import View
from portcheck.program.model import Function, Observation
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.scan import Parsed

LOOPS = frozenset(("while_statement", "do_statement", "for_statement"))
# What the field calls the index of a lane in its warp, of a warp in its block, of a thread.
_LANE_NAME = re.compile(r"(?i)^_*(?:lane|laneid|lane_?id|lane_?idx|lane_?index|tid_in_warp|lane_in_warp)_*$")
_WARP_NAME = re.compile(
    r"(?i)^_*(?:warp|wid|\w*warp_?(?:group_?)?(?:id|idx|index|rank|role)|warp_in_block)_*$"
)
_THREAD = r"(?:threadIdx\.x|\bthread_?(?:id|idx|rank)\b|\btid\b|\bthread_id_in_block\b)"
_LANE_VALUE = re.compile(
    rf"(?i)%%?laneid|get_?lane_?(?:id|idx|index)\s*\(|LaneId\s*\(|{_THREAD}\s*(?:%\s*(?:32\w*|\w*warp_?size\w*)|&\s*(?:31|0x1f)\b)"
)
_WARP_VALUE = re.compile(
    rf"(?i)get_?warp_?(?:id|idx|index)\s*\(|canonical_warp_(?:idx|group_idx)\w*\s*\(|{_THREAD}\s*(?:/\s*(?:32\w*|\w*warp_?size\w*)|>>\s*5\b)"
)
_ELECT = re.compile(r"(?i)elect(?:_one|_leader)?\w*\s*\(|\belected\b|is_elected|leader_thread|is_leader\b")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Word:
    """An occurrence of a pattern in code that is on; `function` None outside of all bodies."""

    place: Place
    text: str
    function: Function | None


@dataclass(eq=False)
class Code:
    """The tree as text and syntax, with the questions that finders of several families ask."""

    view: View
    _lanes: dict[int, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)

    @cached_property
    def parsed(self) -> Mapping[str, Parsed]:
        return {p.source.path: p for p in self.view.analysis.reading.parsed}

    @cached_property
    def _functions(self) -> Mapping[str, list[Function]]:
        found: dict[str, list[Function]] = defaultdict(list)
        for function in self.view.analysis.functions:
            if not function.origin.expansion:
                found[function.origin.file.path].append(function)
        for listed in found.values():
            listed.sort(key=lambda f: (f.start_byte, -f.end_byte))
        return found

    def function_at(self, path: str, byte: int) -> Function | None:
        """The innermost function whose text contains the byte."""
        listed = self._functions.get(path, [])
        at = bisect_right(listed, byte, key=lambda f: f.start_byte)
        for function in reversed(listed[max(0, at - 40) : at]):
            if function.start_byte <= byte < function.end_byte:
                return function
        return None

    def node(self, place: Place) -> Node | None:
        """The smallest named node of the file's main tree that spans the place."""
        parsed = self.parsed.get(place.path)
        if parsed is None:
            return None
        root = parsed.syntax.tree.root_node
        return root.named_descendant_for_byte_range(place.start_byte, max(place.start_byte, place.end_byte))

    def text(self, path: str, node: Node) -> str:
        raw = self.parsed[path].syntax.view[node.start_byte : node.end_byte]
        return " ".join(raw.decode("utf-8", "replace").split())

    def device(self, function: Function) -> bool:
        return function.qualified in self.view.device_functions

    def words(self, pattern: re.Pattern[bytes]) -> Iterator[Word]:
        """Where the pattern stands in code that is on: comments and branches that are off are not
        looked at. The bodies of macros count, once, where they are defined."""
        for path, parsed in self.parsed.items():
            syntax = parsed.syntax
            spans = [(syntax.view, 0)]
            spans += [(m.body, m.body_start) for m in syntax.macros if m.active and m.path == path]
            spans += [(b.text, b.start_byte) for b in syntax.blanked if b.text.startswith(b"__")]
            for text, base in spans:
                for match in pattern.finditer(text):
                    start, end = base + match.start(), base + match.end()
                    yield Word(
                        parsed.source.place(start, end),
                        match.group().decode("utf-8", "replace"),
                        self.function_at(path, start),
                    )

    def lanes(self, function: Function) -> frozenset[str]:
        """The names that hold the index of the thread's lane in the function."""
        return self._indices(function)[0]

    def warps(self, function: Function) -> frozenset[str]:
        """The names that hold the index of the thread's warp, or that are computed from it."""
        return self._indices(function)[1]

    def _indices(self, function: Function) -> tuple[frozenset[str], frozenset[str]]:
        if id(function) not in self._lanes:
            values = {
                name: [b.origin.read(b.value) if b.value is not None else "" for b in bindings]
                for name, bindings in function.bindings.items()
            }
            lanes = {n for n, v in values.items() if _LANE_NAME.match(n) or any(map(_LANE_VALUE.search, v))}
            warps = {n for n, v in values.items() if _WARP_NAME.match(n) or any(map(_is_warp, v))}
            warps |= {  # a role or a group is computed from the index
                n
                for n, v in values.items()
                if len(n) > 2
                and n not in lanes
                and any(_simple(t) and warps & set(_WORD.findall(t)) for t in v)
            }
            self._lanes[id(function)] = frozenset(lanes - warps), frozenset(warps - lanes)
        return self._lanes[id(function)]

    def conditions(self, node: Node, path: str) -> list[str]:
        """The texts of the `if` and `?:` conditions under which a node runs, innermost first; those of
        an `else` begin with "!"."""
        found: list[str] = []
        inner, current = node, node.parent
        while current is not None and current.type not in ("function_definition", "lambda_expression"):
            if current.type in ("if_statement", "conditional_expression"):
                condition = current.child_by_field_name("condition")
                other = current.child_by_field_name("alternative")
                if condition is not None and condition != inner:
                    found.append(("!" if other == inner else "") + self.text(path, condition))
            inner, current = current, current.parent
        return found

    def one_lane(self, node: Node, path: str, function: Function) -> bool:
        """Whether a single lane or thread, chosen by an `if`, runs the node."""
        return any(self.elects(c, function) for c in self.conditions(node, path))

    def elects(self, condition: str, function: Function, value: str = r"[\w.]+") -> bool:
        """Whether a condition is true for one lane: `lane_id == 0`, `elect_one_sync()`. `value` is a
        pattern of what the lane's index is compared with."""
        if condition.startswith("!"):
            return False
        if _ELECT.search(condition):
            return True
        names = "|".join(map(re.escape, self.lanes(function) | self.thread_names(function)))
        return bool(re.search(rf"(?<![\w.])(?:{names})\s*==\s*{value}(?!\w)", condition))

    @staticmethod
    def thread_names(function: Function) -> frozenset[str]:
        """`threadIdx.x` and the names that the function gives to it."""
        held = {
            n
            for n, bindings in function.bindings.items()
            for b in bindings
            if b.value is not None
            and re.fullmatch(r"(?:static_cast<\w+>\()?threadIdx\.x\)?", b.origin.read(b.value))
        }
        return frozenset(held | {"threadIdx.x"})

    def loop(self, node: Node) -> Node | None:
        """The innermost loop around a node, inside its function."""
        current = node.parent
        while current is not None and current.type not in ("function_definition", "lambda_expression"):
            if current.type in LOOPS:
                return current
            current = current.parent
        return None

    def call(self, place: Place) -> Node | None:
        """The call or `asm` that begins where the place does."""
        node = self.node(place)
        while node is not None and node.type not in ("call_expression", "gnu_asm_expression"):
            if node.start_byte < place.start_byte:
                return None
            node = node.parent
        return node

    def seen(self, place: Place) -> Observation | None:
        """What the reading observed of the call or `asm` that is exactly at a place."""
        return self._calls.get((place.path, place.start_byte, place.end_byte))

    @cached_property
    def _calls(self) -> Mapping[tuple[str, int, int], Observation]:
        return {
            (f.origin.file.path, o.node.start_byte, o.node.end_byte): o
            for f in self.view.analysis.functions
            for o in f.observations
            if o.kind in ("call", "asm") and not o.origin.expansion
        }

    def targets(self, seen: Observation) -> Sequence[Function]:
        """The functions of the tree that a call can reach."""
        callee = seen.callee
        if callee is None:
            return ()
        return self.view.analysis.reading.context.effects.candidates(callee, seen.function, seen.origin)


def _is_warp(value: str) -> bool:
    return _WARP_VALUE.search(value) is not None


def _simple(value: str) -> bool:
    """Arithmetic and comparisons of numbers only: nothing is called, no address is computed."""
    return bool(value) and len(value) < 120 and not re.search(r"\w\s*\(|\[|->|&\w|\bptr|buffer", value)


def used(node: Node) -> bool:
    """Whether the value of an expression goes anywhere."""
    inner, current = node, node.parent
    while current is not None:
        if current.type == "expression_statement":
            return False
        if current.type == "conditional_expression" and current.child_by_field_name("condition") == inner:
            return True
        if current.type == "comma_expression" and current.child_by_field_name("left") == inner:
            return False
        if current.type not in ("conditional_expression", "comma_expression", "parenthesized_expression"):
            return current.type not in ("for_statement", *_BODIES)
        inner, current = current, current.parent
    return False


_BODIES = ("compound_statement", "if_statement", "else_clause", "while_statement", "case_statement")


def mentions(text: str, names: frozenset[str]) -> bool:
    """Whether one of the names stands in the text as a whole word."""
    return any(word in names for word in _WORD.findall(text)) or any("." in n and n in text for n in names)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it, in the order of the text; functions inside are left out."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending += [c for c in reversed(current.named_children) if c.type != "lambda_expression" or c == node]


@lru_cache(maxsize=4)
def code(view: View) -> Code:
    """The code of a view, made once."""
    return Code(view)
