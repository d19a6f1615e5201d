"""The sites of an analysis: places in the code that one or more of its subjects stand at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from portcheck.analysis.engine import Analysis
from portcheck.analysis.transfers import Layout, Pattern, Transfer
from portcheck.analysis.verdicts import Judged
from portcheck.facts.primitives import BulkCopy
from portcheck.program.model import Function
from portcheck.source.place import Place

MOST_CALLS = 4  # a path is four ids of 16 bits
Key = tuple[str, int, int, str, str]
_SHARED = re.compile(rb"(?:extern\s+)?__shared__\s[^;{}]*;")
_ATTRIBUTE = re.compile(rb"__align__\s*\([^()]*\)|alignas\s*\([^()]*\)|__launch_bounds__\s*\([^()]*\)")


@dataclass(slots=True)
class Site:
    """`kind` is "layout", "load", "store" or "bulk"; `roles` are the operands of a bulk copy, as text.

    `text` is the expression as the analysis shows it, `name` what a layout gives the address to.
    """

    number: int
    place: Place
    kind: str
    text: str
    roles: tuple[str, str, str] = ("", "", "")
    rows: bool = False
    problem: str = ""


@dataclass(slots=True)
class Kernel:
    """What is recorded once a launch: `values` are parameters and template arguments by index."""

    number: int
    name: str
    path: str
    body: int
    body_end: int
    template_names: list[str] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)  # name in the analysis, expression
    shared: list[tuple[str, int]] = field(default_factory=list)  # variable, offset behind its declaration


@dataclass(slots=True)
class Plan:
    """Everything that instrumenting and comparing agree on."""

    judged: tuple[Judged, ...]
    sites: dict[Key, Site] = field(default_factory=dict)
    calls: dict[Place, int] = field(default_factory=dict)
    bad_calls: dict[Place, str] = field(default_factory=dict)
    kernels: list[Kernel] = field(default_factory=list)

    def site(self, subject: Transfer | Layout) -> Site:
        return self.sites[key_of(subject)]

    def path(self, subject: Transfer | Layout) -> int:
        found = 0
        for call in subject.calls:
            found = found << 16 | self.calls[call]
        return found

    def problem(self, subject: Transfer | Layout) -> str:
        """Why nothing is recorded for the subject; empty if it is."""
        if len(subject.calls) > MOST_CALLS:
            return f"it is reached through more than {MOST_CALLS} calls"
        for call in subject.calls:
            if call in self.bad_calls:
                return f"the call at {call}: {self.bad_calls[call]}"
        return self.site(subject).problem


def kind_of(subject: Transfer | Layout) -> str:
    if isinstance(subject, Layout):
        return "layout"
    return "bulk" if subject.pattern is Pattern.BULK else subject.operation.split(" ", 1)[0]


def key_of(subject: Transfer | Layout) -> Key:
    place = subject.place
    text = subject.name if isinstance(subject, Layout) else subject.text
    return place.path, place.start_byte, place.end_byte, kind_of(subject), text


def plan(analysis: Analysis) -> Plan:
    made = Plan(analysis.judged)
    copies = {
        f.place: f
        for f in analysis.reading.facts
        if isinstance(f, BulkCopy) and f.active and not f.definition
    }
    for judged in made.judged:
        subject = judged.subject
        key = key_of(subject)
        site = made.sites.get(key)
        if site is None:
            site = made.sites[key] = Site(len(made.sites) + 1, subject.place, key[3], key[4])
            if site.kind == "bulk":
                fact = copies.get(subject.place)
                if fact is None:
                    site.problem = "no bulk copy was found at its place"
                else:
                    site.roles = (fact.destination, fact.source, fact.length)
        if isinstance(subject, Transfer) and subject.pattern is Pattern.CONTIGUOUS:
            site.rows = True
        for call in subject.calls:
            made.calls.setdefault(call, len(made.calls) + 1)
    for function in analysis.functions:
        if function.is_kernel and function.origin.active and function.body is not None:
            made.kernels.append(_kernel(len(made.kernels) + 1, function))
    return made


def _kernel(number: int, function: Function) -> Kernel:
    assert function.body is not None
    body = function.body
    made = Kernel(number, function.qualified, function.origin.file.path, body.start_byte + 1, body.end_byte)
    for parameter in function.template_parameters:
        if parameter.name:
            given = f"sizeof({parameter.name})"
            made.template_names.append(given if parameter.is_type else parameter.name)
            made.values.append((given, given) if parameter.is_type else (parameter.name, parameter.name))
    made.values += [(p.name, p.name) for p in function.parameters if p.name]
    made.shared = shared_variables(function.origin.text, body.start_byte, body.end_byte)
    return made


def shared_variables(text: bytes, start: int, end: int) -> list[tuple[str, int]]:
    """The `__shared__` variables declared in a body, with the offset behind each declaration."""
    found: list[tuple[str, int]] = []
    for match in _SHARED.finditer(text, start, end):
        declared = _ATTRIBUTE.sub(b" ", match[0][:-1])
        first, *more = re.split(rb",(?![^<\[(]*[>\])])", declared)
        names = [re.search(rb"(\w+)\s*(?:\[[^\]]*\]\s*)*$", part) for part in (first, *more)]
        found += [(name[1].decode(), match.end()) for name in names if name]
    return found
