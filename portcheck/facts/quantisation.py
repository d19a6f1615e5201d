"""Quantisation to FP8 and to narrower wire formats: constants, scales, conversions, granularity."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.facts.expressions import function_place, identifiers
from portcheck.program import knowledge
from portcheck.program.callee import Callee
from portcheck.program.declarators import Declared
from portcheck.program.model import Function, Observation
from portcheck.program.types import parse_type

if TYPE_CHECKING:
    from tree_sitter import Node

_TERM = re.compile(r"(?:^|_|(?<=[a-z]))(?:fp8|FP8|Fp8|e4m3|E4M3|e5m2|E5M2)(?=$|_|[A-Z0-9a-z])")
_AMAX = re.compile(r"(?:^|_|\d|\W)(?:amax|AMAX|aMax)|(?<![A-Z])A[mM]ax|absmax|abs_max|[aA]bsMax|ABS_?MAX")
_SCALE = re.compile(r"scale|inv_s|sf$|_sf_", re.IGNORECASE)
_INVERSE = re.compile(r"scale_?inv|inv_?scale|scale_?rcp|inverse_scale", re.IGNORECASE)
_LOGARITHM = re.compile(r"\b_*log2?f?(?:_\w+)?\s*\(")
MAX_VALUE_BYTES = 400
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation(Fact):
    """One step of a quantisation to FP8.

    `step` is "constant", "amax", "scale", "conversion" or "helper"; `format` is e4m3, e5m2 or
    "". `granularity_elements` is how many elements share a scale, where lanes times elements
    a lane can be counted, else None.
    """

    kind = FactKind.FP8_QUANT

    step: str
    text: str
    format: str = ""
    granularity_elements: int | None = None
    through: str = ""

    @property
    def detail(self) -> str:
        format_ = f" {self.format}" if self.format else ""
        per = f", one scale per {self.granularity_elements} elements" if self.granularity_elements else ""
        return f"FP8{format_} {self.step}{per}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LowPrecisionWire(Fact):
    """Another format narrower than 16 bits on the wire: UE8M0 block scales, FP4, LogFMT."""

    kind = FactKind.LOWP_WIRE

    format: str
    text: str

    @property
    def detail(self) -> str:
        return f"{self.format}: {self.text}"


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Quantisation steps in a declaration, assignment, call, `asm` or class."""
    if not _mentions(seen, context):
        return
    if seen.kind == "cast":
        yield from _cast(seen, context)
    elif seen.kind == "record":
        yield from _record(seen, context)
    elif seen.kind in ("declaration", "field"):
        yield from _declaration(seen, context)
    elif seen.kind == "assign":
        yield from _assignment(seen, context)
    elif seen.kind == "asm":
        yield from _asm(seen, context)
    elif seen.kind == "call":
        yield from _call(seen, context)


_WORDS = (
    b"fp8",
    b"e4m3",
    b"e5m2",
    b"amax",
    b"absmax",
    b"abs_max",
    b"scale",
    b"448",
    b"57344",
    b"float8",
    b"e8m0",
    b">> 23",
    b">>23",
    b"fp4",
    b"e2m1",
    b"_sf",
    b"sf_",
    b"inv_s",
    b"logfmt",
    b"log_fmt",
)


def _mentions(seen: Observation, context: Context) -> bool:
    """A cheap test over the bytes: most statements have nothing to do with quantisation."""
    node = seen.node
    if seen.kind == "call" and seen.callee is not None:
        summary, _ = context.effects.of_call(seen.callee, seen)
        if summary.kind in ("fp8_quant", "lowp_wire"):
            return True
    end = min(node.end_byte, node.start_byte + 2000)
    if seen.origin.expansion:
        text = seen.origin.text[node.start_byte : end].lower()
        return any(word in text for word in _WORDS)
    words = context.offsets(seen.origin, "quantisation", _WORDS)
    return bisect_left(words, end) > bisect_left(words, node.start_byte)


def find_in_function(function: Function, context: Context) -> Iterator[Fact]:
    """A function that computes scales from a maximum: the helper, reported at its head."""
    if function.node is None or function.is_kernel or not function.parameters:
        return
    names = {p.name for p in function.parameters if _AMAX.search(p.name)}
    if not names or not any(_SCALE.search(p.name) for p in function.parameters):
        return
    place = function_place(function)
    yield Quantisation(
        place=place,
        function=function.qualified,
        active=function.origin.active,
        condition=function.origin.condition,
        step="helper",
        text=f"{function.name}({', '.join(p.name for p in function.parameters)})",
    )


