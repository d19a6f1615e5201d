"""Finders for the family TMA: what a bulk copy is, how many of them run, and what waits for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact
from portcheck.pack.functions.code import Code, code, mentions
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View

if TYPE_CHECKING:
    from tree_sitter import Node

_REDUCE_OPS = ("add", "min", "max", "inc", "dec", "and", "or", "xor")
_TYPES = {
    "f32": "float", "f16": "half", "bf16": "bfloat16", "s32": "int32", "u32": "uint32", "s64": "int64",
    "u64": "uint64", "f64": "double", "b32": "uint32", "b64": "uint64",
}  # fmt: skip


@finder(
    "bulk_copy", "operation", "by", "form", "direction", "destination", "length", "lanes", "op", "element",
    "plain", "function", "device", "source",
)  # fmt: skip
def bulk_copy(view: View) -> Iterator[Match]:
    """Every asynchronous copy. `form`: 1d, tensor, reduce, multicast, dsmem (shared memory of another
    block), thread (`cp.async`: a piece a thread) or other. `lanes`: one, many or "". `op` and `element`:
    of a reduction. `plain`: whether a tensor's map has no swizzle, which is not followed: None."""
    code_ = code(view)
    for fact in view.of_kind["tma_copy"]:
        fields = view.fields(fact)
        operation = str(fields["operation"])
        form = _form(operation)
        direction = str(fields["direction"]) or _direction(operation)
        yield Match(
            fact.place,
            fact.function,
            {
                **fields,
                "by": _short(str(fields["through"] or operation)),
                "form": form,
                "direction": direction,
                "length": str(fields["length"]) or "?",
                "lanes": _lanes(fact, code_),
                "op": next(
                    (p for p in operation.split(".") if p in _REDUCE_OPS), "add" if form == "reduce" else ""
                ),
                "element": next((_TYPES[p] for p in reversed(operation.split(".")) if p in _TYPES), None),
                "plain": None,
            },
            why="the swizzle and the element type of the tensor map are not followed"
            if form == "tensor"
            else "",
            related=fact.related,
        )


def _short(operation: str) -> str:
    """A PTX opcode without the modifiers that say nothing about the port."""
    return operation.split(".L2::")[0]


def _form(operation: str) -> str:
    low = operation.lower()
    if "reduce" in low:
        return "reduce"
    if "multicast" in low:
        return "multicast"
    if ".tensor" in low or "_tensor" in low or re.search(r"sm90_tma_(?:load|store)", low):
        return "tensor"
    if re.search(r"shared::cluster\.shared|^st\.async", low):
        return "dsmem"
    if low.startswith(("cp.async.bulk", "cp_async_bulk")) or "sm90_bulk" in low:
        return "1d"
    if (
        low.startswith("cp.async")
        or "cp_async" in low
        or "pipeline_memcpy" in low
        or low.endswith("memcpy_async")
    ):
        return "thread"
    return "other"


def _direction(operation: str) -> str:
    low = operation.lower()
    if re.search(r"g2s|tma_load|global_to_shared", low):
        return "global to shared"
    return "shared to global" if re.search(r"s2g|tma_store|shared_to_global|reduce", low) else ""


def _lanes(fact: Fact, code_: Code) -> str:
    """How many lanes of a warp issue the copy: one that an `if` chooses, or each its own."""
    function = code_.function_at(fact.place.path, fact.place.start_byte)
    node = code_.call(fact.place)
    if function is None or node is None:
        return ""
    if code_.one_lane(node, fact.place.path, function):
        return "one"
    names = code_.lanes(function)
    listed = node.child_by_field_name("arguments")
    if listed is not None and mentions(code_.text(fact.place.path, listed), names):
        return "many"
    return ""


@finder("store_wait", "operation", "by", "remaining", "read", "function", "device", "source")
def store_wait(view: View) -> Iterator[Match]:
    """Waits for groups of copies: `remaining` is the text of how many may still be under way, "0" where
    none; `read`: it waits only until the source can be written again."""
    code_ = code(view)
    for fact in view.of_kind["copy_wait"]:
        fields = view.fields(fact)
        operation = str(fields["operation"])
        if "wait" not in operation:
            continue
        node = code_.call(fact.place)
        yield Match(
            fact.place,
            fact.function,
            {
                **fields,
                "by": str(fields["through"] or operation),
                "remaining": _remaining(node, fact, code_),
                "read": operation.endswith(".read") or "_read" in operation,
            },
            related=fact.related,
        )


