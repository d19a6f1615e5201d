"""Finders for the family WRP: what a warp's lanes and a block's warps do that one core does alone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from portcheck.pack.functions.code import Code, code, mentions, walk
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.model import Function, Observation
from portcheck.program.types import CType

if TYPE_CHECKING:
    from tree_sitter import Node

_INTEGERS = re.compile(r"^(?:u?int\d*_t|int|unsigned|unsigned int|long|size_t|uint32|bool|short|u?int\d+)$")
_REDUCTION = re.compile(r"(?i)reduce|sum|max|min|allreduce")
_GROUP = re.compile(r"thread_block|thread_group|coalesced_group")
_MAKES_GROUP = re.compile(r"\b(?:tiled_partition|this_thread_block|coalesced_threads|labeled_partition)\b")
_NAMED_REDUCTION = re.compile(r"(?i)\w*(?:max|min|sum)(?:imum)?(?:_\w+)?\s*[=,)]")
_COMBINES = re.compile(
    r"[+*&|^]=|\+ *_*shfl|[+*&|] |(?i:max|min|add|sum|op|merge|combine|reduce)\w*\s*(?:<[^;]*>)?\s*\("
)
_WARP_INDEX = re.compile(r"\(?(?:threadIdx\.x|tid|thread_id)\s*(?:/\s*(?:32|warpSize|WARP_SIZE)|>>\s*5)u?\)?")
MAX_DEPTH = 3  # helpers that a collective is followed through
_STRIDE = re.compile(
    r"(?i)\+=\s*(?:32\w*|\w*warp_?size\w*|\w*num_?lanes\w*|THREADS_PER_WARP)\b|\+\s*(?:32|\w*warp_?size)\b"
)


def _common(function: Function, code_: Code) -> dict[str, object]:
    return {"function": function.qualified, "name": function.name, "device": code_.device(function)}


def _bodies(code_: Code) -> Iterator[tuple[Function, str]]:
    for function in code_.view.analysis.functions:
        if function.body is not None and function.origin.active and not function.origin.expansion:
            yield function, function.origin.file.path


@finder(
    "warp_collective",
    "operation", "by", "what", "type", "value", "width", "mask", "function", "device", "source",
)  # fmt: skip
def warp_collective(view: View) -> Iterator[Match]:
    """Every collective with what it is for: `what` is broadcast, reduce, scan, exchange, vote or match;
    uniform is a broadcast of what all lanes hold already.
    `type` is the kind of its value, integer, float or "". `width` and `mask` are texts, "" where the call
    takes all 32 lanes."""
    code_ = code(view)
    for fact in view.of_kind["warp_collective"]:
        fields = view.fields(fact)
        operation = str(fields["operation"])
        node = code_.node(fact.place)
        seen = code_.seen(fact.place)
        operands = fields["operands"] if isinstance(fields["operands"], tuple) else ()
        direct = not fields["through"]
        types = [] if seen is None or seen.callee is None else _types(view, seen, seen.callee.arguments)
        groups = itertools.takewhile(_GROUP.search, [t.name if t is not None else "" for t in types])
        first = len(list(groups)) % len(types) if types else 0
        masked = direct and len(operands) > 1 and operation.startswith("__")
        value = operands[1] if masked else (operands[first:] or operands or ("",))[0]
        kind = ""
        if types:
            type_ = types[1] if direct and len(types) > 1 else types[first]
            if type_ is not None and not type_.is_indirect:
                kind = _kind(type_.name)
        if operation.startswith(("__reduce_", "redux")):
            kind = kind or "integer"
        what = _what(operation, str(fields["through"]), node, fact.place.path, code_)
        handed: _Value | None = None
        if what == "exchange" and seen is not None:
            reducing = next((f for f in code_.targets(seen)[:2] if _reduces(f, code_)), None)
            if reducing is not None:
                what, handed = "reduce", _handed(reducing, seen, code_)
        elif what == "broadcast" and seen is not None and not operands:
            handed = next((v for f in code_.targets(seen)[:2] if (v := _handed(f, seen, code_))), None)
        if handed is not None:
            value = handed[1].origin.read(handed[0])
            type_ = _types(view, handed[1], handed[:1])[0]
            kind = _kind(type_.name) if type_ is not None and not type_.is_indirect else ""
        if what == "broadcast":
            within = (
                handed[1].function
                if handed is not None
                else code_.function_at(fact.place.path, fact.place.start_byte)
            )
            what = "uniform" if _same_in_warp(value, within) else what
        width = operands[3] if direct and operation.startswith("__shfl") and len(operands) > 3 else ""
        mask = operands[0] if direct and operation.endswith("_sync") and operands else ""
        yield Match(
            fact.place,
            fact.function,
            {
                **fields,
                "by": str(fields["through"] or operation),
                "what": what,
                "type": kind,
                "value": value[:60],
                "width": "" if width in ("32", "warpSize", "WARP_SIZE") else width,
                "mask": "" if _full(mask, fact.place.path, code_) else mask,
            },
            related=fact.related,
        )


def _types(view: View, seen: Observation, arguments: Sequence[Node]) -> list[CType | None]:
    """The types of arguments. A group of threads is often `auto`: what it is made by tells it."""
    found: list[CType | None] = []
    for argument in arguments:
        type_ = view.analysis.reading.context.type_of(argument, seen)
        if type_ is None and argument.type == "identifier":
            binding = seen.function.lookup(seen.origin.read(argument), argument.start_byte)
            made = binding.origin.read(binding.value) if binding is not None and binding.value else ""
            type_ = CType("thread_group") if _MAKES_GROUP.search(made) else None
        found.append(type_)
    return found


def _kind(name: str) -> str:
    if name in ("float", "double", "half", "__half", "nv_bfloat16", "__nv_bfloat16", "half2", "float2"):
        return "float"
    return "integer" if _INTEGERS.match(name) else ""


_FULL = re.compile(
    r"(?i)|0x[f]{8}u?l*|0xffff'ffffu?|-1|~0u?|\w*(?:full|warp)_?(?:warp_?)?mask\w*|(?:\w+::)*\w*all_?(?:lanes|mask)\w*|uint32_max|u?int\w*\(-1\)"
    r"|\(?unsigned(?: int)?\)? ?-1|u?int32_t\(-1\)|static_cast<\w+>\(-1\)|4294967295u?"
)


def _full(mask: str, path: str, code_: Code) -> bool:
    """Whether a mask means all lanes: by its text, or by what the macro of that name stands for."""
    macro = code_.view.analysis.reading.context.macros.get(mask, path) if mask.isidentifier() else None
    text = macro.body.decode("utf-8", "replace").strip("() ") if macro is not None else mask
    return bool(_FULL.fullmatch(text) or re.fullmatch(r"(?i)0x[f]{16}u?l*", text))


def _what(operation: str, through: str, node: Node | None, path: str, code_: Code) -> str:
    """What a collective is for. A butterfly or a shuffle down is a reduction where the wrapper is named
    so or the statement combines two values; otherwise lanes exchange values."""
    if "match" in operation:
        return "match"
    if re.search(r"ballot|any|all|vote|uni", operation):
        return "vote"
    if operation.startswith(("__reduce_", "redux")):
        return "reduce"
    if re.search(r"_up\b|_up_|\.up\b", operation):
        return "scan"
    if not re.search(r"xor|down|bfly", operation):
        return "broadcast"
    while node is not None and not node.type.endswith(("statement", "declaration")):
        node = node.parent
    text = code_.text(path, node)[:300] if node is not None else ""
    combined = _REDUCTION.search(through) or _COMBINES.search(text) or _NAMED_REDUCTION.search(text)
    return "reduce" if combined else "exchange"


def _combines(function: Function) -> bool:
    """Whether the function's body combines what a shuffle gives with another value."""
    for node in walk(function.body) if function.body is not None else ():
        if node.type.endswith(("expression_statement", "declaration")):
            text = function.origin.read(node)
            if "shfl" in text and (_COMBINES.search(text) or _NAMED_REDUCTION.search(text)):
                return True
    return False


