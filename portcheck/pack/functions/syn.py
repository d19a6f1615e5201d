"""Finders for the family SYN: atomics, ordered accesses, polling loops, and named constructs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact
from portcheck.pack.functions.code import Code, Word, code, mentions, used, walk
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.model import Function, Observation
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import targets

if TYPE_CHECKING:
    from tree_sitter import Node

# Constructs known by a word. The first pattern that stands at a place decides.
_TOPICS: dict[str, bytes] = {
    "grid": rb"cudaLaunchAttributeCooperative\b|CU_LAUNCH_ATTRIBUTE_COOPERATIVE\b"
    rb"|cudaLaunchCooperativeKernel\w*|cuLaunchCooperativeKernel\w*|\bthis_grid\s*\(\s*\)",
    "cluster": rb"cudaLaunchAttributeClusterDimension\b|CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION\b"
    rb"|__cluster_dims__|\bthis_cluster\s*\(\s*\)|\bmap_shared_rank\s*\(|\bmapa\.|\bbarrier\.cluster\.\w+",
    "pdl": rb"griddepcontrol\.\w+|cudaGridDependencySynchronize\b|cudaTriggerProgrammaticLaunchCompletion\b"
    rb"|cudaLaunchAttributeProgrammaticStreamSerialization\b|CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION\b",
    "sleep": rb"\b__nanosleep\s*\(|\bnanosleep\.u32\b",
    "registers": rb"\bsetmaxnreg\.(?:inc|dec)\w*",
    "activemask": rb"\b__activemask\s*\(|\bactivemask\.b32\b",
    "tensormap": rb"\btensormap\.(?:replace|cp_fenceproxy)\w*",
}
_NAMED = re.compile(b"|".join(b"(?P<%s>%s)" % (t.encode(), p) for t, p in _TOPICS.items()))


@finder("named", "topic", "word", "count", "function", "name", "device")
def named(view: View) -> Iterator[Match]:
    """Constructs that no kind of facts covers, found by their words, one match a word and function:
    `topic` is one of grid, cluster, pdl, sleep, registers, activemask and tensormap. A wrapper's body
    counts, its calls do not."""
    code_ = code(view)
    found: dict[tuple[str, int, str, str], list[Word]] = {}
    for word in code_.words(_NAMED):
        topic = next(t for t, p in _TOPICS.items() if re.match(p, word.text.encode()))
        where = word.function.start_byte if word.function else word.place.start_byte
        found.setdefault((word.place.path, where, topic, word.text.rstrip("() ")), []).append(word)
    for (_, _, topic, text), words in found.items():
        function = words[0].function
        yield Match(
            words[0].place,
            function.qualified if function else "",
            {
                "topic": topic,
                "word": text,
                "count": len(words),
                "function": function.qualified if function else "",
                "name": function.name if function else "",
                "device": function is not None and code_.device(function),
            },
            related=tuple(w.place for w in words[1:8]),
        )


_OPS = ("add", "sub", "cas", "exch", "min", "max", "and", "or", "xor", "inc", "dec")
_OP_NAMES = {"fetch_add": "add", "fetch_sub": "sub", "fetch_or": "or", "fetch_and": "and", "exchange": "exch"}
_PTX_TYPES = {
    "s32": "int32", "u32": "uint32", "b32": "uint32", "s64": "int64", "u64": "uint64", "b64": "uint64",
    "f32": "float", "f64": "double", "f16": "half", "f16x2": "half", "bf16": "bfloat16",
    "bf16x2": "bfloat16", "b16": "int16", "b128": "128-bit",
}  # fmt: skip
_C_TYPES = {
    "int": "int32", "int32_t": "int32", "unsigned": "uint32", "unsigned int": "uint32", "uint32_t": "uint32",
    "long long": "int64", "int64_t": "int64", "long": "int64", "unsigned long long": "uint64",
    "unsigned long long int": "uint64", "uint64_t": "uint64", "size_t": "uint64", "unsigned long": "uint64",
    "float": "float", "double": "double", "half": "half", "__half": "half", "half2": "half",
    "__half2": "half",
    "nv_bfloat16": "bfloat16", "__nv_bfloat16": "bfloat16", "nv_bfloat162": "bfloat16",
    "__nv_bfloat162": "bfloat16", "int16_t": "int16", "short": "int16", "int8_t": "int8",
}  # fmt: skip


def _op(operation: str) -> str:
    """What an atomic does, "" for what is no atomic."""
    if operation.startswith(("atom.", "red.")):
        return next((m for m in operation.split(".") if m in _OPS), "")
    if "compare_exchange" in operation:
        return "cas"
    if operation in _OP_NAMES:
        return _OP_NAMES[operation]
    if operation.startswith("atomic") and operation != "atomic_thread_fence":
        return operation.removeprefix("atomic").split("_")[0].lower()
    return ""


_ATOMIC = (
    "operation", "by", "op", "used", "memory", "element", "scope", "address", "function", "device", "source",
)  # fmt: skip


@finder("atomic", *_ATOMIC)
def atomic(view: View) -> Iterator[Match]:
    """Every atomic of device code. `used`: its value goes somewhere. `memory`: shared, peer or global.
    `element`: the type in Ascend's words, None where it is not known."""
    code_ = code(view)
    for fact in view.of_kind["sync_scope"]:
        fields = view.fields(fact)
        operation = str(fields["operation"])
        op = _op(operation)
        if not op:
            continue
        seen = code_.seen(fact.place)
        if _guessed(seen, view):
            continue
        node = seen.node if seen is not None else code_.call(fact.place)
        yield Match(
            fact.place,
            fact.function,
            {
                **fields,
                "by": str(fields["through"] or operation),
                "op": op,
                "used": used(node) if node is not None else None,
                "memory": _memory(operation, seen, view),
                "element": _element(operation, seen, view),
                "address": _address(seen)[:80],
            },
            why="the type of the word that the atomic changes is not known",
            related=fact.related,
        )


