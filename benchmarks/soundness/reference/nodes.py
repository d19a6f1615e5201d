"""The syntax tree of a generated file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class TypeNode:
    """`const parts<args>` followed by `*`s and perhaps a `&`."""

    parts: tuple[str, ...]
    args: tuple[Argument, ...] | None = None
    pointers: int = 0
    reference: bool = False


@dataclass(slots=True)
class Number:
    value: int
    type: str


@dataclass(slots=True)
class Text:
    value: str


@dataclass(slots=True)
class Name:
    """`parts` joined by `::`; `args` of the last part; `owner` is a type before the last `::`."""

    parts: tuple[str, ...]
    args: tuple[Argument, ...] | None = None
    owner: TypeNode | None = None


@dataclass(slots=True)
class Unary:
    operator: str
    operand: Expression
    postfix: bool = False


@dataclass(slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression


@dataclass(slots=True)
class Assign:
    operator: str
    left: Expression
    right: Expression


@dataclass(slots=True)
class Ternary:
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(slots=True)
class Call:
    function: Expression
    arguments: list[Expression]


@dataclass(slots=True)
class Member:
    owner: Expression
    name: str
    arrow: bool


@dataclass(slots=True)
class Index:
    owner: Expression
    index: Expression


@dataclass(slots=True)
class Cast:
    type: TypeNode
    operand: Expression


@dataclass(slots=True)
class Construct:
    type: TypeNode
    arguments: list[Expression]


@dataclass(slots=True)
class SizeOf:
    type: TypeNode | None
    operand: Expression | None


@dataclass(slots=True)
class Braces:
    values: list[Expression]


@dataclass(slots=True)
class Lambda:
    default: str  # "", "=" or "&"
    captures: dict[str, bool]  # name -> by reference
    parameters: list[Parameter]
    result: TypeNode | None
    body: Block


@dataclass(slots=True)
class Launch:
    kernel: Name
    geometry: list[Expression]
    arguments: list[Expression]


Expression = (
    Number | Text | Name | Unary | Binary | Assign | Ternary | Call | Member | Index | Cast | Construct
    | SizeOf | Braces | Lambda | Launch
)  # fmt: skip
Argument = TypeNode | Expression


@dataclass(slots=True)
class Parameter:
    type: TypeNode
    name: str
    default: Expression | None = None


@dataclass(slots=True)
class TemplateParameter:
    name: str
    is_type: bool
    type: TypeNode | None
    default: Argument | None


@dataclass(slots=True)
class Declarator:
    type: TypeNode
    name: str
    count: Expression | None = None
    initial: Expression | None = None
    arguments: list[Expression] | None = None  # T x(a, b) or T x{a, b}
    constant: bool = False
    shared: bool = False
    align: int = 0


@dataclass(slots=True)
class Declare:
    declarators: list[Declarator]
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Alias:
    name: str
    type: TypeNode
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class StaticAssert:
    condition: Expression
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Do:
    expression: Expression | None
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Block:
    statements: list[Statement]
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class If:
    condition: Expression
    then: Statement
    otherwise: Statement | None
    constexpr: bool
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Loop:
    """`for`, `while` and, with `test_last`, `do … while`."""

    initial: Statement | None
    condition: Expression | None
    step: Expression | None
    body: Statement
    test_last: bool = False
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Switch:
    value: Expression
    cases: list[tuple[Expression | None, int]]  # label, index of its first statement
    statements: list[Statement]
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Jump:
    """break, continue, throw, or goto with its label."""

    kind: str
    label: str = ""
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Label:
    name: str
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Return:
    value: Expression | None
    start: int = 0
    end: int = 0


Statement = (
    Declare | Alias | StaticAssert | Do | Block | If | Loop | Switch | Jump | Label | Return
)  # fmt: skip


@dataclass(slots=True)
class Function:
    name: str
    template: list[TemplateParameter]
    result: TypeNode | None
    parameters: list[Parameter]
    body: Block | None
    kernel: bool = False
    device: bool = False
    constexpr: bool = False
    initialisers: list[tuple[str, list[Expression]]] = field(default_factory=list)
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Struct:
    name: str
    template: list[TemplateParameter]
    fields: list[Declarator]
    statics: list[Declarator]
    constructors: list[Function]
    methods: list[Function]
    align: int = 0
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Enum:
    name: str
    scoped: bool
    underlying: TypeNode | None
    members: list[tuple[str, Expression | None]]


@dataclass(slots=True)
class File:
    functions: list[Function] = field(default_factory=list)
    structs: dict[str, Struct] = field(default_factory=dict)
    enums: list[Enum] = field(default_factory=list)
    globals: list[Declare | Alias | StaticAssert] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)  # every statement, for the shrinker
