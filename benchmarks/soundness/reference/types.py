"""Types of the generated language, with sizes and alignments as on a 64-bit CUDA host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.soundness.reference import nodes as n


class Type:
    size: int
    align: int


@dataclass(frozen=True, eq=False)
class Int(Type):
    """Also bool and enumerations; `scoped` ones do not convert on their own."""

    name: str
    size: int
    signed: bool
    scoped: bool = False

    @property
    def align(self) -> int:  # type: ignore[override]
        return self.size

    @property
    def low(self) -> int:
        return -(1 << (8 * self.size - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        if self.name == "bool":
            return 1
        return (1 << (8 * self.size - (1 if self.signed else 0))) - 1


@dataclass(frozen=True, eq=False)
class Plain(Type):
    """A type that only its size matters of: float, int4, __nv_bfloat16."""

    name: str
    size: int
    align: int


@dataclass(frozen=True)
class Pointer(Type):
    to: Type
    size: int = 8
    align: int = 8


@dataclass(frozen=True)
class Reference(Type):
    to: Type
    size: int = 8
    align: int = 8


@dataclass(frozen=True)
class Array(Type):
    of: Type
    count: int

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.of.size * self.count

    @property
    def align(self) -> int:  # type: ignore[override]
        return self.of.align


@dataclass(eq=False)
class Record(Type):
    """A struct with its template arguments bound."""

    node: n.Struct
    bindings: dict[str, Type | int]
    fields: list[tuple[str, Type]] = field(default_factory=list)
    size: int = 1
    align: int = 1

    def position(self, name: str) -> int:
        for index, (known, _) in enumerate(self.fields):
            if known == name:
                return index
        return -1

    def lay_out(self) -> None:
        offset = 0
        align = max(self.node.align, 1)
        for declarator, (_, kind) in zip(self.node.fields, self.fields, strict=True):
            wanted = max(kind.align, declarator.align)
            align = max(align, wanted)
            offset = -(-offset // wanted) * wanted + kind.size
        self.align = align
        self.size = max(-(-offset // align) * align, align)


@dataclass(eq=False)
class Closure(Type):
    """The type of one lambda expression in one instantiation."""

    node: n.Lambda
    maker: Callable[[tuple[Type, ...]], Any]
    size: int = 8
    align: int = 8


VOID = Plain("void", 1, 1)
BOOL = Int("bool", 1, False)
CHAR = Int("char", 1, True)
INT = Int("int", 4, True)
UNSIGNED = Int("unsigned", 4, False)
INT64 = Int("int64_t", 8, True)
SIZE = Int("size_t", 8, False)
NULL = Pointer(VOID)
BYTE = Int("uint8_t", 1, False)

NAMED: dict[str, Type] = {
    "void": VOID,
    "bool": BOOL,
    "char": CHAR,
    "int": INT,
    "int32_t": INT,
    "unsigned": UNSIGNED,
    "unsigned int": UNSIGNED,
    "uint32_t": UNSIGNED,
    "long": INT64,
    "long long": INT64,
    "long int": INT64,
    "int64_t": INT64,
    "size_t": SIZE,
    "uint64_t": SIZE,
    "uintptr_t": SIZE,
    "unsigned long": SIZE,
    "unsigned long long": SIZE,
    "int8_t": Int("int8_t", 1, True),
    "uint8_t": BYTE,
    "int16_t": Int("int16_t", 2, True),
    "uint16_t": Int("uint16_t", 2, False),
    "float": Plain("float", 4, 4),
    "double": Plain("double", 8, 8),
    "int2": Plain("int2", 8, 8),
    "int4": Plain("int4", 16, 16),
    "float4": Plain("float4", 16, 16),
    "__nv_bfloat16": Plain("__nv_bfloat16", 2, 2),
    "__half": Plain("__half", 2, 2),
    "cudaStream_t": Plain("cudaStream_t", 8, 8),
}


def promoted(kind: Int) -> Int:
    return INT if kind.size < 4 or kind.scoped else kind


def common(left: Int, right: Int) -> Int:
    """The usual arithmetic conversions."""
    a, b = promoted(left), promoted(right)
    if a is b:
        return a
    if a.size != b.size:
        return a if a.size > b.size else b
    if a.signed == b.signed:
        return a
    return b if a.signed else a