@finder("adding_atomic", *_ATOMIC)
def adding_atomic(view: View) -> Iterator[Match]:
    """Every atomic, for the targets that can add its type by a copy; for all where the type is
    not known. What a target cannot add is a finding of its own, and no copy to write."""
    for match in atomic(view):
        element = {"uint32": "int32"}.get(str(match.fields["element"]), match.fields["element"])
        able = tuple(
            t.name
            for t in targets()
            if element is None or str(element) in re.findall(r"\w+", str(t.value("dma_atomic_add_types")))
        )
        if able:
            yield replace(match, targets=able)


def _guessed(seen: Observation | None, view: View) -> bool:
    """Whether a method was found by its name alone, its object's type being unknown."""
    callee = seen.callee if seen is not None else None
    if seen is None or callee is None or callee.receiver is None:
        return False
    return view.analysis.reading.context.type_of(callee.receiver, seen) is None


def _address(seen: Observation | None) -> str:
    callee = seen.callee if seen is not None else None
    if seen is None or callee is None:
        return ""
    if callee.receiver is not None:
        return seen.origin.read(callee.receiver)
    return seen.origin.read(callee.arguments[0]) if callee.arguments else ""


def _memory(operation: str, seen: Observation | None, view: View) -> str | None:
    """None where a function is handed the address and nothing says of what memory it is."""
    if ".shared" in operation:
        return "shared"
    callee = seen.callee if seen is not None else None
    if seen is None or callee is None or not callee.arguments:
        return "shared" if operation.endswith("_block") else "global"
    provenance = view.analysis.reading.context.provenance
    for space in ("shared", "peer"):
        if provenance.of(callee.arguments[0], seen.function, seen.origin, space) is not None:
            return space
    if operation.endswith("_block") or ".cta" in operation:
        return "shared"
    wide = operation.endswith("_system") or any(w in operation for w in _WIDE)
    return None if not wide and _is_handed(callee.arguments[0], seen) else "global"


_WIDE = (".sys", ".gpu", ".global")
MAX_STEPS = 6  # locals between an address and the argument that it comes from


def _is_handed(node: Node, seen: Observation) -> bool:
    """Whether an address is, or lies in, what a device function that is no kernel gets as an argument."""
    if seen.function.is_kernel:
        return False
    for _ in range(MAX_STEPS):
        while node.type != "identifier":
            inner = node.child_by_field_name("argument") or node.child_by_field_name("value")
            inner = inner or next((c for c in node.named_children if c.type != "comment"), None)
            if inner is None:
                return False
            node = inner
        binding = seen.function.lookup(seen.origin.read(node), node.start_byte)
        if binding is None or binding.parameter or binding.value is None:
            return binding is not None and binding.parameter
        node = binding.value
    return False


