"""A migration plan: work items, what comes before what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portcheck.pack import Finding
from portcheck.plan.effort import Estimate, Span
from portcheck.plan.matching import Answer, LayerStage
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text


class ItemKind(StrEnum):
    """What a work item is about."""

    KERNEL = "kernel"
    HELPER = "helper"  # a device function that several kernels call
    LAYOUT = "layout"  # bytes that two sides agree on: a message, a ring slot, a record
    HOST = "host"  # host functions of one file
    BUILD = "build"  # files that compile and install the code


class Category(StrEnum):
    """What is to be done with an item."""

    OPERATOR = "operator-exists"
    DIRECT = "direct"
    RELAYOUT = "re-lay-out"
    REDESIGN = "redesign"
    DROP = "drop"
    BLOCKED = "blocked"


class School(StrEnum):
    """How real ports were written: vector units throughout, or with SIMT for indices on 950."""

    SIMD = "simd"
    SIMD_WITH_SIMT = "simd-with-simt-islands"


class EdgeKind(StrEnum):
    """Why one item comes before another, or changes together with it."""

    CALLS = "calls"
    LAYOUT = "layout"
    FLAGS = "flags"
    LAUNCHES = "launches"


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One piece of the port.

    `id` is stable over edits that do not rename: `kernel:ns::dispatch`, `host:csrc/a.cpp`.
    `fingerprint` is a hash of the item's CUDA text without comments and white space: it changes
    exactly when the code does. `reason` says why the category, `school_reason` why the school.
    `operators` are the answers about operators that cover the item, the best first.
    """

    id: str
    kind: ItemKind
    name: str
    place: Place | None
    fingerprint: str
    category: Category
    reason: Text
    school: School | None
    school_reason: Text
    findings: tuple[Finding, ...]
    operators: tuple[Answer, ...]
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class Edge:
    """`before` comes first; `what` names the function, the layout or the flag."""

    before: str
    after: str
    kind: EdgeKind
    what: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan for one target. Everything that names an item does so by its id.

    `order` lists the steps, first to last; a step is one item, or the items of a cycle, which
    change together. `tracks` are the parts that do not depend on each other. `critical_path` is
    the chain with the most days. `lines` and `days` are totals, for the whole range; `likely_lines`
    and `likely_days` if the estimates err independently of each other. `layer` are
    the stages of the MoE layer that the kernels belong to, with the operators for each on the
    target; () where no kernel is a stage of one.
    """

    target: Target
    items: Mapping[str, WorkItem]
    edges: tuple[Edge, ...]
    order: tuple[tuple[str, ...], ...]
    tracks: tuple[tuple[str, ...], ...]
    critical_path: tuple[str, ...]
    lines: Span
    days: Span
    likely_lines: Span
    likely_days: Span
    layer: tuple[LayerStage, ...] = ()
