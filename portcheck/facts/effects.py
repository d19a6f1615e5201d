"""What functions do, found by looking into them: which of them are wrappers, and of what.

A function whose body comes down to one kind of primitive (a PTX instruction, a warp
intrinsic, a remote operation) is a wrapper of that kind: each call of it is then a fact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.expressions import strip_casts
from portcheck.facts.ptx import Instruction, instructions
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Observation, Origin
from portcheck.program.nodes import first_child

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.facts.context import Context

_CALLEE = re.compile(r"\b([A-Za-z_]\w*)\s*(?:<[^<>;]*>)?\s*\(")

# The kinds that may stand beside the kind a wrapper is named for: a barrier over peers also
# fences and votes, a copy also commits its group, a reduction over lanes adds in its type.
_ABSORBS: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "remote_comm",
        frozenset(("sync_scope", "warp_collective", "block_barrier", "copy_wait", "load", "store")),
    ),
    ("tma_copy", frozenset(("copy_wait", "mbarrier", "block_barrier", "sync_scope"))),
    ("mbarrier", frozenset(("copy_wait", "sync_scope", "block_barrier"))),
    ("fp8_quant", frozenset(("lowp_wire",))),
    ("lowp_wire", frozenset()),
    ("fp32_accum", frozenset()),
    ("warp_collective", frozenset(("block_barrier", "lowp_accum"))),
    ("lowp_accum", frozenset()),
    ("sync_scope", frozenset(("warp_collective", "block_barrier", "load", "store"))),
    ("copy_wait", frozenset(("block_barrier",))),
    ("block_barrier", frozenset()),
    ("load", frozenset()),
    ("store", frozenset()),
)
MAX_CALLS = 60
MAX_CALL_DEPTH = 24


@dataclass(frozen=True, slots=True)
class Effect:
    """One primitive that a function performs, itself or through what it calls.

    `operation` names the primitive: a PTX opcode or an intrinsic.
    `arguments` maps the primitive's operand position to the position of the function's own
    parameter that reaches it; absent where the value does not come from a parameter.
    """

    kind: str
    operation: str
    width_bytes: int | None = None
    vector: bool = False
    scope: str = ""
    order: str = ""
    arguments: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """The effects of one function and the kind it wraps ("" for none)."""

    kind: str
    effects: tuple[Effect, ...]

    @property
    def first(self) -> Effect | None:
        return next((e for e in self.effects if e.kind == self.kind), None)


NOTHING = Summary("", ())


class Effects:
    """Summaries of functions, computed on demand and kept."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._depth = 0
        self._macro_kinds: dict[tuple[str, int], frozenset[str]] = {}

    def of_function(self, function: Function) -> Summary:
        if function.summary is None:
            if self._depth >= MAX_CALL_DEPTH:
                return NOTHING  # not kept: a shorter way to the function may decide it
            function.summary = NOTHING
            self._depth += 1
            try:
                function.summary = self._summarise(function)
            finally:
                self._depth -= 1
        return function.summary  # type: ignore[return-value]

    def is_wrapper(self, function: Function, kind: str) -> bool:
        """Whether facts of the kind in the function's body are reported again at its calls.

        A host function counts only if the tree calls it: nothing else would report its facts.
        """
        if self.of_function(function).kind != kind:
            return False
        return may_run_on_device(function) or function.name in self.context.called

    def of_call(self, callee: Callee, seen: Observation) -> tuple[Summary, Function | None]:
        """What a call does: of an intrinsic, its own effect; of a function, its summary."""
        return self.of_callee(callee, seen.function, seen.origin)

    def of_callee(
        self, callee: Callee, function: Function, origin: Origin
    ) -> tuple[Summary, Function | None]:
        if callee.summary is None:
            callee.summary = self._of_call(callee, function, origin)
        return callee.summary  # type: ignore[return-value]

    def _of_call(self, callee: Callee, function: Function, origin: Origin) -> tuple[Summary, Function | None]:
        direct = self.intrinsic(callee, function, origin)
        if direct is not None:
            scope = callee.qualifier.rstrip(":").rsplit("::", 1)[-1].split("<", 1)[0]
            operation = f"{scope}::{callee.name}" if scope and scope[0].isupper() else callee.name
            return Summary(direct, (Effect(direct, operation),)), None
        candidates = self.candidates(callee, function, origin)
        if not candidates:
            return NOTHING, None
        found = [(self.of_function(c), c) for c in candidates]
        kinds = {s.kind for s, _ in found if s.kind}
        if len(kinds) != 1:
            return NOTHING, None
        kind = kinds.pop()
        return next((s, c) for s, c in found if s.kind == kind)

    def intrinsic(self, callee: Callee, function: Function, origin: Origin) -> str | None:
        """The kind of a call that CUDA or a communication library defines."""
        tables = self.context.intrinsics.tables
        if callee.receiver is not None:
            owner = self.context.typer.type_of(callee.receiver, function, origin)
            if owner is None:
                return None
            if owner.name in tables["remote_comm"]["types"]:
                local = callee.name in tables["remote_comm"]["local_methods"]
                return None if local else "remote_comm"
            return self.context.intrinsics.method_kind(owner.name, callee.name)
        if callee.qualifier:
            scope = callee.qualifier.rstrip(":").rsplit("::", 1)[-1].split("<", 1)[0]
            kind = self.context.intrinsics.method_kind(scope, callee.name)
            if kind is not None and scope not in self.context.program.records:
                return kind
        kind = self.context.intrinsics.kind(callee.name)
        return kind if kind in _PRIMITIVES else None

    def candidates(self, callee: Callee, function: Function, origin: Origin) -> list[Function]:
        """The functions of the tree that a call can reach."""
        if callee.targets is None:
            callee.targets = self._find_candidates(callee, function, origin)
        return callee.targets

    def _find_candidates(self, callee: Callee, function: Function, origin: Origin) -> list[Function]:
        named = self.context.program.functions.get(callee.name, [])
        if not named:
            return []
        found = self._reachable(named, callee, function, origin)
        if runs_on_device(function):
            found = [f for f in found if may_run_on_device(f)]
        return found

    def _reachable(
        self, named: list[Function], callee: Callee, function: Function, origin: Origin
    ) -> list[Function]:
        if callee.receiver is not None:
            owner = self.context.typer.type_of(callee.receiver, function, origin)
            if owner is not None:
                return [
                    m
                    for t in self.context.typer.resolve(owner.base(), function)
                    for m in self.context.program.methods(t.name, callee.name)
                ]
            return [f for f in named if f.record]
        found = [f for f in named if not f.is_kernel and len(f.parameters) >= len(callee.arguments)]
        scope = callee.qualifier.rstrip(":").rsplit("::", 1)[-1].split("<", 1)[0]
        if scope:
            return [f for f in found if scope in f.namespace or f.record.endswith(scope)]
        return [f for f in found if f.record in ("", function.record, f.name)]

    def _summarise(self, function: Function) -> Summary:
        if function.is_kernel:
            return NOTHING
        effects = self._body_effects(function.observations, function)
        if not effects:
            # The whole body can stand in a branch that is off, as for a later architecture.
            for shadow in function.shadows:
                effects += self._body_effects(shadow.observations, shadow)
        kinds = {e.kind for e in effects}
        for kind, beside in _ABSORBS:
            if kind in kinds:
                return Summary(kind if kinds <= beside | {kind} else "", tuple(effects[:24]))
        return Summary("", tuple(effects[:24]))

    def _body_effects(self, observations: list[Observation], function: Function) -> list[Effect]:
        effects: list[Effect] = []
        calls = 0
        for seen in observations:
            if seen.kind == "asm":
                effects += self.of_asm(seen, function)
            elif seen.kind == "call":
                calls += 1
                if calls > MAX_CALLS:
                    return []
                effects += self._call(seen, function)
        return effects

    def of_asm(self, seen: Observation, function: Function) -> list[Effect]:
        """The effects of the instructions of one `asm` statement."""
        found: list[Effect] = []
        values = asm_values(seen.node)
        for instruction in read_asm(seen, self.context):
            kind = instruction.kind
            if not kind:
                continue
            if kind in ("load", "store") and (instruction.scope or instruction.order == "volatile"):
                scoped = instruction.order != "volatile"
                kind = "sync_scope" if scoped else kind
            found.append(
                Effect(
                    kind,
                    instruction.opcode,
                    instruction.width_bytes,
                    instruction.is_vector,
                    instruction.scope,
                    instruction.order,
                    self._operand_sources(instruction, values, function, seen.origin),
                )
            )
        return found

    def _operand_sources(
        self, instruction: Instruction, values: list[Node], function: Function, origin: Origin
    ) -> tuple[tuple[int, int], ...]:
        pairs: list[tuple[int, int]] = []
        for position, operand in enumerate(instruction.operands):
            match = re.search(r"%(\d+)", operand)
            if match is None or int(match.group(1)) >= len(values):
                continue
            source = self._parameter_of(values[int(match.group(1))], function, origin)
            if source is not None:
                pairs.append((position, source))
        return tuple(pairs)

    def _parameter_of(self, node: Node, function: Function, origin: Origin, depth: int = 0) -> int | None:
        """The position of the parameter that an expression is, under casts and address spaces.

        Arithmetic on a parameter is not that parameter: the answer is then None.
        """
        node = strip_casts(node, origin)
        if node.type == "call_expression":
            callee = Callee.of(node, origin)
            if callee is None or len(callee.arguments) != 1 or depth > 4:
                return None
            if callee.name != "__cvta_generic_to_shared" and not self._passes_on(
                callee, function, origin, depth
            ):
                return None
            return self._parameter_of(callee.arguments[0], function, origin, depth)
        if node.type != "identifier" or depth > 4:
            return None
        name = origin.read(node)
        binding = function.lookup(name, node.start_byte)
        if binding is None:
            return None
        if binding.parameter:
            names = [p.name for p in function.parameters]
            return names.index(name) if name in names else None
        if binding.value is None or name in self.context.provenance.assignments(function):
            return None
        return self._parameter_of(binding.value, function, binding.origin, depth + 1)

    def _passes_on(self, callee: Callee, function: Function, origin: Origin, depth: int) -> bool:
        """Whether a tree's own function returns its one argument, cast or in another address space."""
        for target in self.candidates(callee, function, origin)[:2]:
            for seen in target.observations:
                value = first_child(seen.node) if seen.kind == "return" else None
                if value is not None:
                    return self._parameter_of(value, target, seen.origin, depth + 1) == 0
        return False

    def _call(self, seen: Observation, function: Function) -> list[Effect]:
        callee = seen.callee
        if callee is None:
            return []
        macro = self.context.macros.get(callee.name, seen.origin.file.path)
        if macro is not None and macro.parameters is not None and callee.receiver is None:
            return [Effect(k, callee.name) for k in sorted(self.macro_kinds(macro.name, macro.body, 0))]
        summary, target = self.of_callee(callee, function, seen.origin)
        if summary.kind in ("sync_scope", "load", "store"):
            for argument in callee.arguments:
                if self.context.provenance.of(argument, function, seen.origin, "peer") is not None:
                    return [*summary.effects, Effect("remote_comm", callee.name)]
        if target is None:
            return list(summary.effects)
        if not summary.kind:
            return [Effect(e.kind, e.operation) for e in summary.effects]
        inherited: list[Effect] = []
        for effect in summary.effects:
            pairs = []
            for operand, parameter in effect.arguments:
                if parameter < len(callee.arguments):
                    source = self._parameter_of(callee.arguments[parameter], function, seen.origin)
                    if source is not None:
                        pairs.append((operand, source))
            inherited.append(
                Effect(
                    effect.kind,
                    effect.operation,
                    effect.width_bytes,
                    effect.vector,
                    effect.scope,
                    effect.order,
                    tuple(pairs),
                )
            )
        return inherited

    def macro_kinds(self, name: str, body: bytes, depth: int) -> frozenset[str]:
        """The primitive kinds that stand in a macro's body or in the macros it calls."""
        key = (name, hash(body))
        if key in self._macro_kinds or depth > 6:
            return self._macro_kinds.get(key, frozenset())
        self._macro_kinds[key] = frozenset()
        kinds: set[str] = set()
        text = body.decode("utf-8", "replace")
        if "asm" in text:
            kinds.update(i.kind for i in instructions(text) if i.kind not in ("", "load", "store"))
        for found in _CALLEE.findall(text):
            kind = self.context.intrinsics.kind(found)
            if kind in _PRIMITIVES:
                kinds.add(kind)
                continue
            inner = self.context.macros.get(found)
            if inner is not None and inner.parameters is not None and found != name:
                kinds |= self.macro_kinds(found, inner.body, depth + 1)
        self._macro_kinds[key] = frozenset(kinds)
        return self._macro_kinds[key]


