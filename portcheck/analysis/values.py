"""The values that the interpreter computes with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tree_sitter import Node

from portcheck.program.types import CType
from portcheck.symbolic.condition import Condition
from portcheck.symbolic.expr import Expr, Symbol

if TYPE_CHECKING:
    from portcheck.analysis.state import Frame
    from portcheck.program.model import Origin, Record

Tags = frozenset[int]
NO_TAGS: Tags = frozenset()


@dataclass(frozen=True, slots=True)
class Number:
    """An integer, a boolean (0 or 1) or an address in bytes, with the steps that it rests on."""

    expr: Expr
    type: CType | None = None
    tags: Tags = NO_TAGS

    @property
    def is_pointer(self) -> bool:
        return self.type is not None and self.type.is_indirect


@dataclass(frozen=True, slots=True)
class Vague:
    """A value that is no integer, or that the interpreter does not follow; `reason` says why.

    `unset` is what a member holds before anything is assigned to it: nothing may read it.
    """

    type: CType | None = None
    reason: str = ""
    unset: bool = False


@dataclass(eq=False, slots=True)
class Cell:
    """A variable, member or temporary: what can be assigned to.

    A reference to something that is no variable has a `place`: it is read and written there.
    """

    value: Value
    name: str = ""
    type: CType | None = None
    address: Symbol | None = None
    constant: bool = False
    place: object | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """An object of a class: its members, by name."""

    type: CType
    fields: dict[str, Cell]
    record: Record | None
    frame: Frame | None  # where the class's template parameters are bound


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A lambda with what it captured."""

    node: Node
    origin: Origin
    frame: Frame


@dataclass(frozen=True, slots=True)
class FunctionName:
    """A function as a value: `auto kernel = combine<dtype, 4>`."""

    name: str
    qualifier: str
    arguments: tuple[Value | CType, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several functions, each under its condition."""

    options: tuple[tuple[Condition, FunctionName], ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One assignment to an array: at `index`, which may run over the loop symbols in it."""

    index: Expr
    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A local array. `writes` are its assignments in order; None: elements are not known."""

    type: CType  # of one element
    length: Expr | None
    writes: tuple[Element, ...] | None = ()
    fill: Value | None = None  # of elements that nothing was assigned to
    space: str = "local"
    address: Symbol | None = field(default=None)


Value = Number | Vague | Structure | Closure | FunctionName | OneOf | Array
Argument = Value | Node  # of a call: evaluated already, or as written
