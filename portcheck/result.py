"""What a scan answers with. Every report renders this and computes nothing of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from portcheck.facts.base import Fact
from portcheck.source.model import Skipped
from portcheck.source.place import Place


@dataclass(frozen=True, slots=True)
class Region:
    """Part of a file, with the reason why it was not read or not compiled."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """What was read of one file. All sizes in bytes."""

    path: str
    encoding: str
    total_bytes: int
    unreadable: tuple[Region, ...] = ()
    inactive: tuple[Region, ...] = ()

    @property
    def unreadable_bytes(self) -> int:
        return sum(r.place.end_byte - r.place.start_byte for r in self.unreadable)

    @property
    def inactive_bytes(self) -> int:
        return sum(r.place.end_byte - r.place.start_byte for r in self.inactive)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A function or template parameter as declared; `default` is "" where there is none."""

    type: str
    name: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A `__global__` function with the launches that reach it.

    `instantiations` holds one tuple of template arguments for each instantiation that the
    tree's own launches and switch macros spell out.
    """

    name: str
    place: Place
    template_parameters: tuple[Parameter, ...]
    parameters: tuple[Parameter, ...]
    launch_bounds: str
    cluster_dims: str
    active: bool
    launches: tuple[Place, ...]
    instantiations: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An edge of the call graph: `caller` and `callee` are qualified names.

    `resolved` is False where the callee is not defined in the scanned tree.
    """

    caller: str
    callee: str
    place: Place
    resolved: bool


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Everything that one scan found, in the order of paths and lines."""

    root: str
    files: tuple[FileCoverage, ...]
    skipped: tuple[Skipped, ...]
    facts: tuple[Fact, ...]
    kernels: tuple[Kernel, ...]
    calls: tuple[Call, ...]
    defines: tuple[str, ...] = ()
    lost: tuple[Region, ...] = ()

    @property
    def total_bytes(self) -> int:
        return sum(f.total_bytes for f in self.files)

    @property
    def unreadable_bytes(self) -> int:
        return sum(f.unreadable_bytes for f in self.files)

    @property
    def covered_percent(self) -> float:
        """How much of the tree the answer rests on, in percent of the bytes: skipped files count in full
        as not read, as far as their size is known."""
        total = self.total_bytes + sum(s.size_bytes for s in self.skipped)
        return 100 * (self.total_bytes - self.unreadable_bytes) / total if total else 100.0

    def without(self, regions: Sequence[Region]) -> ScanResult:
        """The result where these regions count as unreadable too, for this run."""
        if not regions:
            return self
        files = (
            replace(f, unreadable=(*f.unreadable, *(r for r in regions if r.place.path == f.path)))
            for f in self.files
        )
        return replace(self, files=tuple(files), lost=tuple(regions))
