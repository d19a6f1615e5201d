"""Kernels with their launches, and the call graph, from the linked program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from portcheck.facts.base import Fact
from portcheck.facts.collect import Dispatch
from portcheck.facts.context import Context
from portcheck.facts.expressions import function_place, identifiers
from portcheck.facts.launches import Launch
from portcheck.program import model
from portcheck.program.types import split_top, substitute
from portcheck.result import Call, Kernel, Parameter

MAX_INSTANTIATIONS = 1024
_NOT_A_CALL = re.compile(r"_cast$|^(?:sizeof|alignof|decltype|if|for|while|switch|return|defined)$")


def kernels(
    context: Context,
    facts: Sequence[Fact],
    instantiations: Mapping[tuple[str, str], list[str]],
    dispatches: Sequence[Dispatch],
) -> Iterator[Kernel]:
    """Every `__global__` function with a body, in the order of places."""
    launches: dict[str, list[Launch]] = {}
    for fact in facts:
        if isinstance(fact, Launch) and fact.kernel:
            launches.setdefault(_short(fact.kernel), []).append(fact)
    found = [f for group in context.program.functions.values() for f in group if f.is_kernel]
    for function in sorted(found, key=lambda f: (f.origin.file.path, f.start_byte)):
        reaching = _nearest(launches.get(function.name, []), function, found)
        spelled = [
            i
            for fact in reaching
            for text in fact.instantiations
            for i in _dispatched(fact, text, dispatches)
        ]
        paths = {function.origin.file.path, *(f.place.path for f in reaching)}
        for (path, name), listed in instantiations.items():
            if name == function.name and path in paths and listed:
                spelled = listed
        yield Kernel(
            name=function.qualified,
            place=function_place(function),
            template_parameters=tuple(_parameters(function.template_parameters)),
            parameters=tuple(_parameters(function.parameters)),
            launch_bounds=_attribute(function, "__launch_bounds__"),
            cluster_dims=_attribute(function, "__cluster_dims__"),
            active=function.origin.active,
            launches=tuple(fact.place for fact in reaching),
            instantiations=tuple(tuple(split_top(i)) for i in dict.fromkeys(spelled)),
        )


def _nearest(launches: list[Launch], function: model.Function, every: list[model.Function]) -> list[Launch]:
    """Of the launches of a name, those in the kernel's own file where several files share it."""
    same_name = {f.origin.file.path for f in every if f.name == function.name}
    own = [fact for fact in launches if fact.place.path == function.origin.file.path]
    if len(same_name) > 1:
        return own
    return launches


def _dispatched(launch: Launch, text: str, dispatches: Sequence[Dispatch]) -> list[str]:
    """A launch's template arguments with each value that the dispatch macros around it bind."""
    found = [text]
    for dispatch in dispatches:
        place = dispatch.place
        if (
            place.path != launch.place.path
            or not place.start_byte <= launch.place.start_byte < place.end_byte
        ):
            continue
        for name, values in dispatch.values.items():
            found = [
                substitute(t, {name: v})
                for t in found
                for v in (values if name in identifiers(t) and values else [name])
            ]
            if len(found) > MAX_INSTANTIATIONS:
                return [text]
    return found


def _parameters(listed: list[model.Parameter]) -> Iterator[Parameter]:
    for parameter in listed:
        yield Parameter(parameter.type_text, parameter.name, parameter.default)


def _attribute(function: model.Function, name: str) -> str:
    text = next((a for a in function.attributes if a.startswith(name)), "")
    return " ".join(text.removeprefix(name).strip()[1:-1].split()) if text else ""


def _short(kernel: str) -> str:
    return kernel.rsplit("::", 1)[-1].strip()


def call_graph(context: Context) -> Iterator[Call]:
    """The calls of every function body, in the order of places."""
    edges: list[Call] = []
    for group in context.program.functions.values():
        for function in group:
            for seen in function.observations:
                if seen.kind != "call":
                    continue
                callee = seen.callee
                if callee is None or _NOT_A_CALL.search(callee.name):
                    continue
                targets = context.effects.candidates(callee, function, seen.origin)
                name = targets[0].qualified if targets else f"{callee.qualifier}{callee.name}"
                place = seen.origin.place(seen.node.start_byte, seen.node.end_byte)
                edges.append(Call(function.qualified, name, place, bool(targets)))
    return iter(sorted(edges, key=lambda c: (c.place.path, c.place.start_byte)))
