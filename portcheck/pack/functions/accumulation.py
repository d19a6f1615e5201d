"""Sums, rounding and approximations: what facts do not list because it needs the type of an operand.

Each finder reports one place for all equal operations of a function, the others as related places:
a port decides such a thing once a function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.facts.context import Context
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Observation
from portcheck.program.types import CType
from portcheck.targets import targets

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.source.place import Place

Key = tuple[tuple[str, object], ...]

_ARITHMETIC = re.compile(
    r"^__h(?:mul|sub|div|max|min|abs|neg|cmadd)2?(?:_rn|_sat|_nan)?$|^h2?(?:exp2?|log2?|sqrt|rsqrt|rcp)$"
)
_ATOMICS = re.compile(r"^atomic(?:Add|Max|Min)(?:_system|_block)?$")
_ATOMIC_OPCODE = re.compile(r"^(?:red|atom)\.\S*\.(f16x2|bf16x2|f16|bf16|f32|f64)$")
_OPCODE_ELEMENTS = {"f16x2": "fp16", "f16": "fp16", "bf16x2": "bf16", "bf16": "bf16", "f32": "float"}
_FLOATING = {"float": "float", "float2": "float", "float4": "float", "double": "double"}
_INTEGERS = re.compile(r"(?:unsigned )?(?:int|long|long long)(?: int)?|unsigned|uint|size_t|u?int(?:32|64)_t")
# CUDA's approximate functions, with the Ascend C call that computes the same (float, half).
_FAST = {
    "__expf": "Exp",
    "__exp10f": "Exp",
    "__logf": "Ln",
    "__log2f": "Ln",
    "__log10f": "Ln",
    "__powf": "Ln, Mul, Exp",
    "__fdividef": "Div",
    "rsqrtf": "Rsqrt",
    "__frsqrt_rn": "Rsqrt",
    "ex2.approx": "Exp",
    "lg2.approx": "Ln",
    "rcp.approx": "Reciprocal",
    "rsqrt.approx": "Rsqrt",
    "sqrt.approx": "Sqrt",
    "div.approx": "Div",
    "div.full": "Div",
}
_FAST_OPCODE = re.compile(r"\b(ex2|lg2|rcp|rsqrt|sqrt|div)\.(approx|full)\b")
_NARROWING = re.compile(
    r"^__(?:float|double)2?2?s?2?(?:2bfloat16|2half|bfloat162|half2)2?(?:_(rn|rz|ru|rd))?$"
    r"|^__float22(?:bfloat162|half2)_(rn)$"
)
_WEIGHT = re.compile(r"\b\w*(?:[wW]eights?|gate_score|gating)\w*")
_MATRIX = re.compile(r"wgmma\.mma_async|tcgen05\.mma\b")
_FUSED = re.compile(r"(?:__)?fmaf?(?:_rn)?\s*\(")
_DECODES = re.compile(r"\b(\w*(?:[dD]equant|[dD]ecode|unpack_int4|unpack_fp4)\w*)\s*(?:<[^()]*>)?\(")
_MODES = {"rn": "CAST_RINT", "rz": "CAST_TRUNC", "ru": "CAST_CEIL", "rd": "CAST_FLOOR"}


def device_functions(view: View) -> Iterator[Function]:
    """Functions whose body runs on the device."""
    for function in view.analysis.functions:
        if function.is_kernel or "__device__" in function.qualifiers or function.name == "operator()":
            yield function


def observations(function: Function) -> Iterator[Observation]:
    """What stands in lines of the function that are compiled."""
    return (seen for seen in function.observations if seen.origin.active)


def calls(view: View) -> Iterator[tuple[Function, Observation, Callee]]:
    """Every call in code of the device."""
    for function in device_functions(view):
        for seen in observations(function):
            callee = seen.callee
            if callee is not None:
                yield function, seen, callee


def once(found: Iterable[tuple[Function, Place, dict[str, object]]]) -> Iterator[Match]:
    """One match for all places of a function with the same fields; the others are related."""
    groups: dict[tuple[str, str, Key], list[Place]] = {}
    for function, place, fields in found:
        key = (place.path, function.qualified, tuple(fields.items()))
        places = groups.setdefault(key, [])
        if place not in places:
            places.append(place)
    for (_, name, content), places in groups.items():
        first, *others = sorted(places, key=lambda p: p.start_byte)
        yield Match(first, name, {**dict(content), "places": len(places)}, related=tuple(others))


def place_of(seen: Observation) -> Place:
    return seen.origin.place(seen.node.start_byte, seen.node.end_byte)


def element_of(type_: CType | None, function: Function, context: Context) -> str | None:
    """ "bf16", "fp16", "fp8", "float", "double" or "integer"; "template" for a type parameter."""
    if type_ is None:
        return None
    base = type_.base()
    low = context.typer.low_precision(base, function)
    if low is not None:
        return low
    if any(p.is_type and p.name == base.name for p in function.template_parameters):
        return "template"
    for meaning in context.typer.resolve(base, function):
        if meaning.name in _FLOATING:
            return _FLOATING[meaning.name]
        if _INTEGERS.fullmatch(meaning.name):
            return "integer"
    return None


@finder("float_sums", "accumulators", "element", "places")
def float_sums(view: View) -> Iterator[Match]:
    """FP32 sums of narrower values, once a function and type of the values. A sum of bf16 concerns the
    targets that have the type: without it the rows themselves change, and so does everything else."""
    found: dict[tuple[str, str, str], list[tuple[Place, str]]] = {}
    for match in view.matches("fp32_accum"):
        if match.fields["device"]:
            key = (match.place.path, match.function, str(match.fields["element"]))
            found.setdefault(key, []).append((match.place, str(match.fields["accumulator"])))
    with_bf16 = _with_bf16()
    for (_, name, element), sums in found.items():
        names = list(dict.fromkeys(accumulator for _, accumulator in sums))
        fields = {
            "accumulators": ", ".join(f"`{n}`" for n in names[:3]),
            "element": element.removeprefix("template type "),
            "places": len(sums),
        }
        only = with_bf16 if element == "bf16" else ()
        (first, _), *others = sorted(sums, key=lambda s: s[0].start_byte)
        yield Match(first, name, fields, targets=only, related=tuple(place for place, _ in others))


def _with_bf16() -> tuple[str, ...]:
    """The targets that have the type bf16."""
    return tuple(t.name for t in targets() if t.value("bf16_type"))


@finder(
    "low_sums", "said_en", "said_zh", "accumulator", "accumulator_type", "element", "through", "device"
)  # fmt: skip
def low_sums(view: View) -> Iterator[Match]:
    """Sums of low precision, with how to say them: what is added to, where the sum is kept in one of its
    terms, else the call that adds two values."""
    for match in view.matches("lowp_accum"):
        kept, by = str(match.fields["accumulator"]), str(match.fields["through"])
        fields = {
            **match.fields,
            "said_en": f"`{kept}` is added to" if kept else f"`{by}` adds two values",
            "said_zh": f"`{kept}`" if kept else f"`{by}` 的两个值",
        }
        yield replace(match, fields=fields)


@finder("bf16_arithmetic", "operation", "places")
def bf16_arithmetic(view: View) -> Iterator[Match]:
    """Arithmetic intrinsics on bf16 other than sums, which are facts."""
    context = view.analysis.reading.context

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function, seen, callee in calls(view):
            if not _ARITHMETIC.match(callee.name):
                continue
            types = (context.type_of(a, seen) for a in callee.arguments)
            if any(element_of(t, function, context) == "bf16" for t in types):
                yield function, place_of(seen), {"operation": callee.name}

    return once(found())


@finder("float_atomics", "operation", "element", "address")
def float_atomics(view: View) -> Iterator[Match]:
    """Atomic operations on floating-point numbers: by the pointer's type, or by the opcode."""
    context = view.analysis.reading.context
    for function, seen, callee in calls(view):
        if not _ATOMICS.match(callee.name) or not callee.arguments:
            continue
        given = context.type_of(callee.arguments[0], seen)
        element = element_of(given, function, context)
        if element in (None, "integer"):
            continue
        fields: dict[str, object] = {
            "operation": callee.name,
            "element": None if element == "template" else element,
            "address": seen.origin.read(callee.arguments[0]),
        }
        why = f"the type that {callee.name} adds is a template parameter" if element == "template" else ""
        yield Match(place_of(seen), function.qualified, fields, why=why)
    for match in view.matches("sync_scope"):
        opcode = _ATOMIC_OPCODE.match(str(match.fields["operation"]))
        if opcode:
            element = _OPCODE_ELEMENTS.get(opcode[1], "double")
            fields = {"operation": match.fields["operation"], "element": element, "address": ""}
            yield Match(match.place, match.function, fields, related=match.related)