_Value = tuple["Node", Observation]  # an expression, and what it was seen in


def _has_collective(seen: Observation, code_: Code) -> bool:
    """Whether a call is a collective of the warp, or a wrapper of one."""
    if seen.callee is None:
        return False
    effects = code_.view.analysis.reading.context.effects
    return effects.of_call(seen.callee, seen)[0].kind == "warp_collective"


def _reduces(function: Function, code_: Code, depth: int = 0) -> bool:
    """Whether a wrapper combines what lanes exchange: itself, or in the helpers that it calls."""
    if _combines(function):
        return True
    for seen in function.observations:
        if seen.callee is None or not _has_collective(seen, code_):
            continue
        if "shfl" not in seen.callee.name and (_REDUCTION.search(seen.callee.name) or _is_added(seen)):
            return True
        if depth < MAX_DEPTH and any(_reduces(f, code_, depth + 1) for f in code_.targets(seen)[:2]):
            return True
    return False


def _is_added(seen: Observation) -> bool:
    """Whether the value of a call is one side of a `+=`, one term beside another, or goes to `max`."""
    parent = seen.node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        parent = parent.parent
    if parent is not None and parent.type == "argument_list" and parent.parent is not None:
        called = parent.parent.child_by_field_name("function")
        return called is not None and _REDUCTION.search(seen.origin.read(called)) is not None
    operator = parent.child_by_field_name("operator") if parent is not None else None
    return operator is not None and seen.origin.read(operator) in ("+", "+=", "*=", "|=", "&=", "^=")


