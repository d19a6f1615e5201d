"""Kernel launches: `<<<>>>`, cudaLaunchKernel*, launch configurations, run-time compilation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.program.callee import Callee
from portcheck.program.model import Observation, Origin
from portcheck.program.nodes import first_child
from portcheck.program.types import parse_type, split_top

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch(Fact):
    """One launch, or the configuration of one.

    `form` is "<<<>>>", the name of the launching call, "configuration" or "run-time
    compilation". `kernel` is the kernel's name, "" where the source text is only known at run
    time. `instantiations` are its template arguments, one text for each alternative that the
    code can select, with named constants replaced by their values. `configuration` holds
    grid, block, dynamic shared memory and stream where the source shows them.
    """

    kind = FactKind.LAUNCH

    form: str
    kernel: str
    instantiations: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    undecided: str = ""

    @property
    def detail(self) -> str:
        shown = " or ".join(f"{self.kernel}<{i}>" for i in self.instantiations) or self.kernel
        shape = f"over ({', '.join(self.configuration)})" if self.configuration else ""
        why = f"undecided: {self.undecided}" if self.undecided else ""
        return ": ".join(p for p in (self.form, " ".join(w for w in (shown, shape, why) if w)) if p)


def concerns(name: str, context: Context) -> bool:
    table = context.intrinsics.tables["launch"]
    return name in table["names"] or name in table["run_time_compilation"]


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Launches in a call or declaration."""
    if seen.kind == "declaration":
        yield from _configuration(seen, context)
        return
    triple = _triple(seen)
    if triple is not None:
        title, configuration = triple
        yield from _launch(seen, context, "<<<>>>", title, configuration)
        return
    callee = seen.callee
    if callee is None or callee.receiver is not None:
        return
    table = context.intrinsics.tables["launch"]
    if callee.name in table["names"]:
        position = table["kernel_argument"].get(callee.name, 0)
        if position < len(callee.arguments):
            own = callee.name in context.own.launches
            shape = () if own else tuple(seen.origin.read(a) for a in callee.arguments[:position])
            yield from _launch(seen, context, callee.name, callee.arguments[position], shape)
    elif callee.name in table["run_time_compilation"]:
        yield Launch(
            **context.common(seen),
            form="run-time compilation",
            kernel="",
            undecided="the kernel's text is put together at run time",
        )


def _launch(
    seen: Observation, context: Context, form: str, title: Node, configuration: tuple[str, ...]
) -> Iterator[Fact]:
    found = list(dict.fromkeys(_kernels(title, seen, seen.origin, context, 0)))
    for name in dict.fromkeys(name for name, _ in found):
        yield Launch(
            **context.common(seen, definition=name in seen.origin.macro_parameters),
            form=form,
            kernel=name,
            instantiations=tuple(arguments for n, arguments in found if n == name and arguments),
            configuration=configuration,
        )


def _triple(seen: Observation) -> tuple[Node, tuple[str, ...]] | None:
    """A `k<A><<<g, b>>>(x)`, which the pre-pass turned into `k<A>(  g, b)  (x)`."""
    inner = seen.node.child_by_field_name("function")
    if inner is None or inner.type != "call_expression":
        return None
    listed = inner.child_by_field_name("arguments")
    title = inner.child_by_field_name("function")
    if listed is None or title is None:
        return None
    if seen.origin.text[listed.start_byte : listed.start_byte + 3] != b"<<<":
        return None
    return title, tuple(seen.origin.read(c) for c in listed.named_children if c.type != "comment")


def _kernels(
    node: Node, seen: Observation, origin: Origin, context: Context, depth: int
) -> Iterator[tuple[str, str]]:
    """Names and template arguments of the kernels that an expression can stand for."""
    if depth > 6:
        return
    kind = node.type
    if kind in ("parenthesized_expression", "pointer_expression", "cast_expression"):
        inner = node.child_by_field_name("argument") or node.child_by_field_name("value") or first_child(node)
        if inner is not None:
            yield from _kernels(inner, seen, origin, context, depth + 1)
        return
    if kind == "conditional_expression":
        for field in ("consequence", "alternative"):
            branch = node.child_by_field_name(field)
            if branch is not None:
                yield from _kernels(branch, seen, origin, context, depth + 1)
        return
    if kind == "call_expression":
        callee = Callee.of(node, origin)
        if callee is not None and callee.name.endswith("_cast") and callee.arguments:
            yield from _kernels(callee.arguments[0], seen, origin, context, depth + 1)
            return
    if kind == "identifier":
        name = origin.read(node)
        binding = seen.function.lookup(name, node.start_byte)
        if binding is not None and binding.value is not None:
            yield from _kernels(binding.value, seen, binding.origin, context, depth + 1)
            for value, where in context.provenance.assignments(seen.function).get(name, ()):
                yield from _kernels(value, seen, where, context, depth + 1)
            return
    name, arguments = _split(origin.read(node))
    yield name, ", ".join(_constant(a, seen, node.start_byte) for a in arguments)


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    name, found, rest = text.strip().partition("<")
    arguments = tuple(split_top(rest.rsplit(">", 1)[0])) if found else ()
    return name.strip(), arguments


def _constant(text: str, seen: Observation, offset: int) -> str:
    """A named constant's literal value; any other argument as written."""
    for _ in range(4):
        binding = seen.function.lookup(text, offset)
        if binding is None or binding.value is None or not binding.constant:
            return text
        value = binding.origin.read(binding.value)
        if binding.value.type not in ("number_literal", "identifier", "true", "false"):
            return text
        text = value
    return text


def _configuration(seen: Observation, context: Context) -> Iterator[Fact]:
    type_node = seen.node.child_by_field_name("type")
    if type_node is None:
        return
    type_ = parse_type(seen.origin.read(type_node))
    if type_ is None or type_.name not in context.intrinsics.tables["launch"]["config_types"]:
        return
    declarator = seen.node.child_by_field_name("declarator")
    value = declarator.child_by_field_name("value") if declarator is not None else None
    shape: tuple[str, ...] = ()
    if value is not None and value.type == "initializer_list":
        shape = tuple(seen.origin.read(c) for c in value.named_children)
    yield Launch(**context.common(seen), form="configuration", kernel="", configuration=shape)
