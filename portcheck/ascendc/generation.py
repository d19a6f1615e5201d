"""From a tree and a target to the projects of its kernels."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from portcheck.ascendc.building import Builder
from portcheck.ascendc.codes import Codes
from portcheck.ascendc.layout_text import budget_lines, constants
from portcheck.ascendc.lines import Sources
from portcheck.ascendc.names import kernel_names
from portcheck.ascendc.project import Item, ProjectWriter
from portcheck.ascendc.readme import index_readme
from portcheck.ascendc.recognition import recognise
from portcheck.ascendc.structured import structured
from portcheck.ascendc.typical import typical
from portcheck.pack import Finding
from portcheck.pack.functions.zero_buffer import name_place
from portcheck.pack.subjects import View
from portcheck.plan.items import Draft, Inventory
from portcheck.plan.layout_model import Layouts
from portcheck.plan.layouts import layouts
from portcheck.plan.model import ItemKind
from portcheck.program.model import Function
from portcheck.targets import Language, Target

README = "README.md"


@dataclass(eq=False)
class Generation:
    """The skeletons of a tree for one target. `found` are findings of rules asked about this target."""

    view: View
    found: Sequence[Finding]
    target: Target
    language: Language

    def __post_init__(self) -> None:
        drafts = Inventory(self.view, tuple(self.found)).drafts.values()
        self._kernels = {d.id: d.functions[0] for d in drafts if d.kind is ItemKind.KERNEL}
        self._folders = kernel_names((key, _name(d)) for key, d in _kernels_of(drafts))
        self._codes = Codes(self.found, self.target)
        self._sources = Sources(self.view)
        self._builder = Builder(self.view)

    @cached_property
    def _layouts(self) -> Layouts:
        return layouts(self.view.analysis, self.target)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The names of all kernels, qualified."""
        return tuple(dict.fromkeys(f.qualified for f in self._kernels.values()))

    def named(self, pattern: str) -> tuple[str, ...]:
        """The kernels that a name or pattern means, by their qualified names."""
        return tuple(f.qualified for f in self._kernels.values() if matches(f, pattern))

    def items(self, wanted: Iterable[str] = ()) -> Iterator[Item]:
        """One for each kernel that is asked for, in the order of places; without names, for all."""
        patterns = tuple(wanted)
        for key, kernel in self._kernels.items():
            if not patterns or any(matches(kernel, p) for p in patterns):
                yield self._item(self._folders[key], kernel)

    def projects(self, items: Iterable[Item], *, index: bool = True) -> dict[str, dict[str, str]]:
        """The files of each project by its folder; with an index, of the folder around them by ""."""
        writer = ProjectWriter(self.view.analysis, self.target, self._codes, self.language)
        listed = list(items)
        files = {item.folder: writer.files(item) for item in listed}
        rows = [(item.folder, item.kernel, item.body) for item in listed]
        if index:
            files[""] = {README: index_readme(rows, self.target, self.language)}
        return files

    def _item(self, folder: str, kernel: Function) -> Item:
        body = recognise(self.view, kernel, folder, self.target)
        if body is None:
            lines = constants(self._layouts, kernel.qualified, folder)
            intent = replace(self._builder.intent(kernel, folder), layouts=tuple(lines))
            body = structured(intent, self.target, self._codes, self._sources)
        budgets = tuple(budget_lines(self._layouts, kernel.qualified))
        sizes = typical(self.view, kernel, body)
        return Item(folder, kernel.qualified, name_place(kernel), body, budgets, sizes)


def matches(kernel: Function, pattern: str) -> bool:
    """Whether a name or pattern with * means a kernel: its own name, or the qualified one."""
    return any(fnmatch.fnmatchcase(name, pattern) for name in (kernel.name, kernel.qualified))


def _kernels_of(drafts: Iterable[Draft]) -> Iterator[tuple[str, Draft]]:
    return ((d.id, d) for d in drafts if d.kind is ItemKind.KERNEL)


def _name(draft: Draft) -> str:
    return draft.functions[0].qualified
