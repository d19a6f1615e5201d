"""What the reading of a kernel carries along: names, types, places, variables, what it wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portcheck.ascendc.archetypes.flow.elements import AUTO, WIDTHS, Type, element
from portcheck.ascendc.archetypes.flow.memory import (
    Effect,
    NotFollowedError,
    State,
    Store,
    Where,
    converted,
    is_stored_fp8,
)
from portcheck.ascendc.archetypes.flow.values import (
    Const,
    Index,
    Load,
    Pack,
    Pointer,
    Unknown,
    Value,
    add,
    type_of,
)
from portcheck.pack.subjects import View
from portcheck.program.model import Function, Origin
from portcheck.program.types import CType, parse_type, substitute
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_STEPS = 60_000
MAX_CALLS = 12


@dataclass(frozen=True, slots=True)
class Lambda:
    """A local closure: its node, and the names as they were where it was written."""

    node: Node
    names: Mapping[str, Name]


@dataclass(frozen=True, slots=True)
class Functor:
    """An object without state, of a class that has an operator()."""

    record: str


Name = Where | Lambda | Functor


@dataclass(slots=True)
class Frame:
    """One function while it is read. `texts` are its template's arguments, `names` what is declared."""

    function: Function
    origin: Origin
    texts: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Value] = field(default_factory=dict)
    names: dict[str, Name] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    result: str = ""  # the variable that `return` writes
    loops: int = 0  # how many loops of this function are around
    is_lambda: bool = False
    returns: Type = AUTO  # what a closure says that it returns


