"""Where a pointer comes from: a peer's memory, this block's shared memory, or elsewhere.

A peer's memory is what a table of pointers (`void** buffer_ptrs`) holds at an index that is
not this rank's own number, or what a communication library's address translation returns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.program.callee import Callee
from portcheck.program.model import Binding, Function, Origin
from portcheck.program.nodes import first_child

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.facts.context import Context

MAX_NODES = 120
_NAME = re.compile(r"[A-Za-z_]\w*")
_PART = re.compile(r"[\w\s()/%]+")
MAX_NAMED = 4  # sources of one address that are named


@dataclass(frozen=True, slots=True)
class Source:
    """One origin of a pointer: `space` is "peer" or "shared", `text` the expression.

    `guard` names a condition under which the source applies, with the value it must have:
    `ptrs[is_sender ? peer : rank]` is a peer's memory only where `is_sender` is true.
    """

    space: str
    text: str
    guard: tuple[str, bool] | None = None


class Provenance:
    """Sources of expressions, computed on demand and kept a binding."""

    def __init__(self, context: Context) -> None:
        self.context = context
        table = context.intrinsics.tables["remote_comm"]
        self._pointers = frozenset(table["pointers"])
        self._own = frozenset(table["own_rank"])

    def of(self, node: Node, function: Function, origin: Origin, space: str) -> Source | None:
        """What of that space reaches the expression where it stands: every source, as one."""
        found = [s for s in self._of(node, function, origin, 0) if s.space == space]
        texts = sorted({s.text for s in found if self._applies(s, node, origin)})
        if len(texts) > MAX_NAMED:
            texts = [*texts[:MAX_NAMED], "…"]
        return Source(space, " or ".join(texts)) if texts else None

    def _applies(self, source: Source, node: Node, origin: Origin) -> bool:
        """Whether no enclosing `if` on the source's own guard excludes it."""
        if source.guard is None:
            return True
        text, wanted = source.guard
        inner, current = node, node.parent
        while current is not None and current.type != "function_definition":
            if current.type == "if_statement":
                condition = current.child_by_field_name("condition")
                if condition is not None and origin.read(condition).strip("() ") == text:
                    taken = current.child_by_field_name("alternative") != inner
                    return taken == wanted
            inner, current = current, current.parent
        return True

    def _of(self, node: Node, function: Function, origin: Origin, depth: int) -> frozenset[Source]:
        found: set[Source] = set()
        if depth > 12:
            return frozenset()
        pending = [node]
        budget = MAX_NODES
        while pending and budget:
            budget -= 1
            current = pending.pop()
            kind = current.type
            if kind == "identifier":
                binding = function.lookup(origin.read(current), current.start_byte)
                if binding is not None:
                    found |= self._of_binding(binding, function, depth)
                continue
            if kind == "subscript_expression":
                element = self._table_element(current, function, origin)
                if element is not None:
                    found.add(element)
                    continue
                argument = current.child_by_field_name("argument")
                if argument is not None:
                    pending.append(argument)
                continue
            if kind == "call_expression":
                callee = Callee.of(current, origin)
                if callee is not None and self._gives_peer_pointer(callee, function, origin):
                    found.add(Source("peer", origin.read(current)))
                    continue
            pending.extend(current.named_children)
        return frozenset(found)

    def _gives_peer_pointer(self, callee: Callee, function: Function, origin: Origin) -> bool:
        if callee.name in self._pointers:
            return True
        if callee.name.endswith("_cast"):
            return False
        summary, target = self.context.effects.of_callee(callee, function, origin)
        if target is None or target.return_type is None or not target.return_type.pointers:
            return False
        return any(e.operation in self._pointers for e in summary.effects)

    def _table_element(self, node: Node, function: Function, origin: Origin) -> Source | None:
        argument = node.child_by_field_name("argument")
        indices = node.child_by_field_name("indices")
        if argument is None or indices is None or argument.type not in ("identifier", "field_expression"):
            return None
        name = origin.read(argument)
        binding = function.lookup(name, argument.start_byte)
        if binding is not None and not binding.parameter:
            return None
        type_ = self.context.typer.type_of(argument, function, origin)
        if type_ is None or type_.pointers + len(type_.extents) < 2 or not type_.pointers:
            return None
        index = first_child(indices)
        if index is None:
            return None
        if index.type == "number_literal" and not function.is_kernel:
            return None  # the one pointer that a function is handed to fill or to read
        text = f"{name}[{origin.read(index)}]"
        if index.type == "conditional_expression":
            condition = index.child_by_field_name("condition")
            arms = [index.child_by_field_name(f) for f in ("consequence", "alternative")]
            own = [a is not None and self._is_own(a, function, origin) for a in arms]
            if condition is not None and any(own):
                return None if all(own) else Source("peer", text, (origin.read(condition), own[1]))
        return None if self._is_own(index, function, origin) else Source("peer", text)

    def _is_own(self, index: Node, function: Function, origin: Origin) -> bool:
        """Whether an index is this rank's number, or a part of it such as `rank % RANKS_PER_NODE`."""
        text = origin.read(index)
        if text in self._own:
            return True
        binding = function.lookup(text, index.start_byte) if index.type == "identifier" else None
        if binding is None or binding.value is None or self.assignments(function).get(text):
            return False
        value = binding.origin.read(binding.value)
        if not _PART.fullmatch(value):
            return False
        names = _NAME.findall(value)
        return any(n in self._own for n in names) and all(n in self._own or n.isupper() for n in names)

    def _of_binding(self, binding: Binding, function: Function, depth: int) -> frozenset[Source]:
        if binding.sources is not None:
            return binding.sources  # type: ignore[return-value]
        binding.sources = frozenset()
        found: frozenset[Source] = frozenset()
        if binding.shared:
            found = frozenset((Source("shared", binding.name),))
        elif not binding.parameter and self._carries_address(binding, function):
            values = [(binding.value, binding.origin)] if binding.value is not None else []
            values += self.assignments(function).get(binding.name, [])
            for value, origin in values[:6]:
                found |= self._of(value, function, origin, depth + 1)
        binding.sources = found
        return found

    def _carries_address(self, binding: Binding, function: Function) -> bool:
        type_ = self.context.typer.binding_type(binding, function)
        if type_ is None:
            return True
        if type_.is_indirect or type_.name in self.context.program.records:
            return True
        return type_.name in ("uint64_t", "uintptr_t", "CUdeviceptr", "size_t")

    def assignments(self, function: Function) -> dict[str, list[tuple[Node, Origin]]]:
        if function.assigned is None:
            table: dict[str, list[tuple[Node, Origin]]] = {}
            for seen in function.observations:
                if seen.kind != "assign":
                    continue
                left, right = seen.node.child_by_field_name("left"), seen.node.child_by_field_name("right")
                if left is None or right is None:
                    continue
                if left.type == "subscript_expression":
                    left = left.child_by_field_name("argument")
                if left is not None and left.type == "identifier":
                    table.setdefault(seen.origin.read(left), []).append((right, seen.origin))
            function.assigned = table
        return function.assigned  # type: ignore[return-value]
