"""Tables of bytes: what lies at which offset in CUDA, and what is proposed for a target."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portcheck.source.place import Place
from portcheck.targets.text import Text


class LayoutKind(StrEnum):
    """What a table is about."""

    MESSAGE = "message"  # several fields in each row of a buffer in global memory
    SLOT = "slot"  # rows of a buffer in global memory without fields of their own
    STAGE = "stage"  # a piece of shared memory that is there several times
    MEMORY = "memory"  # all of a kernel's shared memory
    RECORD = "record"  # a struct


@dataclass(frozen=True, slots=True)
class Instance:
    """The sizes that one or more launches give; "" where nothing depends on a launch.

    `pitch_bytes` is the distance of rows, stages or records there, None if not known.
    """

    label: str
    pitch_bytes: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One field. `offset` and `size` are expressions over the code's names, `offsets` and `sizes`
    the numbers in each instance (None: not known).

    A size is a member's or variable's own; `is_room`: it is the room up to the next field or the end.
    `residues` are those that the start can leave modulo 32, counted from a base that is a multiple
    of 32; `moved` are the lengths of copies that start here.
    """

    name: str
    offset: str
    size: str
    offsets: tuple[int | None, ...]
    sizes: tuple[int | None, ...]
    residues: tuple[int, ...]
    users: tuple[str, ...]
    place: Place
    moved: tuple[str, ...] = ()
    is_room: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of the proposal: its name, first byte and bytes in one instance."""

    name: str
    offset: int
    bytes: int
    padding: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """The layout proposed for one instance, and by how many bytes each row, stage or record grows."""

    slots: tuple[Slot, ...]
    pitch_bytes: int
    cost_bytes: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """An offset that is not followed, and why."""

    name: str
    place: Place
    user: str
    why: str


@dataclass(frozen=True, slots=True)
class LayoutTable:
    """One layout. `instances`, each row's numbers and `proposals` go side by side.

    `id` is stable over edits that do not rename. `pitch` is an expression, "" for what has no
    neighbours; `origin` is where the first field stands in the base, "0" mostly. A proposal is
    None where a number is missing. `users` are the kernels or functions that agree on it.
    `alternates`: the stages take turns, their index is something modulo their number.
    """

    id: str
    kind: LayoutKind
    name: str
    place: Place
    bases: tuple[str, ...]
    users: tuple[str, ...]
    origin: str
    pitch: str
    rows: tuple[Row, ...]
    instances: tuple[Instance, ...]
    proposals: tuple[Proposal | None, ...]
    conditions: tuple[Text, ...]
    alternates: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """What a kernel needs of UB in one launch: as it is, with padded stages, and all of it twice.

    Bytes; None where not known. `padded` and `doubled` are upper bounds: as if all of the memory
    were stages of each kind, and as if each byte were buffered twice.
    `has_stages`: the kernel alternates between stages already, so that it need not be doubled.
    """

    kernel: str
    place: Place
    label: str
    needed: int | None
    padded: int | None
    doubled: int | None
    has_stages: bool
    limit: int | None
    why: str = ""

    def left(self, needed: int | None) -> int | None:
        """What is left of UB; negative is too much."""
        return None if needed is None or self.limit is None else self.limit - needed


@dataclass(frozen=True, slots=True)
class Layouts:
    """All tables of a tree for one target; `unknown` are addresses that belong to no table."""

    target: str
    tables: tuple[LayoutTable, ...]
    budgets: tuple[Budget, ...]
    unknown: tuple[Unknown, ...]