def _element(operation: str, seen: Observation | None, view: View) -> str | None:
    if operation.startswith(("atom.", "red.")):
        return _PTX_TYPES.get(operation.rsplit(".", 1)[-1])
    callee = seen.callee if seen is not None else None
    if seen is None or callee is None or not callee.arguments:
        return None
    type_ = view.analysis.reading.context.type_of(callee.arguments[0], seen)
    return _C_TYPES.get(type_.base().name) if type_ is not None else None


@finder(
    "ordered_access", "operation", "by", "access", "scope", "order", "polled", "bounded", "address",
    "indexed", "function", "device", "source",
)  # fmt: skip
def ordered_access(view: View) -> Iterator[Match]:
    """Loads, stores and atomics with a memory order or scope. `access`: load, store or atomic.
    `polled`: a load that a loop repeats; `bounded`: that loop looks at a clock. `indexed`: the address is
    a base and an index, so flags lie side by side."""
    code_ = code(view)
    for fact in view.of_kind["sync_scope"]:
        fields = view.fields(fact)
        operation = str(fields["operation"])
        access = _access(operation)
        if not access:
            continue
        seen = code_.seen(fact.place)
        if _guessed(seen, view):
            continue
        node = seen.node if seen is not None else code_.call(fact.place)
        loop = _poll(node, fact.place.path, code_) if node is not None and access == "load" else None
        inside = loop is None and access == "load" and seen is not None and _spins(seen, code_)
        order = str(fields["order"]) or _named_order(seen)
        address = _address(seen)
        yield Match(
            fact.place,
            fact.function,
            {
                **fields,
                "by": str(fields["through"] or operation),
                "access": access,
                "order": order,
                "polled": loop is not None or inside,
                "bounded": loop is not None and _bounded(loop),
                "address": address[:80],
                "indexed": bool(re.search(r"\+|\[|\b(?:buffer|at|get)\w*\s*\(\s*\w", address)),
            },
            related=fact.related,
        )


def _access(operation: str) -> str:
    if operation.startswith("ld") or operation == "load":
        return "load"
    if operation.startswith("st") or operation == "store":
        return "store"
    return "atomic" if _op(operation) else ""


def _named_order(seen: Observation | None) -> str:
    """The `memory_order` among the arguments of an atomic's method."""
    callee = seen.callee if seen is not None else None
    if seen is None or callee is None:
        return ""
    text = " ".join(seen.origin.read(a) for a in callee.arguments)
    found = re.search(r"memory_order(?:::|_)(\w+)", text)
    return found.group(1) if found else ""


def _poll(node: Node, path: str, code_: Code) -> str | None:
    """The text of the loop that repeats a load: a `while` or `do` around it, a `for` whose condition it
    stands in, or the function that repeats the lambda it stands in. None where nothing repeats it for
    its value: a `for` over items does not."""
    inner, current = node, node.parent
    while current is not None and current.type != "function_definition":
        if current.type in ("while_statement", "do_statement"):
            return code_.text(path, current)
        if current.type == "for_statement":
            condition = current.child_by_field_name("condition")
            return code_.text(path, current) if condition is None or condition == inner else None
        if current.type == "lambda_expression":
            return _repeats(current, path, code_)
        inner, current = current, current.parent
    return None


def _repeats(passed: Node, path: str, code_: Code) -> str | None:
    """The text of the tree's function that a lambda is handed to, if it loops."""
    call = passed.parent.parent if passed.parent is not None else None
    if call is None or call.type != "call_expression":
        return None
    seen = code_.seen(code_.parsed[path].source.place(call.start_byte, call.end_byte))
    for target in code_.targets(seen)[:2] if seen is not None else ():
        if target.body is not None and _waits(target):
            return target.origin.read(target.body)
    return None


def _waits(function: Function) -> bool:
    return function.body is not None and any(
        n.type in ("while_statement", "do_statement") for n in walk(function.body)
    )


def _spins(seen: Observation, code_: Code) -> bool:
    """Whether a called function of the tree is a loop around the load, or hands it to one."""
    for target in code_.targets(seen)[:2]:
        called = (inner for o in target.observations if o.kind == "call" for inner in code_.targets(o)[:2])
        if _waits(target) or any(map(_waits, called)):
            return True
    return False


