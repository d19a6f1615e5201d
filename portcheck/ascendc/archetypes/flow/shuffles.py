"""Values of other lanes of a warp."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.ascendc.archetypes.flow.radix import WARP, divides_warps
from portcheck.ascendc.archetypes.flow.values import Const, Lanes, Shuffle, Unknown, Value

_ALL_LANES = (Const(0xFFFFFFFF), Const(-1))


def shuffled(name: str, values: Sequence[Value], when: Sequence[Value]) -> Value:
    """What __shfl_xor_sync and __shfl_sync give where all lanes of a warp take part."""
    if any(map(divides_warps, when)):
        return Unknown("a value of another lane, where some lanes are not there")
    if len(values) not in (3, 4) or values[0] not in _ALL_LANES:
        return Unknown("a value of another lane, among some of them")
    _, body, lane = values[:3]
    width = values[3] if len(values) == 4 else Const(WARP)
    if name == "__shfl_xor_sync" and _is_within(lane, width):
        assert isinstance(lane, Const)
        return Shuffle(body, int(lane.value))
    if name == "__shfl_sync" and len(values) == 3 and isinstance(body, Lanes) and body.mask == WARP - 1:
        return body
    return Unknown("a value of another lane")


def _is_within(mask: Value, width: Value) -> bool:
    """Whether lanes that differ in the bits of a mask are in one part of a warp."""
    return isinstance(mask, Const) and isinstance(width, Const) and 0 <= mask.value < width.value