def _handed(function: Function, outer: Observation, code_: Code, depth: int = 0) -> _Value | None:
    """What a wrapper gives to the collective in it: the caller's argument where it is a parameter, else
    the expression in the wrapper."""
    for seen in function.observations:
        callee = seen.callee
        if callee is None or not _has_collective(seen, code_):
            continue
        if not callee.arguments:
            inner = (_handed(f, seen, code_, depth + 1) for f in code_.targets(seen)[:2])
            return next((v for v in inner if v), None) if depth < MAX_DEPTH else None
        masked = callee.name.startswith("__") and callee.name.endswith("_sync") and len(callee.arguments) > 1
        node = callee.arguments[1 if masked else 0]
        names = [p.name for p in function.parameters]
        given = outer.callee.arguments if outer.callee is not None else ()
        name = seen.origin.read(node)
        if name in names and names.index(name) < len(given):
            return given[names.index(name)], outer
        return node, seen
    return None


def _same_in_warp(value: str, function: Function | None) -> bool:
    """Whether a value is the index of the warp, as written or as the function computes it once."""
    if _WARP_INDEX.fullmatch(value.strip()):
        return True
    bindings = function.bindings.get(value, []) if function is not None else []
    return bool(bindings) and all(
        b.value is not None and _WARP_INDEX.fullmatch(b.origin.read(b.value).strip()) for b in bindings
    )


@finder("warp_roles", "name", "count", "conditions", "function", "device")
def warp_roles(view: View) -> Iterator[Match]:
    """Functions that give different work to the warps of a block: an `if`/`else` or a `switch` over
    the warp's index, with work of its own on both sides."""
    code_ = code(view)
    for function, path in _bodies(code_):
        warps = code_.warps(function)
        if function.body is None or not code_.device(function):
            continue
        threads = "|".join(map(re.escape, code_.thread_names(function)))
        found: list[Node] = []
        conditions: list[str] = []
        for node in walk(function.body):
            if node.type not in ("if_statement", "switch_statement"):
                continue
            condition = node.child_by_field_name("condition")
            if condition is None or not _chooses(code_.text(path, condition), warps, threads):
                continue
            if node.type == "if_statement" and not _both_work(node):
                continue
            found.append(node)
            conditions.append(code_.text(path, condition).strip("() ")[:60])
        if found:
            source = code_.parsed[path].source
            condition = found[0].child_by_field_name("condition")
            end = condition.end_byte if condition is not None else found[0].end_byte
            yield Match(
                source.place(found[0].start_byte, end),
                function.qualified,
                {
                    **_common(function, code_),
                    "count": len(found),
                    "conditions": "; ".join(conditions[:3]),
                },
                related=tuple(source.place(n.start_byte, n.start_byte + 2) for n in found[1:8]),
            )


def _chooses(condition: str, warps: frozenset[str], threads: str) -> bool:
    """Whether a condition compares the warp's index, or the thread's index with a multiple of 32."""
    compared = re.search(rf"(?<![\w.])(?:{threads})\s*(?:<|>=)\s*\(?(\d+)\b", condition)
    if compared is not None and int(compared.group(1)) and int(compared.group(1)) % 32 == 0:
        return True
    return mentions(condition, warps) and bool(re.search(r"==|<|>|!=", condition) or len(condition) < 30)


def _both_work(node: Node) -> bool:
    then, other = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
    if then is None or other is None:
        return False
    return all(_work(branch) for branch in (then, other))


def _work(branch: Node) -> bool:
    """Whether a branch is more than a value or two: it loops or makes at least three calls."""
    calls = 0
    for node in walk(branch):
        if node.type in ("for_statement", "while_statement", "do_statement"):
            return True
        calls += node.type in ("call_expression", "gnu_asm_expression")
    return calls >= 3


