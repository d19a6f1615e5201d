"""What a kernel intends, in source order, before anything is written: the port's plan of one kernel.

A `Move` is bytes that go between GM and a core. Moves that run together are a `Pipeline`; what is
no movement (a barrier, a flag, a counter, a reduction) is an `Action`. Both stand in `Phase`s: the
roles of the CUDA kernel one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from portcheck.ascendc.body import Buffer, Dropped, Scalar
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition
from portcheck.symbolic.expr import Expr, Symbol


class Way(StrEnum):
    """From where to where a move goes: GM to a core, or a core to GM."""

    LOAD = "load"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Move:
    """`offset` counts bytes from the start of `buffer`, or of a window of it; None where it is not known.

    `buffer` is "" where the address does not come from a parameter: `offset` then counts from `why`'s base.

    `length` is in bytes, None where not known. `conditions` are those that the port can test;
    `open_conditions` are the texts of those that it cannot. `why` says what is missing. `order`
    ranks the counters of loops, the outer ones first. `scattered`: one element at a time in CUDA;
    `by_blocks`: the blocks of the grid cover the length together.
    """

    way: Way
    place: Place
    anchor: Place  # the call in the kernel itself that leads there, or the place
    text: str
    buffer: str
    offset: Expr | None
    length: Expr | None
    conditions: tuple[Condition, ...]
    open_conditions: tuple[str, ...]
    order: Mapping[Symbol, int]
    why: str = ""
    scattered: bool = False
    by_blocks: bool = False

    @property
    def indices(self) -> frozenset[Symbol]:
        """The counters that the address or the length depends on."""
        symbols = self.offset.symbols() if self.offset is not None else frozenset[Symbol]()
        if self.length is not None:
            symbols |= self.length.symbols()
        return frozenset(s for s in symbols if s.role == "index")


class ActionKind(StrEnum):
    """What is done that is no movement."""

    BARRIER = "barrier"  # of a block: nothing inside one core
    NAMED_BARRIER = "named-barrier"
    GRID_BARRIER = "grid-barrier"
    MBARRIER = "mbarrier"
    COPY_WAIT = "copy-wait"
    PUBLISH = "publish"
    WAIT = "wait"
    FENCE = "fence"
    COUNTER = "counter"
    REDUCE_MAX = "reduce-max"
    REDUCE_SUM = "reduce-sum"
    COLLECTIVE = "collective"
    QUANTISE = "quantise"
    ACCUMULATE = "accumulate"
    REMOTE = "remote"
    ACCESS = "access"  # of memory, where the run of the analysis did not come to


@dataclass(frozen=True, slots=True)
class Action:
    """One action; `text` is its CUDA line. `number` tells it apart where the reader has to write it."""

    kind: ActionKind
    place: Place
    anchor: Place
    text: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Moves that run together, tile by tile: loads, what is computed, stores."""

    loads: tuple[Move, ...]
    stores: tuple[Move, ...]
    computed: tuple[Action, ...] = ()

    @property
    def moves(self) -> tuple[Move, ...]:
        return (*self.loads, *self.stores)

    @property
    def anchor(self) -> Place:
        return min((m.anchor for m in self.moves), key=lambda p: p.start_byte)


Step = Pipeline | Action


@dataclass(frozen=True, slots=True)
class Phase:
    """One role of the CUDA kernel. `condition` is what chooses its threads or blocks, "" for all."""

    place: Place
    condition: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """What the code itself asserts of its sizes: the tiling function refuses what fails it."""

    condition: Condition
    place: Place | None


@dataclass(frozen=True, slots=True)
class Intent:
    """One kernel. `fields` names, for each symbol that a launch fixes, the field of the tiling.

    `opaque_parameters` are parameters that no field stands for: structs, references, types.
    `windows` are the buffers that several ranks see, through a table of pointers. `layouts` are lines of
    C++ with the plan's layouts.
    """

    function: Function
    name: str
    place: Place
    buffers: tuple[Buffer, ...]
    scalars: tuple[Scalar, ...]
    fields: Mapping[str, str]
    windows: tuple[str, ...]
    opaque_parameters: tuple[str, ...]
    checks: tuple[Check, ...]
    phases: tuple[Phase, ...]
    dropped: tuple[Dropped, ...]
    layouts: tuple[str, ...] = ()

    def pipelines(self) -> Iterator[Pipeline]:
        for phase in self.phases:
            for step in phase.steps:
                if isinstance(step, Pipeline):
                    yield step