def _tainted(function: Function, context: Context) -> set[str]:
    """Locals of the function that are computed from a maximum or an FP8 constant."""
    if function.tainted is None:
        function.tainted = _find_tainted(function, context)
    return function.tainted


def _find_tainted(function: Function, context: Context) -> set[str]:
    found: set[str] = set()
    for _ in range(2):
        for name, bindings in function.bindings.items():
            for binding in bindings:
                if binding.value is not None and name not in found:
                    words = (
                        identifiers(binding.origin.read(binding.value))
                        if binding.value.end_byte - binding.value.start_byte < 400
                        else set()
                    )
                    if words & found or any(_is_seed(w, context) for w in words):
                        found.add(name)
    return found


def _is_seed(word: str, context: Context) -> bool:
    return bool(_AMAX.search(word)) or (bool(_TERM.search(word)) and word in context.program.constants)


def _format(text: str) -> str:
    lowered = text.lower()
    return (
        "e4m3"
        if "e4m3" in lowered or "448" in text
        else "e5m2"
        if "e5m2" in lowered or "57344" in text
        else ""
    )


def _declaration(seen: Observation, context: Context) -> Iterator[Fact]:
    node = seen.node
    if node.end_byte - node.start_byte > 2000:
        return
    head = node.child_by_field_name("type")
    if head is None:
        return
    wire = context.intrinsics.tables["lowp_wire"]["terms"]
    for found in seen.declared:
        value = found.value
        if value is None and seen.kind == "field":
            value = node.child_by_field_name("default_value")
        if value is None:
            continue
        text = _QUOTED.sub("", seen.origin.read(value))
        if len(text) > 600 or value.type == "lambda_expression":
            continue
        at_file_scope = not seen.function.name
        if at_file_scope and _is_constant(seen, node):
            lowp = _wire_sizeof(text, context)
            if lowp:
                yield LowPrecisionWire(**context.common(seen), format=lowp, text=f"{found.name} = {text}")
            elif _is_largest(found, text, context) or (
                _TERM.search(found.name) and _is_floating(found, text)
            ):
                yield _step(seen, context, "constant", f"{found.name} = {text}")
            continue
        if any(t in found.name.lower() for t in wire) and "sizeof" in text:
            yield LowPrecisionWire(
                **context.common(seen), format="block scale", text=f"{found.name} = {text}"
            )
        elif _is_amax(found.name, text):
            yield _step(seen, context, "amax", f"{found.name} = {text}", seen.function)
        elif _is_scale(found.name, text, seen, context):
            yield _step(seen, context, "scale", f"{found.name} = {text}", seen.function)


def _is_constant(seen: Observation, node: Node) -> bool:
    return b"const" in seen.origin.text[node.start_byte : node.start_byte + 80]


_FLOATING = ("float", "double", "half", "__half", "nv_bfloat16")


def _is_floating(found: Declared, text: str) -> bool:
    return found.type is not None and found.type.name in _FLOATING and _numeric(text)


def _numeric(text: str) -> bool:
    return bool(re.fullmatch(r"[\d.eE+\-/*() fF]+", text))


def _largest(text: str, context: Context, point: str = r"(?:\.0*)?") -> bool:
    """Whether a text has the largest number of an FP8 format; `point`: how it may go on."""
    values = context.intrinsics.tables["fp8_quant"]["largest"]
    return any(re.search(rf"(?<![\w.]){v}{point}f?(?![\w.])", text) for v in values)


def _is_largest(found: Declared, text: str, context: Context) -> bool:
    """Whether a constant is the largest number of an FP8 format, and no integer that is as large."""
    if not _largest(text, context):
        return False
    floating = found.type is not None and found.type.name in _FLOATING
    return floating or bool(_TERM.search(found.name)) or _largest(text, context, r"\.0*")


_ADDRESS = re.compile(r"(?:ptr|ptrs|buf|buffer|data|tensor)s?$", re.IGNORECASE)


def _is_amax(name: str, text: str) -> bool:
    if _ADDRESS.search(name):
        return False
    return bool(_AMAX.search(name)) and bool(
        re.search(r"fmax|max|abs|reduce|margin|1e-", text, re.IGNORECASE)
    )


