"""Finders about declared alignments and roundings: what they are, and what a repair of them breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from portcheck.analysis import declarations
from portcheck.analysis.machine import Machine
from portcheck.facts.base import Fact
from portcheck.facts.layouts import Layout
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View

if TYPE_CHECKING:
    from portcheck.program.model import Record


# -- repairs ---------------------------------------------------------------------------


@finder("broken_by_repair", "requires", "name", "bytes_now", "bytes_needed", "cost")
def broken_by_repair(view: View) -> Iterator[Match]:
    """A check that holds now and fails once a stride is rounded up to UB's blocks."""
    for repair in view.analysis.repairs:
        for broken in repair.breaks:
            fields = {
                "requires": broken.text,
                "name": repair.name,
                "bytes_now": repair.bytes_now,
                "bytes_needed": repair.bytes_needed,
                "cost": repair.cost_bytes,
            }
            yield Match(broken.place, "", fields, related=(repair.place,))


# -- declarations ----------------------------------------------------------------------


@finder("aligned_record", "name", "alignment", "size", "use")
def aligned_record(view: View) -> Iterator[Match]:
    """A struct with a declared alignment that transfers, shared arrays or sizes name.

    `size` is None where it is not known.
    """
    used = _used_names(view)
    for listed in view.analysis.reading.context.program.records.values():
        for record in listed:
            origin, node = record.origin, record.node
            if origin is None or node is None or not origin.active or record.name not in used:
                continue
            asked = re.fullmatch(r"\s*(\d+)\s*", record.alignment)
            if asked is None:
                continue
            use = used[record.name]
            fields = {
                "name": record.name,
                "alignment": int(asked.group(1)),
                "size": _size(view, record),
                "use": view.line(use.place),
            }
            title = node.child_by_field_name("name") or node
            place = origin.place(title.start_byte, title.end_byte)
            yield Match(place, "", fields, related=(use.place,))


def _size(view: View, record: Record) -> int | None:
    machine = Machine(view.analysis.tree)
    function = next((f for f in view.analysis.functions), None)
    if function is None or record.template_parameters:
        return None
    frame = declarations.root_frame(machine, function)
    found = machine.text_number(f"sizeof({record.name})", frame)
    return found.value if found is not None else None


def _used_names(view: View) -> dict[str, Fact]:
    """The type names that facts about moving and carving memory mention, each with one of them."""
    found: dict[str, Fact] = {}
    facts: Iterable[Fact] = (
        *view.of_kind["vec_access"],
        *view.of_kind["tma_copy"],
        *view.of_kind["remote_comm"],
        *(f for f in view.of_kind["smem_layout"] if isinstance(f, Layout)),
    )
    for fact in facts:
        content = fact.content()
        keys = ("element", "length", "expression", "destination", "source")
        for word in re.findall(r"[A-Za-z_]\w*", " ".join(str(content.get(k, "")) for k in keys)):
            found.setdefault(word, fact)
    return found


# -- rounding --------------------------------------------------------------------------

_NUMBER = r"(0x[\da-fA-F]+|\d+)[uUlL]*"
_ROUND_CALL = re.compile(
    r"\b((?:\w+::)*(?:\w*(?:align|round|pad)_?(?:up|to)\w*|align(?:_offset|ed_size)?|ceil_?align\w*))"
    rf"\s*(?:<[\w:]+>)?\s*\((.+?),\s*{_NUMBER}\s*\)",
    re.IGNORECASE,
)
_ROUND_MASK = re.compile(rf"\(\s*([\w.>\-]+)\s*\+\s*{_NUMBER}\s*\)\s*&\s*~\s*\(?\s*{_NUMBER}")
_ROUND_DIVIDE = re.compile(rf"\(\s*([\w.>\-]+)\s*\+\s*{_NUMBER}\s*\)\s*/\s*{_NUMBER}\s*\*\s*{_NUMBER}")


@finder("round_up", "text", "to", "step", "name", "in_elements")
def round_up(view: View) -> Iterator[Match]:
    """A size or offset of a layout that is rounded up to a constant, however it is written.

    `in_elements`: a `sizeof` multiplies the rounded number, so that it counts elements.
    """
    for fact in view.of_kind["smem_layout"]:
        assert isinstance(fact, Layout)
        for text, modulus in _roundings(fact.expression):
            rest = fact.expression.replace(text, "")
            fields = {
                "text": text,
                "to": modulus,
                "step": fact.step,
                "name": fact.name,
                "in_elements": bool(re.search(r"sizeof", rest)) and "sizeof" not in text,
            }
            yield Match(fact.place, fact.function, fields)


def _roundings(text: str) -> Iterator[tuple[str, int]]:
    for found in _ROUND_CALL.finditer(text):
        yield found.group(0), int(found.group(3), 0)
    for found in _ROUND_MASK.finditer(text):
        if found.group(2) == found.group(3):
            yield found.group(0), int(found.group(2), 0) + 1
    for found in _ROUND_DIVIDE.finditer(text):
        if found.group(3) == found.group(4):
            yield found.group(0), int(found.group(3), 0)


@finder("wrong_mask", "text", "added", "mask", "to")
def wrong_mask(view: View) -> Iterator[Match]:
    """`(n + a) & ~m` that rounds to no multiple: m is no mask of low bits, or a is not m."""
    for parsed in view.analysis.reading.parsed:
        source = parsed.source
        text = source.text(0, len(source.data))
        for found in _ROUND_MASK.finditer(text):
            added, mask = int(found.group(2), 0), int(found.group(3), 0)
            if mask == 0 or (added == mask and mask & (mask + 1) == 0):
                continue
            start = len(text[: found.start()].encode())
            place = source.place(start, start + len(found.group(0).encode()))
            fields = {"text": found.group(0), "added": added, "mask": mask, "to": added + 1}
            yield Match(place, "", fields)
