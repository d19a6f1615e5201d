"""One sweep over a syntax tree: declarations, scopes, and the nodes that facts are made of.

A single query captures every node of interest; its captures, sorted by position, are walked
once with a stack of the enclosing namespaces, classes, functions and scopes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_cpp
from tree_sitter import Language, Query, QueryCursor

from portcheck.program.declarators import declared, parameter_list, parameters
from portcheck.program.model import Binding, Function, Observation, Origin, Parameter, Record, Unit
from portcheck.program.types import CType, parse_type, split_top

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.syntax import Blanked

QUERY = """
(namespace_definition) @namespace
(template_declaration) @template
[(struct_specifier) (class_specifier) (union_specifier)] @record
(function_definition) @function
[(compound_statement) (for_statement) (for_range_loop)] @scope
(lambda_expression) @lambda
(declaration) @declaration
(field_declaration) @field
(field_initializer) @member
[(alias_declaration) (type_definition)] @alias
(call_expression) @call
(cast_expression) @cast
(gnu_asm_expression) @asm
(assignment_expression) @assign
(subscript_expression) @subscript
(pointer_expression) @pointer
(return_statement) @return
(static_assert_declaration) @static_assert
(if_statement) @if
"""

MAX_CHILDREN = 4000

OBSERVED = frozenset(
    (
        "call",
        "cast",
        "asm",
        "assign",
        "subscript",
        "pointer",
        "return",
        "static_assert",
        "if",
        "member",
        "lambda",
        "declaration",
        "record",
    )
)

QUALIFIERS = (
    "__global__",
    "__device__",
    "__host__",
    "__forceinline__",
    "__noinline__",
    "__shared__",
    "__constant__",
)


@cache
def _query() -> Query:
    return Query(Language(tree_sitter_cpp.language()), QUERY)


@dataclass(slots=True)
class _Open:
    """A construct that the sweep stands in. `template` is its end and its parameters."""

    end_byte: int
    kind: str
    payload: object = None
    template: tuple[int, list[Parameter]] = (0, [])


def extract(
    root: Node,
    origin: Origin,
    unit: Unit,
    inside: Function | None = None,
    namespace: tuple[str, ...] = (),
    owner: Record | None = None,
) -> list[Function]:
    """Sweep one tree. Returns the functions found, with a last one for the text outside them.

    `inside` is the function that a fragment or expansion stands in: what the tree shows
    outside its own functions is then observed there, in a shadow of that function. `namespace`
    and `owner` are the namespaces and the class that a fragment stands in.
    """
    events = [
        (node.start_byte, -node.end_byte, _ORDER[name], name, node)
        for piece in _pieces(root)
        for name, nodes in QueryCursor(_query()).captures(piece).items()
        for node in nodes
    ]
    events.sort(key=lambda e: e[:3])
    return _Sweep(origin, unit, inside, namespace, owner).run(events)


def _pieces(root: Node) -> Iterator[Node]:
    """The tree in parts that a query takes in its stride: it is quadratic in a node's children."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.child_count > MAX_CHILDREN and node.type in ("translation_unit", "ERROR"):
            pending += node.named_children
        else:
            yield node


_ORDER = {
    name: i
    for i, name in enumerate(
        (
            "namespace",
            "template",
            "record",
            "function",
            "scope",
            "lambda",
            "alias",
            "declaration",
            "field",
            "member",
            "return",
            "static_assert",
            "if",
            "assign",
            "call",
            "cast",
            "asm",
            "subscript",
            "pointer",
        )
    )
}


