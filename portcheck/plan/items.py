"""The pieces of a port: kernels, shared helpers, shared layouts, host code by file, build files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.effects import runs_on_device
from portcheck.pack import Finding
from portcheck.pack.code_print import fingerprint
from portcheck.pack.functions.zero_buffer import name_place
from portcheck.pack.subjects import View
from portcheck.plan.helpers import Helpers
from portcheck.plan.model import ItemKind
from portcheck.plan.shared_layouts import SharedLayout, shared_layouts
from portcheck.program.model import Function
from portcheck.source.place import Place

HELPER_LINES_OVER = 8  # a shared helper of fewer lines is part of what calls it
_BUILD_NAMES = frozenset(("setup.py", "CMakeLists.txt"))
_SETS_UP = frozenset((FactKind.LAUNCH, FactKind.API_CALL))


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """One piece, before it is judged. `functions` are those whose findings are its own."""

    id: str
    kind: ItemKind
    name: str
    place: Place | None
    fingerprint: str
    functions: tuple[Function, ...] = ()
    layout: SharedLayout | None = None


@dataclass(eq=False)
class Inventory:
    """All pieces of a tree, and which piece a function or a place belongs to."""

    view: View
    found: tuple[Finding, ...]
    _ids: set[str] = field(default_factory=set)

    @cached_property
    def helpers(self) -> Helpers:
        return Helpers(self.view.analysis)

    @cached_property
    def kernels(self) -> tuple[Function, ...]:
        functions = self.view.analysis.functions
        return tuple(f for f in functions if f.is_kernel and f.origin.active)

    @cached_property
    def users(self) -> Mapping[int, tuple[Function, ...]]:
        """The kernels that come to each device function."""
        found: dict[int, list[Function]] = {}
        for kernel in self.kernels:
            for key in self.helpers.reached_from(kernel):
                found.setdefault(key, []).append(kernel)
        return {key: tuple(kernels) for key, kernels in found.items()}

    @cached_property
    def drafts(self) -> Mapping[str, Draft]:
        """Every piece by its id: kernels first, then layouts, helpers, host code and build files."""
        listed = [*self._kernels(), *self._layouts()]
        taken = {id(f) for d in listed for f in d.functions}
        listed += self._helpers(taken)
        listed += self._hosts()
        listed += self._builds()
        return {draft.id: draft for draft in listed}

    @cached_property
    def owners(self) -> Mapping[int, tuple[str, ...]]:
        """The pieces that a function belongs to: a small shared helper to each kernel that uses it."""
        found: dict[int, list[str]] = {}
        for draft in self.drafts.values():
            for function in draft.functions:
                found.setdefault(id(function), []).append(draft.id)
        kernel_ids = {id(d.functions[0]): d.id for d in self.drafts.values() if d.kind is ItemKind.KERNEL}
        for key, users in self.users.items():
            if key not in found:
                found[key] = [kernel_ids[id(k)] for k in users]
        return {key: tuple(ids) for key, ids in found.items()}

    def at(self, place: Place) -> tuple[str, ...]:
        """The pieces that a place belongs to: of the innermost function around it, else of its file."""
        function = self.around(place)
        owned = self.owners.get(id(function), ()) if function is not None else ()
        if owned:
            return owned
        host = f"host:{place.path}"
        return (host,) if host in self.drafts else ()

    def around(self, place: Place) -> Function | None:
        """The innermost function whose definition a place stands in."""
        inside = [
            f for f in self._by_file.get(place.path, ()) if f.start_byte <= place.start_byte < f.end_byte
        ]
        return max(inside, key=lambda f: f.start_byte, default=None)

    # -- pieces ------------------------------------------------------------------------

    def _kernels(self) -> Iterator[Draft]:
        for kernel in self.kernels:
            own = tuple(f for f in self.helpers.own(kernel))
            name, functions = kernel.qualified, (kernel, *own)
            place = name_place(kernel)
            yield Draft(self._id("kernel", name), ItemKind.KERNEL, name, place, _print(functions), functions)

    def _layouts(self) -> Iterator[Draft]:
        for layout in shared_layouts(self.view, self.helpers, self.kernels):
            code = fingerprint((layout.code, *(_code(m) for m in layout.methods)))
            key = self._id("layout", layout.name)
            yield Draft(key, ItemKind.LAYOUT, layout.name, layout.place, code, layout.methods, layout)

    def _helpers(self, taken: set[int]) -> Iterator[Draft]:
        """What several kernels call, and what no kernel calls but breaks on the target."""
        told = {id(f) for f in map(self.around, (one.place for one in self.found)) if f is not None}
        for function in self.view.analysis.functions:
            if function.is_kernel or id(function) in taken or not function.origin.active:
                continue
            users = len(self.users.get(id(function), ()))
            shared = users > 1 and _lines(function) > HELPER_LINES_OVER
            alone = not users and id(function) in told and runs_on_device(function)
            if shared or alone:
                name = function.qualified
                key = self._id("helper", name)
                place = name_place(function)
                yield Draft(key, ItemKind.HELPER, name, place, _print((function,)), (function,))

    def _hosts(self) -> Iterator[Draft]:
        """One piece for each file whose host code launches, sets up, or is told something."""
        facts = (f.place for f in self._setting_up())
        told = (one.place for one in self.found)
        paths = {p.path for p in (*facts, *told) if self._is_host(p)}
        for path in sorted(paths):
            functions = tuple(f for f in self._by_file.get(path, ()) if _is_host(f))
            first = min((name_place(f) for f in functions), key=lambda p: p.start_byte, default=None)
            print_ = _print(functions) if functions else self._file_print(path)
            yield Draft(self._id("host", path), ItemKind.HOST, path, first, print_, functions)

    def _builds(self) -> Iterator[Draft]:
        root = Path(self.view.analysis.reading.collection.root)
        paths = (p.source.path for p in self.view.analysis.reading.parsed)
        for path in _build_files(root, paths):
            name = path.relative_to(root).as_posix()
            yield Draft(
                self._id("build", name), ItemKind.BUILD, name, None, fingerprint((path.read_bytes(),))
            )

    # -- parts -------------------------------------------------------------------------

    def _setting_up(self) -> Iterator[Fact]:
        return (f for f in self.view.facts if f.kind in _SETS_UP)

    def _is_host(self, place: Place) -> bool:
        function = self.around(place)
        if function is None:
            return True
        return _is_host(function) and id(function) not in self.users

    def _file_print(self, path: str) -> str:
        sources = self.view.analysis.reading.parsed
        return fingerprint(p.source.parse_bytes for p in sources if p.source.path == path)

    @cached_property
    def _by_file(self) -> Mapping[str, list[Function]]:
        found: dict[str, list[Function]] = {}
        for function in self.view.analysis.functions:
            found.setdefault(function.origin.file.path, []).append(function)
        return found

    def _id(self, kind: str, name: str) -> str:
        """An id that is not taken: overloads are numbered in the order of places."""
        key, number = f"{kind}:{name}", 1
        while key in self._ids:
            number += 1
            key = f"{kind}:{name}#{number}"
        self._ids.add(key)
        return key


def _is_host(function: Function) -> bool:
    return not runs_on_device(function)


def _code(function: Function) -> bytes:
    return function.origin.text[function.start_byte : function.end_byte]


def _print(functions: Iterable[Function]) -> str:
    """Of several functions in the order of places, so that nothing changes with the order of calls."""
    ordered = sorted(functions, key=lambda f: (f.origin.file.path, f.start_byte))
    return fingerprint(_code(f) for f in ordered)


def _lines(function: Function) -> int:
    return _code(function).count(b"\n") + 1


def _build_files(root: Path, paths: Iterable[str]) -> list[Path]:
    """Build files in the folders of the sources, in those above up to the root, and in `cmake` there."""
    folders = {root}
    for path in paths:
        folder = (root / path).parent
        while folder != root and root in folder.parents:
            folders.add(folder)
            folder = folder.parent
    folders |= {f / "cmake" for f in folders}
    found = (p for f in folders if f.is_dir() for p in f.iterdir())
    return sorted(p for p in found if (p.name in _BUILD_NAMES or p.suffix == ".cmake") and p.is_file())
