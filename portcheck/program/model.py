"""The program as declared: functions, classes, aliases, and what happens in each body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portcheck.program.callee import Callee
from portcheck.program.types import CType
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.program.declarators import Declared
    from portcheck.syntax import SyntaxFile


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the text of a syntax tree comes from.

    `text` is what the tree's byte offsets count in. For a file, and for the fragments at
    their own offsets inside it, `place` maps a span to itself; for a macro's expansion it
    maps every span to the macro's call, and `lookup_offset` is where names are looked up.
    `is_macro` marks the body of a `#define`, whose parameters are `macro_parameters`.
    """

    file: SyntaxFile
    text: bytes
    place: Callable[[int, int], Place]
    active: bool = True
    condition: str = ""
    macro_parameters: frozenset[str] = frozenset()
    is_macro: bool = False
    expansion: bool = False
    lookup_offset: int | None = None

    def read(self, node: Node) -> str:
        """The node's text as one line."""
        raw = self.text[node.start_byte : node.end_byte]
        text = raw.decode("utf-8", "replace")
        if "\n" in text or "\t" in text:
            text = " ".join(text.replace("\\\n", " ").split())
        return text


@dataclass(slots=True)
class Parameter:
    """A function parameter or template parameter; `type` is None for `typename T`."""

    name: str
    type: CType | None
    type_text: str
    default: str = ""
    is_type: bool = False


@dataclass(slots=True)
class Binding:
    """A name declared in a function: its type, or the expression that gives it."""

    name: str
    type: CType | None
    value: Node | None
    origin: Origin
    start_byte: int
    scope_end: int
    shared: bool = False
    constant: bool = False
    parameter: bool = False
    arguments: bool = False
    inferred: CType | bool | None = False  # the type of `auto`; False: not asked yet
    sources: object = None  # where its address comes from, once `facts.provenance` has asked


_UNREAD = object()


@dataclass(slots=True)
class Observation:
    """A node of interest in a function's body, not yet judged."""

    kind: str
    node: Node
    origin: Origin
    function: Function
    _callee: object = _UNREAD
    declared: list[Declared] = field(default_factory=list)

    @property
    def callee(self) -> Callee | None:
        """The parts of the call, read once; None for what is no call of a name."""
        if self._callee is _UNREAD:
            self._callee = Callee.of(self.node, self.origin) if self.kind == "call" else None
        return self._callee  # type: ignore[return-value]


@dataclass(slots=True)
class Function:
    """A function, method or lambda-free region of file scope (`name` is then "")."""

    name: str
    namespace: tuple[str, ...]
    record: str
    template_parameters: list[Parameter]
    parameters: list[Parameter]
    return_type: CType | None
    qualifiers: frozenset[str]
    node: Node | None
    body: Node | None
    origin: Origin
    start_byte: int
    end_byte: int
    attributes: tuple[str, ...] = ()
    observations: list[Observation] = field(default_factory=list)
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    shadow_of: Function | None = None
    shadows: list[Function] = field(default_factory=list)
    moves: tuple[object, ...] | None = None  # its vector accesses, once `facts.accesses` has asked
    summary: object = None  # its effects, once `facts.effects` has asked
    tainted: set[str] | None = None  # locals that a scale is computed from, likewise
    assigned: object = None  # right-hand sides by name, once `facts.provenance` has asked

    @property
    def qualified(self) -> str:
        parts = [*self.namespace, *([self.record] if self.record else []), self.name]
        return "::".join(p for p in parts if p)

    @property
    def is_kernel(self) -> bool:
        return "__global__" in self.qualifiers

    def lookup(self, name: str, offset: int) -> Binding | None:
        """The innermost declaration of `name` that is visible at `offset`.

        A fragment or expansion sees the names of the function it stands in, at its place.
        """
        for binding in reversed(self.bindings.get(name, ())):
            if binding.start_byte <= offset < binding.scope_end:
                return binding
        if self.shadow_of is not None:
            at = self.origin.lookup_offset
            return self.shadow_of.lookup(name, offset if at is None else at)
        return None


@dataclass(slots=True)
class Record:
    """A class, struct or union."""

    name: str
    namespace: tuple[str, ...]
    template_parameters: list[Parameter]
    specialization: tuple[str, ...]
    is_union: bool
    alignment: str
    members: dict[str, CType] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    bases: tuple[str, ...] = ()
    origin: Origin | None = None
    node: Node | None = None


@dataclass(slots=True)
class Unit:
    """What one file declares."""

    path: str
    functions: list[Function] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    constants: dict[str, list[tuple[Node, Origin]]] = field(default_factory=dict)
    namespaces: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)
    template_uses: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    prototypes: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)  # types of parameters
