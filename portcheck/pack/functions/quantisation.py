"""Quantisation: guards, groups, pairs and layouts of scales, which no single fact says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.facts.base import FactKind
from portcheck.pack.functions.accumulation import device_functions, element_of, observations, once, place_of
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Observation
from portcheck.symbolic.verdict import Verdict

if TYPE_CHECKING:
    from portcheck.facts.base import Fact
    from portcheck.source.place import Place

_NAME = r"(?:\w+(?:\.|->))*\w*(?:amax|absmax|abs_max|AMax|AMAX|Amax|AbsMax)\w*"
_DIVIDES = re.compile(
    rf"/\s*\(*\s*(?:static_cast<\w+>\()?\(*({_NAME})(?![\w(])|(?:rcp|recip\w*)\w*\(({_NAME})\)"
)
_COMPUTED = re.compile(r"[mM]ax\w*\s*(?:<[^()]*>)?\(")  # a maximum that is found, not one that is loaded
_FROM = re.compile(_NAME)
_SMALL = r"(?:\d*\.?\d*e-\d+f?|0\.0*[1-9]\d*f?|\w*(?:[Ee]ps|EPS|[Mm]argin|MARGIN|[Ff]loor|FLOOR|_min|MIN)\w*)"
_HANDED = re.compile(r"(?:[\w:]+(?:<\w+>)?\s*\(\s*)?([A-Za-z_]\w*)\s*\)?")  # a local, converted or not
_FLOOR = re.compile(r"(?:[\w:]+(?:<\w+>)?\s*\(\s*)?(?:\d*\.?\d*e-(\d+)f?|0\.0*[1-9]\d*f?)\s*\)?")
_HALF_EXPONENT = 7  # the smallest half is 6e-8: a smaller start value becomes zero in it
_SCALES = r"\w*(?:scales?|Scales?|SCALES?|_sf|sf_|SFPacks?)\w*"
_ROW_SCALES = re.compile(rf"({_SCALES})\s*\*\s*sizeof\((\w+)\)|sizeof\((\w+)\)\s*\*\s*({_SCALES})")
_STRIDED = re.compile(
    r"\w*(?<![A-Za-z])(?:sfs?|scales?)_(?:\w*_)?stride\w*|\w*(?:sf|scale)\w*(?:mn_major|col_?major|column)\w*"
)
_ADDRESSED = re.compile(r"\w*(?:scale|_sf|sf_)\w*\[[^\]]*stride")
_ROUNDED = re.compile(r"\b(?:rintf?|roundf?|nearbyintf?|__float2int_r[nzud]|lrintf)\s*\(")
_INT8_OPCODE = re.compile(r"\bcvt\.\S*\.s8\.f32\b")
_LOGARITHMIC = re.compile(r"logarithmic|log_?fmt", re.IGNORECASE)
_POWER = re.compile(r"\b\w*(?:pow_?2|exp2|ldexp|e8m0)\w*\s*(?:<\w+>)?\(", re.IGNORECASE)
_SATURATES = re.compile(r"SATFINITE|NOSAT|satfinite|\bcvt\.\S*e[45]m[32]x[24]\.(?:f32|f16|bf16)")
_SATURATING = "saturates at the largest finite number"
_INT8 = frozenset(("int8_t", "signed char"))


def _text(function: Function) -> str:
    raw = function.origin.text[function.start_byte : function.end_byte]
    return raw.decode("utf-8", "replace")


def _by_function(view: View, kind: str) -> Mapping[tuple[str, str], list[Fact]]:
    found: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in view.of_kind[kind]:
        if fact.function in view.device_functions:
            found[fact.place.path, fact.function].append(fact)
    return found


def _read(fact: Fact, key: str) -> str:
    return str(getattr(fact, key, ""))


@finder("amax_scales", "text", "amax", "guard")
def amax_scales(view: View) -> Iterator[Match]:
    """Divisions by a maximum of absolute values; `guard` is what keeps it from zero, "" for nothing.

    A maximum that is a parameter is guarded where every caller guards what it passes.
    """
    functions = {(f.origin.file.path, f.qualified): f for f in view.analysis.functions}
    for (path, name), facts in _by_function(view, "fp8_quant").items():
        function = functions.get((path, name))
        if function is None:
            continue
        for fact in facts:
            text = _read(fact, "text")
            divided = _DIVIDES.search(text)
            if _read(fact, "step") != "scale" or divided is None:
                continue
            amax = divided[1] or divided[2]
            guard = _guard(_text(function), amax) or _guard(text, amax)
            fields = {"text": text, "amax": amax, "guard": guard}
            if guard:
                yield Match(fact.place, name, fields, Verdict.HOLDS)
                continue
            verdict, why, guard = _passed(view, function, amax)
            yield Match(fact.place, name, {**fields, "guard": guard}, verdict, why)


def _passed(view: View, function: Function, amax: str) -> tuple[Verdict, str, str]:
    """The verdict where the function itself has no guard."""
    names = [p.name for p in function.parameters]
    if amax not in names:
        start = _start(function, amax)
        if start:
            return Verdict.HOLDS, "", start
        if re.search(rf"\b{re.escape(amax)}\b[^;\n]*(?:max|Max|=\s*0)", _text(function)):
            return Verdict.VIOLATED, "", ""
        return Verdict.UNKNOWN, f"where {amax} is computed is not in this function", ""
    position, guards = names.index(amax), []
    for caller in view.analysis.functions:
        for seen in observations(caller):
            callee = seen.callee
            if callee is not None and callee.name == function.name and len(callee.arguments) > position:
                passed = seen.origin.read(callee.arguments[position])
                guards.append(_guard(_text(caller), passed))
    if guards and all(guards):
        return Verdict.HOLDS, "", guards[0]
    if guards and not any(guards):
        return Verdict.VIOLATED, "", ""
    return Verdict.UNKNOWN, f"{amax} is a parameter, and not every caller is seen to keep it from zero", ""


def _start(function: Function, amax: str) -> str:
    """The floor of a maximum over threads: that of the local which each thread hands to the reduction,
    `abs_max = 1e-6f` of `amax = blockReduceMax(abs_max)`."""
    listed = [(b.value, b.origin) for b in function.bindings.get(amax, []) if b.value is not None]
    callee = Callee.of(*listed[0]) if len(listed) == 1 and listed[0][0].type == "call_expression" else None
    if callee is None or not re.search("[mM]ax", callee.name) or len(callee.arguments) != 1:
        return ""
    handed = _HANDED.fullmatch(listed[0][1].read(callee.arguments[0]))
    bindings = function.bindings.get(handed[1], []) if handed else []
    if not handed or len(bindings) != 1 or bindings[0].parameter or bindings[0].value is None:
        return ""
    start = bindings[0].origin.read(bindings[0].value)
    floor, type_ = _FLOOR.fullmatch(start), bindings[0].type
    is_float = type_ is not None and type_.name in ("float", "double")
    if floor is None or (not is_float and int(floor[1] or 0) > _HALF_EXPONENT):
        return ""
    return f"{handed[1]} = {start}"[:80] if _only_grows(function, handed[1]) else ""


def _only_grows(function: Function, name: str) -> bool:
    """Whether every later value of a local is a maximum of itself and another."""
    for seen in observations(function):
        left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
        if seen.kind != "assign" or left is None or seen.origin.read(left) != name:
            continue
        called = right is not None and right.type == "call_expression"
        callee = Callee.of(right, seen.origin) if called and right is not None else None
        if callee is None or not re.search("[mM]ax", callee.name):
            return False
        if not any(seen.origin.read(argument) == name for argument in callee.arguments):
            return False
    return True


def _guard(text: str, amax: str) -> str:
    """What keeps the value from being zero, as written."""
    name = re.escape(amax)
    patterns = (
        rf"[mM]ax\w*\s*(?:<\w+>)?\s*\([^;{{}}]*\b{name}\b[^;{{}}]*?,\s*{_SMALL}\s*\)",
        rf"[mM]ax\w*\s*(?:<\w+>)?\s*\(\s*{_SMALL}\s*,[^;{{}}]*\b{name}\b",
        rf"\b{name}\s*=\s*{_SMALL}\b",
        rf"\b{name}\s*=\s*[\w:]*[mM]ax\w*\s*\([^;]*?,\s*{_SMALL}\s*\)",
        rf"\b{name}\s*(?:==|!=|>|<|<=)\s*(?:static_cast<\w+>\()?\(?(?:0|{_SMALL})",
        rf"\b{name}\s*\+\s*{_SMALL}",
        rf"[mM]ax\w*\s*\([^;]*/\s*{name}|[mM]in\w*\s*\([^;]*/\s*{name}",
    )
    for pattern in patterns:
        found = re.search(pattern, text)
        if found:
            return " ".join(found[0].split())[:80]
    return ""


@finder("scale_groups", "elements", "group", "text")
def scale_groups(view: View) -> Iterator[Match]:
    """How many elements share a scale, once a function that computes a maximum and a scale of it."""
    logarithmic = {
        (f.place.path, f.function) for f in view.of_kind["lowp_wire"] if _read(f, "format") == "logarithmic"
    }
    for key, facts in _by_function(view, "fp8_quant").items():
        maxima = [f for f in facts if _read(f, "step") == "amax" and _COMPUTED.search(_read(f, "text"))]
        scales = [f for f in facts if _read(f, "step") in ("scale", "conversion")]
        if not maxima or not scales or key in logarithmic:
            continue
        counted = [n for f in facts if (n := getattr(f, "granularity_elements", None))]
        elements = counted[0] if counted else None
        why = "" if counted else "how many elements share a scale is not counted here"
        fields = {"elements": elements, "group": str(elements or "?"), "text": _read(maxima[-1], "text")}
        yield Match(maxima[-1].place, key[1], fields, None if counted else Verdict.UNKNOWN, why)


@finder("scale_pairs", "scale", "inverse")
def scale_pairs(view: View) -> Iterator[Match]:
    """A scale and its inverse that are rounded apart: `max / amax` beside `amax / max` or `1 / scale`."""
    for key, facts in _by_function(view, "fp8_quant").items():
        steps = [f for f in facts if _read(f, "step") == "scale"]
        for first in steps:
            divided = _DIVIDES.search(_read(first, "text"))
            name = _read(first, "text").split("=")[0].split()[-1:]
            if divided is None or not name:
                continue
            amax = divided[1] or divided[2]
            inverses = [f for f in steps if f is not first and _is_inverse(_read(f, "text"), name[0], amax)]
            if inverses:
                other = min(inverses, key=lambda f: abs(f.place.line - first.place.line))
                fields = {"scale": _read(first, "text"), "inverse": _read(other, "text")}
                yield Match(other.place, key[1], fields, related=(first.place,))


def _is_inverse(text: str, scale: str, amax: str) -> bool:
    """Whether `text` computes one over the scale, or the scale's inverse from the same maximum: a
    function may scale blocks by one maximum and rows by another."""
    right = text.split("=", 1)[-1]
    if re.search(rf"\b1(?:\.0?)?f?\s*/\s*{re.escape(scale)}\b", right):
        return True
    same = any(found[0] == amax for found in _FROM.finditer(right))
    return bool(same and re.search(r"[*/]", right) and not _DIVIDES.search(right))


@finder("scale_layouts", "name", "stride", "given", "side_by_side", "places")
def scale_layouts(view: View) -> Iterator[Match]:
    """Stores of scales with a stride in the index, by the names that the field uses.

    A stride named for the groups of a row (`hidden`, `group`, `pack`) puts a row's scales apart; of
    another it is not known which index is contiguous. A stride that the caller gives may be 1, which
    lays the scales of a row side by side: it depends. `side_by_side`, whether the GEMM that a target
    with FP8 uses reads a row's scales so, is never known: there are two, and they differ.
    """

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function in device_functions(view):
            for seen in observations(function):
                left = seen.node.child_by_field_name("left") if seen.kind == "assign" else None
                target = seen.origin.read(left) if left is not None else ""
                if "[" not in target or not (_ADDRESSED.search(target) or _STRIDED.search(target)):
                    continue
                name, index = target.split("[", 1)
                strides = re.findall(r"\w*[sS]tride\w*", index)
                between = [n for n in strides if re.search(r"hidden|group|pack|channel", n)]
                stride = (between or strides or [""])[0]
                given = any(p.name == stride for p in function.parameters)
                yield function, place_of(seen), {"name": name, "stride": stride, "given": given}

    for match in once(found()):
        stride = str(match.fields["stride"])
        fields = {**match.fields, "side_by_side": None}
        if match.fields["given"]:
            yield replace(match, fields=fields, verdict=Verdict.DEPENDS)
        elif re.search(r"hidden|group|pack|channel", stride):
            yield replace(match, fields=fields, why="which GEMM reads the scales is not known")
        else:
            why = f"which index of the scales is contiguous is not followed ({stride})"
            yield replace(match, fields=fields, verdict=Verdict.UNKNOWN, why=why)


@finder("scale_slots", "text", "scales", "bytes", "counts")
def scale_slots(view: View) -> Iterator[Match]:
    """Bytes of a row that are scales: a count times the size of one, a term of a sum or alone.

    `counts` says of which counts the scales fill whole blocks of 32 bytes.
    """
    for function in view.analysis.functions:
        for seen in observations(function):
            if seen.kind == "declaration":
                texts = [(d.name, seen.origin.read(d.value)) for d in seen.declared if d.value is not None]
            elif seen.kind == "assign":
                left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
                if left is None or right is None:
                    continue
                texts = [(seen.origin.read(left), seen.origin.read(right))]
            else:
                continue
            for name, text in texts:
                part = _row_part(text)
                if part is not None:
                    count, width, type_ = part
                    whole = f"{count} % {32 // width}" if width else f"{count} * sizeof({type_}) % 32"
                    fields = {
                        "text": f"{name} = {text}"[:160],
                        "scales": count,
                        "bytes": width,
                        "counts": f"{whole} == 0",
                    }
                    yield Match(place_of(seen), function.qualified, fields, Verdict.DEPENDS)


_SIZES = {
    "float": 4, "float2": 8, "int": 4, "int32_t": 4, "uint32_t": 4, "uint8_t": 1, "half": 2, "half2": 4,
    "__half": 2, "__half2": 4, "nv_bfloat16": 2, "nv_bfloat162": 4, "__nv_bfloat16": 2, "__nv_bfloat162": 4,
}  # fmt: skip


def _row_part(text: str) -> tuple[str, int | None, str] | None:
    """The name of the count, the bytes of one scale and its type; no factor of a bigger product."""
    found = _ROW_SCALES.search(text)
    if found is None or len(text) > 400:
        return None
    before, after = text[: found.start()].rstrip(), text[found.end() :].lstrip()
    if before.endswith(("*", "/", "%")) or after.startswith(("*", "/", "%")):
        return None
    count, type_ = (found[1], found[2]) if found[1] else (found[4], found[3])
    if before.endswith((".", "->")) or "stride" in count:
        return None
    return count, _SIZES.get(type_), type_


@finder("int8_casts", "text", "places")
def int8_casts(view: View) -> Iterator[Match]:
    """FP32 that becomes INT8 in one rounding: a cast of a rounded value, or `cvt` to s8."""
    context = view.analysis.reading.context

    def made(seen: Observation, function: Function) -> str:
        if seen.kind == "asm":
            opcode = _INT8_OPCODE.search(seen.origin.read(seen.node))
            return opcode[0] if opcode else ""
        target, value = "", None
        if seen.kind == "cast":
            type_node, value = seen.node.child_by_field_name("type"), seen.node.child_by_field_name("value")
            target = seen.origin.read(type_node) if type_node is not None else ""
        elif seen.callee is not None and seen.callee.name == "static_cast" and seen.callee.arguments:
            target, value = "".join(seen.callee.template_arguments[:1]), seen.callee.arguments[0]
        if target not in _INT8 or value is None:
            return ""
        text = seen.origin.read(value)
        is_float = element_of(context.type_of(value, seen), function, context) == "float"
        return seen.origin.read(seen.node)[:100] if is_float or _ROUNDED.search(text) else ""

    def found() -> Iterator[tuple[Function, Place, dict[str, object]]]:
        for function in device_functions(view):
            for seen in observations(function):
                text = made(seen, function) if seen.kind in ("asm", "cast", "call") else ""
                if text:
                    yield function, place_of(seen), {"text": text}

    return once(found())


@finder("fp8_pointers", "name", "type")
def fp8_pointers(view: View) -> Iterator[Match]:
    """Parameters of kernels that point to FP8: what a port moves between GM and UB."""
    context = view.analysis.reading.context
    for function in device_functions(view):
        if not function.is_kernel:
            continue
        for binding in (b for group in function.bindings.values() for b in group if b.parameter):
            type_ = binding.type
            if type_ is None or not type_.pointers:
                continue
            if (element_of(type_, function, context) or "").startswith("fp8"):
                place = binding.origin.place(binding.start_byte, binding.start_byte + len(binding.name))
                yield Match(place, function.qualified, {"name": binding.name, "type": str(type_)})


@finder("fp8_conversions", "text", "operation")
def fp8_conversions(view: View) -> Iterator[Match]:
    """Conversions to and from FP8 in code of the device; `operation` is the intrinsic or the opcode.

    A use of a wrapper has the operations of the wrapper's body, which is no finding of its own.
    """
    inside: dict[str, list[str]] = defaultdict(list)
    for fact in view.analysis.reading.facts:
        if fact.definition and fact.kind == FactKind.FP8_QUANT:
            inside[fact.function.rsplit("::", 1)[-1]].append(_read(fact, "text"))
    for match in view.matches("fp8_quant"):
        if match.fields["step"] != "conversion" or not match.fields["device"]:
            continue
        text, through = str(match.fields["text"]), str(match.fields["through"]).rsplit("::", 1)[-1]
        fields = {"text": text, "operation": ", ".join(dict.fromkeys(inside.get(through, [text])))}
        yield Match(match.place, match.function, fields, related=match.related)


@finder("saturating_conversions", "text", "operation", "largest_en", "largest_zh")
def saturating_conversions(view: View) -> Iterator[Match]:
    """Conversions to FP8 that say what becomes of values out of range; what Cast does is not published."""
    why = "no source says what Cast does to a value out of the format's range"
    for match in fp8_conversions(view):
        said = _SATURATES.search(str(match.fields["operation"]))
        if said:
            saturates = "NOSAT" not in str(match.fields["operation"])
            fields = {
                **match.fields,
                "largest_en": _SATURATING if saturates else "gives NaN or infinity out of range",
                "largest_zh": "饱和到最大有限值" if saturates else "超出范围时得到 NaN 或无穷",
            }
            yield Match(match.place, match.function, fields, Verdict.UNKNOWN, why, related=match.related)


@finder("log_formats", "text", "places")
def log_formats(view: View) -> Iterator[Match]:
    """Steps of a logarithmic format, once a function."""
    return _grouped(m for m in view.matches("lowp_wire") if _LOGARITHMIC.search(str(m.fields["format"])))


@finder("power_of_two_scales", "text", "places")
def power_of_two_scales(view: View) -> Iterator[Match]:
    """Scales that come from a call named for powers of two or e8m0, once a function."""
    steps = (m for m in view.matches("fp8_quant") if m.fields["step"] == "scale" and m.fields["device"])
    return _grouped(m for m in steps if _POWER.search(str(m.fields["text"])))


def _grouped(matches: Iterable[Match]) -> Iterator[Match]:
    """The first match of a function, with the others as related places."""
    found: dict[tuple[str, str], list[Match]] = defaultdict(list)
    for match in matches:
        found[match.place.path, match.function].append(match)
    for (_, name), (first, *others) in found.items():
        fields = {"text": first.fields["text"], "places": len(others) + 1}
        yield Match(first.place, name, fields, related=tuple(m.place for m in others))