def _is_scale(name: str, text: str, seen: Observation, context: Context) -> bool:
    """A value computed from a maximum or from the format's largest number."""
    if _ADDRESS.search(name):
        return False
    words = identifiers(text)
    if _INVERSE.search(name) and "/" in text and any(_SCALE.search(w) or _AMAX.search(w) for w in words):
        return True
    if any(_AMAX.search(w) for w in words) and re.search(r"[*/]|\(", text):
        return True
    if _largest(text, context) and re.search(r"[*/]", text):
        return True
    return bool(_SCALE.search(name)) and bool(words & _tainted(seen.function, context))


def _assignment(seen: Observation, context: Context) -> Iterator[Fact]:
    left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
    if left is None or right is None or right.end_byte - right.start_byte > 600:
        return
    name, text = seen.origin.read(left), _QUOTED.sub("", seen.origin.read(right))
    if not (_AMAX.search(name) or _SCALE.search(name) or _largest(text, context) or _AMAX.search(text)):
        return
    if _AMAX.search(name) and re.search(r"max|abs|reduce", text, re.IGNORECASE):
        yield _step(seen, context, "amax", f"{name} = {text}", seen.function)
    elif _is_scale(name, text, seen, context):
        yield _step(seen, context, "scale", f"{name} = {text}", seen.function)


def _asm(seen: Observation, context: Context) -> Iterator[Fact]:
    from portcheck.facts.effects import read_asm

    definition = bool(seen.function.name) and not seen.function.is_kernel
    for instruction in read_asm(seen, context):
        if instruction.kind == "fp8_quant":
            yield Quantisation(
                **context.common(seen, definition=definition),
                step="conversion",
                text=instruction.opcode,
                format=_format(instruction.opcode),
            )
            return
        if instruction.kind == "lowp_wire":
            format_ = "e2m1 (FP4)" if "e2m1" in instruction.opcode else "ue8m0 scale"
            yield LowPrecisionWire(
                **context.common(seen, definition=definition), format=format_, text=instruction.opcode
            )
            return


def _cast(seen: Observation, context: Context) -> Iterator[Fact]:
    """`(__nv_fp8_e4m3)x`: a conversion of a value, not of a pointer."""
    type_node = seen.node.child_by_field_name("type")
    written = seen.origin.read(type_node) if type_node is not None else ""
    if _is_fp8(written, context):
        yield _conversion(seen, context, seen.origin.read(seen.node), written)


def _is_fp8(written: str, context: Context) -> bool:
    type_ = parse_type(written)
    return (
        type_ is not None
        and not type_.is_indirect
        and type_.name in context.intrinsics.tables["fp8_quant"]["types"]
    )


def _conversion(seen: Observation, context: Context, text: str, format_of: str) -> Fact:
    return Quantisation(**context.common(seen), step="conversion", text=text, format=_format(format_of))


def _call(seen: Observation, context: Context) -> Iterator[Fact]:
    callee = seen.callee
    if callee is None or not callee.arguments:
        return
    text = seen.origin.read(seen.node)
    if len(text) > 400:
        return
    exponent = _exponent_byte(callee, text)
    if exponent:
        yield LowPrecisionWire(**context.common(seen), format="ue8m0 scale", text=exponent)
        return
    if callee.name == "static_cast" and _is_fp8("".join(callee.template_arguments[:1]), context):
        yield _conversion(seen, context, text, text)
        return
    summary, target = context.effects.of_call(callee, seen)
    kind = context.intrinsics.kind(callee.name)
    if kind == "fp8_quant" or callee.name in context.intrinsics.tables["fp8_quant"]["types"]:
        yield Quantisation(**context.common(seen), step="conversion", text=text, format=_format(text))
        return
    if kind == "lowp_wire":
        yield LowPrecisionWire(**context.common(seen), format=callee.name, text=text)
        return
    if target is not None and summary.kind in ("fp8_quant", "lowp_wire"):
        related = (function_place(target),)
        if summary.kind == "fp8_quant":
            yield Quantisation(
                **context.common(seen, related=related),
                step="conversion",
                text=text,
                format=_format(" ".join(e.operation for e in summary.effects)),
                through=callee.name,
            )
        else:
            yield LowPrecisionWire(**context.common(seen, related=related), format=callee.name, text=text)
        return
    if any(_AMAX.search(seen.origin.read(a)) for a in callee.arguments if a.type == "identifier"):
        for helper in context.effects.candidates(callee, seen.function, seen.origin)[:4]:
            if any(True for _ in find_in_function(helper, context)):
                yield Quantisation(
                    **context.common(seen, related=(function_place(helper),)),
                    step="scale",
                    text=text,
                    granularity_elements=granularity(seen.function, context),
                    through=callee.name,
                )
                return


