"""What a fact is: something that the code does, at a place, with its normalised content."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar

from portcheck.source.place import Place

Content = str | int | bool | None | tuple[str, ...] | tuple[int, ...]


class FactKind(StrEnum):
    """The constructs that portcheck reports. The values are the public names."""

    VEC_CAST = "vec_cast"
    VEC_ACCESS = "vec_access"
    TMA_COPY = "tma_copy"
    COPY_WAIT = "copy_wait"
    MBARRIER = "mbarrier"
    ALIGN_ASSERT = "align_assert"
    CHECK = "check"
    FP32_ACCUM = "fp32_accum"
    LOWP_ACCUM = "lowp_accum"
    FP8_QUANT = "fp8_quant"
    LOWP_WIRE = "lowp_wire"
    SMEM_LAYOUT = "smem_layout"
    WARP_COLLECTIVE = "warp_collective"
    BLOCK_BARRIER = "block_barrier"
    SYNC_SCOPE = "sync_scope"
    REMOTE_COMM = "remote_comm"
    LAUNCH = "launch"
    API_CALL = "api_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One construct at one place.

    `function` is the qualified name of the enclosing function, "" at file scope.
    `active` is False where the chosen configuration compiles the line away; `condition`
    then says on which `#if` that rests. `definition` marks the body of a wrapper: the same
    construct is reported again, as a use, at each call of the wrapper. `related` holds
    further places, such as the definition of the wrapper or macro that a use goes through.
    `width_bytes` is what one execution moves, views or reserves, None where that is not a
    constant of the source.
    """

    kind: ClassVar[FactKind]

    place: Place
    function: str
    active: bool = True
    condition: str = ""
    definition: bool = False
    related: tuple[Place, ...] = ()
    width_bytes: int | None = None

    @property
    def detail(self) -> str:
        """The normalised content as one line of English."""
        raise NotImplementedError

    def content(self) -> dict[str, Content]:
        """The fields that this kind of fact adds to the common ones."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _COMMON}


_COMMON = frozenset(f.name for f in fields(Fact))
