"""Finders for the "zero buffer": memory that must be zero before use, and who sees to it.

Also the small questions about kernels that these finders share with their neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.model import Function
from portcheck.source.place import Place

if TYPE_CHECKING:
    from tree_sitter import Node

_ZERO = re.compile(r"^(?:0|0[uUlL]+|0x0+|0\.0*[fF]?|\{\s*0?\s*\})$")
_INTEGER = re.compile(r"^(?:u?int(?:8|16|32|64)?(?:_t)?|unsigned|long|short|size_t|bool|unsigned long long)$")
_FLAG = re.compile(r"flag|signal|sync|counter|count|barrier|head|tail|clean|clear|reset|lock", re.IGNORECASE)
_HALF = re.compile(r"buf|half|slot|workspace|window|which|cur|idx|index", re.IGNORECASE)
_MAY_FLIP = re.compile(rb"\^=|\^\s*1|%\s*2|&\s*1|=\s*1\s*-|=\s*!")
_PHASE = re.compile(r"phase|parity|mbar", re.IGNORECASE)
_HEAD = re.compile(r"(?:\b|_)head(?:\b|_|s\b)")
_TAIL = re.compile(r"(?:\b|_)tail(?:\b|_|s\b)")
_STORED_TO = ("subscript_expression", "pointer_expression", "field_expression")
_ORDERED = re.compile(r"^ld[._]|^st[._]|volatile|^load$|^store$|^sync_scope$")


def kernels(view: View) -> Iterator[Function]:
    """The kernels that stand in the tree's own text, each once."""
    for function in view.analysis.functions:
        if function.is_kernel and function.body is not None and not function.origin.is_macro:
            yield function


def name_place(function: Function) -> Place:
    """Where the function's name stands in its declaration."""
    node: Node | None = function.node
    while node is not None and node.type not in ("identifier", "field_identifier", "qualified_identifier"):
        node = node.child_by_field_name("declarator")
    if node is None:
        return function.origin.place(function.start_byte, function.start_byte + 1)
    return function.origin.place(node.start_byte, node.end_byte)


@lru_cache(maxsize=1)
def _by_function(view: View) -> Mapping[tuple[str, str, str], list[Fact]]:
    """The facts by kind, path and name of the function."""
    found: dict[tuple[str, str, str], list[Fact]] = {}
    for kind, facts in view.of_kind.items():
        for fact in facts:
            found.setdefault((kind, fact.place.path, fact.function), []).append(fact)
    return found


def facts_in(view: View, function: Function, *kinds: str) -> Iterator[Fact]:
    """The facts of these kinds in a function's body: a kernel and its launcher may share a name."""
    path = function.origin.file.path
    for kind in kinds:
        for fact in _by_function(view).get((kind, path, function.qualified), ()):
            if function.start_byte <= fact.place.start_byte < function.end_byte:
                yield fact


