"""Which device functions a kernel calls, and which of them nothing else calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from portcheck.analysis import Analysis
from portcheck.facts.effects import may_run_on_device, runs_on_device
from portcheck.program.model import Function


@dataclass(eq=False)
class Helpers:
    """The device functions of a tree by the functions that can reach them. Computed as asked."""

    analysis: Analysis
    _called: dict[int, tuple[Function, ...]] = field(default_factory=dict)
    _reached: dict[int, dict[int, Function]] = field(default_factory=dict)

    def called_by(self, function: Function) -> tuple[Function, ...]:
        """The functions that a body's calls can reach directly, each once."""
        key = id(function)
        if key not in self._called:
            effects = self.analysis.reading.context.effects
            found: dict[int, Function] = {}
            for part in (function, *function.shadows):
                for seen in part.observations:
                    if seen.callee is None:
                        continue
                    for target in effects.candidates(seen.callee, part, seen.origin):
                        if target.body is not None and not target.is_kernel and may_run_on_device(target):
                            found.setdefault(id(target), target)
            self._called[key] = tuple(found.values())
        return self._called[key]

    def reached_from(self, function: Function) -> dict[int, Function]:
        """Every function that a function can come to, itself left out."""
        key = id(function)
        if key not in self._reached:
            found: dict[int, Function] = {}
            pending = list(self.called_by(function))
            while pending:
                one = pending.pop()
                if id(one) not in found and one is not function:
                    found[id(one)] = one
                    pending += self.called_by(one)
            self._reached[key] = found
        return self._reached[key]

    def own(self, kernel: Function) -> tuple[Function, ...]:
        """The helpers that no other kernel, and no device function that kernels do not reach, comes to."""
        reached = self.reached_from(kernel)
        return tuple(f for key, f in reached.items() if self._users.get(key) == {id(kernel)})

    def shared(self, kernel: Function) -> tuple[Function, ...]:
        """The helpers that something else uses too."""
        own = {id(f) for f in self.own(kernel)}
        return tuple(f for key, f in self.reached_from(kernel).items() if key not in own)

    @cached_property
    def _users(self) -> dict[int, set[int]]:
        """The kernels that come to each helper, and the device functions that no kernel comes to."""
        found: dict[int, set[int]] = {}
        kernels = [f for f in self.analysis.functions if f.is_kernel]
        for kernel in kernels:
            for key in self.reached_from(kernel):
                found.setdefault(key, set()).add(id(kernel))
        reached = set(found)
        for function in self.analysis.functions:
            if not function.is_kernel and id(function) not in reached and runs_on_device(function):
                for key in self.reached_from(function):
                    found.setdefault(key, set()).add(id(function))
        return found
