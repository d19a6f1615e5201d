"""Which class a type names, and its member functions."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from portcheck.program.declarators import unwrap
from portcheck.program.model import Function
from portcheck.program.types import CType, parse_type

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame
    from portcheck.program.model import Origin, Record

_NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
_WORD = re.compile(r"[A-Za-z_]\w*")
_SYNONYMS = {
    "nv_bfloat16": "__nv_bfloat16", "nv_bfloat162": "__nv_bfloat162", "__half": "half", "__half2": "half2",
    "unsigned": "unsigned int", "uint": "unsigned int", "uint32_t": "unsigned int", "int32_t": "int",
    "uint8_t": "unsigned char", "int8_t": "signed char", "uint16_t": "unsigned short", "int16_t": "short",
    "long": "int64_t", "long int": "int64_t", "ptrdiff_t": "int64_t",
    "unsigned long": "uint64_t", "size_t": "uint64_t",
    "uintptr_t": "uint64_t", "true": "1", "false": "0",
}  # fmt: skip


def record_of(m: Machine, type_: CType, frame: Frame) -> Record | None:
    """The class that a type names here; None where several could be meant."""
    listed = m.program.records.get(type_.name, ())
    found = _for_arguments(m, list(listed), type_.arguments)
    if type_.arguments and len(found) > 1:
        found = [r for r in found if len(r.template_parameters) >= len(type_.arguments)] or found
    if len(found) > 1:
        found = [r for r in found if bool(r.template_parameters) == bool(type_.arguments)] or found
    if len(found) > 1:
        namespace = frame.function.namespace
        visible = [r for r in found if r.namespace == namespace[: len(r.namespace)]]
        deepest = max((len(r.namespace) for r in visible), default=0)
        found = [r for r in visible if len(r.namespace) == deepest] or found
    if len(found) > 1:
        own = [r for r in found if r.origin is not None and r.origin.file is frame.origin.file]
        found = own or found
    return found[0] if len(found) == 1 else None


def _for_arguments(m: Machine, listed: list[Record], arguments: tuple[str, ...]) -> list[Record]:
    """The specialisations for the arguments, else the primary templates; [] where that is not clear."""
    primary = [r for r in listed if not r.specialization]
    if not arguments:
        return primary
    exact: list[Record] = []
    for record in listed:
        if not record.specialization:
            continue
        if record.specialization == arguments and not record.template_parameters:
            exact.append(record)
            continue
        match = same_arguments(
            m, record.specialization, arguments, tuple(p.name for p in record.template_parameters)
        )
        if match and not record.template_parameters:
            exact.append(record)
        elif match is not False:  # a partial specialisation, or arguments that nobody knows
            return []
    return exact or primary


def same_arguments(
    m: Machine, pattern: tuple[str, ...], given: tuple[str, ...], free: tuple[str, ...] = ()
) -> bool | None:
    """Whether template arguments are those of a specialisation; None where that is not known."""
    result: bool | None = True
    for wanted, one in zip(pattern, given, strict=False):
        if wanted in free:
            continue
        if free and set(_WORD.findall(wanted)) & set(free):
            result = None
            continue
        a, b = _canonical(wanted), _canonical(one)
        if a == b:
            continue
        if _is_definite(m, a) and _is_definite(m, b):
            return False
        result = None
    return result if len(pattern) <= len(given) or result is not True else None


def _canonical(text: str) -> str:
    parsed = parse_type(text)
    text = str(parsed) if parsed is not None and not text[:1].isdigit() else text.strip()
    base = text.rstrip("*")
    return _SYNONYMS.get(base, base) + "*" * (len(text) - len(base))


def _is_definite(m: Machine, text: str) -> bool:
    """Whether a template argument is a number or a type that nothing else stands for."""
    if re.fullmatch(r"-?\d+", text):
        return True
    base = text.rstrip("*")
    table = m.sizes.table
    if base in table.scalars or base in table.vectors or base in _SYNONYMS.values():
        return True
    parsed = parse_type(base)
    return parsed is not None and parsed.name in m.program.records and not parsed.arguments


def region(m: Machine, origin: Origin, namespace: tuple[str, ...], record: str) -> Function:
    """The text of a class or namespace outside all functions, as the function that it is not."""
    key = (origin.file.path, namespace, record)
    found = m.sizes.regions.get(key)
    if found is None:
        found = m.sizes.regions[key] = Function(
            name="", namespace=namespace, record=record, template_parameters=[], parameters=[],
            return_type=None, qualifiers=frozenset(), node=None, body=None, origin=origin,
            start_byte=0, end_byte=0,
        )  # fmt: skip
    return found


def references(record: Record | None) -> frozenset[str]:
    """The members that are references."""
    return _special(record)[0]


def overlapping(record: Record | None) -> frozenset[str]:
    """The members that share their memory with others: those of unions inside the class."""
    return _special(record)[1]


def _special(record: Record | None) -> tuple[frozenset[str], frozenset[str]]:
    if record is None or record.node is None or record.origin is None:
        return _NOTHING
    text = record.origin.text[record.node.start_byte : record.node.end_byte]
    if b"&" not in text and b"union" not in text:
        return _NOTHING
    return _members(record.origin, record.node)


@lru_cache(maxsize=4096)
def _members(origin: Origin, node: Node) -> tuple[frozenset[str], frozenset[str]]:
    references: set[str] = set()
    shared: set[str] = set()
    pending = [(node, node.type == "union_specifier")]
    while pending:
        one, in_union = pending.pop()
        body = one.child_by_field_name("body")
        for child in body.named_children if body is not None else ():
            if child.type != "field_declaration":
                continue
            for declarator in child.children_by_field_name("declarator"):
                found = unwrap(declarator, None, "", origin)
                if found is not None and in_union:
                    shared.add(found.name)
                if found is not None and declarator.type == "reference_declarator":
                    references.add(found.name)
            inner = child.child_by_field_name("type")
            if (
                inner is not None
                and inner.child_by_field_name("body") is not None
                and inner.child_by_field_name("name") is None
            ):
                pending.append((inner, in_union or inner.type == "union_specifier"))
    return frozenset(references), frozenset(shared)


def methods_of(m: Machine, record: Record | None, type_: CType, name: str) -> list[Function]:
    """The member functions of a name with a body, of that class and no other of its name.

    None of a virtual function that another class overrides: an object that is seen through
    a pointer or reference may be one of those.
    """
    found = [f for f in m.program.methods(type_.name, name) if f.body is not None]
    if record is None or record.origin is None or record.node is None:
        return found
    if found and name != record.name and _is_overridden(m, record, name):
        return []
    inside = [
        f
        for f in found
        if f.origin.file is record.origin.file
        and record.node.start_byte <= f.start_byte < record.node.end_byte
    ]
    return inside or [f for f in found if f.namespace == record.namespace]


def _is_overridden(m: Machine, record: Record, name: str) -> bool:
    """Whether a class that derives from this one has a function of that name, and it is virtual."""
    if m.sizes.derived is None:
        m.sizes.derived = {}
        for group in m.program.records.values():
            for one in group:
                for text in one.bases:
                    base = parse_type(text)
                    if base is not None:
                        m.sizes.derived.setdefault(base.name, []).append(one)
    pending, seen = list(m.sizes.derived.get(record.name, ())), 0
    while pending and seen < 200:
        one = pending.pop()
        seen += 1
        pending += m.sizes.derived.get(one.name, ())
        for function in m.program.methods(one.name, name):
            head = function.origin.text[
                function.start_byte : function.body.start_byte if function.body else function.end_byte
            ]
            marked = any(word in head for word in (b"override", b"virtual", b"final"))
            if marked or _declares_virtual(record, name):
                return True
        if b"virtual" in _text(record) and re.search(rb"\b" + name.encode() + rb"\s*\(", _text(one)):
            return True
    return False


def _text(record: Record) -> bytes:
    if record.origin is None or record.node is None:
        return b""
    return record.origin.text[record.node.start_byte : record.node.end_byte]


def _declares_virtual(record: Record, name: str) -> bool:
    return bool(re.search(rb"virtual\b[^;{}]*\b" + re.escape(name.encode()) + rb"\s*\(", _text(record)))