@finder("fast_math", "intrinsic", "ascend", "places")
def fast_math(view: View) -> Iterator[Match]:
    """Approximate functions, as intrinsics and as PTX."""

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function in device_functions(view):
            for seen in observations(function):
                name = ""
                if seen.kind == "call" and seen.callee is not None:
                    name = seen.callee.name
                elif seen.kind == "asm":
                    opcode = _FAST_OPCODE.search(seen.origin.read(seen.node))
                    name = opcode[0] if opcode else ""
                if name in _FAST:
                    yield function, place_of(seen), {"intrinsic": name, "ascend": _FAST[name]}

    return once(found())


@finder("narrowing_casts", "call", "mode", "element", "places")
def narrowing_casts(view: View) -> Iterator[Match]:
    """Conversions of FP32 to bf16 and half, with the rounding mode that CUDA gives them.

    A cast to a type parameter counts where the function keeps an FP32 sum. A cast to bf16 concerns the
    targets that have the type.
    """
    context = view.analysis.reading.context
    summing = {(f.place.path, f.function) for f in view.of_kind["fp32_accum"]}

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function, seen, callee in calls(view):
            named = _NARROWING.match(callee.name)
            if named:
                mode = _MODES[named[1] or named[2] or "rn"]
                made = "bf16" if "bfloat16" in callee.name else "fp16"
                yield function, place_of(seen), {"call": callee.name, "mode": mode, "element": made}
                continue
            if callee.name != "static_cast" or len(callee.arguments) != 1:
                continue
            target = callee.template_arguments[0] if callee.template_arguments else ""
            element = element_of(CType(target), function, context) if target.isidentifier() else None
            given = element_of(context.type_of(callee.arguments[0], seen), function, context)
            if element == "template" and (function.origin.file.path, function.qualified) not in summing:
                continue
            if element in ("bf16", "fp16", "template") and given == "float":
                written = f"static_cast<{target}>"
                yield function, place_of(seen), {"call": written, "mode": "CAST_RINT", "element": element}

    with_bf16 = _with_bf16()
    for match in once(found()):
        yield replace(match, targets=with_bf16 if match.fields["element"] == "bf16" else ())


