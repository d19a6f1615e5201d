"""Where the members of a class lie: the Itanium C++ ABI, which nvcc follows on Linux.

What is not modelled has no layout: virtual bases, bases whose tail padding could be reused,
`[[no_unique_address]]`, members of types that the tree does not define.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portcheck.analysis import classes, objects
from portcheck.program.declarators import unwrap
from portcheck.program.types import CType, parse_type
from portcheck.symbolic.expr import ZERO, Expr, floor_divide, number

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame
    from portcheck.program.model import Record

POINTER_BYTES = 8
_SKIPPED = frozenset(
    (
        "access_specifier", "comment", "alias_declaration", "type_definition", "using_declaration",
        "friend_declaration", "static_assert_declaration", "template_declaration", "empty_statement",
    )
)  # fmt: skip
_CLASSES = ("struct_specifier", "class_specifier", "union_specifier")
_ALIGN = re.compile(r"\b(?:alignas|__align__|__builtin_align__|aligned)\s*\(")
_PRAGMA = re.compile(rb"^[ \t]*#[ \t]*pragma[ \t]+pack[ \t]*\(([^)]*)\)", re.MULTILINE)
_UNKNOWN = re.compile(r"no_unique_address|__declspec|_Pragma")


@dataclass(slots=True)
class Layout:
    """A class's size, its alignment (None: by template arguments), and its members' offsets."""

    size: Expr
    alignment: int | None
    offsets: dict[str, Expr] = field(default_factory=dict)
    is_empty: bool = False
    is_tight: bool = True  # no padding at the end
    is_virtual: bool = False


class _UnknownError(Exception):
    """The class has something whose place is not modelled."""


def layout(m: Machine, record: Record, use: CType, frame: Frame, depth: int) -> Layout | None:
    """The layout of a class for the template arguments of `use`, None where it is not known."""
    if record.node is None or record.origin is None:
        return None
    body = record.node.child_by_field_name("body")
    if body is None:
        return None
    inner = objects.class_frame(m, record, use, frame)
    try:
        return _Sweep(m, inner, depth, _packing(record)).record(record, body)
    except _UnknownError:
        return None


def _packing(record: Record) -> int | None:
    """What `#pragma pack` and `__attribute__((packed))` limit the alignment of members to."""
    assert record.node is not None
    assert record.origin is not None
    text, node = record.origin.text, record.node
    end = text.find(b";", node.end_byte)
    body = node.child_by_field_name("body")
    assert body is not None
    around = text[node.start_byte : body.start_byte] + text[node.end_byte : max(end, node.end_byte)]
    if re.search(rb"\b(?:__)?packed(?:__)?\b|__packed__", around):
        return 1
    source = text if record.origin.expansion else record.origin.file.data
    stack: list[int | None] = []
    now: int | None = None
    for match in _PRAGMA.finditer(source, 0, node.start_byte):
        words = [w.strip() for w in match.group(1).split(b",")]
        if words[0] == b"push":
            stack.append(now)
        elif words[0] == b"pop":
            now = stack.pop() if stack else None
        elif words == [b""]:
            now = None
        sizes = [int(w) for w in words if w.isdigit()]
        if sizes:
            now = sizes[-1] or None
    return now


@dataclass(slots=True)
class _Sweep:
    """One walk over the members of a class."""

    m: Machine
    frame: Frame
    depth: int
    pack: int | None
    end: Expr = ZERO
    bits: int = 0  # of the byte at `end - 1` that bit-fields leave free
    strictest: int = 1
    uniform: str = ""  # the one type of all members, if their alignment is not known
    offsets: dict[str, Expr] = field(default_factory=dict)
    sizes: list[Expr] = field(default_factory=list)
    members: int = 0
    is_union: bool = False
    first_type: str = ""

    def record(self, record: Record, body: Node) -> Layout:
        is_virtual = self._is_virtual(body)
        tight_empty = False
        if record.bases:
            assert record.node is not None
            clause = next(c for c in record.node.named_children if c.type == "base_class_clause")
            if is_virtual or re.search(r"\bvirtual\b", self._text(clause)):
                raise _UnknownError
            tight_empty = self._bases(record)
        if is_virtual:
            self.end, self.strictest = number(POINTER_BYTES), POINTER_BYTES
        self.is_union = record.is_union
        self._members(body)
        if tight_empty and self.first_type in {_name(b) for b in record.bases}:
            raise _UnknownError  # two objects of one empty class may not share an address
        head = record.alignment
        if not head and record.origin is not None and record.node is not None:
            text, at = record.origin.text, record.node.end_byte
            tail = text[at : max(text.find(b";", at), at)]
            head = _aligned(tail.decode("utf-8", "replace")) if b"}" not in tail else ""
        if head:
            self._align(self._alignment_of(head))
        found = self._finished()
        found.is_virtual = is_virtual
        found.is_empty = not self.members and not is_virtual and all(self._is_empty(b) for b in record.bases)
        if found.is_empty:
            found.size = number(max(self.strictest, 1))
        return found

    def _finished(self) -> Layout:
        end = self._largest() if self.is_union else self.end
        if self.uniform:  # every member is of a type whose alignment is not known, and divides its size
            if self.strictest > 1:
                raise _UnknownError
            return Layout(end, None, self.offsets)
        size = _rounded(end, self.strictest)
        return Layout(size, self.strictest, self.offsets, is_tight=size == end)

    def _largest(self) -> Expr:
        if not self.sizes:
            return ZERO
        values = [s.value for s in self.sizes]
        known = [v for v in values if v is not None]
        if len(known) == len(values):
            return number(max(known))
        if any(s != self.sizes[0] for s in self.sizes):
            raise _UnknownError
        return self.sizes[0]

    def _is_virtual(self, body: Node) -> bool:
        for child in body.named_children:
            if child.type in ("function_definition", "field_declaration", "declaration"):
                head = self._text(child).split("{", 1)[0].split("(", 1)[0]
                if re.search(r"\bvirtual\b", head):
                    return True
        return False

    def _bases(self, record: Record) -> bool:
        """Place the bases; True if there is an empty one among them."""
        empty = 0
        for text in record.bases:
            found = self._base(text)
            if found is None or found.is_virtual or found.alignment is None:
                raise _UnknownError
            if found.is_empty:
                empty += 1
                continue
            if not found.is_tight:
                raise _UnknownError
            start = _rounded(self.end, found.alignment)
            self.offsets.update({n: start + o for n, o in found.offsets.items()})
            self.end = start + found.size
            self.strictest = max(self.strictest, found.alignment)
            self.members += 1
        if empty > 1:
            raise _UnknownError
        return bool(empty)

    def _base(self, text: str) -> Layout | None:
        type_ = self.m.sizes.parse(text, self.frame)
        record = classes.record_of(self.m, type_, self.frame) if type_ is not None else None
        if record is None or type_ is None or self.depth > 8:
            return None
        return layout(self.m, record, type_, self.frame, self.depth + 1)

    def _is_empty(self, text: str) -> bool:
        found = self._base(text)
        return found is not None and found.is_empty

    def _text(self, node: Node) -> str:
        return self.frame.origin.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # -- members -------------------------------------------------------------------------

    def _members(self, body: Node) -> None:
        before = body.start_byte + 1
        for child in body.named_children:
            written = self.frame.origin.text[before : child.end_byte].decode("utf-8", "replace")
            before = child.end_byte
            kind = child.type
            if kind in _SKIPPED or kind == "function_definition":
                continue
            if kind == "declaration":  # constructors and destructors
                if "function_declarator" not in str(child):
                    raise _UnknownError
                continue
            if kind != "field_declaration" or child.has_error or _UNKNOWN.search(written):
                raise _UnknownError
            self._field(child, written.lstrip(" ;\t\r\n"))

    def _field(self, node: Node, written: str) -> None:
        words = set(re.findall(r"\w+", written.split("=", 1)[0].split("{", 1)[0]))
        if words & {"static", "constexpr"}:
            return
        type_node = node.child_by_field_name("type")
        declarators = node.children_by_field_name("declarator")
        if type_node is None:
            raise _UnknownError
        given = _aligned(written)
        asked = self._alignment_of(given) if given else 1
        body = type_node.child_by_field_name("body") if type_node.type in _CLASSES else None
        clause = next((c for c in node.named_children if c.type == "bitfield_clause"), None)
        if clause is not None:
            self._bit_field(type_node, declarators, clause)
            return
        if not declarators:
            if body is not None and type_node.child_by_field_name("name") is None:
                self._anonymous(type_node, body, asked)
            return
        for declarator in declarators:
            self._declared(declarator, type_node, body, asked)

    def _anonymous(self, type_node: Node, body: Node, asked: int) -> None:
        inner = self._nested(type_node, body)
        if inner.alignment is None:
            raise _UnknownError
        start = self._place("", inner.size, max(inner.alignment, asked))
        self.offsets.update({n: start + o for n, o in inner.offsets.items()})

    def _nested(self, type_node: Node, body: Node) -> Layout:
        if any(c.type == "base_class_clause" for c in type_node.named_children) or self._is_virtual(body):
            raise _UnknownError
        inner = _Sweep(self.m, self.frame, self.depth + 1, self.pack)
        inner.is_union = type_node.type == "union_specifier"
        inner._members(body)
        if not inner.members:
            raise _UnknownError
        return inner._finished()

    def _declared(self, declarator: Node, type_node: Node, body: Node | None, asked: int) -> None:
        origin = self.frame.origin
        text = origin.read(type_node)
        found = unwrap(declarator, parse_type(text) if body is None else CType(""), text, origin)
        if found is None:
            raise _UnknownError
        if found.is_function:
            if _is_method(declarator):
                return
            if "::" in self._text(declarator).split("(", 2)[1]:
                raise _UnknownError  # a pointer to a member function
            self._place(found.name, number(POINTER_BYTES), max(POINTER_BYTES, asked))
            return
        if _has(declarator, "reference_declarator"):
            self._place(found.name, number(POINTER_BYTES), max(POINTER_BYTES, asked))
            return
        type_ = found.type
        if type_ is None or "::*" in self._text(declarator):
            raise _UnknownError
        sizes = self.m.sizes
        flexible = bool(type_.extents) and not type_.extents[0]
        if flexible and type_.pointers:
            type_ = CType(type_.name, type_.arguments, type_.pointers, type_.extents[1:], type_.scope)
        elif flexible and _has(declarator, "pointer_declarator"):  # a pointer to an array
            self._place(found.name, number(POINTER_BYTES), max(POINTER_BYTES, asked))
            return
        elif flexible:
            type_ = CType(type_.name, type_.arguments, 0, type_.extents[1:], type_.scope)
        if body is not None and not type_.pointers:
            inner = self._nested(type_node, body)
            size: Expr | None = inner.size
            step = inner.alignment
            for extent in type_.extents:
                count = self.m.text_number(extent, self.frame)
                size = size * count if size is not None and count is not None else None
        elif type_node.type == "enum_specifier" and type_node.child_by_field_name("body") is not None:
            raise _UnknownError
        else:
            size = sizes.size(type_, self.frame, self.depth + 1)
            aligned = sizes.alignment(type_, self.frame, self.depth + 1)
            step = aligned.value if aligned is not None else None
        if size is None:
            raise _UnknownError
        element = str(sizes.resolve(type_.base() if not type_.pointers else type_, self.frame))
        self.first_type = self.first_type or element
        if flexible:
            size = ZERO
        if step is None:
            if self.pack is not None or asked > 1 or self.uniform not in ("", element):
                raise _UnknownError
            if not self.uniform and self.members:
                raise _UnknownError  # after members of other types
            self.uniform = element
            self._place(found.name, size, 1)
            return
        if self.uniform:
            raise _UnknownError
        if self.pack is not None:
            step = min(step, self.pack)
        self._place(found.name, size, max(step, asked), packed=True)

    def _place(self, name: str, size: Expr, step: int, packed: bool = False) -> Expr:
        if self.pack is not None and not packed:
            step = min(step, self.pack)
        start = ZERO if self.is_union else _rounded(self.end, step)
        if name:
            self.offsets[name] = start
        self.end = start + size
        self.bits = 0
        self.sizes.append(size)
        self.members += 1
        self.strictest = max(self.strictest, step)
        return start

    def _bit_field(self, type_node: Node, declarators: list[Node], clause: Node) -> None:
        type_ = self.m.sizes.parse(self.frame.origin.read(type_node), self.frame)
        size = self.m.sizes.size(type_, self.frame) if type_ is not None else None
        width = self.m.text_number(self._text(clause).lstrip(": "), self.frame)
        end = self.end.value
        if size is None or width is None or end is None or len(declarators) != 1 or self.is_union:
            raise _UnknownError
        unit, wide = size.value, width.value
        if not unit or not wide or wide > unit * 8 or self.pack is not None or self.uniform:
            raise _UnknownError
        at = end * 8 - self.bits
        if at // (unit * 8) != (at + wide - 1) // (unit * 8):
            at = -(-at // (unit * 8)) * unit * 8
        at += wide
        self.end = number(-(-at // 8))
        self.bits = -at % 8
        self.members += 1
        self.strictest = max(self.strictest, unit)

    def _align(self, asked: int) -> None:
        self.strictest = max(self.strictest, asked)

    def _alignment_of(self, text: str) -> int:
        found = self.m.text_number(text, self.frame) if text else None
        if found is None or not found.value:
            type_ = self.m.sizes.parse(text, self.frame)
            found = self.m.sizes.alignment(type_, self.frame, self.depth + 1) if type_ is not None else None
        if found is None or not found.value:
            raise _UnknownError
        return found.value


def _rounded(value: Expr, step: int) -> Expr:
    return floor_divide(value + (step - 1), step) * step if step > 1 else value


def _name(text: str) -> str:
    parsed = parse_type(text)
    return str(parsed) if parsed is not None else text


def _aligned(text: str) -> str:
    """What stands in the brackets of `alignas(…)` and its like; "" without one."""
    match = _ALIGN.search(text)
    if match is None:
        return ""
    depth = 1
    for at in range(match.end(), len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if not depth:
            return text[match.end() : at].strip()
    return ""


def _has(node: Node, kind: str) -> bool:
    current: Node | None = node
    while current is not None:
        if current.type == kind:
            return True
        current = current.child_by_field_name("declarator") or next(
            (c for c in current.named_children if c.type.endswith("declarator")), None
        )
    return False


def _is_method(declarator: Node) -> bool:
    """Whether a declarator is a function rather than a pointer to one."""
    current: Node | None = declarator
    while current is not None and current.type != "function_declarator":
        current = current.child_by_field_name("declarator") or next(
            (c for c in current.named_children if c.type.endswith("declarator")), None
        )
    inner = current.child_by_field_name("declarator") if current is not None else None
    return inner is not None and inner.type != "parenthesized_declarator"