class Base:
    """See `dataflow.read`, which is what to call."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.context = view.analysis.tree.context
        self.program = self.context.program
        self.typer = self.context.typer
        self.state = State()
        self.stores: list[Store] = []
        self.effects: list[Effect] = []
        self.loops: list[Index] = []
        self.frames: list[Frame] = []
        self.steps = 0
        self.fresh = 0
        self.awaited: set[Load] | None = None  # ordered loads of the condition of a waiting loop

    # -- what the parts offer to each other ----------------------------------------------

    def value(self, node: Node) -> Value:
        raise NotImplementedError

    def where(self, node: Node) -> Where | None:
        raise NotImplementedError

    def call(self, node: Node) -> Value:
        raise NotImplementedError

    def run(self, statements: list[object]) -> bool:
        raise NotImplementedError

    # -- places and texts ----------------------------------------------------------------

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @property
    def function(self) -> Function:
        return self.frame.function

    def text(self, node: Node) -> str:
        return self.frame.origin.read(node)

    def place(self, node: Node) -> Place:
        return self.frame.origin.place(node.start_byte, node.end_byte)

    def give_up(self, why: str, node: Node) -> NotFollowedError:
        return NotFollowedError(why, self.place(node))

    def must_be_parsed(self, node: Node) -> None:
        """Code that the parser did not understand may do anything."""
        if node.has_error:
            raise self.give_up("a part of the code could not be parsed", node)

    def step(self, node: Node) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise self.give_up("too long to be read", node)

    def unique(self, name: str) -> str:
        self.fresh += 1
        return f"{name}#{self.fresh}"

    def note(self, kind: str, what: str, node: Node) -> None:
        effect = Effect(kind, what, self.place(node))
        if effect not in self.effects:
            self.effects.append(effect)

    # -- types -----------------------------------------------------------------------------

    def type_named(self, text: str) -> Type:
        """The type that a text names here; AUTO where it names none."""
        parsed = parse_type(substitute(text, self._texts()))
        return self.type_from(parsed) if parsed is not None else AUTO

    def _texts(self) -> dict[str, str]:
        return {**self.frame.texts, **self.frame.aliases}

    def type_from(self, parsed: CType, depth: int = 0) -> Type:
        known = element(parsed.name) if not parsed.arguments and parsed.scope is None else None
        if known is None:
            parsed = self._resolved(parsed, depth)
            known = element(parsed.name) if parsed.scope is None else None
        extents = tuple(self._extent(e) for e in parsed.extents)
        if known is not None:
            return Type(known[0], known[1], parsed.pointers, extents)
        if parsed.name == "void":
            return Type("void", 1, parsed.pointers, extents)
        width = self.typer.width_bytes(
            CType(parsed.name, parsed.arguments, 0, (), parsed.scope), self.function
        )
        return Type(parsed.name, 1, parsed.pointers, extents, width or 0)

    def _resolved(self, parsed: CType, depth: int) -> CType:
        """What an alias stands for, its template's arguments put in."""
        text = self._texts().get(parsed.name) if parsed.scope is None else None
        if text is not None and depth < 8:
            inner = parse_type(substitute(text, self._texts()))
            if inner is not None and inner.name != parsed.name:
                inner = self._resolved(inner, depth + 1)
                pointers, extents = inner.pointers + parsed.pointers, parsed.extents + inner.extents
                return CType(inner.name, inner.arguments, pointers, extents, inner.scope)
        if parsed.name in ("conditional_t", "conditional") and len(parsed.arguments) == 3:
            chosen = self.constant_text(parsed.arguments[0])
            if chosen is not None:
                inner = parse_type(substitute(parsed.arguments[1 if chosen else 2], self._texts()))
                if inner is not None and depth < 8:
                    return self._resolved(inner, depth + 1)
        found = self.typer.resolve(parsed, self.function)
        if len(found) == 1:
            arguments = tuple(substitute(a, self._texts()) for a in found[0].arguments)
            return replace(found[0], arguments=arguments)
        return parsed

    def _extent(self, text: str) -> int | None:
        return self.constant_text(text)

    def constant_text(self, text: str) -> int | None:
        """The integer that a text is here, None where it is none."""
        text = text.strip()
        if re.fullmatch(r"\d+", text):
            return int(text)
        if text in ("true", "false"):
            return int(text == "true")
        found = self.text_value(text)
        return int(found.value) if isinstance(found, Const) and isinstance(found.value, int) else None

    def text_value(self, text: str) -> Value:
        """The value of an expression that is no part of a file."""
        node, origin = self.parsed(text)
        if node is None:
            return Unknown(f"{text} is not an expression that can be read")
        before, self.frame.origin = self.frame.origin, origin
        try:
            return self.value(node)
        finally:
            self.frame.origin = before

    def parsed(self, text: str) -> tuple[Node | None, Origin]:
        """The expression of a text, as if it stood where the reading is."""
        raise NotImplementedError

    # -- memory ----------------------------------------------------------------------------

    def read(self, at: Where, node: Node) -> Value:
        """What a place holds."""
        type_ = at.type
        if type_.extents:
            return Pointer(at.space, at.base, at.offset, type_.dereferenced())
        width = type_.bytes
        if width is None:
            return Unknown("a type whose size is not known")
        if type_.element in WIDTHS and type_.count > 1 and not type_.pointers:
            return self._read_several(at, node)
        if at.space == "gm":
            if type_.pointers or type_.element == "void":
                return Unknown("an address that is read from memory")
            ctype = type_.element if type_.is_number else f"raw{width}"
            return Load(at.base, ctype, at.offset)
        if at.space == "local" and isinstance(at.offset, Const):
            name = type_.element if type_.is_number else ""
            return self.state.read(at.base, int(at.offset.value), width, name)
        return Unknown(f"{at.space} memory at an address that varies")

    def _read_several(self, at: Where, node: Node) -> Value:
        """The elements of a vector type, one by one."""
        one = replace(at.type, count=1)
        width = WIDTHS[one.element]
        parts: list[tuple[int, int, Value]] = []
        for number in range(at.type.count):
            value = self.read(replace(at, offset=add(at.offset, Const(number * width)), type=one), node)
            inner = value.parts if isinstance(value, Pack) else ((0, width, value),)
            parts += [(number * width + offset, size, part) for offset, size, part in inner]
        bad = next((v for _, _, v in parts if isinstance(v, Unknown)), None)
        return bad or Pack(tuple(parts))

    def write(self, at: Where, value: Value, node: Node, atomic: str = "") -> None:
        """Put a value to a place."""
        value = converted(value, at.type)
        width = at.type.bytes
        if at.space == "gm":
            self._store(at, value, node, atomic)
        elif at.space == "local" and width is not None and isinstance(at.offset, Const) and not atomic:
            self.state.write(at.base, int(at.offset.value), width, value)
        elif at.space == "local":
            self.state.forget(at.base, "written at an address that varies")
        else:
            raise self.give_up("shared memory", node)

    def _store(self, at: Where, value: Value, node: Node, atomic: str) -> None:
        width = at.type.bytes
        if width is None or at.type.pointers:
            raise self.give_up("a store of a type whose size is not known", node)
        parts = value.parts if isinstance(value, Pack) else ((0, width, value),)
        for offset, size, part in parts:
            address = add(at.offset, Const(offset))
            ctype = at.type.element if at.type.is_number else f"raw{size}"
            if isinstance(value, Pack) or is_stored_fp8(part, ctype):
                ctype = _ctype_of(part, size)
            store = Store(
                at.base, ctype, address, part, self.state.when, tuple(self.loops), self.place(node), atomic
            )
            self.stores.append(store)


def _ctype_of(value: Value, width: int) -> str:
    held = type_of(value)
    if held == "int":
        return {1: "int8", 2: "int16", 4: "int32", 8: "int64"}[width]
    return held if WIDTHS.get(held) == width else f"raw{width}"