# What a store has to be finished for: whether a flag follows, and who writes the buffer next.
_NEEDS = {
    (True, "load"): (
        "PipeBarrier<PIPE_MTE3> for the flag, MTE3_MTE2 for the next load",
        "标志前用 PipeBarrier<PIPE_MTE3>，下一次搬入前用 MTE3_MTE2 事件",
    ),
    (True, "fill"): (
        "PipeBarrier<PIPE_MTE3> for the flag, MTE3_V or MTE3_S for the refill",
        "标志前用 PipeBarrier<PIPE_MTE3>，再次写缓冲区前用 MTE3_V 或 MTE3_S 事件",
    ),
    (True, ""): ("PipeBarrier<PIPE_MTE3> before the flag", "标志前用 PipeBarrier<PIPE_MTE3>"),
    (False, "load"): (
        "event MTE3_MTE2 before the next load fills the buffer",
        "下一次搬入缓冲区前用 MTE3_MTE2 事件",
    ),
    (False, "fill"): (
        "event MTE3_V (scalar stores: MTE3_S) before the buffer is refilled",
        "再次写缓冲区前用 MTE3_V 事件（标量写为 MTE3_S）",
    ),
    (False, ""): (
        "an MTE3 event to its next writer, PipeBarrier<PIPE_MTE3> for flags",
        "对缓冲区的下一个写入者用 MTE3 事件，标志前用 PipeBarrier<PIPE_MTE3>",
    ),
}
_PUBLISHES = re.compile(r"^(?:st|red|atom)[._]|atomic|signal|put|barrier|store")


@finder("finished_stores", "by", "places", "flag", "reuse", "need_en", "need_zh")
def finished_stores(view: View) -> Iterator[Match]:
    """Waits until no bulk store is under way, once a function and need, by what follows the wait in the
    text or in the next turn of its loop. `reuse`: "load", "fill" (code writes what the next store
    sends) or ""; `flag`: whether a flag is written before that on one of the two ways."""
    code_ = code(view)
    following = _following(view)
    found: dict[tuple[str, str, str, bool, str], list[Match]] = {}
    for match in store_wait(view):
        waits = re.match(r"cp\.async\.wait|__pipeline", str(match.fields["operation"]))
        if match.fields["remaining"] != "0" or waits or not match.fields["device"]:
            continue
        start = match.place.start_byte
        listed = following.get((match.place.path, match.function), [])
        node = code_.call(match.place)
        loop = code_.loop(node) if node is not None else None
        ways = [[told for at, told in listed if at > start]]
        if loop is not None:
            again = [told for at, told in listed if start < at < loop.end_byte]
            ways.insert(0, again + [told for at, told in listed if loop.start_byte <= at <= start])
        needs = [_need(way) for way in ways]
        reuse = next((reuse for _, reuse in needs if reuse), "")
        key = (match.place.path, match.function, str(match.fields["by"]), any(f for f, _ in needs), reuse)
        found.setdefault(key, []).append(match)
    for (_, name, by, flag, reuse), (first, *others) in found.items():
        en, zh = _NEEDS[flag, reuse]
        fields = {
            "by": by,
            "places": len(others) + 1,
            "flag": flag,
            "reuse": reuse,
            "need_en": en,
            "need_zh": zh,
        }
        yield Match(first.place, name, fields, related=tuple(m.place for m in others))


def _need(way: list[str]) -> tuple[bool, str]:
    """Whether a flag is written before the buffer is used again, and by what it is."""
    reuse = next((told for told in way if told != "flag"), "")
    return "flag" in (way[: way.index(reuse)] if reuse else way), reuse


