"""The launches of a kernel: what its parameters are there, and what the host has checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portcheck.analysis.host_calls import HostCalls
from portcheck.analysis.host_contexts import Callers, Launched, Run, Runs, merged
from portcheck.analysis.machine import Machine, Tree
from portcheck.analysis.record import LaunchEvent
from portcheck.analysis.state import Frame, Step
from portcheck.analysis.values import Cell, Number, Structure, Value
from portcheck.facts.base import Fact
from portcheck.facts.launches import Launch
from portcheck.program.model import Function, Origin
from portcheck.program.types import CType
from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition, condition_symbols
from portcheck.symbolic.evaluate import substitute, substitute_condition
from portcheck.symbolic.expr import Expr, Role, Symbol, of

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Premised:
    """A condition that the host established before the launch, with the step that says so."""

    condition: Condition
    step: Step


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """One launch of a kernel, in terms of the host function's own names.

    `parameters` gives the kernel's parameters and template arguments by name, `sizes` those
    of its type arguments. `shared_bytes` is the dynamic shared memory, None if not known.
    """

    place: Place
    label: str
    parameters: Mapping[str, Expr]
    sizes: Mapping[str, Expr]
    known: tuple[Premised, ...]
    shared_bytes: Expr | None
    stand_ins: frozenset[Symbol] = frozenset()  # the host's, in what it gives and knows


@dataclass(eq=False)
class Launches:
    """All launches of a tree by kernel; `complete`: no launch of it escaped the interpreter.

    `dead` are kernels with a launch that no path comes to.
    """

    contexts: dict[int, list[Context]] = field(default_factory=dict)
    incomplete: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)

    def of(self, kernel: Function) -> tuple[list[Context], bool]:
        """The launches of a kernel, and whether these are all."""
        found = self.contexts.get(id(kernel), [])
        known = bool(found) or id(kernel) in self.dead
        return found, known and id(kernel) not in self.incomplete


def collect(
    tree: Tree, facts: Iterable[Fact], functions: Iterable[Function], calls: HostCalls | None = None
) -> Launches:
    """Interpret every host function that launches a kernel, and those that `calls` it."""
    sites = [
        f
        for f in facts
        if isinstance(f, Launch) and f.kernel and f.active and not f.definition and f.form != "configuration"
    ]
    launches = Launches()
    functions = list(functions)
    seen: set[tuple[str, int]] = set()
    escaped: set[str] = set()
    hosts = {
        id(f): f
        for s in sites
        for f in functions
        if f.body is not None
        and not f.is_kernel
        and f.origin.file.path == s.place.path
        and f.start_byte <= s.place.start_byte < f.end_byte
        and f.shadow_of is None
    }
    visited: set[int] = set()
    runs = Runs(tree)
    for host in hosts.values():
        run = runs.of(host)
        machine = run.machine
        own = _contexts(tree, ((run, e) for e in run.events))
        seen |= {(c.place.path, c.place.line) for _, c in own}
        by_callers = Callers(runs, calls).launches(host) if calls is not None and own else None
        if by_callers is not None:
            own = merged(own, _contexts(tree, by_callers, host))
        for kernel, made in own:
            listed = launches.contexts.setdefault(id(kernel), [])
            if not any(_same(made, c) for c in listed):
                listed.append(made)
        escaped |= machine.escaped_functions
        if machine.exhausted or machine.cut:
            seen = {s for s in seen if s[0] != host.origin.file.path}
        else:
            visited |= machine.visited
    _escaped(tree, launches, hosts.values(), functions, escaped)
    for site in sites:
        if not any(
            (site.place.path, line) in seen for line in range(site.place.line, site.place.end_line + 1)
        ):
            if site.place.start_byte and _is_in_macro(site, hosts.values()):
                continue
            around = _host_of(site, hosts.values())
            dead = around is not None and _is_dead(site, around, visited)
            named = _kernels_of(site, around, functions)
            if not dead:
                launches.incomplete |= {id(f) for f in named}
            elif len(named) == 1:
                launches.dead |= {id(f) for f in named}
    return launches


def _host_of(site: Launch, hosts: Iterable[Function]) -> Function | None:
    """The function that a launch stands in."""
    for host in hosts:
        body = host.body
        if body is None or host.origin.file.path != site.place.path:
            continue
        if body.start_byte <= site.place.start_byte < body.end_byte:
            return host
    return None


def _kernels_of(site: Launch, host: Function | None, functions: Iterable[Function]) -> list[Function]:
    """The kernels that a launch may be of: by its name, those beside the host first."""
    name = site.kernel.split("<", 1)[0].rsplit("::", 1)[-1].strip()
    named = [f for f in functions if f.is_kernel and f.body is not None and f.name == name]
    if host is None:
        return named
    beside = [f for f in named if f.namespace == host.namespace and f.origin.file is host.origin.file]
    return beside or named


_BRANCHING = frozenset(
    (
        "compound_statement", "if_statement", "switch_statement", "for_statement", "while_statement",
        "do_statement", "for_range_loop",
    )
)  # fmt: skip


def _is_dead(site: Launch, host: Function, visited: set[int]) -> bool:
    """Whether a launch stands where no path comes: the statements around it were looked at."""
    if host.body is None:
        return False
    current = host.body.descendant_for_byte_range(site.place.start_byte, site.place.start_byte)
    while current is not None and current.id not in visited:
        current = current.parent
    return current is not None and current.type in _BRANCHING


def _escaped(
    tree: Tree,
    launches: Launches,
    hosts: Iterable[Function],
    functions: Iterable[Function],
    escaped: set[str],
) -> None:
    """Kernels that are named where no launch is seen: something else may launch them."""
    known = {id(h) for h in hosts}
    tables = [*_outside_functions(functions)]
    for listed in tree.context.program.constants.values():
        tables += listed
    kernels = [f for f in functions if id(f) in launches.contexts]
    for kernel in kernels:
        name = re.compile(rb"\b" + re.escape(kernel.name.encode()) + rb"\b")
        elsewhere = any(
            id(f) not in known
            and f.name != kernel.name
            and not f.origin.is_macro
            and f.shadow_of is None
            and f.body is not None
            and not f.is_kernel
            and "__device__" not in f.qualifiers
            and name.search(f.origin.text, f.body.start_byte, f.body.end_byte)
            and _names_kernel(f, kernel, tree)
            for f in functions
        )
        held = any(name.search(o.text, v.start_byte, v.end_byte) and not o.is_macro for v, o in tables)
        if elsewhere or held or kernel.name in escaped:
            launches.incomplete.add(id(kernel))


def _outside_functions(functions: Iterable[Function]) -> Iterator[tuple[Node, Origin]]:
    """What variables at file scope are made from, and what is called there."""
    for function in functions:
        if function.name or function.body is not None:
            continue
        for seen in function.observations:
            if seen.kind == "call":
                yield seen.node, seen.origin
            for found in seen.declared:
                if found.value is not None:
                    yield found.value, seen.origin


def _names_kernel(function: Function, kernel: Function, tree: Tree) -> bool:
    """Whether a name in a function is the kernel's and not that of a function it calls."""
    others = [f for f in tree.context.program.functions.get(kernel.name, ()) if not f.is_kernel]
    return not others