@finder("warp_sums", "operation", "element", "places")
def warp_sums(view: View) -> Iterator[Match]:
    """Floating-point sums over the lanes of a warp: a shuffled value is added to another."""
    context = view.analysis.reading.context

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function, seen, callee in calls(view):
            if re.match(r"__shfl_(xor|down|up)_sync$", callee.name) and len(callee.arguments) > 1:
                if not _is_added(seen.node, seen):
                    continue
                given = element_of(context.type_of(callee.arguments[1], seen), function, context)
                if given in ("float", "double", "fp16", "bf16"):
                    yield function, place_of(seen), {"operation": callee.name, "element": given}

    return once(found())


def _is_added(node: Node, seen: Observation) -> bool:
    """Whether the value of an expression is a term of a sum."""
    parent = node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        parent = parent.parent
    if parent is None:
        return False
    operator = parent.child_by_field_name("operator")
    return operator is not None and seen.origin.read(operator) in ("+", "+=")


@finder("bf16_values", "name", "type")
def bf16_values(view: View) -> Iterator[Match]:
    """The first bf16 value that a function of the device names: a target without the type stops there."""
    context = view.analysis.reading.context
    for function in device_functions(view):
        bindings = [b for group in function.bindings.values() for b in group if b.origin.active]
        for binding in sorted(bindings, key=lambda b: b.start_byte):
            type_ = context.typer.binding_type(binding, function)
            if element_of(type_, function, context) == "bf16":
                place = binding.origin.place(binding.start_byte, binding.start_byte + len(binding.name))
                yield Match(place, function.qualified, {"name": binding.name, "type": str(type_)})
                break