def _following(view: View) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """What each function does that a wait for stores may be for, with its offset, in the text's order."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for kind in ("tma_copy", "sync_scope", "remote_comm"):
        for fact in view.of_kind[kind]:
            told = _follows(view.fields(fact), kind)
            if told:
                key = (fact.place.path, fact.function)
                found.setdefault(key, []).append((fact.place.start_byte, told))
    return {key: sorted(listed) for key, listed in found.items()}


def _follows(fields: dict[str, object], kind: str) -> str:
    """What a fact behind a wait means for it."""
    operation = str(fields["operation"])
    if kind == "tma_copy":
        direction = str(fields["direction"]) or _direction(operation)
        return {"global to shared": "load", "shared to global": "fill"}.get(direction, "")
    return "flag" if _PUBLISHES.search(operation) and "fence" not in operation else ""


@finder("proxy_fences", "by", "places")
def proxy_fences(view: View) -> Iterator[Match]:
    """Fences between what threads write and what the copy engine reads, once a function and wrapper."""
    found: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in view.of_kind["copy_wait"]:
        fields = view.fields(fact)
        if fields["device"] and "fence" in str(fields["operation"]):
            by = str(fields["through"] or fields["operation"])
            found.setdefault((fact.place.path, fact.function, by), []).append(fact)
    for (_, name, by), (first, *others) in found.items():
        fields = {"by": by, "places": len(others) + 1}
        yield Match(first.place, name, fields, related=(*first.related, *(f.place for f in others)))


@finder("barrier_use", "by", "operation", "barrier", "function", "device", "source")
def barrier_use(view: View) -> Iterator[Match]:
    """Every operation on an mbarrier: `by` is the wrapper, or the opcode; `barrier` the one it is about."""
    for fact in view.of_kind["mbarrier"]:
        fields = view.fields(fact)
        operands = fields["operands"] if isinstance(fields["operands"], tuple) else ()
        named = {"by": str(fields["through"] or fields["operation"]), "barrier": str((*operands, "?")[0])}
        yield Match(fact.place, fact.function, {**fields, **named}, related=fact.related)


def _remaining(node: Node | None, fact: Fact, code_: Code) -> str:
    text = code_.text(fact.place.path, node) if node is not None else ""
    found = re.search(r"(?:wait\w*|Wait\w*)\s*<([^;]*?)>\s*\(", text)
    if found:
        return found.group(1).strip()
    operands = code_.view.fields(fact)["operands"]
    if isinstance(operands, tuple) and operands:
        return str(operands[0])
    literal = re.search(r"wait_group(?:\.read)?\s+(\d+)", text)
    return literal.group(1) if literal else "0"


@finder("barrier_object", "name", "place", "expression", "function", "device", "source")
def barrier_object(view: View) -> Iterator[Match]:
    """Mbarriers that stand inside a carved region of shared memory, by address arithmetic on the region
    that holds data too. `place`: behind (after the data), or between (a multiple of a stage is added)."""
    code_ = code(view)
    for fact in view.of_kind["smem_layout"]:
        fields = view.fields(fact)
        expression = str(fields["expression"])
        if fields["step"] != "offset" or not _BARRIER.search(expression):
            continue
        if "mbarrier" not in view.kinds_in[fact.place.path, fact.function]:
            continue
        cast = re.search(r"cast<[^>]*>\s*\((.*)\)\s*$", expression)
        inner = cast.group(1) if cast else expression
        if "+" not in inner or re.match(r"\w*(?:barrier|mbar)\w*\s*\+", inner):
            continue
        function = code_.function_at(fact.place.path, fact.place.start_byte)
        if function is None or not _is_barrier(fact, fields, code_):
            continue
        between = bool(re.search(r"\b(?:i|s|stage\w*|idx|\w+_idx|\w+_id)\s*\*|\*\s*(?:i|stage\w*)\b", inner))
        yield Match(
            fact.place,
            fact.function,
            {
                **fields,
                "name": str(fields["name"]) or "an mbarrier",
                "place": "between" if between else "behind",
                "expression": expression[:110],
            },
            related=fact.related,
        )


_BARRIER = re.compile(
    r"cast<\s*(?:const\s+)?(?:volatile\s+)?(?:[\w:]*[Bb]arrier[\w:]*|u?int64_t|unsigned long long)\s*\*\s*>"
)


def _is_barrier(fact: Fact, fields: dict[str, object], code_: Code) -> bool:
    """Whether what the expression gives is handed to an operation on an mbarrier: by its name, or by the
    name that a lambda or a loop around it gives to it."""
    operands = " ".join(
        str(o)
        for f in code_.view.of_kind["mbarrier"]
        if f.function == fact.function and f.place.path == fact.place.path
        for o in f.content().get("operands") or ()  # type: ignore[union-attr]
    )
    if re.search(r"[Bb]arrier[\w:]*\s*\*", str(fields["expression"])):
        return True
    name = str(fields["name"])
    if not name:
        node = code_.node(fact.place)
        while node is not None and node.type not in (
            "declaration",
            "init_declarator",
            "assignment_expression",
        ):
            node = node.parent
        declarator = None
        if node is not None:
            declarator = node.child_by_field_name("declarator") or node.child_by_field_name("left")
        text = code_.text(fact.place.path, declarator) if declarator is not None else ""
        found = re.search(r"[A-Za-z_]\w*", text)
        name = found.group() if found else ""
    return bool(name) and bool(re.search(rf"\b{re.escape(name.split('[')[0])}\b", operands))


@finder("lane_transactions", "by", "lanes", "count", "function", "device", "source")
def lane_transactions(view: View) -> Iterator[Match]:
    """Announcements of bytes to an mbarrier; `lanes` is many where every lane announces its own, and
    `count` the text of the bytes."""
    code_ = code(view)
    for fact in view.of_kind["mbarrier"]:
        fields = view.fields(fact)
        operation = str(fields["operation"])
        if not re.search(r"expect_tx|expect_transaction|arrive_tx", operation):
            continue
        function = code_.function_at(fact.place.path, fact.place.start_byte)
        node = code_.call(fact.place)
        operands = fields["operands"] if isinstance(fields["operands"], tuple) else ()
        last = "arrive_tx" in operation and len(operands) == 3  # (barrier, arrivals, bytes)
        count = str(operands[2]) if last else next((str(o) for o in operands[1:] if o), "")
        lanes = ""
        if function is not None and node is not None:
            lanes = "one" if code_.one_lane(node, fact.place.path, function) else ""
            if not lanes and mentions(count, code_.lanes(function)):
                lanes = "many"
        yield Match(
            fact.place,
            fact.function,
            {**fields, "by": str(fields["through"] or operation), "lanes": lanes, "count": count[:60] or "?"},
            related=fact.related,
        )