_PRIMITIVES = frozenset(kind for kind, _ in _ABSORBS)


def runs_on_device(function: Function) -> bool:
    return "__device__" in function.qualifiers or function.is_kernel


def may_run_on_device(function: Function) -> bool:
    """False for a plain host function: no qualifier, no attribute macro that could hide one."""
    return bool(function.qualifiers) or function.origin.expansion


def read_asm(seen: Observation, context: Context) -> tuple[Instruction, ...]:
    """The instructions of an `asm`, with string macros in its template replaced."""
    code = seen.node.child_by_field_name("assembly_code")
    if code is None:
        return ()
    text = seen.origin.read(code)
    if code.type == "concatenated_string":
        parts = []
        for child in code.named_children:
            if child.type == "identifier":
                macro = context.macros.get(seen.origin.read(child), seen.origin.file.path)
                parts.append(macro.body.decode("utf-8", "replace") if macro is not None else '""')
            else:
                parts.append(seen.origin.read(child))
        text = " ".join(parts)
    return instructions(text)


def asm_values(node: Node) -> list[Node]:
    """The C++ expressions of an `asm`'s operands, in the order of %0, %1, …"""
    values: list[Node] = []
    for field in ("output_operands", "input_operands"):
        listed = node.child_by_field_name(field)
        if listed is None:
            continue
        for operand in listed.named_children:
            value = operand.child_by_field_name("value")
            if value is not None:
                values.append(value)
    return values