@finder("lane_loops", "name", "count", "loop", "function", "device")
def lane_loops(view: View) -> Iterator[Match]:
    """Functions with loops that run over data a lane at a time: from the lane's index in steps of a warp."""
    code_ = code(view)
    for function, path in _bodies(code_):
        lanes = code_.lanes(function)
        if not lanes or function.body is None or not code_.device(function):
            continue
        found: list[Node] = []
        for node in walk(function.body):
            if node.type != "for_statement":
                continue
            first, step = node.child_by_field_name("initializer"), node.child_by_field_name("update")
            if first is None or step is None:
                continue
            if mentions(code_.text(path, first), lanes) and _STRIDE.search(code_.text(path, step)):
                found.append(node)
        if found:
            source, head = code_.parsed[path].source, _head(found[0], path, code_)
            start = found[0].start_byte
            yield Match(
                source.place(start, min(found[0].end_byte, start + len(head))),
                function.qualified,
                {**_common(function, code_), "count": len(found), "loop": head},
                related=tuple(source.place(n.start_byte, n.start_byte + 3) for n in found[1:8]),
            )


def _head(node: Node, path: str, code_: Code) -> str:
    text = code_.text(path, node)
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and depth == 0:
            return text[: position + 1][:110]
    return text[:110]


@finder("elected_lane", "name", "count", "condition", "function", "device")
def elected_lane(view: View) -> Iterator[Match]:
    """Functions in which one lane is chosen to do something for its warp."""
    code_ = code(view)
    for function, path in _bodies(code_):
        if function.body is None or not code_.device(function):
            continue
        found: list[Node] = []
        for node in walk(function.body):
            if node.type != "if_statement":
                continue
            condition = node.child_by_field_name("condition")
            if condition is not None and code_.elects(code_.text(path, condition), function, r"\d+"):
                found.append(condition)
        if found:
            source = code_.parsed[path].source
            yield Match(
                source.place(found[0].start_byte, found[0].end_byte),
                function.qualified,
                {
                    **_common(function, code_),
                    "count": len(found),
                    "condition": code_.text(path, found[0]).strip()[:80],
                },
                related=tuple(source.place(n.start_byte, n.end_byte) for n in found[1:8]),
            )


@finder(
    "lane_per_item", "operation", "by", "scope", "access", "lane", "address", "function", "device", "source"
)
def lane_per_item(view: View) -> Iterator[Match]:
    """Ordered accesses and atomics of which each lane makes its own, at an address that its index chooses:
    one instruction for as many flags as there are lanes."""
    code_ = code(view)
    for fact in view.of_kind["sync_scope"]:
        fields = view.fields(fact)
        function = code_.function_at(fact.place.path, fact.place.start_byte)
        node = code_.call(fact.place)
        if function is None or node is None or "fence" in str(fields["operation"]):
            continue
        lanes = code_.lanes(function)
        listed = node.child_by_field_name("arguments")
        address = listed.named_children[0] if listed is not None and listed.named_children else None
        if address is None:
            continue
        text = code_.text(fact.place.path, address)
        name = next((n for n in sorted(lanes) if mentions(text, frozenset((n,)))), "")
        if not name or code_.one_lane(node, fact.place.path, function):
            continue
        operation = str(fields["operation"])
        access = (
            "load"
            if operation.startswith("ld") or operation == "load"
            else ("store" if operation.startswith("st") or operation == "store" else "atomic")
        )
        yield Match(
            fact.place,
            fact.function,
            {
                **fields,
                "by": str(fields["through"] or operation),
                "access": access,
                "lane": name,
                "address": text[:80],
            },
            related=fact.related,
        )


@finder("per_function", "topic", "count", "function", "device", "name")
def per_function(view: View) -> Iterator[Match]:
    """Constructs that call for one remark a function, at their first place: `topic` is syncwarp or
    syncthreads."""
    found: dict[tuple[str, str, str], list[object]] = {}
    for fact in view.of_kind["block_barrier"]:
        operation = str(view.fields(fact)["operation"])
        topic = "syncwarp" if operation == "__syncwarp" else ""
        if operation.startswith("__syncthreads") or re.match(
            r"(?:bar|barrier)\.(?:cta\.)?(?:sync|red)", operation
        ):
            topic = topic or ("syncthreads" if operation.startswith("__sync") else "")
        if topic:
            found.setdefault((fact.place.path, fact.function, topic), []).append(fact.place)
    code_ = code(view)
    for (_, function, topic), places in found.items():
        yield Match(
            places[0],  # type: ignore[arg-type]
            function,
            {
                "topic": topic,
                "count": len(places),
                "function": function,
                "name": function.rsplit("::", 1)[-1],
                "device": function in code_.view.device_functions,
            },
            related=tuple(places[1:8]),  # type: ignore[arg-type]
        )
