"""Layouts that several kernels agree on: records, classes and functions that carve addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portcheck.facts.context import Context
from portcheck.facts.layouts import is_carver
from portcheck.pack.subjects import View
from portcheck.plan.helpers import Helpers
from portcheck.program.model import Function, Record
from portcheck.source.place import Place

_OFFSET = re.compile(r"\bconstexpr\b[^;=]*?\b(\w*(?:offset|bytes|stride|size|pitch)\w*)\s*=", re.IGNORECASE)
_PARTS_AT_LEAST = 2


@dataclass(frozen=True, slots=True, eq=False)
class SharedLayout:
    """Bytes that several kernels lay out in the same way.

    `how` is "record" (kernels take pointers to it), "constants" (its constants name offsets),
    "class" (it hands out addresses of its parts) or "function" (it returns the address).
    `users` are the kernels; `methods` the functions that belong to the layout.
    """

    name: str
    how: str
    place: Place
    code: bytes
    users: tuple[Function, ...]
    methods: tuple[Function, ...]
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


def shared_layouts(view: View, helpers: Helpers, kernels: tuple[Function, ...]) -> tuple[SharedLayout, ...]:
    """The layouts of a tree that at least two kernels use, in the order of places."""
    found = [*_records(view, helpers, kernels), *_functions(view, helpers, kernels)]
    return tuple(sorted(found, key=lambda s: (s.place.path, s.place.start_byte)))


def _records(view: View, helpers: Helpers, kernels: tuple[Function, ...]) -> Iterator[SharedLayout]:
    context = view.analysis.reading.context
    codes = {id(k): _code(k, helpers) for k in kernels}
    for name, records in context.program.records.items():
        for record in records:
            if record.node is None or record.origin is None or record.origin.is_macro:
                continue
            if any(p.is_type for p in record.template_parameters):
                continue
            methods = _methods(view, record)
            users = [k for k in kernels if _uses(k, record, methods, codes[id(k)], helpers)]
            handed = sum(_hands_out(m, context) for m in methods) if is_carver(name, context) else 0
            how, writers, readers = _kind(record, users, handed)
            if not how or len(users) < 2:
                continue
            place = record.origin.place(record.node.start_byte, record.node.end_byte)
            code = record.origin.text[record.node.start_byte : record.node.end_byte]
            title = "::".join((*record.namespace, name))
            yield SharedLayout(title, how, place, code, tuple(users), methods, writers, readers)


def _methods(view: View, record: Record) -> tuple[Function, ...]:
    """The functions of a record; where another has its name, those in its own braces."""
    named = view.analysis.reading.context.program.records[record.name]
    alone = sum(r.namespace == record.namespace for r in named) == 1
    return tuple(
        f
        for f in view.analysis.functions
        if f.record.rsplit("::", 1)[-1] == record.name
        and f.namespace == record.namespace
        and (alone or _is_inside(f, record))
    )


def _is_inside(function: Function, record: Record) -> bool:
    assert record.node is not None
    assert record.origin is not None
    same = function.origin.file is record.origin.file
    return same and record.node.start_byte <= function.start_byte < record.node.end_byte


def _uses(
    kernel: Function, record: Record, methods: tuple[Function, ...], code: str, helpers: Helpers
) -> bool:
    reached = helpers.reached_from(kernel)
    if any(id(m) in reached for m in methods):
        return True
    seen = kernel.namespace[: len(record.namespace)] == record.namespace
    scoped = "::".join((*record.namespace[-1:], record.name))
    return bool(re.search(rf"\b{re.escape(record.name if seen else scoped)}\b", code))


def _hands_out(method: Function, context: Context) -> bool:
    """Whether a method returns an address, or another object that carves."""
    type_ = method.return_type
    return type_ is not None and (bool(type_.pointers) or is_carver(type_.name, context))


def _kind(record: Record, users: list[Function], handed: int) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What makes a record a layout; "" for what is none. `handed`: how many parts it gives out."""
    assert record.node is not None
    assert record.origin is not None
    if handed >= _PARTS_AT_LEAST:
        return "class", (), ()
    values = list(record.members.values())
    if values and not any(t.is_indirect for t in values):
        writers, readers = _ends(record, users)
        if writers and (set(readers) | set(writers)) - {writers[0]}:
            return "record", writers, readers
    text = record.origin.read(record.node)
    if not record.members and len(_OFFSET.findall(text)) >= _PARTS_AT_LEAST:
        return "constants", (), ()
    return "", (), ()


def _ends(record: Record, users: list[Function]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kernels that take a pointer to a record to write, and those that take it to read."""
    writers: list[str] = []
    readers: list[str] = []
    for kernel in users:
        for parameter in kernel.parameters:
            text = parameter.type_text
            if "*" in text and re.search(rf"\b{re.escape(record.name)}\b", text):
                (readers if re.search(r"\bconst\b", text.split("*")[0]) else writers).append(kernel.qualified)
    return tuple(dict.fromkeys(writers)), tuple(dict.fromkeys(readers))


def _functions(view: View, helpers: Helpers, kernels: tuple[Function, ...]) -> Iterator[SharedLayout]:
    """Functions that kernels call themselves and that return an address at an offset."""
    carving: Mapping[int, bool] = view.analysis.reading.context.carving_functions
    users: dict[int, tuple[Function, list[Function]]] = {}
    for kernel in kernels:
        for called in helpers.called_by(kernel):
            if carving.get(id(called)) and not called.record and _lays_out(called):
                users.setdefault(id(called), (called, []))[1].append(kernel)
    for function, listed in users.values():
        if len(listed) < 2:
            continue
        origin = function.origin
        place = origin.place(function.start_byte, function.end_byte)
        code = origin.text[function.start_byte : function.end_byte]
        yield SharedLayout(function.qualified, "function", place, code, tuple(listed), (function,))


def _lays_out(function: Function) -> bool:
    """Whether it knows what lies there: a step by bytes or elements of any type is a tool, and so
    is the translation of an address by the difference of two others."""
    if any(p.is_type for p in function.template_parameters):
        return False
    code = function.origin.text[function.start_byte : function.end_byte]
    return b" - " not in code


def _code(kernel: Function, helpers: Helpers) -> str:
    """The text of a kernel and of its own helpers, without comments."""
    parts = []
    for function in (kernel, *helpers.own(kernel)):
        whole = function.origin.file.view if function.origin.active else function.origin.text
        parts.append(whole[function.start_byte : function.end_byte].decode("utf-8", "replace"))
    return "\n".join(parts)