def nodes(root: Node, *types: str) -> Iterator[Node]:
    """The descendants of these types, in the order of the text."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in types:
            yield node
        pending.extend(reversed(node.named_children))


def words(function: Function, node: Node) -> Iterator[str]:
    """The identifiers of an expression."""
    for found in nodes(node, "identifier"):
        yield function.origin.read(found)


@dataclass(slots=True)
class Written:
    """How one kernel treats one of its pointer parameters."""

    zeroed: int = 0
    stored: int = 0
    used: int = 0
    atomic: int = 0
    first: Place | None = None


def _root(function: Function, node: Node, depth: int = 0) -> str:
    """The pointer parameter that an address is counted from, "" for none or for more than one."""
    pointers = {p.name for p in function.parameters if p.type is not None and p.type.is_indirect}
    found: set[str] = set()
    base = node
    while base.type in (*_STORED_TO, "parenthesized_expression"):
        base = base.child_by_field_name("argument") or base.named_children[0]
    names = list(words(function, base))
    found.update(name for name in names if name in pointers)
    for name in () if found else names:
        binding = function.lookup(name, base.start_byte)
        if binding is not None and binding.value is not None and depth < 3:
            via = _root(function, binding.value, depth + 1)
            if via:
                found.add(via)
    return found.pop() if len(found) == 1 else ""


def _writes(function: Function) -> dict[str, Written]:
    """Stores by pointer parameter, found from assignments, atomics and other uses of the name."""
    assert function.body is not None
    found: dict[str, Written] = {p.name: Written() for p in function.parameters if p.type is not None}
    for node in nodes(function.body, "assignment_expression"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or left.type not in _STORED_TO:
            continue
        entry = found.get(_root(function, left))
        operator = node.child_by_field_name("operator")
        if entry is None:
            continue
        plain = operator is None or function.origin.read(operator) == "="
        if plain and _ZERO.match(function.origin.read(right)):
            if left.type == "field_expression":
                continue  # one field of a record is no memory that is cleared
            entry.zeroed += 1
            entry.first = entry.first or function.origin.place(node.start_byte, node.end_byte)
        else:
            entry.stored += 1
    for node in nodes(function.body, "call_expression"):
        title, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if title is None or given is None or not given.named_children:
            continue
        if re.search(r"atomic|red_|atom_", function.origin.read(title)):
            entry = found.get(_root(function, given.named_children[0]))
            if entry is not None:
                entry.atomic += 1
    for name in words(function, function.body):
        if name in found:
            found[name].used += 1
    for name, used in _used_by_alias(function).items():
        if name in found:
            found[name].used += used
    return found


def _used_by_alias(function: Function) -> Mapping[str, int]:
    """How often pointer parameters are used through locals that point into them, by parameter.

    A local's declaration is no use: it names the parameter and itself, and is counted back."""
    assert function.body is not None
    found: dict[str, int] = {}
    declared: set[int] = set()
    roots: dict[int, str] = {}
    for node in nodes(function.body, "identifier"):
        binding = function.lookup(function.origin.read(node), node.start_byte)
        if binding is None or binding.parameter or binding.value is None:
            continue
        at = binding.start_byte
        if at not in roots:
            roots[at] = _root(function, binding.value) if _points(function, binding.value) else ""
        if not roots[at]:
            continue
        found[roots[at]] = found.get(roots[at], 0) + (1 if at in declared else -1)
        declared.add(at)
    return found


def _points(function: Function, value: Node) -> bool:
    """Whether a local's first value is an address and not what lies there."""
    if value.type == "pointer_expression":
        return function.origin.read(value).startswith("&")
    if value.type == "call_expression":
        return "_cast" in function.origin.read(value).split("(")[0]
    return value.type in ("identifier", "binary_expression", "cast_expression", "parenthesized_expression")


def _polled(view: View, function: Function, name: str) -> bool:
    """Whether the kernel loads words of the parameter with an order that other devices or blocks see."""
    for fact in facts_in(view, function, "sync_scope", "remote_comm"):
        if str(getattr(fact, "operation", "")).startswith("ld.") and re.search(
            rf"\b{re.escape(name)}\b", view.line(fact.place)
        ):
            return True
    return False


@finder("zeroed_parameters", "kernel", "parameter", "role", "type")
def zeroed_parameters(view: View) -> Iterator[Match]:
    """Integer memory that a kernel sets to zero, by what it is for.

    `role` is "ahead": a kernel that works on other memory clears this, and uses it for nothing
    else; "cleaner": the kernel stores nothing but zeros; "counter": the kernel counts in it with
    atomics and returns it to zero.
    """
    for function in kernels(view):
        found = _writes(function)
        types = {p.name: p.type for p in function.parameters}
        zeroed = {n: w for n, w in found.items() if w.zeroed and w.first is not None}
        if not zeroed:
            continue
        others = any(w.stored or (w.atomic and not w.zeroed) for n, w in found.items())
        moving = any(True for _ in facts_in(view, function, "tma_copy", "vec_access", "fp32_accum"))
        remote = any(True for _ in facts_in(view, function, "remote_comm", "sync_scope"))
        for name, written in zeroed.items():
            type_ = types[name]
            if type_ is None or written.first is None or written.stored:
                continue
            named = bool(_FLAG.search(name) or _FLAG.search(function.name))
            if not _INTEGER.match(type_.base().name) and not named:
                continue
            if written.atomic:
                role = "counter"
            elif not others and not moving:
                role = "cleaner"
            elif remote and written.used <= written.zeroed:
                role = "ahead"
            elif _polled(view, function, name):
                role = "reader"
            else:
                continue
            if role == "cleaner" and not named and not remote:
                continue  # an output that begins at zero, such as a histogram
            fields = {"kernel": function.name, "parameter": name, "role": role, "type": str(type_)}
            yield Match(written.first, function.qualified, fields)