def _bounded(text: str) -> bool:
    return bool(re.search(r"clock(?:64)?\s*\(|globaltimer|timeout|TIMEOUT|num_iterations|max_spin", text))


@finder("volatile_poll", "pointer", "loop", "bounded", "function", "name", "device")
def volatile_poll(view: View) -> Iterator[Match]:
    """Loops whose condition reads through a volatile pointer, by a cast, by the pointer's type or by
    `ld.volatile`, until another thread has written."""
    code_ = code(view)
    for function in view.analysis.functions:
        if function.body is None or not function.origin.active or function.origin.expansion:
            continue
        if not code_.device(function):
            continue
        path = function.origin.file.path
        for node in walk(function.body):
            if node.type not in ("while_statement", "do_statement"):
                continue
            condition = node.child_by_field_name("condition")
            body = node.child_by_field_name("body")
            if condition is None:
                continue
            found, at = _volatile(condition, function, path, code_), condition
            if not found:
                found, at = _volatile_call(condition, node, path, code_)
            if not found and body is not None:
                found, at = _volatile_call(body, node, path, code_)
            if found:
                source = code_.parsed[path].source
                yield Match(
                    source.place(at.start_byte, at.end_byte),
                    function.qualified,
                    {
                        "pointer": found[:70],
                        "loop": code_.text(path, condition)[:100],
                        "bounded": _bounded(code_.text(path, node)),
                        "function": function.qualified,
                        "name": function.name,
                        "device": True,
                    },
                )


def _volatile(condition: Node, function: Function, path: str, code_: Code) -> str:
    text = code_.text(path, condition)
    if re.search(r"\bvolatile\b[^)]*\*", text):
        return text.strip("() ")
    declared = code_.text(path, function.node) if function.node is not None else ""
    for node in walk(condition):
        if node.type not in ("pointer_expression", "subscript_expression"):
            continue
        argument = node.child_by_field_name("argument")
        name = code_.text(path, argument) if argument is not None else ""
        if re.fullmatch(r"\w+", name) and re.search(
            rf"\bvolatile\b[\w:<>\s]*\*\s*(?:const\s+|__restrict__\s+)*{name}\b", declared
        ):
            return code_.text(path, node)
    return ""


def _volatile_call(part: Node, loop: Node, path: str, code_: Code) -> tuple[str, Node]:
    """The first call in a part of a loop that is `ld.volatile` and that no inner loop repeats."""
    for node in walk(part):
        if node.type != "call_expression" or code_.loop(node) != loop:
            continue
        seen = code_.seen(code_.parsed[path].source.place(node.start_byte, node.end_byte))
        callee = seen.callee if seen is not None else None
        if seen is None or callee is None:
            continue
        summary, _ = code_.view.analysis.reading.context.effects.of_call(callee, seen)
        if summary.kind == "load" and any("volatile" in e.operation for e in summary.effects):
            return code_.text(path, node), node
    return "", part


@finder("grid_wait", "operation", "by", "address", "function", "name", "device", "source")
def grid_wait(view: View) -> Iterator[Match]:
    """Loops that wait until another block of the grid has written: an acquire at device scope that a loop
    repeats."""
    for match in ordered_access(view):
        fields = match.fields
        if fields["polled"] and fields["scope"] == "device" and fields["access"] == "load":
            yield Match(
                match.place,
                match.function,
                {
                    **{k: fields[k] for k in ("operation", "by", "address", "function", "device", "source")},
                    "name": str(fields["function"]).rsplit("::", 1)[-1],
                },
                related=match.related,
            )


