"""One generated file ready to be run: its probes, where execution starts, and its runs."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.soundness.reference import nodes as n
from benchmarks.soundness.reference import types as t
from benchmarks.soundness.reference.evaluate import Invalid, Program, enter, walk
from benchmarks.soundness.reference.machine import Entry, Memory, Stop, Thrown
from benchmarks.soundness.reference.parser import parse

FUEL = 4000
_PROBE = re.compile(r"^\s*probe\((\d+), (.*)\);  // mod (\d+) equals (\d+)$")


@dataclass(frozen=True, slots=True)
class Probe:
    number: int
    line: int
    text: str
    modulus: int
    equals: int


@dataclass(frozen=True, slots=True)
class Start:
    """Where execution can begin: a launching host function, or what nothing in the file calls."""

    function: n.Function
    host: bool

    @property
    def template(self) -> list[n.TemplateParameter]:
        return self.function.template


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything that one run depends on."""

    start: int
    template: tuple[tuple[str, int], ...]
    values: tuple[tuple[str, int], ...]
    thread: int
    block: int
    block_dim: int
    grid_dim: int
    seed: int


class Subject:
    def __init__(self, text: str) -> None:
        self.text = text
        self.file = parse(text)
        self.program = Program(self.file)
        self.probes = list(probes_of(text))
        self.starts = self._starts()
        self.constants = sorted(
            {x.value for f in self.file.functions for x in walk(f) if isinstance(x, n.Number)}
            | {x.value for g in self.file.globals for x in walk(g) if isinstance(x, n.Number)}
        )

    def _starts(self) -> list[Start]:
        defined = [f for f in self.file.functions if f.body is not None]
        launched = {x.kernel.parts[-1] for f in defined for x in walk(f.body) if isinstance(x, n.Launch)}
        bodies = [*defined, *self.file.structs.values()]
        called = {x.parts[-1] for f in bodies for x in walk(f) if isinstance(x, n.Name)} | launched
        found = []
        for function in defined:
            host = not function.kernel and not function.device
            launches = any(isinstance(x, n.Launch) for x in walk(function.body))
            asks = any(isinstance(x, n.Name) and x.parts == ("probe",) for x in walk(function.body))
            if (host and launches) or (not host and asks and function.name not in called):
                found.append(Start(function, host))
        return found

    def is_helper(self, probe: Probe) -> bool:
        """Whether a probe stands in a device function of a file without a kernel, and is called there."""
        if any(f.kernel for f in self.file.functions):
            return False
        lines = self.text.splitlines()[: probe.line]
        head = next((x for x in reversed(lines) if x.startswith("__device__")), "")
        return not any(f"{s.function.name}(" in head for s in self.starts)

    # -- drawing -------------------------------------------------------------------------

    def integers(self, start: Start) -> list[str]:
        return [
            p.name
            for p in start.function.parameters
            if not p.type.pointers and p.type.parts[-1] != "cudaStream_t"
        ]

    def draw(self, rng: random.Random, count: int, fixed: dict[str, int] | None = None) -> Iterator[Drawn]:
        """Runs with parameters near multiples of powers of two; `fixed` names keep their values."""
        if not self.starts:
            return
        for number in range(count):
            which = number % len(self.starts)
            start = self.starts[which]
            template = tuple(
                (p.name, (fixed or {}).get(p.name, self.template_value(rng, p))) for p in start.template
            )
            names = self.integers(start)
            linked = rng.random() < 0.15 and dict(template)
            values = tuple(
                (name, (fixed or {}).get(name, _value(rng, name, self.constants, linked or {})))
                for name in names
            )
            yield self.at(rng, which, template, values, fixed or {})

    def at(
        self,
        rng: random.Random,
        which: int,
        template: tuple[tuple[str, int], ...],
        values: tuple[tuple[str, int], ...],
        fixed: dict[str, int],
    ) -> Drawn:
        block_dim = fixed.get("blockDim.x", rng.choice((32, 64, 128, 256, 480, 512, 960, 1024)))
        grid_dim = fixed.get("gridDim.x", rng.choice((1, 2, 3, 8, 24, 132, 1000)))
        if rng.random() < 0.6:
            thread = rng.choice((0, 1, 7, 31, 32, 33, 63, 64, 96, 127, 255, 256, 511, 512, 1023))
        else:
            thread = rng.randrange(1024)
        thread = fixed.get("threadIdx.x", thread)
        block = fixed.get("blockIdx.x", rng.choice((0, 1, 2, 3, 5, 23, 64, 131, 300)))
        sizes = [v for _, v in (*template, *values) if v >= 0]
        if sizes and "blockIdx.x" not in fixed and rng.random() < 0.1:  # code may compare it with a size
            block = rng.choice(sizes)
        return Drawn(which, template, values, thread, block, block_dim, grid_dim, rng.randrange(1 << 20))

    def host_values(self, which: int, wanted: Mapping[str, int]) -> dict[str, list[int]]:
        """For each parameter of a start, values that may give the kernel's parameters those wanted."""
        start = self.starts[which]
        names = self.integers(start)
        if not start.host:
            return {name: [wanted[name]] for name in names if wanted.get(name, -1) >= 0}
        found: dict[str, list[int]] = {name: [] for name in names}
        for launch in walk(start.function.body):
            if not isinstance(launch, n.Launch):
                continue
            kernel = self.program.functions[launch.kernel.parts[-1]][0]
            for parameter, argument in zip(kernel.parameters, launch.arguments, strict=False):
                value = wanted.get(parameter.name)
                if value is not None:
                    for name, before in _before(argument, value):
                        if name in found:
                            found[name] += before
        for name in names:
            value = wanted.get(name)
            if value is not None:
                found[name].append(value)
        for name, values in found.items():  # what the host may have added or halved on the way
            more = [w for v in values for w in (v - 8, v - 16, v - 32, v * 2, v * 2 + 1)]
            found[name] = [v for v in dict.fromkeys([*values, *more]) if v >= 0]
        return found

    def template_value(self, rng: random.Random, parameter: n.TemplateParameter) -> int:
        if parameter.type is not None and parameter.type.parts[-1] == "bool":
            return rng.randrange(2)
        return rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 144, 256, 1024))

    def changed(self, rng: random.Random, drawn: Drawn) -> Drawn:
        """The run with one parameter, template argument or coordinate drawn anew."""
        start = self.starts[drawn.start]
        values, template = dict(drawn.values), dict(drawn.template)
        if template and rng.random() < 0.25:
            one = rng.choice(start.template)
            template[one.name] = self.template_value(rng, one)
        elif values and rng.random() < 0.8:
            name = rng.choice(list(values))
            values[name] = _value(rng, name, self.constants, template if rng.random() < 0.1 else {})
            if rng.random() < 0.3:
                values[name] = rng.choice(self.constants or [0])
        return self.at(rng, drawn.start, tuple(template.items()), tuple(values.items()), {})

    # -- running -------------------------------------------------------------------------

    def run(self, drawn: Drawn, fuel: int = FUEL) -> tuple[list[Entry], str]:
        """The kernels that ran and what they saw, and how the run ended."""
        start = self.starts[drawn.start]
        function = start.function
        machine = self.program.machine
        machine.start(drawn.thread, drawn.block, drawn.seed, fuel)
        machine.block_dim, machine.grid_dim = drawn.block_dim, drawn.grid_dim
        bindings: dict[str, t.Type | int] = {}
        for wanted, (name, value) in zip(start.template, drawn.template, strict=True):
            boolean = wanted.type is not None and wanted.type.parts[-1] == "bool"
            bindings[name] = bool(value) if boolean else value
        try:
            instance = self.program.instance(function, bindings)
            values = dict(drawn.values)
            arguments: list[object] = []
            for position, parameter in enumerate(function.parameters):
                if parameter.name in values:
                    arguments.append(values[parameter.name])
                elif parameter.type.pointers:
                    arguments.append((Memory(position + 1, 256, machine), 0))
                else:
                    arguments.append(0)
            if not start.host:
                enter(machine, instance, bindings, arguments)
            else:
                machine.host = values
                frame: list[object] = [None] * instance.slots
                frame[1 : 1 + len(arguments)] = arguments
                assert instance.body is not None
                instance.body(frame)
        except Stop as stop:
            return machine.entries, str(stop)
        except Thrown:
            return machine.entries, "thrown"
        except Invalid as invalid:
            if not drawn.template:
                raise
            return [], f"invalid: {invalid}"
        return machine.entries, ""


