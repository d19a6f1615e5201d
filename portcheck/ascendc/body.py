"""What one kernel becomes in Ascend C, before it is written into a project.

A `Body` is made by an archetype (complete and correct) or by the structured skeleton (the right
pipeline, with gaps); the project writer, the tests and `verify` know bodies only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portcheck.source.place import Place
from portcheck.targets.text import Text


class Role(StrEnum):
    """How a kernel uses a buffer in GM."""

    INPUT = "input"
    OUTPUT = "output"  # written whole, whatever was there
    UPDATED = "updated"  # read and written, or written in part
    WINDOW = "window"  # memory that several ranks see
    SCRATCH = "scratch"  # the kernel's own: what is in it afterwards is no result


@dataclass(frozen=True, slots=True)
class Buffer:
    """A parameter of the entry that is an address in GM.

    `dtype` is the element type in Ascend C: bfloat16_t, half, float, int8_t, int32_t, int64_t,
    fp8_e4m3fn_t, …. `shape` are C++ and Python expressions over the scalars' names, in elements.
    `cuda` is the parameter that it stands for, "" for one that the port adds.
    """

    name: str
    dtype: str
    role: Role
    shape: tuple[str, ...]
    cuda: str = ""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number that the host's tiling function is given; `ctype` is a type of <cstdint>, or float."""

    name: str
    ctype: str
    meaning: Text
    cuda: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a reader still has to write: `mark` stands in the code as `PORTCHECK-GAP(mark)`."""

    mark: str
    code: str  # of the finding that says why, "" where no rule speaks of it
    text: Text
    place: Place | None


class Lost(StrEnum):
    """How a capability of the CUDA kernel is missing."""

    DOWNGRADED = "downgraded"
    BLOCKED = "blocked"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A capability of the CUDA kernel that the port does not have, and why."""

    how: Lost
    what: Text
    why: Text
    place: Place | None


@dataclass(frozen=True, slots=True)
class Body:
    """One kernel in Ascend C.

    `name` is a C++ identifier. `kernel` is the text of the class and of the entry
    `extern "C" __global__ __aicore__ void NAME(GM_ADDR …, NAMETiling tiling)`, the buffers in their
    order. `tiling` is C++17 without Ascend C: the struct `NAMETiling` and
    `inline const char *MakeTiling(scalars…, const Platform &platform, NAMETiling *tiling, uint32_t *blocks)`,
    nullptr on success, else what is wrong with the arguments. `reference` is Python:
    `def reference(buffers, scalars)`, which writes NumPy arrays of `buffers` in place; "" without one.
    bfloat16_t is given by its bits as uint16, fp8 as uint8. Beside it may stand `def example(random)`
    with a NumPy generator, which gives `(buffers, scalars)` that make sense together, for `verify`.
    A line of `kernel` or `tiling` may end with `//@ KEY`; `trace` says which CUDA lines a key stands for.
    The writer takes these marks out and makes the map of them.
    `notes` are for the project's README: what is taken for granted of the CUDA launch, and where
    numbers may differ from CUDA's.
    """

    name: str
    archetype: str  # "" for a structured skeleton
    buffers: tuple[Buffer, ...]
    scalars: tuple[Scalar, ...]
    kernel: str
    tiling: str
    reference: str
    trace: Mapping[str, tuple[Place, ...]]
    gaps: tuple[Gap, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[Text, ...] = ()

    @property
    def is_complete(self) -> bool:
        return bool(self.archetype) and not self.gaps
