"""What every fact finder is given: the linked program and questions about one observation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from portcheck.program import knowledge
from portcheck.program.model import Observation, Origin
from portcheck.program.types import CType
from portcheck.program.typing import Program, Typer
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.facts.effects import Effects
    from portcheck.facts.provenance import Provenance
    from portcheck.syntax import MacroTable


@dataclass
class Context:
    """The linked program, with the questions that finders share."""

    program: Program
    macros: MacroTable
    own: knowledge.OwnMacros = knowledge.NO_OWN_MACROS
    typer: Typer = field(init=False)
    intrinsics: knowledge.Intrinsics = field(init=False)
    effects: Effects = field(init=False)
    provenance: Provenance = field(init=False)
    carvers: dict[str, bool] = field(default_factory=dict)
    checks: dict[tuple[str, str], bool] = field(default_factory=dict)
    senses: dict[tuple[str, str], bool | None] = field(default_factory=dict)
    carving_functions: dict[int, bool] = field(default_factory=dict)
    _offsets: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    @cached_property
    def called(self) -> frozenset[str]:
        """The names that the tree calls anywhere."""
        functions = (f for group in self.program.functions.values() for f in group)
        return frozenset(o.callee.name for f in functions for o in f.observations if o.callee is not None)

    def __post_init__(self) -> None:
        from portcheck.facts.effects import Effects
        from portcheck.facts.provenance import Provenance

        self.typer = Typer(self.program)
        self.intrinsics = knowledge.with_launches(self.own.launches)
        self.effects = Effects(self)
        self.provenance = Provenance(self)

    def offsets(self, origin: Origin, topic: str, words: tuple[bytes, ...]) -> list[int]:
        """Where one of a topic's words (in lower case) stands in a file's bytes, in any case."""
        key = (origin.file.path, topic)
        if key not in self._offsets:
            text = origin.text.lower()
            found: list[int] = []
            for word in words:
                at = text.find(word)
                while at >= 0:
                    found.append(at)
                    at = text.find(word, at + 1)
            self._offsets[key] = sorted(found)
        return self._offsets[key]

    def type_of(self, node: Node, seen: Observation) -> CType | None:
        return self.typer.type_of(node, seen.function, seen.origin)

    def common(
        self,
        seen: Observation,
        node: Node | None = None,
        *,
        definition: bool = False,
        related: Iterable[Place] = (),
    ) -> dict[str, Any]:
        """The fields that every fact at this observation shares."""
        at = node if node is not None else seen.node
        return {
            "place": seen.origin.place(at.start_byte, at.end_byte),
            "function": seen.function.qualified,
            "active": seen.origin.active,
            "condition": seen.origin.condition,
            "definition": definition,
            "related": tuple(related),
        }
