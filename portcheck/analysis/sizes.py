"""Sizes and alignments of C++ types, as expressions where template parameters decide them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.analysis import classes
from portcheck.program.types import CType, parse_type, split_top
from portcheck.symbolic.condition import Condition
from portcheck.symbolic.expr import Expr, Role, Symbol, choose, number, of

if TYPE_CHECKING:
    from portcheck.analysis.constants import Constants
    from portcheck.analysis.machine import Machine
    from portcheck.analysis.members import Layout
    from portcheck.analysis.state import Frame
    from portcheck.program.model import Function, Record

POINTER_BYTES = 8
MAX_DEPTH = 12
_CONDITIONAL = ("conditional_t", "conditional")
_UNSIGNED = ("unsigned", "uint", "size_t", "bool", "uchar", "ushort", "ulong", "uintptr_t", "byte")


def is_unsigned(type_: CType | None) -> bool:
    """Whether the type is an unsigned integer, or a pointer."""
    if type_ is None:
        return False
    return type_.is_indirect or type_.name.startswith(_UNSIGNED) or type_.name == "CUdeviceptr"


class Sizes:
    """Answers about types in the frame that they are used in."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.table = machine.context.typer.table
        self.choices: dict[str, tuple[Condition, CType, CType]] = {}
        self.regions: dict[tuple[str, tuple[str, ...], str], Function] = {}
        self.derived: dict[str, list[Record]] | None = None
        self.may_mix: dict[tuple[int, int], bool] = {}
        self._constants: Constants | None = None
        self._of_template: dict[str, Expr] = {}
        self._layouts: dict[int, Layout | None] = {}

    @property
    def constants(self) -> Constants:
        """The tree's constants, by name."""
        if self._constants is None:
            from portcheck.analysis.constants import Constants

            self._constants = Constants(self.machine)
        return self._constants

    def is_integer(self, type_: CType | None) -> bool:
        if type_ is None or type_.is_indirect or type_.name not in self.table.scalars:
            return False
        name = type_.name
        return name in ("bool", "byte") or "int" in name or name.split()[-1] in (
            "char", "short", "long", "unsigned", "size_t", "ssize_t", "ptrdiff_t",
        )  # fmt: skip

    def parse(self, text: str, frame: Frame) -> CType | None:
        """The type that a text names in a frame, aliases and template parameters replaced."""
        parsed = parse_type(text)
        return self.resolve(parsed, frame) if parsed is not None else None

    def resolve(self, type_: CType, frame: Frame, depth: int = 0) -> CType:
        """The type itself for a name that stands for another type, with its pointers and extents."""
        if type_.name in self.table.vectors or type_.name in self.table.scalars or depth > MAX_DEPTH:
            return type_
        if type_.name in self.choices:
            return type_
        if type_.name in ("type", *_CONDITIONAL):
            head = type_ if type_.name in _CONDITIONAL else type_.scope
            if head is not None and head.name in _CONDITIONAL and len(head.arguments) == 3:
                return _around(self._conditional(head, frame, depth), type_)
        bound = frame.types.get(type_.name) if type_.scope is None else None
        if bound is not None:
            inner = bound if bound.name == type_.name else self.resolve(bound, frame, depth + 1)
            return _around(inner, type_)
        text = self._alias(type_, frame)
        if text is not None:
            parsed = parse_type(text)
            if parsed is not None and parsed.name != type_.name:
                return _around(self.resolve(parsed, frame, depth + 1), type_)
        if type_.arguments:
            arguments = tuple(self.argument(a, frame, depth) for a in type_.arguments)
            return CType(type_.name, arguments, type_.pointers, type_.extents, type_.scope)
        return type_

    def argument(self, text: str, frame: Frame, depth: int = 0) -> str:
        """A template argument in words that mean the same in every frame, as far as possible."""
        parsed = parse_type(text)
        if parsed is not None and (parsed.name in frame.types or parsed.is_indirect):
            return str(self.resolve(parsed, frame, depth + 1))
        value = self.machine.constant_text(text, frame)
        return str(value) if value is not None else text

    def _conditional(self, head: CType, frame: Frame, depth: int) -> CType:
        condition = self.machine.text_condition(head.arguments[0], frame)
        branches = [parse_type(a) or CType(a) for a in head.arguments[1:]]
        then, otherwise = (self.resolve(b, frame, depth + 1) for b in branches)
        if condition.known is not None:
            return then if condition.known else otherwise
        name = f"conditional<{condition}, {then}, {otherwise}>"
        self.choices[name] = (condition, then, otherwise)
        return CType(name)

    def _alias(self, type_: CType, frame: Frame) -> str | None:
        typer, program = self.machine.context.typer, self.machine.program
        if type_.scope is not None:
            scope = self.resolve(type_.scope, frame)
            found = typer._member_aliases(scope, type_.name)
            return found[0] if len(found) == 1 else None
        function = frame.function
        if function.record:
            found = typer._member_aliases(CType(function.record.rsplit("::", 1)[-1]), type_.name)
            if len(found) == 1:
                return found[0]
        if type_.name in function.aliases and not (
            type_.name in program.aliases or type_.name in program.records
        ):
            return function.aliases[type_.name]
        if type_.name in program.aliases and type_.name not in program.records:
            texts = typer._file_aliases(type_.name, function)
            return texts[0] if len(texts) == 1 else None
        return None

    def size(self, type_: CType, frame: Frame, depth: int = 0) -> Expr | None:
        """`sizeof(type)` in bytes; None where the tree does not say."""
        if type_.extents:
            element = CType(type_.name, type_.arguments, type_.pointers, (), type_.scope)
            total = self.size(element, frame, depth + 1)
            for extent in type_.extents:
                count = self.machine.text_number(extent, frame)
                total = total * count if total is not None and count is not None else None
            return total
        if type_.pointers:
            return number(POINTER_BYTES)
        resolved = self.resolve(type_, frame)
        if resolved.extents or resolved.pointers:
            return self.size(resolved, frame, depth + 1) if depth < MAX_DEPTH else None
        known = self.table.vectors.get(resolved.name) or self.table.scalars.get(resolved.name)
        if known:
            return number(known)
        if resolved.name in self.choices:
            condition, then, otherwise = self.choices[resolved.name]
            a, b = self.size(then, frame, depth + 1), self.size(otherwise, frame, depth + 1)
            return choose(condition, a, b) if a is not None and b is not None else None
        if resolved.name in self.machine.enums:
            return number(self.machine.enums[resolved.name])
        if depth > MAX_DEPTH:
            return None
        record = classes.record_of(self.machine, resolved, frame)
        if record is not None:
            found = self._layout(record, resolved, frame, depth)
            return found.size if found is not None else None
        if resolved.name in self.machine.open_types:
            return self.of_template(resolved.name)
        return None

    def of_template(self, name: str) -> Expr:
        """The size of a template's type parameter that nothing binds."""
        if name not in self._of_template:
            symbol = self.machine.state.symbol(
                f"sizeof({name})", Role.PARAMETER, 1, None, f"the size of the template argument {name}"
            )
            self._of_template[name] = of(symbol)
        return self._of_template[name]

    def template_names(self) -> dict[str, Symbol]:
        """The symbols for the sizes of type parameters, by the parameter's name."""
        return {name: symbol for name, expr in self._of_template.items() for symbol in expr.symbols()}

    def alignment(self, type_: CType, frame: Frame, depth: int = 0) -> Expr | None:
        """`alignof(type)`; that of a class is its strictest member's, or what `alignas` says."""
        element = CType(type_.name, type_.arguments, type_.pointers, (), type_.scope)
        resolved = self.resolve(element, frame)
        if resolved.pointers:
            return number(POINTER_BYTES)
        if resolved.name in self.table.vectors:
            size = self.table.vectors[resolved.name]
            power = size & -size  # int3 is aligned like int, 12 = 4 * 3
            return number(min(16, power))
        if resolved.name in self.table.scalars or resolved.name in self.machine.enums:
            return self.size(resolved, frame, depth + 1)
        if depth > MAX_DEPTH:
            return None
        if resolved.name in self.choices:
            condition, then, otherwise = self.choices[resolved.name]
            a, b = self.alignment(then, frame, depth + 1), self.alignment(otherwise, frame, depth + 1)
            return choose(condition, a, b) if a is not None and b is not None else None
        if resolved.name in self.machine.open_types:
            return None
        record = classes.record_of(self.machine, resolved, frame)
        found = self._layout(record, resolved, frame, depth) if record is not None else None
        return number(found.alignment) if found is not None and found.alignment is not None else None

    def offset(self, record: Record, use: CType, name: str, frame: Frame) -> Expr | None:
        """`offsetof(class, member)` in bytes; None where a size before it is not known."""
        found = self._layout(record, use, frame, 0)
        return found.offsets.get(name) if found is not None else None

    def _layout(self, record: Record, use: CType, frame: Frame, depth: int) -> Layout | None:
        from portcheck.analysis import members

        if record.template_parameters:
            return members.layout(self.machine, record, use, frame, depth)
        key = id(record)
        if key not in self._layouts:
            self._layouts[key] = None  # a class that contains itself has no size
            self._layouts[key] = members.layout(self.machine, record, use, frame, depth)
        return self._layouts[key]


def _around(inner: CType, outer: CType) -> CType:
    """`inner` with the pointers and extents that `outer` puts around it."""
    if not outer.pointers and not outer.extents:
        return inner
    return CType(
        inner.name,
        inner.arguments,
        inner.pointers + outer.pointers,
        outer.extents + inner.extents,
        inner.scope,
    )


def template_texts(text: str) -> list[str]:
    """The arguments in `name<a, b>`."""
    _, found, rest = text.partition("<")
    return split_top(rest.rsplit(">", 1)[0]) if found else []
