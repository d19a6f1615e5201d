"""A program made of one text, for questions about names and types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from portcheck.program.extract import extract
from portcheck.program.model import Function, Observation, Origin, Unit
from portcheck.program.types import CType
from portcheck.program.typing import Program, Typer
from portcheck.source.place import Place
from portcheck.syntax import Configuration, MacroTable, collect_macros, parse_file

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass
class Model:
    """One text as a linked program. `probe(e)` in the text asks about the expression e."""

    unit: Unit
    typer: Typer

    def function(self, name: str) -> Function:
        (found,) = [f for f in self.unit.functions if f.name == name and f.node is not None]
        return found

    def probes(self) -> Iterator[tuple[Observation, Node]]:
        for function in self.unit.functions:
            for seen in function.observations:
                if seen.kind == "call" and seen.callee is not None and seen.callee.name == "probe":
                    yield seen, seen.callee.arguments[0]

    def types(self) -> list[CType | None]:
        return [self.typer.type_of(node, seen.function, seen.origin) for seen, node in self.probes()]


Build = Callable[[str], Model]


@pytest.fixture
def model() -> Build:
    def build(code: str) -> Model:
        data = code.encode()
        macros = MacroTable(collect_macros("a.cu", data))
        syntax = parse_file("a.cu", data, macros, Configuration.default())
        unit = Unit("a.cu")
        origin = Origin(syntax, syntax.data, lambda s, e: Place("a.cu", s, e, 1, 1, 1, 1))
        unit.functions = extract(syntax.tree.root_node, origin, unit)
        return Model(unit, Typer(Program([unit])))

    return build
