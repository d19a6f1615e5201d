"""Everything that a report on shared memory tells, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portcheck.analysis.bases import Base
from portcheck.analysis.repairs import Repair
from portcheck.report.memory_map import MemoryMap
from portcheck.report.memory_needs import Check, Need


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """`needs` are by kernel; `bases` those of all kernels, in shared and in global memory."""

    maps: Sequence[MemoryMap]
    needs: Mapping[str, Sequence[Need]]
    repairs: Sequence[Repair]
    checks: Sequence[Check]
    bases: Sequence[Base]