class _Sweep:
    def __init__(
        self,
        origin: Origin,
        unit: Unit,
        inside: Function | None,
        namespace: tuple[str, ...],
        owner: Record | None,
    ) -> None:
        self.base = namespace
        self.owner = owner
        self.origin = origin
        self.unit = unit
        self.functions: list[Function] = []
        self.outside = _file_scope(origin, inside)
        self.stack: list[_Open] = []

    def run(self, events: list[tuple[int, int, int, str, Node]]) -> list[Function]:
        stack = self.stack
        function = self.outside
        owner = [self.outside]
        for start, negative_end, _, name, node in events:
            while stack and stack[-1].end_byte <= start:
                if stack.pop().kind == "function":
                    owner.pop()
            function = owner[-1]
            end = -negative_end
            if name == "function":
                found = self._function(node)
                self.functions.append(found)
                stack.append(_Open(end, "function", found))
                owner.append(found)
                continue
            seen = Observation(name, node, self.origin, function)
            if name in OBSERVED:
                function.observations.append(seen)
            if name in ("scope", "lambda"):
                stack.append(_Open(end, "scope"))
                if name == "lambda":
                    self._lambda(node, function, end)
            elif name == "declaration":
                self._declaration(seen, function)
            elif name == "namespace":
                title = node.child_by_field_name("name")
                stack.append(_Open(end, "namespace", self.origin.read(title) if title else ""))
                if not self.origin.expansion:
                    self.unit.namespaces.append((start, end, self._namespaces()))
            elif name == "template":
                listed = parameters(node.child_by_field_name("parameters"), self.origin)
                stack.append(_Open(end, "template", template=(node.end_byte, listed)))
            elif name == "record":
                record = self._record(node)
                if record is not None:
                    stack.append(_Open(end, "record", record))
            elif name == "field":
                self._field(node)
            elif name == "alias":
                self._alias(node, function)
        self.functions.append(self.outside)
        return self.functions

    def _namespaces(self) -> tuple[str, ...]:
        named = (str(o.payload) for o in self.stack if o.kind == "namespace" and o.payload)
        return self.base + tuple(part for name in named for part in name.split("::"))

    def _template(self, node: Node) -> list[Parameter]:
        """The parameters of the template that ends where this declaration ends."""
        found: list[Parameter] = []
        for entry in reversed(self.stack):
            if entry.kind != "template":
                break
            end, listed = entry.template
            if end - node.end_byte in (0, 1) or self.origin.text[node.end_byte : end].strip() in (b"", b";"):
                found = listed + found
        return found

    def _record_name(self) -> str:
        around = [self.owner] if self.owner is not None else []
        around += [o.payload for o in self.stack if isinstance(o.payload, Record)]
        return "::".join(record.name for record in around)

    def _function(self, node: Node) -> Function:
        origin = self.origin
        declarator = node.child_by_field_name("declarator")
        pointers = 0
        while declarator is not None and declarator.type != "function_declarator":
            pointers += declarator.type == "pointer_declarator"
            declarator = declarator.child_by_field_name("declarator") or next(
                (c for c in declarator.named_children if c.type.endswith("declarator")), None
            )
        name, record, listed = "", self._record_name(), None
        if declarator is not None:
            title = declarator.child_by_field_name("declarator")
            if title is not None:
                name = " ".join(origin.read(title).split())
                if "::" in name and not name.startswith("operator"):
                    scope, _, name = name.rpartition("::")
                    record = scope.split("<", 1)[0]
                name = name.split("<", 1)[0] if not name.startswith("operator") else name
            listed = declarator.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        head_end = body.start_byte if body is not None else node.end_byte
        blanked = () if origin.expansion else _attributes(origin, node.start_byte, head_end)
        words = {b.text.decode("ascii", "replace").split("(", 1)[0].strip() for b in blanked}
        head = origin.text[node.start_byte : head_end].decode("utf-8", "replace")
        words.update(q for q in QUALIFIERS if q in head)
        return_node = node.child_by_field_name("type")
        return_type = parse_type(origin.read(return_node)) if return_node is not None else None
        if return_type is not None and pointers:
            for _ in range(pointers):
                return_type = return_type.pointer()
        if declarator is not None:
            trailing = next((c for c in declarator.named_children if c.type == "trailing_return_type"), None)
            if trailing is not None:
                return_type = parse_type(origin.read(trailing).removeprefix("->"))
        function = Function(
            name=name,
            namespace=self._namespaces(),
            record=record,
            template_parameters=self._template(node),
            parameters=parameters(listed, origin),
            return_type=return_type,
            qualifiers=frozenset(words),
            node=node,
            body=body,
            origin=origin,
            start_byte=node.start_byte,
            end_byte=node.end_byte,
            attributes=tuple(b.text.decode("utf-8", "replace") for b in blanked if b"(" in b.text),
        )
        for parameter in function.parameters:
            self._bind(
                function, parameter.name, parameter.type, None, node.start_byte, node.end_byte, parameter=True
            )
        return function

    def _lambda(self, node: Node, function: Function, end: int) -> None:
        declarator = node.child_by_field_name("declarator")
        if declarator is None:
            return
        for parameter in parameters(declarator.child_by_field_name("parameters"), self.origin):
            self._bind(function, parameter.name, parameter.type, None, node.start_byte, end, parameter=True)

    def _declaration(self, seen: Observation, function: Function) -> None:
        node = seen.node
        if self.stack and self.stack[-1].kind == "record":
            return
        end = next(
            (o.end_byte for o in reversed(self.stack) if o.kind in ("scope", "function")),
            len(self.origin.text) + 1,
        )
        prefix = self.origin.text[node.start_byte : node.start_byte + 200]
        words = (
            ()
            if self.origin.expansion
            else _attributes(self.origin, node.start_byte, min(node.end_byte, node.start_byte + 40))
        )
        shared = any(b.text == b"__shared__" for b in words) or b"__shared__" in prefix.split(b";", 1)[0]
        constant = b"const" in prefix.split(b"=", 1)[0]
        at_file_scope = function is self.outside
        seen.declared = list(declared(node, self.origin))
        for found in seen.declared:
            if found.is_function and at_file_scope:
                types = tuple(p.type_text for p in parameters(parameter_list(found.node), self.origin))
                self.unit.prototypes.setdefault(found.name, []).append(types)
                continue
            binding = self._bind(
                function,
                found.name,
                found.type,
                found.value,
                found.node.start_byte,
                end,
                shared=shared,
                constant=constant,
                arguments=found.has_arguments or found.is_function,
            )
            if at_file_scope and not self.origin.expansion and found.value is not None and binding.constant:
                self.unit.constants.setdefault(found.name, []).append((found.value, self.origin))

    def _bind(
        self,
        function: Function,
        name: str,
        type_: CType | None,
        value: Node | None,
        start: int,
        end: int,
        *,
        shared: bool = False,
        constant: bool = False,
        parameter: bool = False,
        arguments: bool = False,
    ) -> Binding:
        binding = Binding(
            name,
            type_,
            value,
            self.origin,
            start,
            end,
            shared,
            constant,
            parameter,
            arguments,
        )
        function.bindings.setdefault(name, []).append(binding)
        return binding

    def _record(self, node: Node) -> Record | None:
        body = node.child_by_field_name("body")
        title = node.child_by_field_name("name")
        if body is None or title is None:
            return None
        origin = self.origin
        name = origin.read(title)
        specialization: tuple[str, ...] = ()
        if title.type == "template_type":
            inner = title.child_by_field_name("name")
            listed = title.child_by_field_name("arguments")
            name = origin.read(inner) if inner is not None else name
            specialization = tuple(split_top(origin.read(listed)[1:-1])) if listed is not None else ()
        head = origin.text[node.start_byte : body.start_byte].decode("utf-8", "replace")
        alignment = ""
        for marker in ("alignas(", "__align__(", "__builtin_align__(", "aligned("):
            if marker in head:
                alignment = _balanced(head.split(marker, 1)[1])
                break
        bases = next((origin.read(c) for c in node.named_children if c.type == "base_class_clause"), "")
        record = Record(
            name=name,
            namespace=self._namespaces(),
            template_parameters=self._template(node),
            specialization=specialization,
            is_union=node.type == "union_specifier",
            alignment=alignment,
            bases=tuple(b.split()[-1] for b in split_top(bases.lstrip(": ")) if b),
            origin=origin,
            node=node,
        )
        self.unit.records.append(record)
        return record

    def _field(self, node: Node) -> None:
        record = next((o.payload for o in reversed(self.stack) if isinstance(o.payload, Record)), self.owner)
        if record is None:
            return
        head = self.origin.text[node.start_byte : min(node.end_byte, node.start_byte + 40)]
        static = any(word in head.split() for word in (b"static", b"constexpr"))
        for found in declared(node, self.origin):
            if found.type is not None and not found.is_function and not static:
                record.members[found.name] = found.type
        default = node.child_by_field_name("default_value")
        if default is not None:
            for found in declared(node, self.origin):
                self.unit.constants.setdefault(found.name, []).append((default, self.origin))
            seen = Observation(
                "field", node, self.origin, self.outside, declared=list(declared(node, self.origin))
            )
            self.outside.observations.append(seen)

    def _alias(self, node: Node, function: Function) -> None:
        origin = self.origin
        type_node = node.child_by_field_name("type")
        if type_node is None:
            return
        if node.type == "alias_declaration":
            title = node.child_by_field_name("name")
            pairs = [(origin.read(title), origin.read(type_node))] if title is not None else []
        else:
            text = origin.read(type_node)
            pairs = []
            for found in declared(node, origin):
                if found.is_function:
                    continue
                written = str(found.type) if found.type is not None else text
                pairs.append((found.name, written))
        record = next((o.payload for o in reversed(self.stack) if isinstance(o.payload, Record)), None)
        for name, text in pairs:
            if record is not None and self._innermost_is_record():
                record.aliases.setdefault(name, text)
            elif function is not self.outside:
                function.aliases[name] = text
            else:
                self.unit.aliases.setdefault(name, []).append(text)

    def _innermost_is_record(self) -> bool:
        for entry in reversed(self.stack):
            if entry.kind == "record":
                return True
            if entry.kind in ("function", "scope"):
                return False
        return False