def _is_in_macro(site: Launch, hosts: Iterable[Function]) -> bool:
    """A launch written in a macro's body inside a function: its uses are launches of their own."""
    return site.function == ""


def _contexts(
    tree: Tree, launched: Iterable[Launched], host: Function | None = None
) -> list[tuple[Function, Context]]:
    """The launches of kernels that are known, by the callers of `host` or by functions themselves."""
    found: list[tuple[Function, Context]] = []
    said: _Said = {}
    for run, event in launched:
        kernel = _kernel(tree, event, host or run.root)
        if kernel is not None:
            found.append((kernel, _context(run, event, kernel, said, host)))
    return found


def _kernel(tree: Tree, event: LaunchEvent, host: Function) -> Function | None:
    named = [f for f in tree.context.program.functions.get(event.kernel.name, ()) if f.is_kernel and f.body]
    fitting = [f for f in named if len(f.parameters) >= len(event.arguments) or not event.arguments]
    scope = event.kernel.qualifier.rstrip(":").rsplit("::", 1)[-1]
    if scope:
        fitting = [f for f in fitting if scope in f.namespace] or fitting
    near = [
        f for f in fitting if f.namespace == host.namespace and f.origin.file.path == host.origin.file.path
    ]
    near = near or [f for f in fitting if f.namespace == host.namespace] or fitting
    return near[0] if len(near) == 1 else None


_Said = dict[tuple[Condition, tuple[Expr, ...]], Condition]
"""Conditions in terms of launches, by what their symbols are there: most launches share most."""


