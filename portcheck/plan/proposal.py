"""The layout that a target wants: fields in slots of whole UB blocks, rows of a window on 512 bytes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from portcheck.plan.layout_model import Instance, LayoutKind, Proposal, Row, Slot

BLOCK_BYTES = 32
WINDOW_BYTES = 512


def granule(kind: LayoutKind, pitch_bytes: int) -> int:
    """What the distance of rows, stages or records is rounded up to: messages and long rows lie in windows
    on 512 bytes, for bandwidth; a flag or a count has a block of its own."""
    in_window = kind is LayoutKind.MESSAGE or (kind is LayoutKind.SLOT and pitch_bytes >= WINDOW_BYTES)
    return WINDOW_BYTES if in_window else BLOCK_BYTES


def rounded(value: int, granule_bytes: int) -> int:
    return -(-value // granule_bytes) * granule_bytes


def propose(kind: LayoutKind, rows: Sequence[Row], at: int, instance: Instance) -> Proposal | None:
    """The proposal for the instance at that position; None where a number is missing.

    The fields keep their order. A record's members stay where they are: they are scalars that are
    read one by one, and only the record as a whole gets a slot.
    """
    pitch = instance.pitch_bytes
    fields = [(row.name, row.offsets[at], row.sizes[at]) for row in rows]
    if not pitch or pitch < 0 or not fields:
        return None
    numbers = [(name, start, size) for name, start, size in fields if start is not None and size is not None]
    if len(numbers) != len(fields):
        return None
    if kind is LayoutKind.RECORD:
        whole = rounded(pitch, BLOCK_BYTES)
        return Proposal(tuple(Slot(n, o, s, 0) for n, o, s in numbers), whole, whole - pitch)
    numbers = [one for one in numbers if one[2] > 0]
    apart = kind is LayoutKind.MEMORY  # each variable counts from itself
    if not apart and any(a[1] + a[2] > b[1] for a, b in pairwise(numbers)):
        return None  # fields that overlap are not moved apart
    slots: list[Slot] = []
    end = 0
    for name, _, size in numbers:
        bytes_ = rounded(size, BLOCK_BYTES)
        slots.append(Slot(name, end, bytes_, bytes_ - size))
        end += bytes_
    whole = rounded(end, granule(kind, pitch)) if kind is not LayoutKind.MEMORY else end
    return Proposal(tuple(slots), whole, whole - pitch)