_TEMPLATE_USE = re.compile(rb"\b([A-Za-z_]\w*)<([\w:]+(?:\s*,\s*[\w:]+)*)>")


def template_uses(data: bytes) -> list[tuple[str, tuple[str, ...]]]:
    """Names with simple template arguments, wherever they stand: calls, launches, macro bodies."""
    found = dict.fromkeys(m.groups() for m in _TEMPLATE_USE.finditer(data))
    return [
        (name.decode(), tuple(a.strip() for a in arguments.decode().split(",")))
        for name, arguments in found
        if not name.endswith(b"_cast")
    ]


def _file_scope(origin: Origin, inside: Function | None) -> Function:
    base = inside
    return Function(
        name=base.name if base else "",
        namespace=base.namespace if base else (),
        record=base.record if base else "",
        template_parameters=base.template_parameters if base else [],
        parameters=base.parameters if base else [],
        return_type=base.return_type if base else None,
        qualifiers=base.qualifiers if base else frozenset(),
        node=None,
        body=None,
        origin=origin,
        start_byte=0,
        end_byte=len(origin.text) + 1,
        aliases=dict(base.aliases) if base else {},
        shadow_of=base,
    )


def _attributes(origin: Origin, start: int, end: int) -> tuple[Blanked, ...]:
    """What the pre-pass blanked in a declaration's head, and right before it."""
    found = list(origin.file.blanked_between(start, end))
    before = origin.file.blanked_between(max(0, start - 600), start)
    at = start
    for item in reversed(before):
        if item.end_byte > at or origin.text[item.end_byte : at].strip():
            break
        found.insert(0, item)
        at = item.start_byte
    return tuple(found)


def _balanced(text: str) -> str:
    depth = 1
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return text[:i].strip()
    return text.strip()