@finder("clock_bound", "word", "count", "function", "name", "device")
def clock_bound(view: View) -> Iterator[Match]:
    """Functions that compare a clock of the SM with a limit, at the first of these places."""
    code_ = code(view)
    found: dict[str, list[Word]] = {}
    for word in code_.words(_CLOCK):
        function = word.function
        if function is None or not code_.device(function):
            continue
        node = code_.node(word.place)
        while node is not None and node.type not in ("binary_expression", "function_definition"):
            node = node.parent
        while node is not None and node.parent is not None and node.parent.type == "binary_expression":
            node = node.parent
        if node is None or node.type != "binary_expression":
            continue
        if re.search(r"[<>]", code_.text(word.place.path, node)):
            found.setdefault(f"{word.place.path}:{function.start_byte}", []).append(word)
    for words in found.values():
        function = words[0].function
        assert function is not None
        yield Match(
            words[0].place,
            function.qualified,
            {
                "word": words[0].text.rstrip("( )"),
                "count": len(words),
                "function": function.qualified,
                "name": function.name,
                "device": True,
            },
            related=tuple(w.place for w in words[1:8]),
        )


_CLOCK = re.compile(rb"\bclock(?:64)?\s*\(\s*\)|\bglobaltimer\w*\s*\(|\bget_?globaltimer\w*\s*\(")


@finder("role_barrier", "by", "count", "condition", "function", "name", "device")
def role_barrier(view: View) -> Iterator[Match]:
    """Functions with whole-block barriers under a condition on the warp, the lane or the thread."""
    code_ = code(view)
    found: dict[tuple[str, str], list[tuple[Fact, str]]] = {}
    for fact in view.of_kind["block_barrier"]:
        if not str(fact.content()["operation"]).startswith("__syncthreads"):
            continue
        function = code_.function_at(fact.place.path, fact.place.start_byte)
        node = code_.call(fact.place)
        if function is None or node is None:
            continue
        names = code_.warps(function) | code_.lanes(function) | code_.thread_names(function)
        for condition in code_.conditions(node, fact.place.path):
            if mentions(condition, names) and not re.search(r"\bconstexpr\b", condition):
                found.setdefault((fact.place.path, fact.function), []).append((fact, condition))
                break
    for (_, name), listed in found.items():
        fact, condition = listed[0]
        yield Match(
            fact.place,
            name,
            {
                "by": str(fact.content()["operation"]),
                "count": len(listed),
                "condition": condition.lstrip("!").strip()[:80],
                "function": name,
                "name": name.rsplit("::", 1)[-1],
                "device": name in view.device_functions,
            },
            related=tuple(f.place for f, _ in listed[1:8]),
        )


@finder("packed_flags", "by", "address", "access", "scope", "function", "device", "source")
def packed_flags(view: View) -> Iterator[Match]:
    """Stores and exchanges at device or system scope to one word of an array of words: whether two cores
    may lose a word depends on how the port writes it."""
    code_ = code(view)
    typed = view.analysis.reading.context
    for match in ordered_access(view):
        fields = match.fields
        exchange = _op(str(fields["operation"])) == "exch"
        if not (fields["access"] == "store" or exchange) or fields["scope"] == "block":
            continue
        seen = code_.seen(match.place)
        callee = seen.callee if seen is not None else None
        if seen is None or callee is None or not callee.arguments:
            continue
        address = _indexed(str(fields["address"]), seen)
        if not address:
            continue
        if _memory(str(fields["operation"]), seen, view) == "shared":
            continue
        type_ = typed.type_of(callee.arguments[0], seen)
        if type_ is None or not type_.is_indirect or type_.base().name not in _WORDS:
            continue
        yield Match(
            match.place,
            match.function,
            {
                **{k: fields[k] for k in ("by", "access", "scope", "function", "device", "source")},
                "address": address[:80],
            },
            Verdict.DEPENDS,
            "it depends on whether the port writes the flag by a scalar store or by a copy",
            related=match.related,
        )


def _indexed(text: str, seen: Observation) -> str:
    """The address as a base and an index, after replacing a name by what it was declared as; "" where
    it is none."""
    for _ in range(4):
        if re.search(r"[\w)]\s*\+\s*\w|\w\s*\[", text):
            return "" if "sizeof" in text else text
        name = re.sub(r"(?:reinterpret|static|const)_cast<[^()]*>", "", text).strip("() ")
        name = re.sub(r"^\w+\((\w+)\b.*$", r"\1", name)  # an address translation keeps the offset
        binding = seen.function.lookup(name, seen.node.start_byte) if name.isidentifier() else None
        if binding is None or binding.value is None:
            return ""
        text = binding.origin.read(binding.value)
    return ""


_WORDS = frozenset(n for n, t in _C_TYPES.items() if t in ("int32", "uint32", "int64", "uint64"))