@finder("half_flips", "variable", "expression", "device")
def half_flips(view: View) -> Iterator[Match]:
    """An index that is kept between calls and flipped between 0 and 1.

    Kept between calls means that the function does not declare it: a member, a global or what a
    pointer leads to. Phases of mbarriers and the stages of a kernel's pipeline are locals.
    """
    for function in view.analysis.functions:
        if function.body is None or function.origin.is_macro:
            continue
        body = function.origin.text[function.body.start_byte : function.body.end_byte]
        if not _MAY_FLIP.search(body):
            continue
        done: set[str] = set()
        for node in nodes(function.body, "assignment_expression"):
            text = function.origin.read(node)
            flip = _flipped(text)
            if not flip or flip in done or _PHASE.search(flip) or not _HALF.search(flip):
                continue
            name = re.split(r"\W", flip.removeprefix("this->").lstrip("*("))[0]
            binding = function.lookup(name, node.start_byte)
            if binding is not None and not (binding.parameter and re.search(r"->|\*|\[", flip)):
                continue
            done.add(flip)
            place = function.origin.place(node.start_byte, node.end_byte)
            device = function.qualified in view.device_functions
            yield Match(
                place, function.qualified, {"variable": flip, "expression": text[:80], "device": device}
            )


@cache
def _flipped(text: str) -> str:
    """What an assignment flips between 0 and 1, "" for another assignment."""
    found = re.match(r"^(.+?)\s*\^=\s*(?:1|0x1|true)[uU]?$", text)
    if found:
        return found.group(1)
    found = re.match(r"^(.+?)\s*=\s*(.+)$", text)
    if not found:
        return ""
    left, right = found.group(1), re.sub(r"\s+", "", found.group(2))
    name = re.escape(re.sub(r"\s+", "", left))
    forms = (rf"1-{name}", rf"{name}\^1", rf"\(?{name}\+1\)?%2", rf"\(?{name}\+1\)?&1", rf"!{name}")
    return left if any(re.fullmatch(f, right) for f in forms) else ""


@finder("zero_copy_kernels", "kernel", "parameter")
def zero_copy_kernels(view: View) -> Iterator[Match]:
    """Kernels that can send from a buffer which the producer already wrote: a `zero_copy` parameter."""
    for function in kernels(view):
        if not any(True for _ in facts_in(view, function, "remote_comm")):
            continue
        for parameter in (*function.parameters, *function.template_parameters):
            if re.search(r"zero_?copy", parameter.name, re.IGNORECASE):
                fields = {"kernel": function.name, "parameter": parameter.name}
                yield Match(name_place(function), function.qualified, fields)
                break


@finder("ring_kernels", "kernel")
def ring_kernels(view: View) -> Iterator[Match]:
    """Kernels whose ranks meet through a ring: one side moves a tail, the other a head."""
    for function in kernels(view):
        head = tail = False
        for fact in facts_in(view, function, "sync_scope", "remote_comm"):
            if not _ORDERED.search(str(getattr(fact, "operation", ""))):
                continue
            text = view.line(fact.place)
            head, tail = head or bool(_HEAD.search(text)), tail or bool(_TAIL.search(text))
        if head and tail:
            yield Match(name_place(function), function.qualified, {"kernel": function.name})
