"""Kernel launches: `<<<>>>`, cudaLaunchKernel*, launch configurations, run-time compilation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.program.nodes import first_child
from portcheck.program.model import Observation
from portcheck.program.types import parse_type, split_top
from portcheck.program.callee import Callee

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch(Fact):
    """One launch, or the configuration of one.

    `form` is "<<<>>>", the name of the launching call, "configuration" or "run-time
    compilation". `kernel` is the kernel's name, "" where the source text is only known at run
    time; `template_arguments` are as written. `configuration` holds grid, block, dynamic
    shared memory and stream where the source shows them.
    """

    kind = FactKind.LAUNCH

    form: str
    kernel: str
    template_arguments: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    undecided: str = ""

    @property
    def detail(self) -> str:
        arguments = f"<{', '.join(self.template_arguments)}>" if self.template_arguments else ""
        shape = f" over ({', '.join(self.configuration)})" if self.configuration else ""
        why = f" (undecided: {self.undecided})" if self.undecided else ""
        return f"{self.form}: {self.kernel}{arguments}{shape}{why}".replace(":  over", " over")


def concerns(name: str, context: Context) -> bool:
    table = context.intrinsics.tables["launch"]
    return name in table["names"] or name in table["run_time_compilation"]


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Launches in a call or declaration."""
    if seen.kind == "declaration":
        yield from _configuration(seen, context)
        return
    launch = _triple(seen)
    if launch is not None:
        kernel, arguments, configuration = launch
        definition = kernel in seen.origin.macro_parameters
        yield Launch(**context.common(seen, definition=definition), form="<<<>>>", kernel=kernel,
                     template_arguments=arguments, configuration=configuration)
        return
    callee = seen.callee
    if callee is None or callee.receiver is not None:
        return
    table = context.intrinsics.tables["launch"]
    if callee.name in table["names"]:
        position = table["kernel_argument"].get(callee.name, 0)
        if position < len(callee.arguments):
            kernel, arguments = _kernel(callee.arguments[position], seen)
            yield Launch(
                **context.common(seen, definition=kernel in seen.origin.macro_parameters),
                form=callee.name, kernel=kernel, template_arguments=arguments,
                configuration=tuple(seen.origin.read(a) for a in callee.arguments[:position]),
            )
    elif callee.name in table["run_time_compilation"]:
        yield Launch(**context.common(seen), form="run-time compilation", kernel="",
                     undecided="the kernel's text is put together at run time")


def _triple(seen: Observation) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """A `k<A><<<g, b>>>(x)`, which the pre-pass turned into `k<A>(  g, b)  (x)`."""
    inner = seen.node.child_by_field_name("function")
    if inner is None or inner.type != "call_expression":
        return None
    listed = inner.child_by_field_name("arguments")
    title = inner.child_by_field_name("function")
    if listed is None or title is None:
        return None
    start = listed.start_byte
    if seen.origin.text[start : start + 3] != b"<<<":
        if not (seen.origin.expansion and seen.origin.text[start : start + 3] == b"<<<"):
            return None
    kernel, arguments = _kernel(title, seen)
    shape = tuple(seen.origin.read(c) for c in listed.named_children if c.type != "comment")
    return kernel, arguments, shape


def _kernel(node: Node, seen: Observation, depth: int = 0) -> tuple[str, tuple[str, ...]]:
    """The kernel's name and template arguments, through a local `auto kernel = k<A>`."""
    origin = seen.origin
    while node.type in ("parenthesized_expression", "pointer_expression", "cast_expression"):
        inner = node.child_by_field_name("argument") or node.child_by_field_name("value") or first_child(node)
        if inner is None:
            break
        node = inner
    if node.type == "call_expression":
        callee = Callee.of(node, origin)
        if callee is not None and callee.name.endswith("_cast") and callee.arguments:
            return _kernel(callee.arguments[0], seen, depth + 1)
    if node.type == "identifier" and depth < 4:
        binding = seen.function.lookup(origin.read(node), node.start_byte)
        if binding is not None and binding.value is not None:
            text = binding.origin.read(binding.value)
            return _split(text)
    return _split(origin.read(node))


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    text = text.strip().lstrip("&").strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    name, found, rest = text.partition("<")
    arguments = tuple(split_top(rest.rsplit(">", 1)[0])) if found else ()
    return name.strip(), arguments


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
