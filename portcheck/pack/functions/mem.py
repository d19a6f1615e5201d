"""Finders about UB: what kernels keep in shared memory, and how a core of the target holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from portcheck.analysis.transfers import Pattern
from portcheck.facts.layouts import Layout
from portcheck.pack.functions.mte import transfers
from portcheck.pack.functions.registry import FUNCTIONS, finder
from portcheck.pack.subjects import Match, View
from portcheck.source.place import Place
from portcheck.symbolic.expr import Role

MIN_LOCAL_BYTES = 64
_PROPERTY = re.compile(r"\b(sharedMemPer(?:BlockOptin|Block|Multiprocessor))\b")
_BOUNDS = re.compile(r"__launch_bounds__\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")


@finder("shared_needs", "kernel", "bytes", "launch", "filled", "stages", "remote", "path", "function")
def shared_needs(view: View) -> Iterator[Match]:
    """The most that each kernel keeps in shared memory, where that is a number; one match a kernel.

    `filled` says that bulk copies fill or drain it, `stages` that a counter chooses among several
    buffers, `remote` that the kernel's function calls a library of one-sided communication.
    """
    filled, stages = _copying(view)
    largest: dict[tuple[Place, str], tuple[int, str]] = {}
    for capacity in view.analysis.capacities:
        memory = capacity.memory
        size = memory.bytes_needed.value if memory.bytes_needed is not None else None
        if size is not None:
            key = (memory.place, memory.kernel)
            largest[key] = max(largest.get(key, (0, "")), (size, memory.launch))
    for (place, kernel), (size, launch) in largest.items():
        fields = {
            "kernel": kernel,
            "bytes": size,
            "launch": launch,
            "filled": kernel in filled,
            "stages": kernel in stages,
            "remote": _calls_library(view, place.path, kernel),
            "path": place.path,
            "function": kernel,
        }
        yield Match(place, kernel, fields)


def _copying(view: View) -> tuple[set[str], set[str]]:
    """The kernels with bulk copies to or from shared memory, and those with several stages of it."""
    filled: set[str] = set()
    stages: set[str] = set()
    for transfer, _ in transfers(view):
        if transfer.pattern is not Pattern.BULK:
            continue
        for end in transfer.ends:
            if end.space == "UB":
                filled.add(transfer.kernel)
                counters = (s for s in end.start.symbols() if s.role is Role.INDEX)
                if any(not re.match(r"lane|threadIdx|warp|blockIdx", s.name) for s in counters):
                    stages.add(transfer.kernel)
    return filled, stages


def _calls_library(view: View, path: str, kernel: str) -> bool:
    for fact in view.of_kind["remote_comm"]:
        if fact.place.path == path and fact.function == kernel:
            said = fact.content()
            if re.search(r"nvshmem|ibgda", f"{said.get('operation')} {said.get('through')}"):
                return True
    return False


@finder("shared_sizes", "expression", "bytes", "path", "function")
def shared_sizes(view: View) -> Iterator[Match]:
    """Static shared arrays with their size where it is a number, in the source or in a launch."""
    sizes: dict[tuple[str, str, str], int] = {}
    for capacity in view.analysis.capacities:
        memory = capacity.memory
        for name, size in memory.variables:
            if size.value is not None:
                key = (memory.place.path, memory.kernel, name)
                sizes[key] = max(sizes.get(key, 0), size.value)
    for fact in view.of_kind["smem_layout"]:
        if isinstance(fact, Layout) and fact.step == "shared array" and not fact.expression.endswith("[]"):
            width = fact.width_bytes
            fields = {
                "expression": fact.expression,
                "bytes": sizes.get((fact.place.path, fact.function, fact.name)) if width is None else width,
                "path": fact.place.path,
                "function": fact.function,
            }
            yield Match(fact.place, fact.function, fields)


@finder("shared_rows", "name", "expression", "row_bytes", "path", "function")
def shared_rows(view: View) -> Iterator[Match]:
    """Shared arrays of two or more dimensions with rows of a known number of bytes.

    Rows that are padded against bank conflicts are left out: a rule about banks reports them.
    """
    padding = FUNCTIONS.get("padded_array")
    padded = {(m.place.path, m.place.line) for m in padding.find(view)} if padding is not None else set()
    for fact in view.of_kind["smem_layout"]:
        if not isinstance(fact, Layout) or fact.step != "shared array":
            continue
        extents = re.findall(r"\[([^\[\]]*)\]", fact.expression)
        sizes = [_number(e) for e in extents]
        if len(sizes) < 2 or None in sizes or (fact.place.path, fact.place.line) in padded:
            continue
        element = fact.width_bytes
        numbers = [s for s in sizes if s is not None]
        if element is None or not numbers[0]:
            width = _element_bytes(fact.expression)
            row = width * prod(numbers[1:]) if width is not None else None
        else:
            row = element // numbers[0]
        fields = {
            "name": fact.name,
            "expression": fact.expression,
            "row_bytes": row,
            "path": fact.place.path,
            "function": fact.function,
        }
        yield Match(fact.place, fact.function, fields)


_WIDTHS = {"float": 4, "int": 4, "uint32_t": 4, "int32_t": 4, "unsigned": 4, "half": 2, "__half": 2,
           "__nv_bfloat16": 2, "nv_bfloat16": 2, "double": 8, "uint8_t": 1, "int8_t": 1, "char": 1,
           "uint16_t": 2, "int16_t": 2, "short": 2, "uint64_t": 8, "int64_t": 8}  # fmt: skip


def _element_bytes(expression: str) -> int | None:
    return _WIDTHS.get(expression.partition(" ")[0])


def _number(text: str) -> int | None:
    """An extent of digits, or a sum or product of two such as `32 + 1`."""
    found = re.fullmatch(r"\s*(\d+)\s*(?:([+*])\s*(\d+)\s*)?", text)
    if found is None:
        return None
    left = int(found.group(1))
    if found.group(2) is None:
        return left
    right = int(found.group(3))
    return left + right if found.group(2) == "+" else left * right


@finder("local_arrays", "name", "type", "bytes", "warp_bytes", "path", "function")
def local_arrays(view: View) -> Iterator[Match]:
    """Arrays of a thread of 64 bytes or more: on a GPU registers, one copy a thread."""
    typer = view.analysis.reading.context.typer
    for function in view.analysis.functions:
        if function.qualified not in view.device_functions:
            continue
        for seen in function.observations:
            if seen.kind != "declaration" or not seen.origin.active:
                continue
            for one in seen.declared:
                if one.type is None or not one.type.extents or one.is_function:
                    continue
                binding = function.bindings.get(one.name, [None])[-1]
                if binding is not None and (binding.shared or binding.constant):
                    continue
                sizes = [_number(e) for e in one.type.extents]
                width = typer.width_bytes(one.type.base(), function)
                if width is None or None in sizes:
                    continue
                total = width * prod(s for s in sizes if s is not None)
                if total < MIN_LOCAL_BYTES:
                    continue
                place = seen.origin.place(one.node.start_byte, one.node.end_byte)
                fields = {
                    "name": one.name,
                    "type": str(one.type),
                    "bytes": total,
                    "warp_bytes": total * 32,
                    "path": place.path,
                    "function": function.qualified,
                }
                yield Match(place, function.qualified, fields)


@finder("resident_blocks", "blocks", "text", "path", "function")
def resident_blocks(view: View) -> Iterator[Match]:
    """Kernels that ask for more than one block of a launch on a multiprocessor at a time."""
    for function in view.analysis.functions:
        if not function.is_kernel or function.node is None:
            continue
        head = function.origin.text[
            function.node.start_byte : function.body.start_byte if function.body else 0
        ]
        bounds = _BOUNDS.search(head.decode("utf-8", "replace"))
        if bounds is None:
            continue
        parts = [p.strip() for p in bounds.group(1).split(",")]
        if len(parts) < 2:
            continue
        place = function.origin.place(
            function.node.start_byte + len(head[: bounds.start()]),
            function.node.start_byte + bounds.end(),
        )
        fields = {
            "blocks": int(parts[1]) if parts[1].isdigit() else None,
            "text": " ".join(bounds.group(0).split()),
            "path": place.path,
            "function": function.qualified,
        }
        yield Match(place, function.qualified, fields)


@finder("shared_limits", "name", "path", "function")
def shared_limits(view: View) -> Iterator[Match]:
    """Reads of a GPU's limits of shared memory from its properties."""
    for function in view.analysis.functions:
        if function.body is None or function.qualified in view.device_functions or not function.origin.active:
            continue
        start = function.body.start_byte
        text = function.origin.text[start : function.body.end_byte].decode("utf-8", "replace")
        if not text.isascii():
            continue
        for found in _PROPERTY.finditer(text):
            place = function.origin.place(start + found.start(), start + found.end())
            fields = {"name": found.group(1), "path": place.path, "function": function.qualified}
            yield Match(place, function.qualified, fields)


@finder("float_rows", "accumulators", "elements", "sums", "path", "function")
def float_rows(view: View) -> Iterator[Match]:
    """Functions of the device that sum elements of 16 bits, or of a template's type, in float."""
    found: dict[tuple[str, str], list[tuple[Place, str, str]]] = {}
    for fact in view.of_kind["fp32_accum"]:
        said = fact.content()
        element = str(said.get("element"))
        if fact.function not in view.device_functions or re.match(r"float|double|u?int", element):
            continue
        key = (fact.place.path, fact.function)
        found.setdefault(key, []).append((fact.place, str(said.get("accumulator")), element))
    for (path, function), sums in found.items():
        fields = {
            "accumulators": ", ".join(f"`{a}`" for a in list(dict.fromkeys(s[1] for s in sums))[:3]),
            "elements": ", ".join(dict.fromkeys(s[2] for s in sums)),
            "sums": len(sums),
            "path": path,
            "function": function,
        }
        yield Match(sums[0][0], function, fields, related=tuple(s[0] for s in sums[1:9]))
