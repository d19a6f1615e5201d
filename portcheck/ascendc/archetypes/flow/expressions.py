"""Expressions: what they are as values, and which bytes they name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.ascendc.archetypes.flow.arithmetic import as_unsigned, extreme, folded, integer
from portcheck.ascendc.archetypes.flow.base import Base, Functor, Lambda
from portcheck.ascendc.archetypes.flow.closures import captured
from portcheck.ascendc.archetypes.flow.elements import Type
from portcheck.ascendc.archetypes.flow.grouping import stays_whole
from portcheck.ascendc.archetypes.flow.literals import number
from portcheck.ascendc.archetypes.flow.memory import Where, as_floats, converted
from portcheck.ascendc.archetypes.flow.values import (
    FLOATING,
    INTEGERS,
    ONE,
    ZERO,
    Cast,
    Const,
    Hardware,
    Load,
    Op,
    Pack,
    Pointer,
    Scalar,
    Unknown,
    Value,
    add,
    comparison,
    first_unknown,
    multiply,
    negate,
    operation,
    subtract,
    type_of,
)
from portcheck.program.callee import NAMED_CASTS, Callee
from portcheck.program.model import Origin
from portcheck.program.nodes import first_child
from portcheck.syntax import parse_text

if TYPE_CHECKING:
    from tree_sitter import Node

_BUILT_IN = frozenset(("blockIdx", "threadIdx", "blockDim", "gridDim"))
_LETTERS = {"x": 0, "y": 1, "z": 2, "w": 3}
_COMPARE = frozenset(("<", "<=", ">", ">=", "==", "!=", "not_eq"))
_WRAPS = _COMPARE | {"/", "%", ">>"}
_RANK = ("fp8_e4m3", "fp8_e5m2", "half", "bf16", "float", "double")
_PARENTHESES = frozenset(("parenthesized_expression", "condition_clause"))


class Expressions(Base):
    """Evaluation of expressions; what they do besides happens as it is met."""

    def parsed(self, text: str) -> tuple[Node | None, Origin]:
        raw = b"void f() { (" + text.encode() + b"); }"
        root = parse_text(raw).root_node
        if root.has_error:
            return None, self.frame.origin
        here = self.frame.origin.place(self.function.start_byte, self.function.start_byte)
        node: Node | None = root
        while node is not None and node.type != "parenthesized_expression":
            node = node.named_children[-1] if node.named_children else None
        origin = replace(self.frame.origin, text=raw, place=lambda _s, _e: here, expansion=True)
        return node, origin

    # -- values ----------------------------------------------------------------------------

    def value(self, node: Node) -> Value:
        self.step(node)
        handler = getattr(self, f"_{node.type}", None)
        if handler is not None:
            found: Value = handler(node)
            return found
        if node.type in ("field_expression", "subscript_expression", "pointer_expression"):
            return self._place_value(node)
        raise self.give_up(f"{node.type.replace('_', ' ')} is not read", node)

    def _place_value(self, node: Node) -> Value:
        at = self.where(node)
        if at is not None:
            return self.read(at, node)
        if node.type == "field_expression":
            return self._member(node)
        return Unknown("an address that is not known")

    def _parenthesized_expression(self, node: Node) -> Value:
        inner = first_child(node)
        return self.value(inner) if inner is not None else Unknown("nothing")

    _condition_clause = _parenthesized_expression

    def _comma_expression(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        assert left is not None
        assert right is not None
        self.value(left)
        return self.value(right)

    def _number_literal(self, node: Node) -> Value:
        return number(self.text(node))

    def _true(self, node: Node) -> Value:
        return ONE

    def _false(self, node: Node) -> Value:
        return ZERO

    def _null(self, node: Node) -> Value:
        return ZERO

    _nullptr = _null

    def _identifier(self, node: Node) -> Value:
        name = self.text(node)
        if name in self.frame.constants:
            return self.frame.constants[name]
        at = self.frame.names.get(name)
        if isinstance(at, Where):
            return self.read(at, node)
        if at is not None:
            return Unknown("a function object")
        return self._constant(name, node)

    def _qualified_identifier(self, node: Node) -> Value:
        return self._constant(self.text(node), node)

    def _constant(self, name: str, node: Node) -> Value:
        """A constant of the file, or a macro that is an expression."""
        if name in ("INFINITY", "CUDART_INF_F", "HUGE_VALF"):
            return Const(float("inf"))
        if name in ("FLT_MAX", "CUDART_MAX_NORMAL_F"):
            return Const(3.4028234663852886e38)
        text = self.frame.texts.get(name)
        if text is not None:
            return self.text_value(text) if text != name else Scalar(name)
        short = name.rsplit("::", 1)[-1]
        values = self.program.constants.get(short, [])
        origin = self.frame.origin
        offset = origin.lookup_offset if origin.expansion else node.start_byte
        macro = self.context.macros.get(short, origin.file.path, offset)
        if macro is not None and macro.parameters is None and macro.body:
            return self._macro_constant(macro.body.decode("utf-8", "replace").strip(), node)
        if len({o.read(n) for n, o in values}) != 1:
            return Unknown(f"what {name} is")
        constant, origin = values[0]
        before, self.frame.origin = self.frame.origin, origin
        try:
            declared = constant.parent.parent if constant.parent is not None else None
            type_ = declared.child_by_field_name("type") if declared is not None else None
            named = self.type_named(self.text(type_)) if type_ is not None else Type("")
            return converted(self.value(constant), named)
        finally:
            self.frame.origin = before

    def _macro_constant(self, text: str, node: Node) -> Value:
        """What a macro stands for: its text, which `2 * NAME` may take apart."""
        parsed, _ = self.parsed(text)
        inner = first_child(parsed) if parsed is not None else None
        if inner is None or not stays_whole(inner, node):
            return Unknown("a macro that the operators around it take apart")
        return self.text_value(text)

    def _sizeof_expression(self, node: Node) -> Value:
        inner = node.child_by_field_name("type") or node.child_by_field_name("value")
        if inner is None:
            return Unknown("sizeof")
        text = self.text(inner).strip()
        while inner.type == "parenthesized_expression" and first_child(inner) is not None:
            inner = first_child(inner)
            assert inner is not None
            text = self.text(inner)
        named = self.frame.names.get(text)
        type_ = named.type if isinstance(named, Where) else self.type_named(text)
        return Const(type_.bytes) if type_.bytes else Unknown(f"the size of {text}")

    def _conditional_expression(self, node: Node) -> Value:
        test, yes, no = (node.child_by_field_name(n) for n in ("condition", "consequence", "alternative"))
        assert test is not None
        assert yes is not None
        assert no is not None
        condition = self.truth(test)
        if isinstance(condition, Const):
            return self.value(yes if condition.value else no)
        before = self.state
        self.state = before.fork(condition)
        one, left = self.value(yes), self.state
        self.state = before.fork(negate(condition))
        other, right = self.value(no), self.state
        if left.cells != before.cells or right.cells != before.cells:
            raise self.give_up("a choice that changes variables", node)
        self.state = before
        return self.choose(condition, one, other)

    def choose(self, condition: Value, one: Value, other: Value) -> Value:
        """condition ? one : other, of numbers."""
        bad = first_unknown(condition, one, other)
        if bad is not None:
            return bad
        if isinstance(one, Pointer | Pack) or isinstance(other, Pointer | Pack):
            return one if one == other else Unknown("a choice between addresses")
        ctype = self.common(one, other)
        one, other = (converted(v, Type(ctype)) for v in (one, other))
        larger = extreme(condition, one, other)
        return larger if larger is not None else operation("select", (condition, one, other), ctype)

    # -- operators -------------------------------------------------------------------------

    def _binary_expression(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        symbol = node.child_by_field_name("operator")
        assert left is not None
        assert right is not None
        assert symbol is not None
        name = self.text(symbol)
        if name in ("&&", "and", "||", "or"):
            return self._logical("and" if name in ("&&", "and") else "or", left, right)
        kind = self._unsigned(name, left, right)
        return self.binary(name, as_unsigned(self.value(left), kind), as_unsigned(self.value(right), kind))

    def _unsigned(self, name: str, *operands: Node) -> str:
        """uint32 or uint64 where numbers below zero would be large ones for the operation."""
        if name not in _WRAPS or self.frame.origin.expansion:
            return ""
        types = [self.typer.type_of(o, self.function, self.frame.origin) for o in operands]
        found = [self.type_from(t) for t in types if t is not None]
        found += [
            Type("uint32") for o in operands if o.type == "number_literal" and "u" in self.text(o).lower()
        ]
        return max(
            (t.element for t in found if t.is_number and t.element in ("uint32", "uint64")), default=""
        )

    def _logical(self, name: str, left: Node, right: Node) -> Value:
        one = self.truth(left)
        if isinstance(one, Const):
            return self.truth(right) if bool(one.value) == (name == "and") else one
        before = self.state
        self.state = before.fork(one if name == "and" else negate(one))
        other, after = self.truth(right), self.state
        self.state = before
        if after.cells != before.cells:
            raise self.give_up("an operand that changes variables and is not always evaluated", right)
        if isinstance(other, Const):
            return one if bool(other.value) == (name == "and") else other
        return first_unknown(one, other) or Op(name, (one, other), "bool")

    def truth(self, node: Node) -> Value:
        """A condition."""
        return self.condition(self.value(node))

    def condition(self, value: Value) -> Value:
        if isinstance(value, Const):
            return Const(int(bool(value.value)))
        if isinstance(value, Unknown) or type_of(value) == "bool":
            return value
        if isinstance(value, Pointer):
            return Unknown("whether an address is null")
        return comparison("!=", value, ZERO)

    def binary(self, name: str, left: Value, right: Value) -> Value:
        bad = first_unknown(left, right)
        if bad is not None:
            return bad
        if isinstance(left, Pointer) or isinstance(right, Pointer):
            return self._pointer_sum(name, left, right)
        if isinstance(left, Pack) or isinstance(right, Pack):
            return Unknown("arithmetic of several numbers at once")
        name = "!=" if name == "not_eq" else name
        ctype = self.common(left, right)
        if name in _COMPARE:
            if ctype in FLOATING:
                left, right = (converted(v, Type(ctype)) for v in (left, right))
                left, right = as_floats((left, right)) or (left, right)
            return comparison(name, left, right)
        if ctype in INTEGERS:
            return integer(name, left, right)
        left, right = (converted(v, Type(ctype)) for v in (left, right))
        if name not in ("+", "-", "*", "/"):
            return Unknown(f"{name} of floating numbers")
        if isinstance(left, Const) and isinstance(right, Const):
            return folded(name, float(left.value), float(right.value))
        return operation(name, (left, right), ctype)

    def common(self, left: Value, right: Value) -> str:
        """The type that arithmetic of two numbers is done in."""
        one, other = type_of(left), type_of(right)
        floats = [t for t in (one, other) if t in FLOATING]
        if not floats:
            return "bool" if one == other == "bool" else "int"
        return max(floats, key=_RANK.index)

    def _pointer_sum(self, name: str, left: Value, right: Value) -> Value:
        if name == "+" and isinstance(right, Pointer):
            left, right = right, left
        if not isinstance(left, Pointer) or isinstance(right, Pointer) or name not in ("+", "-"):
            return Unknown("arithmetic of addresses")
        width = left.pointee.bytes
        if width is None:
            return Unknown("an address of a type whose size is not known")
        moved = multiply(right, Const(width))
        return replace(left, offset=add(left.offset, moved, 1 if name == "+" else -1))

    def _unary_expression(self, node: Node) -> Value:
        inner, symbol = node.child_by_field_name("argument"), node.child_by_field_name("operator")
        assert inner is not None
        assert symbol is not None
        name = self.text(symbol)
        if name in ("!", "not"):
            return negate(self.truth(inner))
        value = self.value(inner)
        if name == "+" or isinstance(value, Unknown):
            return value
        if name in ("~", "compl") and isinstance(value, Const):
            return Const(~int(value.value))
        if name != "-":
            return Unknown(f"the operator {name}")
        if isinstance(value, Const):
            return Const(-value.value)
        if isinstance(value, Cast) and value.ctype == "double" and isinstance(value.arg, Const):
            return Cast("double", Const(-value.arg.value))
        ctype = type_of(value)
        return subtract(ZERO, value) if ctype in INTEGERS else Op("neg", (value,), ctype)

    def _update_expression(self, node: Node) -> Value:
        inner, symbol = node.child_by_field_name("argument"), node.child_by_field_name("operator")
        assert inner is not None
        assert symbol is not None
        at = self.where(inner)
        if at is None:
            raise self.give_up("a change of what is not known", node)
        old = self.read(at, node)
        new = self.binary("+" if self.text(symbol) == "++" else "-", old, ONE)
        self.write(at, new, node)
        return new if symbol.start_byte < inner.start_byte else old

    def _assignment_expression(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        symbol = node.child_by_field_name("operator")
        assert left is not None
        assert right is not None
        assert symbol is not None
        name = self.text(symbol)
        if right.type == "initializer_list":
            raise self.give_up("a list that is assigned", node)
        value = self.value(right)
        at = self.where(left)
        if at is None:
            raise self.give_up("a store to an address that is not known", node)
        if name != "=":
            value = self.binary(name.rstrip("="), self.read(at, left), value)
        self.write(at, value, node)
        return converted(value, at.type)

    # -- casts -----------------------------------------------------------------------------

    def _cast_expression(self, node: Node) -> Value:
        type_, inner = node.child_by_field_name("type"), node.child_by_field_name("value")
        assert type_ is not None
        assert inner is not None
        return self.cast(self.type_named(self.text(type_)), self.value(inner))

    def _call_expression(self, node: Node) -> Value:
        callee = Callee.of(node, self.frame.origin)
        if callee is not None and callee.name in NAMED_CASTS and callee.arguments:
            if callee.name == "const_cast":
                return self.value(callee.arguments[0])
            type_ = self.type_named(callee.template_arguments[0]) if callee.template_arguments else Type("")
            return self.cast(type_, self.value(callee.arguments[0]))
        return self.call(node)

    def cast(self, type_: Type, value: Value) -> Value:
        """The value as a type: a number converted, an address seen differently."""
        if isinstance(value, Pointer):
            if not type_.pointers:
                return Unknown("an address as a number")
            return replace(value, pointee=type_.dereferenced())
        if isinstance(value, Unknown | Pack) or not type_.element:
            return value if type_.element else Unknown("a cast to a type that is not known")
        if type_.pointers:
            return Unknown("a number as an address")
        if type_of(value).startswith("fp8") and type_.element in INTEGERS:
            return Unknown("an FP8 number as an integer")
        if type_.is_number:
            mode = "satfinite" if type_.element.startswith("fp8") else ""
            cast = converted(value, type_)
            return replace(cast, mode=mode) if mode and isinstance(cast, Cast) else cast
        return value if isinstance(value, Load) else Unknown("a cast to a class")

    # -- places ----------------------------------------------------------------------------

    def where(self, node: Node) -> Where | None:
        """The bytes that an expression names; None where it names none that are known."""
        self.step(node)
        if node.type in _PARENTHESES:
            inner = first_child(node)
            return self.where(inner) if inner is not None else None
        if node.type == "identifier":
            at = self.frame.names.get(self.text(node))
            return at if isinstance(at, Where) else None
        if node.type == "subscript_expression":
            return self._subscript(node)
        if node.type == "pointer_expression":
            return self._pointer_place(node)
        if node.type == "field_expression":
            return self._field_place(node)
        return None

    def _subscript(self, node: Node) -> Where | None:
        base = node.child_by_field_name("argument")
        listed = node.child_by_field_name("indices")
        indices = [c for c in listed.named_children if c.type != "comment"] if listed is not None else []
        if base is None or len(indices) != 1:
            return None
        pointer, index = self.value(base), self.value(indices[0])
        moved = self.binary("+", pointer, index)
        if not isinstance(moved, Pointer):
            return None
        return Where(moved.space, moved.base, moved.offset, moved.pointee)

    def _pointer_place(self, node: Node) -> Where | None:
        inner, symbol = node.child_by_field_name("argument"), node.child_by_field_name("operator")
        if inner is None or symbol is None or self.text(symbol) != "*":
            return None
        pointer = self.value(inner)
        if not isinstance(pointer, Pointer):
            return None
        return Where(pointer.space, pointer.base, pointer.offset, pointer.pointee)

    def _pointer_expression(self, node: Node) -> Value:
        inner, symbol = node.child_by_field_name("argument"), node.child_by_field_name("operator")
        assert inner is not None
        assert symbol is not None
        if self.text(symbol) == "&":
            at = self.where(inner)
            if at is None:
                return Unknown("the address of what is not known")
            pointee = at.type
            return Pointer(at.space, at.base, at.offset, pointee)
        place = self._pointer_place(node)
        return self.read(place, node) if place is not None else Unknown("an address that is not known")

    def _field_place(self, node: Node) -> Where | None:
        base, field = node.child_by_field_name("argument"), node.child_by_field_name("field")
        if base is None or field is None:
            return None
        name = self.text(field)
        if self.text(node).startswith(tuple(_BUILT_IN)):
            return None
        symbol = node.child_by_field_name("operator")
        if symbol is not None and self.text(symbol) == "->":
            pointer = self.value(base)
            if not isinstance(pointer, Pointer):
                return None
            at: Where | None = Where(pointer.space, pointer.base, pointer.offset, pointer.pointee)
        else:
            at = self.where(base)
        number = _LETTERS.get(name)
        if at is None or number is None or at.type.pointers or at.type.extents or number >= at.type.count:
            return None
        one = replace(at.type, count=1)
        width = one.bytes
        return Where(at.space, at.base, add(at.offset, Const(number * (width or 0))), one) if width else None

    def _member(self, node: Node) -> Value:
        base, field = node.child_by_field_name("argument"), node.child_by_field_name("field")
        assert base is not None
        assert field is not None
        text = self.text(base)
        if text in _BUILT_IN:
            name = f"{text}.{self.text(field)}"
            return Hardware(name) if text in ("blockIdx", "threadIdx") else Scalar(name)
        number = _LETTERS.get(self.text(field))
        value = self.value(base)
        if isinstance(value, Pack) and number is not None and number < len(value.parts):
            return value.parts[number][2]
        return Unknown(f"the member {self.text(field)}")

    def _compound_literal_expression(self, node: Node) -> Value:
        return Unknown("an object")

    def _lambda_expression(self, node: Node) -> Value:
        return Unknown("a function object")

    def _string_literal(self, node: Node) -> Value:
        return Unknown("a text")

    def functor(self, node: Node) -> Lambda | Functor | None:
        """The function object that an expression is, without state."""
        if node.type == "identifier":
            found = self.frame.names.get(self.text(node))
            return found if isinstance(found, Lambda | Functor) else None
        if node.type == "lambda_expression":
            return Lambda(node, captured(self, node))
        if node.type == "compound_literal_expression":
            type_ = node.child_by_field_name("type")
            name = self.text(type_).split("<", 1)[0].rsplit("::", 1)[-1] if type_ is not None else ""
            return Functor(name) if self.program.methods(name, "operator()") else None
        if node.type == "call_expression":
            callee = Callee.of(node, self.frame.origin)
            if (
                callee is not None
                and not callee.arguments
                and self.program.methods(callee.name, "operator()")
            ):
                return Functor(callee.name)
        return None