def _context(
    run: Run, event: LaunchEvent, kernel: Function, said: _Said, called: Function | None = None
) -> Context:
    """A launch in terms of the function that was interpreted; `called`: the one that it calls."""
    machine, host = run.machine, run.root
    title = host.name if called is None or host.name != called.name else f"{host.qualified}'s caller"
    stand_ins = machine.state.stand_ins

    def fixed(symbol: Symbol) -> Symbol:
        """What a caller's code does not determine is the same for the whole launch."""
        loose = called is not None and symbol.role is Role.OPAQUE and symbol not in stand_ins
        return replace(symbol, role=Role.PARAMETER) if loose else symbol

    mapping = _passed_on(event, kernel, fixed)

    def hosted(expr: Expr) -> Expr:
        for symbol in expr.symbols():
            if symbol not in mapping:
                mapping[symbol] = of(replace(fixed(symbol), name=f"{symbol.name}@{title}"))
        return substitute(expr, mapping)

    parameters: dict[str, Expr] = {}
    sizes: dict[str, Expr] = {}
    labels: list[str] = []
    frame = machine.root
    assert frame is not None
    for parameter, given in zip(kernel.template_parameters, event.kernel.arguments, strict=False):
        if isinstance(given, CType):
            size = machine.sizes.size(given, frame)
            labels.append(f"{parameter.name}={given}")
            if size is not None:
                sizes[parameter.name] = hosted(size)
        elif isinstance(given, Number):
            parameters[parameter.name] = hosted(given.expr)
            labels.append(f"{parameter.name}={_shown(given, parameter.type)}")
    for name, value in _by_default(machine, event, kernel).items():
        parameters.setdefault(name, hosted(value))
    for parameter, argument in zip(kernel.parameters, event.arguments, strict=False):
        if isinstance(argument, Number):
            parameters[parameter.name] = hosted(argument.expr)
    shared = _configuration(event, parameters, hosted)
    known = []
    for one in (*event.known, *machine.universal):
        symbols = sorted(condition_symbols(one.condition))
        for symbol in symbols:
            if symbol not in mapping:
                hosted(of(symbol))
        key = one.condition, tuple(mapping[s] for s in symbols)
        if key not in said:
            said[key] = substitute_condition(one.condition, mapping)
        known.append(Premised(said[key], machine.state.steps[one.tag]))
    open_ = frozenset(s for old in stand_ins & mapping.keys() for s in mapping[old].symbols())
    return Context(event.place, ", ".join(labels), parameters, sizes, tuple(known), shared, open_)


def _by_default(machine: Machine, event: LaunchEvent, kernel: Function) -> dict[str, Expr]:
    """Template arguments that the launch leaves to their defaults."""
    frame = Frame(kernel, kernel.origin, [{}])
    found: dict[str, Expr] = {}
    for position, parameter in enumerate(kernel.template_parameters):
        given = event.kernel.arguments[position] if position < len(event.kernel.arguments) else None
        if isinstance(given, CType):
            frame.types[parameter.name] = given
        elif given is not None:
            frame.scopes[0][parameter.name] = Cell(given, parameter.name)
        elif parameter.default and not parameter.is_type:
            value = machine.text_value(parameter.default, frame)
            frame.scopes[0][parameter.name] = Cell(value, parameter.name)
            if isinstance(value, Number):
                found[parameter.name] = value.expr
    return found


def _passed_on(event: LaunchEvent, kernel: Function, fixed: Callable[[Symbol], Symbol]) -> dict[Symbol, Expr]:
    """The host's own values that the kernel gets as they are, under the kernel's names."""
    found: dict[Symbol, Expr] = {}
    for parameter, argument in zip(kernel.parameters, event.arguments, strict=False):
        symbols = argument.expr.symbols() if isinstance(argument, Number) else frozenset()
        if len(symbols) == 1 and isinstance(argument, Number) and parameter.name:
            (symbol,) = symbols
            given = fixed(symbol)
            if argument.expr == of(symbol) and symbol not in found and given.role is Role.PARAMETER:
                found[symbol] = of(replace(given, name=parameter.name))
    return found


def _configuration(
    event: LaunchEvent, parameters: dict[str, Expr], hosted: Callable[[Expr], Expr]
) -> Expr | None:
    """Grid and block of the launch; returns the dynamic shared memory in bytes."""
    shape: list[Value] = list(event.configuration)
    if len(shape) == 1 and isinstance(shape[0], Structure):
        shape = [c.value for c in shape[0].fields.values()]
    for value, head in zip(shape, ("gridDim", "blockDim"), strict=False):
        if isinstance(value, Number):
            parameters[f"{head}.x"] = hosted(value.expr)
        elif isinstance(value, Structure) and value.type.name == "dim3":
            for axis, cell in value.fields.items():
                if isinstance(cell.value, Number):
                    parameters[f"{head}.{axis}"] = hosted(cell.value.expr)
    if len(shape) > 2 and isinstance(shape[2], Number):
        return hosted(shape[2].expr)
    return None


def _shown(given: Number, type_: CType | None) -> str:
    value = given.expr.value
    if value is not None and type_ is not None and type_.name == "bool":
        return "true" if value else "false"
    return str(given.expr)


def _same(left: Context, right: Context) -> bool:
    return (
        left.parameters == right.parameters
        and left.sizes == right.sizes
        and left.label == right.label
        and {k.condition for k in left.known} == {k.condition for k in right.known}
    )
