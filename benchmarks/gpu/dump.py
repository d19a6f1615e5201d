"""What a run recorded: launches with their values, and each site's addresses and lengths."""

from __future__ import annotations

import gzip
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gpu.sites import Kernel

Block = tuple[int, int, int]


@dataclass(slots=True)
class Launch:
    """One launch of a kernel: values by the analysis's names, and addresses of its pointers."""

    kernel: Kernel
    values: dict[str, int] = field(default_factory=dict)
    pointers: dict[str, int] = field(default_factory=dict)
    shared: dict[tuple[str, Block], int] = field(default_factory=dict)

    @property
    def template_names(self) -> set[str]:
        return set(self.kernel.template_names)


@dataclass(frozen=True, slots=True)
class Sample:
    """One execution of a site by one thread. `block` and `thread` are x, y, z."""

    launch: Launch
    block: Block
    thread: tuple[int, int, int]
    destination: int
    source: int
    length: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes next to each other that one warp touched at a site in one launch: low to high."""

    launch: Launch
    block: Block
    warp: int
    low: int
    high: int


@dataclass(slots=True)
class Groups:
    """How often the lanes that execute a site together had one address, neighbours, or others."""

    same: int = 0
    neighbours: int = 0
    other: int = 0


Where = tuple[int, int, str]  # site, path, kernel


@dataclass(slots=True)
class Dump:
    samples: dict[Where, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    pieces: dict[Where, list[Piece]] = field(default_factory=lambda: defaultdict(list))
    groups: dict[Where, Groups] = field(default_factory=lambda: defaultdict(Groups))
    launches: dict[int, Launch] = field(default_factory=dict)
    allocations: list[tuple[int, int]] = field(default_factory=list)
    records: int = 0
    complete: bool = True

    def allocation(self, address: int) -> int | None:
        """The start of the allocation that the address lies in."""
        at = bisect_right(self.allocations, (address, 1 << 62)) - 1
        if at < 0:
            return None
        start, size = self.allocations[at]
        return start if address < start + size else None


def read(path: Path, kernels: list[Kernel]) -> Dump:
    """Raises ValueError for a file that this program did not write."""
    by_number = {k.number: k for k in kernels}
    found = Dump()
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("ascii")
    rows = [line.split() for line in text.splitlines()]
    # Records of one launch come in any order: its entry is looked for first.
    for row in rows:
        if row[0] == "L":
            _launch(found, by_number, row)
    for row in rows:
        kind = row[0]
        if kind == "R":
            launch = found.launches[int(row[3])]
            sample = Sample(
                launch,
                _block(row[4], row[5]),
                _thread(int(row[6], 16)),
                int(row[7], 16),
                int(row[8], 16),
                int(row[9]),
            )
            found.samples[int(row[1]), int(row[2], 16), launch.kernel.name].append(sample)
        elif kind == "P":
            launch = found.launches[int(row[3])]
            piece = Piece(launch, _block(row[4], row[5]), int(row[6]), int(row[7], 16), int(row[8], 16))
            found.pieces[int(row[1]), int(row[2], 16), launch.kernel.name].append(piece)
        elif kind == "G":
            launch = found.launches[int(row[3])]
            groups = found.groups[int(row[1]), int(row[2], 16), launch.kernel.name]
            groups.same += int(row[4])
            groups.neighbours += int(row[5])
            groups.other += int(row[6])
        elif kind == "V":
            launch = found.launches[int(row[2])]
            name = launch.kernel.values[int(row[3])][0]
            if row[4] == "1":
                launch.pointers[name] = int(row[5]) % (1 << 64)
            else:
                launch.values[name] = int(row[5])
        elif kind == "S":
            launch = found.launches[int(row[2])]
            launch.shared[launch.kernel.shared[int(row[3])][0], _block(row[4], row[5])] = int(row[6], 16)
        elif kind == "A":
            found.allocations.append((int(row[1], 16), int(row[2])))
        elif kind == "records":
            found.records, found.complete = int(row[1]), row[2] == "0"
    found.allocations.sort()
    return found


def _launch(found: Dump, kernels: dict[int, Kernel], row: list[str]) -> None:
    if int(row[2]) in found.launches:
        raise ValueError(f"two launches with the id {row[2]}")
    grid, block, rest = (int(v, 16) for v in row[3:6])
    low = (1 << 32) - 1
    values = {
        "gridDim.x": grid & low,
        "gridDim.y": grid >> 32,
        "gridDim.z": rest & 0xFFFF,
        "blockDim.x": block & low,
        "blockDim.y": block >> 32,
        "blockDim.z": rest >> 16,
    }
    found.launches[int(row[2])] = Launch(kernels[int(row[1])], values)


def _block(x: str, yz: str) -> Block:
    rest = int(yz, 16)
    return int(x), rest & 0xFFFF, rest >> 16


def _thread(packed: int) -> tuple[int, int, int]:
    return packed & 1023, packed >> 10 & 1023, packed >> 20


def unions(
    pieces: list[Piece], warps_apart: bool, by_blocks: bool = False
) -> Iterator[tuple[Piece, list[tuple[int, int]]]]:
    """For each block of a launch (or warp of it, or for all blocks together) the spans that it
    covered, one of its pieces before them."""
    grouped: dict[tuple[int, Block, int], list[Piece]] = defaultdict(list)
    for piece in pieces:
        block = (0, 0, 0) if by_blocks else piece.block
        grouped[id(piece.launch), block, piece.warp if warps_apart else -1].append(piece)
    for listed in grouped.values():
        spans: list[tuple[int, int]] = []
        for low, high in sorted((p.low, p.high) for p in listed):
            if spans and low <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(high, spans[-1][1])
            else:
                spans.append((low, high))
        yield listed[0], spans
