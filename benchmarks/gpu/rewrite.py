"""How a site is written so that it records: edits of the text at the site's own place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from benchmarks.gpu.sites import Site
from portcheck.syntax import parse_text

_BRACKETS = {"parenthesized_expression"}
_OBJECTS = {"subscript_expression", "pointer_expression", "field_expression", "identifier"}


class CannotWriteError(Exception):
    """The site cannot be instrumented; the message says why."""


@dataclass(frozen=True, slots=True)
class Wrap:
    """`text[start:end]` becomes `before + text[start:end] + after`; of equal spans `inner` is inside."""

    start: int
    end: int
    before: bytes
    after: bytes
    inner: bool = False


def applied(text: bytes, wraps: list[Wrap]) -> bytes:
    """The text with all wraps."""
    inserts: list[tuple[int, int, int, bool, bytes]] = []
    for wrap in set(wraps):
        size = wrap.end - wrap.start
        inserts.append((wrap.start, 1, -size, wrap.inner, wrap.before))
        inserts.append((wrap.end, 0, size, not wrap.inner, wrap.after))
    parts, at = [], 0
    for offset, _, _, _, new in sorted(inserts):
        parts += [text[at:offset], new]
        at = offset
    return b"".join([*parts, text[at:]])


def call(number: int, start: int, end: int) -> Wrap:
    """A call that paths are told apart by."""
    before = b"[&]() -> decltype(auto) { pc::Call pc_call(%d); return " % number
    return Wrap(start, end, before, b"; }()", inner=True)


def layout(site: Site, text: bytes, offset: int) -> list[Wrap]:
    """The initialiser of a declaration, the right side of an assignment, or a returned value."""
    before = b"pc::address(%d, " % site.number
    if re.fullmatch(r"\w+", site.text):
        name = re.escape(site.text.encode())
        found = re.match(rb"[\s*&]*(?:const\s+|__restrict__\s+)*" + name + rb"\s*(=(?!=)|[({])\s*", text)
        if found is None:
            raise CannotWriteError("its declaration is not of the form `name = value`")
        end = len(text) if found[1] == b"=" else len(text) - 1
        return [Wrap(offset + found.end(), offset + end, before, b")")]
    return [Wrap(offset, offset + len(text), before, b")")]


def access(site: Site, node: Node, offset: int) -> list[Wrap]:
    """A load or store: of an object that an expression names, or by a function of its pointer."""
    while node.type in _BRACKETS and node.named_child_count == 1:
        node = node.named_children[0]
    if site.kind == "store" and node.type == "assignment_expression":
        left = node.child_by_field_name("left")
        assert left is not None
        node = left
    if node.type == "call_expression":
        listed = node.child_by_field_name("arguments")
        assert listed is not None
        before = b"pc::argument(%d, " % site.number
        return [
            Wrap(offset + a.start_byte, offset + a.end_byte, before, b")")
            for a in listed.named_children[:1]
            if a.type != "comment"
        ]
    if node.type not in _OBJECTS:
        raise CannotWriteError(f"it is neither an object nor a call ({node.type})")
    before = b"(*pc::object(%d, &(" % site.number
    return [Wrap(offset + node.start_byte, offset + node.end_byte, before, b")))")]


def bulk(site: Site, node: Node, text: bytes, offset: int) -> list[Wrap]:
    """A bulk copy: the arguments that are destination, source and length."""
    listed = node.child_by_field_name("arguments")
    if node.type != "call_expression" or listed is None:
        raise CannotWriteError(f"it is no call ({node.type})")
    arguments = {
        _plain(text[a.start_byte : a.end_byte].decode()): a
        for a in listed.named_children
        if a.type != "comment"
    }
    found = [(role, arguments.get(_plain(operand))) for role, operand in enumerate(site.roles) if operand]
    missing = [site.roles[role] for role, node_ in found if node_ is None]
    if missing:
        raise CannotWriteError(f"the call has no argument {missing[0]}")
    mask = sum(1 << role for role, _ in found)
    return [
        Wrap(
            offset + a.start_byte,
            offset + a.end_byte,
            b"pc::operand<%d, %d>(%d, " % (role, mask, site.number),
            b")",
        )
        for role, a in found
        if a is not None
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())


def expression(text: bytes) -> tuple[Node, object]:
    """The one expression that the text is, with the tree that keeps it alive."""
    tree = parse_text(text + b";")
    statements = [n for n in tree.root_node.named_children if n.type != "comment"]
    if len(statements) != 1 or statements[0].type != "expression_statement" or tree.root_node.has_error:
        raise CannotWriteError("it is not one expression")
    return statements[0].named_children[0], tree


def site_wraps(site: Site, text: bytes, offset: int) -> list[Wrap]:
    """The edits for a site whose own text starts at `offset`."""
    if site.kind == "layout":
        return layout(site, text, offset)
    node, _tree = expression(text)
    return bulk(site, node, text, offset) if site.kind == "bulk" else access(site, node, offset)


def in_expansion(site: Site, root: Node, text: bytes) -> list[Wrap]:
    """The edits for a site inside what a macro call expands to."""
    wraps: list[Wrap] = []
    pending = [root]
    while pending:
        node = pending.pop()
        pending += node.named_children
        if site.kind == "layout":
            if node.type in ("init_declarator", "assignment_expression"):
                name = node.child_by_field_name("declarator") or node.child_by_field_name("left")
                value = node.child_by_field_name("value") or node.child_by_field_name("right")
                if name is not None and value is not None and _declared(text, name) == site.text:
                    wraps += [Wrap(value.start_byte, value.end_byte, b"pc::address(%d, " % site.number, b")")]
            continue
        shown = _plain(text[node.start_byte : node.end_byte].decode("utf-8", "replace"))
        if node.type.endswith("_expression") and _same(shown, site.text):
            if site.kind == "bulk":
                wraps += bulk(site, node, text, 0)
            elif node.type != "parenthesized_expression":
                wraps += access(site, node, 0)
    if not wraps:
        raise CannotWriteError("it was not found in what the macro expands to")
    return wraps


def _declared(text: bytes, node: Node) -> str:
    return (
        text[node.start_byte : node.end_byte].decode("utf-8", "replace").lstrip("*& ").removeprefix("const ")
    )


def _same(text: str, shown: str) -> bool:
    return text.startswith(shown[:-1]) if shown.endswith("…") else text == _plain(shown)
