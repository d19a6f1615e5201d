"""Finders for memory of other ranks: tables of pointers, network queues, two kinds of links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portcheck.facts.primitives import RemoteOperation, ScopedSync
from portcheck.pack.functions.code import code, mentions
from portcheck.pack.functions.registry import finder
from portcheck.pack.functions.zero_buffer import facts_in, kernels, name_place, nodes, words
from portcheck.pack.subjects import Match, View
from portcheck.program.model import Function
from portcheck.symbolic.verdict import Verdict

if TYPE_CHECKING:
    from tree_sitter import Node

_ELEMENT = re.compile(r"^([A-Za-z_][\w.>-]*)\s*\[(.*)\]$")
_LIBRARY = re.compile(r"^(?:nvshmem|ibv_|mlx5dv_|put|putValue|get|signal)")
_QUEUE_TYPES = re.compile(r"\b(?:mlx5_wqe_\w+_seg|mlx5_cqe64|bnxt_re_\w+|mlx5gda_\w+|efa_\w*wqe\w*)\b")
_WORD = re.compile(r"^st\.(?!.*\.v[248])")
_THREAD = re.compile(r"\b(?:threadIdx|blockIdx)\b")
_BARRIER = re.compile(r"^nvshmemx?_(?:barrier|sync)")


def _uniform(function: Function, index: str, offset: int, depth: int = 0) -> bool:
    """Whether an index is the same for all threads: it rests on parameters and constants alone.

    A table of peers that is read at such an index gives this rank's own memory, as a rule.
    """
    if _THREAD.search(index) or depth > 4:
        return False
    for name in re.findall(r"[A-Za-z_]\w*", index):
        binding = function.lookup(name, offset)
        if binding is None or binding.parameter:
            continue
        value = binding.origin.read(binding.value) if binding.value is not None else ""
        changes = _changes(function, name)
        if not value and len(changes) == 1:  # declared first, given its only value later
            value, changes = _assigned(function, changes[0]), []
        if changes or not value or not _uniform(function, value, offset, depth + 1):
            return False
    return True


def _changes(function: Function, name: str) -> list[Node]:
    """The assignments and increments of a name in the function."""
    assert function.body is not None
    found: list[Node] = []
    for node in nodes(function.body, "assignment_expression", "update_expression"):
        target: Node | None = node.child_by_field_name("left") or node.child_by_field_name("argument")
        if target is not None and function.origin.read(target) == name:
            found.append(node)
    return found


def _assigned(function: Function, node: Node) -> str:
    """What a plain `=` gives to its left side, "" for another change."""
    operator, value = node.child_by_field_name("operator"), node.child_by_field_name("right")
    plain = operator is not None and value is not None and function.origin.read(operator) == "="
    return function.origin.read(value) if plain and value is not None else ""


def _device(view: View) -> Iterator[Function]:
    for function in view.analysis.functions:
        if function.body is None or function.origin.is_macro:
            continue
        if function.is_kernel or "__device__" in function.qualifiers:
            yield function


def _peers(function: Function, table: str) -> bool:
    """Whether the function reads the table at an index that differs between threads."""
    assert function.body is not None
    for node in nodes(function.body, "subscript_expression"):
        argument = node.child_by_field_name("argument")
        if argument is None or function.origin.read(argument) != table:
            continue
        found = _ELEMENT.match(function.origin.read(node))
        if found and not _own(function, found.group(2), node.start_byte):
            return True
    return False


def _own(function: Function, index: str, offset: int) -> bool:
    return index.strip().isdigit() or _uniform(function, index, offset)


def _accesses(view: View) -> Iterator[tuple[Function, RemoteOperation, str, str]]:
    """Accesses through a table of pointers, one a rank: function, fact, table and index.

    Only of functions that also signal others: a kernel that scatters through a list of pointers
    and tells nobody is no communication.
    """
    for function in _device(view):
        facts = [f for f in facts_in(view, function, "remote_comm") if isinstance(f, RemoteOperation)]
        ordered = (f for f in facts_in(view, function, "sync_scope") if isinstance(f, ScopedSync))
        plain = all(f.operation in ("load", "store") for f in facts)
        if plain and not any(f.scope == "system" for f in ordered):
            continue
        for fact in facts:
            found = _ELEMENT.match(fact.address)
            if found is not None:
                yield function, fact, found.group(1), found.group(2)


@finder("peer_accesses", "table", "index", "operation", "through")
def peer_accesses(view: View) -> Iterator[Match]:
    """Each access through a table of peers' pointers, at an index that differs between threads."""
    for function, fact, table, index in _accesses(view):
        if _own(function, index, fact.place.start_byte):
            continue
        fields = {"table": table, "index": index, "operation": fact.operation, "through": fact.through}
        yield Match(fact.place, function.qualified, fields)