@finder("weighted_sums", "accumulator", "weight", "places")
def weighted_sums(view: View) -> Iterator[Match]:
    """FP32 sums of products with a weight, by the names that weights have."""
    context = view.analysis.reading.context

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function in device_functions(view):
            for seen in observations(function):
                sum_ = _sum(seen)
                if sum_ is None:
                    continue
                left, right = sum_
                weight = _weight(right, seen)
                if weight is None:
                    continue
                if element_of(context.type_of(left, seen), function, context) in ("float", None):
                    name = seen.origin.read(left).split("[")[0]
                    yield function, place_of(seen), {"accumulator": name, "weight": weight}

    return once(found())


def _weight(node: Node, seen: Observation) -> str | None:
    """The weight in a product that is added, None for none: products in addresses do not count."""
    pending = [node]
    while pending:
        current = pending.pop()
        operator = current.child_by_field_name("operator")
        sign = seen.origin.read(operator) if operator is not None else ""
        if current.type == "parenthesized_expression" or (
            current.type == "binary_expression" and sign in ("+", "-")
        ):
            pending.extend(current.named_children)
        elif current.type == "call_expression" and _FUSED.match(seen.origin.read(current)):
            callee = Callee.of(current, seen.origin)
            text = " ".join(seen.origin.read(a) for a in callee.arguments[:2]) if callee is not None else ""
            weight = _WEIGHT.search(text)
            return weight[0] if weight else None
        elif current.type == "binary_expression" and sign == "*":
            weight = _WEIGHT.search(seen.origin.read(current))
            if weight:
                return weight[0]
    return None


def _sum(seen: Observation) -> tuple[Node, Node] | None:
    """What is added to, and what is added: `a += x` and `a = fmaf(x, w, a)`."""
    if seen.kind != "assign":
        return None
    left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
    operator = seen.node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return None
    fused = right.type == "call_expression" and _FUSED.match(seen.origin.read(right))
    return (left, right) if operator.type == "+=" or fused else None


@finder("narrow_sums", "element", "accumulator", "places")
def narrow_sums(view: View) -> Iterator[Match]:
    """FP32 sums of values that came in 8 bits or fewer: by type, or by a call that decodes."""

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        by_name = {(f.origin.file.path, f.qualified): f for f in view.analysis.functions}
        for match in view.matches("fp32_accum"):
            element = str(match.fields["element"])
            function = by_name.get((match.place.path, match.function))
            if re.search(r"fp8|fp4|int8", element) and function is not None:
                name = str(match.fields["accumulator"]).split("[")[0]
                yield function, match.place, {"element": element, "accumulator": name}
        for function in device_functions(view):
            for seen in observations(function):
                sum_ = _sum(seen)
                decodes = sum_ and _DECODES.search(seen.origin.read(sum_[1]))
                if sum_ and decodes:
                    name = seen.origin.read(sum_[0]).split("[")[0]
                    yield function, place_of(seen), {"element": f"{decodes[1]}()", "accumulator": name}

    return once(found())


@finder("matrix_instructions", "instruction", "places")
def matrix_instructions(view: View) -> Iterator[Match]:
    """Matrix instructions of PTX that have a counterpart in the cube."""

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function in device_functions(view):
            for seen in observations(function):
                opcode = _MATRIX.search(seen.origin.read(seen.node)) if seen.kind == "asm" else None
                if opcode:
                    yield function, place_of(seen), {"instruction": opcode[0]}

    return once(found())