def _exponent_byte(callee: Callee, text: str) -> str:
    """The exponent of a float kept as one byte, `(uint8_t)(bits >> 23)`: a UE8M0 scale."""
    is_byte = callee.name == "static_cast" and callee.template_arguments[:1] == ["uint8_t"]
    return text if is_byte and re.search(r">>\s*23\b", text) else ""


def _record(seen: Observation, context: Context) -> Iterator[Fact]:
    body = seen.node.child_by_field_name("body")
    if body is None or body.end_byte - body.start_byte > 2000:
        return
    terms = context.intrinsics.tables["lowp_wire"]["terms"]
    title = seen.node.child_by_field_name("name")
    from portcheck.program.declarators import declared

    for child in body.named_children:
        if child.type == "field_declaration":
            for found in declared(child, seen.origin):
                term = next((t for t in terms if t in found.name.lower()), None)
                if term is not None:
                    name = seen.origin.read(title) if title is not None else "class"
                    yield LowPrecisionWire(
                        **context.common(seen),
                        format=term,
                        text=f"{name} holds {found.type_text} {found.name}",
                    )
                    return


def _wire_sizeof(text: str, context: Context) -> str:
    """A constant computed from the size of a class that holds a narrow format."""
    terms: list[str] = context.intrinsics.tables["lowp_wire"]["terms"]
    for name in re.findall(r"sizeof\s*\(\s*(?:\w+::)*(\w+)\s*\)", text):
        for record in context.program.records.get(name, ()):
            for member in record.members:
                term = next((t for t in terms if t in member.lower()), None)
                if term:
                    return term
    return ""


def _step(
    seen: Observation, context: Context, step: str, text: str, function: Function | None = None
) -> Fact:
    if function is not None and _of_logarithms(identifiers(text), seen, context, 0):
        return LowPrecisionWire(**context.common(seen), format="logarithmic", text=text)
    elements = granularity(function, context) if function is not None and step == "amax" else None
    return Quantisation(
        **context.common(seen), step=step, text=text, format=_format(text), granularity_elements=elements
    )


def _of_logarithms(names: set[str], seen: Observation, context: Context, depth: int) -> bool:
    """Whether a maximum or step is taken over logarithms: a logarithmic wire format, not FP8."""
    if depth > 2:
        return False
    assigned = context.provenance.assignments(seen.function)
    for name in names:
        binding = seen.function.lookup(name, seen.node.start_byte)
        if binding is None or binding.parameter:
            continue
        values = [(binding.value, binding.origin)] if binding.value is not None else []
        for value, origin in values + assigned.get(name, [])[:6]:
            if value.end_byte - value.start_byte > MAX_VALUE_BYTES:
                continue
            text = origin.read(value)
            if _LOGARITHM.search(text):
                return True
            if _of_logarithms(identifiers(text) - names, seen, context, depth + 1):
                return True
    return False


def granularity(function: Function, context: Context) -> int | None:
    """Elements that share one maximum: lanes of the warp reduction times elements a lane reads."""
    lanes: set[int] = set()
    per_lane: set[int] = set()
    for seen in function.observations:
        if seen.kind != "call":
            continue
        callee = seen.callee
        if callee is None:
            continue
        named = any(_AMAX.search(seen.origin.read(a)) for a in callee.arguments)
        if named and callee.template_arguments and callee.template_arguments[0].isdigit():
            lanes.add(int(callee.template_arguments[0]))
    for name, bindings in function.bindings.items():
        if re.search(r"elem\w*per|per\w*(?:read|load|vec|lane|thread)", name, re.IGNORECASE):
            for binding in bindings:
                value = binding.value is not None and _ratio(binding.origin.read(binding.value), context)
                if value:
                    per_lane.add(value)
    if len(lanes) == 1 and len(per_lane) == 1:
        return lanes.pop() * per_lane.pop()
    return None


def _ratio(text: str, context: Context) -> int | None:
    """`sizeof(int4) / sizeof(nv_bfloat16)` or a literal, as a number."""
    table = knowledge.types()
    if text.isdigit():
        return int(text)
    match = re.fullmatch(r"sizeof\((\w+)\)\s*/\s*sizeof\((\w+)\)", text)
    if match:
        sizes = [table.vectors.get(n) or table.scalars.get(n) for n in match.groups()]
        if sizes[0] and sizes[1]:
            return sizes[0] // sizes[1]
    return None
