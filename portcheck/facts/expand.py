"""Calls of the tree's own macros, analysed as what they expand to.

A fact in a macro's body that does not depend on the macro's parameters is reported once, at
the body. One that does is reported at each call, with the macro's definition beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from portcheck.facts.checks import is_check
from portcheck.facts.context import Context
from portcheck.program.callee import Callee
from portcheck.program.extract import extract
from portcheck.program.model import Observation, Origin, Unit
from portcheck.source.place import Place
from portcheck.syntax import Expansion, MacroDefinition, expand_call, parse_text, split_arguments

_INTERESTING = re.compile(
    rb"<<<|Launch|_cast\s*<[^<>]*\*|\w\s*\[|asm\b|_sync\b|__ldg|\*\s*\(|__shared__|constexpr|\busing\b"
)
MAX_ARGUMENT_BYTES = 400
BLOCK = b"block_argument"  # stands for a block that a macro is given
MAX_EXPANSION_BYTES = 16384
MAX_SWITCH_BYTES = 262144  # a switch over cases writes its case out once for each value


@dataclass(slots=True)
class Expander:
    """Expands macro calls, at most once for each call."""

    context: Context
    _worthy: dict[int, bool] = field(default_factory=dict)
    _reported: set[tuple[str, int, str]] = field(default_factory=set)

    def macro_of(self, seen: Observation) -> tuple[MacroDefinition, Callee] | None:
        """The macro that a call expression is a use of, if it is worth expanding."""
        callee = seen.callee
        if callee is None or callee.name not in self.context.macros:
            return None
        if callee.receiver is not None or callee.qualifier or callee.template_arguments:
            return None
        macro = self.context.macros.get(callee.name, seen.origin.file.path, _offset(seen))
        if macro is None or macro.parameters is None:
            return None
        if not self._is_worthy(macro, 0) or is_check(callee.name, self.context, seen.origin.file.path):
            return None
        return macro, callee

    def _is_worthy(self, macro: MacroDefinition, depth: int) -> bool:
        key = id(macro)
        if key not in self._worthy:
            self._worthy[key] = False
            assert macro.parameters is not None
            called = any(
                re.search(rb"\b" + re.escape(p.encode()) + rb"\s*\(", macro.body)
                for p in macro.parameters
                if p != "..."
            )
            worthy = called or bool(_INTERESTING.search(macro.body))
            if not worthy and depth < 6:
                for name in set(re.findall(rb"\b([A-Za-z_]\w*)\s*\(", macro.body)):
                    inner = self.context.macros.get(name, macro.path)
                    if inner is not None and inner.parameters is not None and inner is not macro:
                        worthy = worthy or self._is_worthy(inner, depth + 1)
            self._worthy[key] = worthy
        return self._worthy[key]

    def expand(self, seen: Observation) -> tuple[Expansion, list[Observation], Place] | None:
        """The observations inside the expansion of a macro call, and the macro's place."""
        found = self.macro_of(seen)
        if found is None:
            return None
        macro, _ = found
        listed = seen.node.child_by_field_name("arguments")
        if listed is None:
            return None
        text = seen.origin.text[listed.start_byte + 1 : listed.end_byte - 1]
        arguments = [_shortened(a) for a in split_arguments(text)]
        if arguments == [b""] and not macro.parameters:
            arguments = []
        is_switch = any(a in self.context.macros for a in arguments)
        expansion = expand_call(
            macro,
            arguments,
            self.context.macros,
            budget_bytes=MAX_SWITCH_BYTES if is_switch else MAX_EXPANSION_BYTES,
            path=seen.origin.file.path,
            offset=_offset(seen),
        )
        where = seen.origin.place(seen.node.start_byte, seen.node.end_byte)
        lookup = seen.origin.lookup_offset if seen.origin.expansion else seen.node.start_byte
        origin = Origin(
            file=seen.origin.file,
            text=expansion.text,
            place=lambda _s, _e: where,
            active=seen.origin.active,
            condition=seen.origin.condition,
            macro_parameters=seen.origin.macro_parameters,
            expansion=True,
            lookup_offset=lookup,
        )
        tree = parse_text(expansion.text)
        functions = extract(tree.root_node, origin, Unit(seen.origin.file.path), inside=seen.function)
        observations = [o for f in functions for o in f.observations]
        return (
            expansion,
            observations,
            Place(macro.path, macro.start_byte, macro.end_byte, macro.line, 1, macro.line, 1),
        )

    def report(self, path: str, offset: int, kind: str) -> None:
        """Remember that a macro's body has this fact at this offset of its file."""
        self._reported.add((path, offset, kind))

    def is_new(self, expansion: Expansion, node_start: int, node_end: int, kind: str) -> bool:
        """Whether a fact of an expansion is neither in an argument nor in a reported body."""
        for segment in expansion.segments:
            if segment.start <= node_start < segment.end:
                if segment.source == "argument" and node_end <= segment.end:
                    return False
                if segment.source == "body":
                    offset = segment.offset + node_start - segment.start
                    return (segment.path, offset, kind) not in self._reported
                return True
        return True


def _offset(seen: Observation) -> int | None:
    return seen.origin.lookup_offset if seen.origin.expansion else seen.node.start_byte


def _shortened(argument: bytes) -> bytes:
    """Blocks and long expressions are analysed where they stand: here a name is enough."""
    if len(argument) > MAX_ARGUMENT_BYTES or b"{" in argument or b";" in argument:
        return BLOCK
    return argument


def bound_values(observations: list[Observation]) -> dict[str, list[str]]:
    """Names that a dispatch macro binds to constants or types, with each value it can take."""
    values: dict[str, list[str]] = {}
    for name, text in _bindings(observations):
        if text not in values.setdefault(name, []):
            values[name].append(text)
    return values


def _bindings(observations: list[Observation]) -> Iterator[tuple[str, str]]:
    functions = {id(o.function): o.function for o in observations}
    for function in functions.values():
        for name, bindings in function.bindings.items():
            for binding in bindings:
                if binding.constant and binding.value is not None:
                    yield name, binding.origin.read(binding.value)
        yield from function.aliases.items()
