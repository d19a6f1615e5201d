"""Finders about vector types of CUDA: containers, counts of vectors, rows copied by lanes, pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portcheck.analysis.transfers import Pattern
from portcheck.facts.accesses import VectorAccess
from portcheck.facts.casts import VectorCast
from portcheck.pack.functions.mte import transfers
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.callee import NAMED_CASTS
from portcheck.program.model import Observation
from portcheck.source.place import Place

_VECTORS = r"(?:u?int[24]|float[24]|double2|u?longlong2|uint4|ulonglong2|half8|bf16x8|vec_t)"
_COUNT = re.compile(rf"/\s*\(?\s*(?:int\s*\)?\s*\(?\s*)?sizeof\s*\(\s*({_VECTORS})\s*\)")
_PAIR = re.compile(
    r"(?:const\s+)?(__half2|half2|__nv_bfloat162|nv_bfloat162|bfloat162|__nv_bfloat162_raw)(?:\s+const)?\s*\*"
)


@finder("containers", "type", "bytes", "elements16", "elements32", "elements8", "uses", "path", "function")
def containers(view: View) -> Iterator[Match]:
    """One match for each vector type that code of a device function views or moves memory by."""
    found: dict[tuple[str, str, str], list[tuple[Place, int]]] = {}
    for kind in ("vec_cast", "vec_access"):
        for fact in view.of_kind[kind]:
            if fact.function not in view.device_functions or fact.width_bytes is None:
                continue
            name = ""
            if isinstance(fact, VectorCast):
                name = re.sub(r"\bconst\b|[*\s]", "", fact.target)
            elif isinstance(fact, VectorAccess):
                name = fact.element
            if name:
                key = (fact.place.path, fact.function, name)
                found.setdefault(key, []).append((fact.place, fact.width_bytes))
    for (path, function, name), uses in found.items():
        uses.sort(key=lambda u: u[0].start_byte)
        place, width = uses[0]
        fields = {
            "type": name,
            "bytes": width,
            "elements16": width // 2,
            "elements32": width // 4,
            "elements8": width,
            "uses": len({u[0].line for u in uses}),
            "path": path,
            "function": function,
        }
        yield Match(place, function, fields, related=tuple(u[0] for u in uses[1:6]))


@finder("vector_counts", "name", "type", "expression", "path", "function")
def vector_counts(view: View) -> Iterator[Match]:
    """Names that are given a size divided by the size of a vector: they count vectors, not elements."""
    for function in view.analysis.functions:
        for seen in function.observations:
            if not seen.origin.active or seen.kind not in ("declaration", "assign"):
                continue
            for name, text, node in _given(seen):
                count = _COUNT.search(text)
                if count is not None:
                    place = seen.origin.place(node[0], node[1])
                    fields = {
                        "name": name,
                        "type": count.group(1),
                        "expression": text[:120],
                        "path": place.path,
                        "function": function.qualified,
                    }
                    yield Match(place, function.qualified, fields)


def _given(seen: Observation) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """The names of a declaration or an assignment with the texts of their values."""
    if seen.kind == "declaration":
        for one in seen.declared:
            if one.value is not None:
                yield one.name, seen.origin.read(one.value), (one.node.start_byte, one.node.end_byte)
        return
    left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
    if left is not None and right is not None:
        yield (
            seen.origin.read(left),
            seen.origin.read(right),
            (seen.node.start_byte, seen.node.end_byte),
        )


@finder("lane_rows", "operation", "length", "row_en", "row_zh", "width", "text", "path", "function")
def lane_rows(view: View) -> Iterator[Match]:
    """Rows of GM that the lanes of a warp or block move together, a vector each; one match a place.

    `text` is the access, or the call of the macro that it stands in; `row_en` names the row by its bytes.
    """
    seen: set[Place] = set()
    for transfer, _ in transfers(view):
        if transfer.pattern is not Pattern.CONTIGUOUS or transfer.place in seen:
            continue
        if not any(e.space == "GM" for e in transfer.ends):
            continue
        seen.add(transfer.place)
        line = view.line(transfer.place)
        length = f"`{transfer.length}`" if transfer.length is not None else ""
        fields = {
            "operation": transfer.operation,
            "length": str(transfer.length) if transfer.length is not None else None,
            "row_en": f"a row of {length} bytes" if length else "a row",
            "row_zh": f"{length} 字节的一行" if length else "一行",
            "width": transfer.operation.partition(" of ")[2] or transfer.operation,
            "text": transfer.text if transfer.text in line else line.rstrip("; \\"),
            "path": transfer.place.path,
            "function": transfer.function,
        }
        yield Match(transfer.place, transfer.function, fields, related=transfer.calls)


@finder("pairs", "type", "bf16", "operand", "uses", "path", "function")
def pairs(view: View) -> Iterator[Match]:
    """Casts of memory to pairs of 16-bit floats in device code; one match a function and type."""
    found: dict[tuple[str, str, str], list[tuple[Place, str]]] = {}
    for function in view.analysis.functions:
        if function.qualified not in view.device_functions:
            continue
        for seen in function.observations:
            if not seen.origin.active:
                continue
            for target, operand, place in _casts(seen):
                pair = _PAIR.fullmatch(target.strip())
                if pair is not None:
                    key = (place.path, function.qualified, pair.group(1))
                    found.setdefault(key, []).append((place, operand))
    for (path, function_name, type_), uses in found.items():
        fields = {
            "type": type_,
            "bf16": "bfloat" in type_,
            "operand": uses[0][1],
            "uses": len(uses),
            "path": path,
            "function": function_name,
        }
        yield Match(uses[0][0], function_name, fields, related=tuple(u[0] for u in uses[1:6]))


def _casts(seen: Observation) -> Iterator[tuple[str, str, Place]]:
    """The casts of an observation: what to, what of, and where."""
    place = seen.origin.place(seen.node.start_byte, seen.node.end_byte)
    if seen.kind == "cast":
        type_, value = seen.node.child_by_field_name("type"), seen.node.child_by_field_name("value")
        if type_ is not None and value is not None:
            yield seen.origin.read(type_), seen.origin.read(value), place
    elif seen.callee is not None and seen.callee.name in NAMED_CASTS:
        given, operands = seen.callee.template_arguments, seen.callee.arguments
        if given and operands:
            yield str(given[0]), seen.origin.read(operands[0]), place