@finder("peer_tables", "table", "kernel", "accesses")
def peer_tables(view: View) -> Iterator[Match]:
    """One match for each table of peers' pointers in each function, at the first access to a peer.

    A pointer that comes from the table at one of several indices counts where one of them
    is a peer's.
    """
    found: dict[tuple[int, str], list[tuple[Function, RemoteOperation, bool]]] = {}
    for function, fact, table, index in _accesses(view):
        own = _own(function, index, fact.place.start_byte)
        found.setdefault((id(function), table), []).append((function, fact, own))
    for (_, table), every in found.items():
        uses = [(function, fact) for function, fact, own in every if not own]
        uses = uses or [(function, fact) for function, fact, _ in every]
        uses.sort(key=lambda use: use[1].place)
        function, first = uses[0]
        if not _peers(function, table):
            continue
        fields = {"table": table, "kernel": function.name, "accesses": len(uses)}
        related = tuple(fact.place for _, fact in uses[1:])
        yield Match(first.place, function.qualified, fields, related=related)


@finder("signal_words", "kernel", "stores", "operation")
def signal_words(view: View) -> Iterator[Match]:
    """One match for each device function that stores single words at system scope, at the first."""
    for function in _device(view):
        found = [
            f
            for f in facts_in(view, function, "sync_scope")
            if isinstance(f, ScopedSync) and f.scope == "system" and _WORD.match(f.operation)
        ]
        if not found:
            continue
        found.sort(key=lambda f: f.place)
        fields = {"kernel": function.name, "stores": len(found), "operation": found[0].operation}
        related = tuple(f.place for f in found[1:])
        yield Match(found[0].place, function.qualified, fields, related=related)


@finder("library_barriers", "operation", "guard", "stands_en", "stands_zh")
def library_barriers(view: View) -> Iterator[Match]:
    """Barriers of NVSHMEM in code of the device; `guard` is the condition on the block's index under
    which one stands. Without such a condition every block may reach it, which is not followed."""
    code_ = code(view)
    for fact in view.of_kind["remote_comm"]:
        if not isinstance(fact, RemoteOperation) or fact.function not in view.device_functions:
            continue
        called = fact.through or fact.operation
        if not (_BARRIER.match(fact.operation) or _BARRIER.match(called)):
            continue
        node, function = code_.node(fact.place), code_.function_at(fact.place.path, fact.place.start_byte)
        blocks = frozenset(
            name
            for name, bindings in (function.bindings if function is not None else {}).items()
            if any(b.value is not None and "blockIdx" in b.origin.read(b.value) for b in bindings)
        )
        conditions = code_.conditions(node, fact.place.path) if node is not None else []
        guard = next((c for c in conditions if "blockIdx" in c or mentions(c, blocks)), "")
        shown = guard.strip("!() ")[:40]
        fields = {
            "operation": called.rsplit("::", 1)[-1],
            "guard": shown,
            "stands_en": f"stands under `{shown}`" if guard else "may be reached by some of them only",
            "stands_zh": f"位于条件 `{shown}` 之下" if guard else "可能只有部分核到达",
        }
        verdict = Verdict.VIOLATED if guard else Verdict.DEPENDS
        if guard or not _of_one_block(view, function):
            yield Match(fact.place, fact.function, fields, verdict, related=fact.related)


def _of_one_block(view: View, function: Function | None) -> bool:
    """Whether every launch of a kernel has one block."""
    if function is None or not function.is_kernel:
        return False
    contexts, complete = view.analysis.launches.of(function)
    grids = [c.parameters.get("gridDim.x") for c in contexts]
    return complete and bool(grids) and all(g is not None and g.value == 1 for g in grids)


@finder("two_level_kernels", "kernel", "table", "call")
def two_level_kernels(view: View) -> Iterator[Match]:
    """Kernels that reach some ranks by a library's network call and others by pointers of peers."""
    tables: dict[int, str] = {}
    for function, access, table, index in _accesses(view):
        if not _own(function, index, access.place.start_byte):
            tables.setdefault(id(function), table)
    for function in kernels(view):
        table = tables.get(id(function), "")
        for fact in facts_in(view, function, "remote_comm"):
            operation = str(getattr(fact, "operation", ""))
            if table and _LIBRARY.match(operation):
                fields = {"kernel": function.name, "table": table, "call": operation}
                yield Match(name_place(function), function.qualified, fields)
                break


@finder("queue_writers", "name", "types")
def queue_writers(view: View) -> Iterator[Match]:
    """Device functions that write or read entries of a network card's queues themselves."""
    for function in _device(view):
        assert function.body is not None
        body = function.origin.read(function.body)
        if not _QUEUE_TYPES.search(body):
            continue
        used = {function.origin.read(n) for n in nodes(function.body, "type_identifier", "template_function")}
        used |= set(words(function, function.body))
        types = sorted(t for t in used if _QUEUE_TYPES.fullmatch(t))
        if types:
            fields = {"name": function.name, "types": ", ".join(types[:4])}
            yield Match(name_place(function), function.qualified, fields)