def probes_of(text: str) -> Iterator[Probe]:
    for number, line in enumerate(text.splitlines(), 1):
        match = _PROBE.match(line)
        if match:
            yield Probe(int(match.group(1)), number, match.group(2), int(match.group(3)), int(match.group(4)))


def _before(argument: n.Expression, value: int) -> list[tuple[str, list[int]]]:
    """The host variable of an argument of a launch, and values of it for which the argument is `value`."""
    if isinstance(argument, n.Name):
        return [(argument.parts[-1], [value])]
    if not isinstance(argument, n.Binary) or not isinstance(argument.left, n.Name):
        return []
    name = argument.left.parts[-1]
    if not isinstance(argument.right, n.Number):
        return []
    by = argument.right.value
    if argument.operator == "*":
        return [(name, [value // by] if value % by == 0 else [])]
    if argument.operator == "/":
        return [(name, [value * by, value * by + by // 2, value * by + by - 1])]
    return [(name, [value - by])]


SMALL = ("num_topk", "num_ranks", "num_stages", "count", "num_slots", "num_chunks", "rank")


def _value(rng: random.Random, name: str, constants: list[int], linked: dict[str, int]) -> int:
    if linked:
        return rng.choice(list(linked.values()))
    roll = rng.random()
    if any(name.startswith(s) for s in SMALL):
        return rng.randrange(0, 10) if roll < 0.8 else rng.choice((0, 1, 2, 4, 8, 16, 32, 33, 64))
    if roll < 0.12:
        return rng.choice((0, 1))
    if roll < 0.27 and constants:
        return max(0, min(rng.choice(constants) + rng.choice((-1, 0, 0, 0, 0, 1)), 1 << 14))
    if roll < 0.4:
        return rng.randrange(0, 300)
    power = 1 << rng.randrange(0, 11)
    near = power * rng.randrange(0, 20 if power < 256 else 9)
    if rng.random() < 0.25:
        near += rng.choice((-1, 1, 2, 4, 8, 16))
    return max(0, near)
