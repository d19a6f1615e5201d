"""Statements: declarations, branches, jumps, inline assembly."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.ascendc.archetypes.flow.base import Name
from portcheck.ascendc.archetypes.flow.calls import Calls
from portcheck.ascendc.archetypes.flow.elements import WIDTHS, Type
from portcheck.ascendc.archetypes.flow.jumps import jumps_in
from portcheck.ascendc.archetypes.flow.memory import Store, Where, converted, merged
from portcheck.ascendc.archetypes.flow.values import (
    ZERO,
    Const,
    Hardware,
    Load,
    Pack,
    Pointer,
    Unknown,
    Value,
    add,
    modulo,
    negate,
    walk,
)
from portcheck.facts.ptx import Instruction, instructions
from portcheck.program.nodes import first_child
from portcheck.program.types import parse_type

if TYPE_CHECKING:
    from tree_sitter import Node

_NOTHING = frozenset(("comment", "static_assert_declaration", "using_declaration", "empty_statement", ";"))


class Restore:
    """Stands behind a block's statements: the names declared in it end here."""

    def __init__(self, names: dict[str, Name], aliases: dict[str, str]) -> None:
        self.names, self.aliases = dict(names), dict(aliases)


class Statements(Calls):
    """Runs statements on `state`.

    A list that holds a jump reaches to the end of the loop's body or of the function, so that what
    is left to do behind the jump is the rest of the list. `run` answers whether a jump ended it.
    """

    def run(self, statements: list[object]) -> bool:
        for position, one in enumerate(statements):
            if isinstance(one, Restore):
                self.frame.names, self.frame.aliases = dict(one.names), dict(one.aliases)
                continue
            node: Node = one  # type: ignore[assignment]
            rest = statements[position + 1 :]
            if node.type == "compound_statement":
                restore = Restore(self.frame.names, self.frame.aliases)
                return self.run([*node.named_children, restore, *rest])
            if node.type == "if_statement" and jumps_in(node):
                self._branch(node, rest)
                return False
            if self.statement(node):
                return True
        return False

    def statement(self, node: Node) -> bool:
        """Run one statement; whether it is a jump."""
        self.step(node)
        kind = node.type
        if kind in _NOTHING:
            return False
        if kind == "expression_statement":
            self._expression(node)
        elif kind == "declaration":
            self._declaration(node)
        elif kind == "if_statement":
            self._branch(node, [])
        elif kind == "for_statement":
            self.loop(node)
        elif kind in ("alias_declaration", "type_definition"):
            self._alias(node)
        elif kind == "attributed_statement" and not jumps_in(node):
            self.run([c for c in node.named_children if c.type != "attribute_declaration"])
        elif kind == "continue_statement":
            return True
        elif kind == "return_statement":
            self._return(node)
            return True
        elif kind == "do_statement":
            self._do(node)
        elif kind == "while_statement":
            self._await(node)
        else:
            raise self.give_up(f"{kind.replace('_', ' ')} is not read", node)
        return False

    def loop(self, node: Node) -> None:
        raise NotImplementedError

    def _expression(self, node: Node) -> None:
        inner = first_child(node)
        if inner is None:
            return
        if inner.type == "gnu_asm_expression":
            self._asm(inner)
        else:
            self.value(inner)

    def _do(self, node: Node) -> None:
        """do { … } while (false), as macros write it."""
        test, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if test is None or body is None or self.truth(test) != ZERO or jumps_in(body):
            raise self.give_up("a do loop is not read", node)
        self.run([body])

    def _await(self, node: Node) -> None:
        """while (an ordered load says to go on waiting) {}: recorded as a store whose `atomic` is "await"."""
        test, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if test is None or body is None or any(c.type != "comment" for c in body.named_children):
            raise self.give_up("a while loop is not read", node)
        stores, self.awaited = len(self.stores), set()
        condition = self.truth(test)
        loads = {v for v in walk(condition) if isinstance(v, Load)}
        if len(self.stores) != stores or len(loads) != 1 or loads != self.awaited:
            raise self.give_up("a while loop is not read", node)
        (load,), self.awaited = loads, None
        self.stores.append(
            Store(
                load.buffer, load.ctype, load.address, condition, self.state.when, tuple(self.loops),
                self.place(node), "await",
            )
        )  # fmt: skip

    # -- branches --------------------------------------------------------------------------

    def _branch(self, node: Node, rest: list[object]) -> None:
        """An `if` with what follows it where one of its branches leaves."""
        test = node.child_by_field_name("condition")
        yes, no = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        assert test is not None
        assert yes is not None
        first = first_child(test)
        if first is not None and first.type == "init_statement":
            raise self.give_up("a declaration in a condition", node)
        condition = self.truth(test)
        if isinstance(condition, Unknown):
            raise self.give_up(f"a condition that is not known: {condition.why}", test)
        other = [c for c in no.named_children if c.type != "comment"] if no is not None else []
        if isinstance(condition, Const):
            self.run([*([yes] if condition.value else other), *rest])
            return
        before, names, aliases = self.state, dict(self.frame.names), dict(self.frame.aliases)
        restore = Restore(names, aliases)
        self.state = before.fork(condition)
        self.run([yes, restore, *rest])
        left, self.state = self.state, before.fork(negate(condition))
        self.frame.names, self.frame.aliases = dict(names), dict(aliases)
        self.run([*other, restore, *rest])
        right = self.state
        self.frame.names, self.frame.aliases = dict(names), dict(aliases)
        self.state = merged(condition, left, right, before.when, self.choose)

    def _return(self, node: Node) -> None:
        if self.frame.loops:
            raise self.give_up("a return inside of a loop", node)
        inner = first_child(node)
        if inner is None:
            return
        value = self.value(inner)
        type_ = self.function.return_type
        wanted = self.frame.returns
        if type_ is not None and not self.frame.is_lambda:
            wanted = self.type_from(type_)
        width = wanted.bytes if wanted.element in WIDTHS and not wanted.extents else None
        if width is not None and not wanted.pointers:
            value = converted(value, wanted)
        size = sum(p[1] for p in value.parts) if isinstance(value, Pack) else width or 8
        self.state.write(self.frame.result, 0, size, value)

    # -- declarations ----------------------------------------------------------------------

    def _declaration(self, node: Node) -> None:
        base = node.child_by_field_name("type")
        text = self.text(base) if base is not None else "auto"
        words = {
            self.text(c) for c in node.children if c.type in ("storage_class_specifier", "type_qualifier")
        }
        if "static" in words and not words & {"const", "constexpr"}:
            raise self.give_up("a variable that threads share", node)
        for declarator in node.children_by_field_name("declarator"):
            self._declare(node, declarator, text)

    def _declare(self, node: Node, declarator: Node, text: str) -> None:
        value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
        inner = (
            declarator.child_by_field_name("declarator")
            if declarator.type == "init_declarator"
            else declarator
        )
        stars, is_reference = "", False
        extents: list[str] = []
        while inner is not None and inner.type != "identifier":
            if inner.type == "pointer_declarator":
                stars += "*"
            elif inner.type == "array_declarator":
                size = inner.child_by_field_name("size")
                extents.insert(0, self.text(size) if size is not None else "")
            elif inner.type == "reference_declarator":
                is_reference = True
            elif inner.type != "parenthesized_declarator":
                raise self.give_up(f"{inner.type.replace('_', ' ')} is not read", node)
            inner = inner.child_by_field_name("declarator") or (
                inner.named_children[-1] if inner.named_children else None
            )
        if inner is None:
            raise self.give_up("a declaration that is not read", node)
        name = self.text(inner)
        binding = self.function.lookup(name, node.start_byte) if not self.frame.origin.expansion else None
        if binding is not None and binding.shared:
            raise self.give_up("shared memory is not followed", node)
        if "volatile" in self.frame.origin.text[node.start_byte : node.end_byte].decode("utf-8", "replace"):
            raise self.give_up("a volatile variable", node)
        type_ = self.type_named(text + stars) if text != "auto" else Type("")
        type_ = replace(type_, extents=tuple(self.constant_text(e) if e else None for e in extents))
        self._initialise(name, type_, is_reference, value, node)

    def _initialise(self, name: str, type_: Type, is_reference: bool, value: Node | None, node: Node) -> None:
        if value is None:
            self.frame.names[name] = Where("local", self.unique(name), ZERO, type_)
            self.state.cells[self.frame.names[name].base] = {}  # type: ignore[union-attr]
            return
        found = self.functor(value)
        if found is not None:
            self.frame.names[name] = found
            return
        at = self.where(value) if is_reference else None
        if at is not None:
            self.frame.names[name] = at
        elif value.type in ("initializer_list", "argument_list"):
            self._listed(name, type_, value, node)
        else:
            self._declare_value(name, type_, self.value(value))

    def _listed(self, name: str, type_: Type, value: Node, node: Node) -> None:
        """T x{…}, T x(…), T x[n] = {…}: what is left out is zero."""
        given = [self.value(c) for c in value.named_children if c.type != "comment"]
        if len(given) == 1 and type_.bytes and not type_.extents and (type_.is_number or type_.pointers):
            self._declare_value(name, type_, given[0])
            return
        one = replace(type_, extents=(), count=1)
        width, whole = one.bytes, type_.bytes
        if width is None or whole is None or one.element not in WIDTHS or len(given) * width > whole:
            raise self.give_up("a list that is not read", node)
        base = self.unique(name)
        self.frame.names[name] = Where("local", base, ZERO, type_)
        self.state.cells[base] = {}
        for number in range(whole // width):
            element = converted(given[number] if number < len(given) else ZERO, one)
            self.state.write(base, number * width, width, element)

    def _alias(self, node: Node) -> None:
        name = node.child_by_field_name("name") or node.child_by_field_name("declarator")
        type_ = node.child_by_field_name("type")
        if name is not None and type_ is not None and parse_type(self.text(type_)) is not None:
            self.frame.aliases[self.text(name)] = self.text(type_)

    # -- inline assembly -------------------------------------------------------------------

    def _asm(self, node: Node) -> None:
        """Loads and stores of GM, the lane's number; everything else ends the reading."""
        operands = _operands(node)
        if "@" in self.text(node):
            raise self.give_up("inline assembly under a predicate", node)
        code = node.child_by_field_name("assembly_code")
        listed = list(instructions(self.text(code))) if code is not None else []
        if len(listed) != 1:
            raise self.give_up("inline assembly of several instructions", node)
        one = listed[0]
        if one.opcode.startswith("mov") and any("laneid" in o for o in one.operands):
            self._write_operand(operands, one.operands[0], _lane(), node)
        elif one.kind == "load" and (not _is_ordered(one) or (self.awaited is not None and _is_acquire(one))):
            self._asm_load(one, operands, node)
        elif one.kind == "store" and not _is_ordered(one):
            self._asm_store(one, operands, node)
        elif one.kind == "store" and {"release"} == _ordering(one):
            self._asm_store(one, operands, node, "release")
        else:
            raise self.give_up(f"the instruction {one.opcode}", node)

    def _write_operand(self, operands: list[Node], text: str, value: Value, node: Node) -> None:
        number = re.fullmatch(r"%(\d+)", text.strip())
        at = (
            self.where(operands[int(number.group(1))])
            if number and int(number.group(1)) < len(operands)
            else None
        )
        if at is None:
            raise self.give_up("an operand of inline assembly", node)
        self.write(at, value, node)

    def _asm_address(self, one: Instruction, operands: list[Node], text: str, node: Node) -> Where:
        number = re.fullmatch(r"\[%(\d+)(?:\+(\d+))?\]", text.replace(" ", ""))
        pointer = self.value(operands[int(number.group(1))]) if number else None
        type_ = _element_of(one.opcode)
        if number is None or not isinstance(pointer, Pointer) or pointer.space != "gm" or type_ is None:
            raise self.give_up("an address of inline assembly", node)
        vector = next((int(m[1]) for m in one.modifiers if re.fullmatch(r"v[248]", m)), 1)
        offset = add(pointer.offset, Const(int(number.group(2) or 0)))
        return Where("gm", pointer.base, offset, Type(type_, vector))

    def _asm_load(self, one: Instruction, operands: list[Node], node: Node) -> None:
        at = self._asm_address(one, operands, one.operands[-1], node)
        value = self.read(at, node)
        if self.awaited is not None and isinstance(value, Load) and _is_acquire(one):
            self.awaited.add(value)
        parts = [v for _, _, v in value.parts] if isinstance(value, Pack) else [value]
        texts = re.findall(r"%\d+", one.operands[0])
        if len(texts) != len(parts):
            raise self.give_up("the operands of a load", node)
        for text, part in zip(texts, parts, strict=True):
            self._write_operand(operands, text, part, node)

    def _asm_store(self, one: Instruction, operands: list[Node], node: Node, atomic: str = "") -> None:
        at = self._asm_address(one, operands, one.operands[0], node)
        values = [self.value(operands[int(t)]) for t in re.findall(r"%(\d+)", one.operands[-1])]
        width = WIDTHS[at.type.element]
        if len(values) != at.type.count:
            raise self.give_up("the operands of a store", node)
        packed = Pack(tuple((n * width, width, v) for n, v in enumerate(values)))
        self.write(at, packed if at.type.count > 1 else values[0], node, atomic)


def _lane() -> Value:
    return modulo(Hardware("threadIdx.x"), Const(32))


def _ordering(one: Instruction) -> set[str]:
    return set(one.modifiers) & {"acquire", "release", "relaxed", "volatile", "mmio", "shared", "local"}


def _is_ordered(one: Instruction) -> bool:
    return bool(_ordering(one))


def _is_acquire(one: Instruction) -> bool:
    return _ordering(one) == {"acquire"}


def _element_of(opcode: str) -> str | None:
    """The type of an access: bits without a meaning are integers of that width."""
    match = re.search(r"\.(b|u|s|f|bf)(8|16|32|64)$", opcode)
    if match is None:
        return None
    kind, bits = match.groups()
    if kind == "f":
        return {"32": "float", "64": "double", "16": "half"}.get(bits)
    if kind == "bf":
        return "bf16"
    return f"{'uint' if kind == 'u' else 'int'}{bits}"


def _operands(node: Node) -> list[Node]:
    """The expressions that %0, %1, … stand for."""
    found: list[Node] = []
    for field in ("output_operands", "input_operands"):
        listed = node.child_by_field_name(field)
        for operand in listed.named_children if listed is not None else ():
            value = operand.child_by_field_name("value")
            if value is not None:
                found.append(value)
    return found
