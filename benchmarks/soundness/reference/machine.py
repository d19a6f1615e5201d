"""What a run of generated code changes: memory, thread coordinates, and the values seen at probes."""

from __future__ import annotations

from dataclasses import dataclass, field


class Stop(Exception):  # noqa: N818
    """The run ends here because C++ gives it no meaning that exact integers share.

    Overflow and wrap-around, an access outside the small memories, a division by zero, and a run
    that is too long. What was seen before stays evidence.
    """


class Trap(Exception):  # noqa: N818
    """A device assert failed."""


class Thrown(Exception):  # noqa: N818
    """A host check failed."""


POOL = (
    0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 31, 32, 33, 48, 64, 96, 100, 128, 256, 1024, -1, -4, -32, -33, 1000,
)  # fmt: skip
BYTES = 16384  # of every memory that can be read and written
FIRST_ADDRESS = 0x100000000000
SPACING = 1 << 36


class Memory:
    """Bytes behind a pointer that came from outside; unwritten words are drawn from `POOL`."""

    def __init__(self, index: int, align: int, machine: Machine) -> None:
        self.index = index
        self.machine = machine
        self.address = FIRST_ADDRESS + index * SPACING + align * (machine.seed % 64)
        self.written: dict[int, int] = {}

    def byte(self, offset: int) -> int:
        if offset in self.written:
            return self.written[offset]
        word = word_at(self.machine.seed, self.index, offset // 4)
        return (word >> (8 * (offset % 4))) & 255

    def load(self, offset: int, size: int, signed: bool) -> int:
        if offset < 0 or offset + size > BYTES:
            raise Stop("outside memory")
        return int.from_bytes(bytes(self.byte(offset + i) for i in range(size)), "little", signed=signed)

    def store(self, offset: int, size: int, value: int) -> None:
        if offset < 0 or offset + size > BYTES:
            raise Stop("outside memory")
        for i in range(size):
            self.written[offset + i] = (value >> (8 * i)) & 255


def word_at(seed: int, memory: int, word: int) -> int:
    """A repeatable draw; `host/stub.h` has the same lines in C++."""
    x = (seed * 1000003 + memory * 7919 + word * 104729) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    return POOL[x % len(POOL)]


@dataclass(slots=True)
class Entry:
    """One thread's run through a kernel, or through a device function that nothing calls."""

    function: str
    values: dict[str, int]  # parameters and template parameters of the kernel
    host: dict[str, int]  # parameters of the host function that launched it
    thread: dict[str, int]
    # probe, value, integer parameters of the enclosing device function
    seen: list[tuple[int, int, dict[str, int] | None]] = field(default_factory=list)


@dataclass(slots=True)
class Machine:
    thread: int = 0
    block: int = 0
    block_dim: int = 32
    grid_dim: int = 1
    thread_index: int = 0
    block_index: int = 0
    seed: int = 0
    fuel: int = 0
    depth: int = 0
    host: dict[str, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    entry: Entry | None = None
    shared: Memory | None = None
    shared_align: int = 1024
    trace: list[tuple[int, int]] = field(default_factory=list)
    local: dict[str, int] | None = None

    def start(self, thread: int, block: int, seed: int, fuel: int) -> None:
        self.thread, self.block, self.seed, self.fuel, self.depth = thread, block, seed, fuel, 0
        self.entries = []
        self.entry = None
        self.shared = None
        self.host = {}
        self.trace = []
        self.local = None
