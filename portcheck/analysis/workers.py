"""Independent pieces of work on several processors, where the system can fork."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MIN_ITEMS = 4
_work: Callable[[int], object] | None = None


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`work` of every item, in order.

    The items are not copied to the workers: a fork sees them as they are. Results come back
    pickled. On one processor, or without fork, everything runs here.
    """
    global _work
    listed = list(items)
    workers = min(_processors(), len(listed))
    if workers < 2 or len(listed) < MIN_ITEMS or "fork" not in multiprocessing.get_all_start_methods():
        return [work(item) for item in listed]
    _work = lambda position: work(listed[position])  # noqa: E731
    try:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            return pool.map(_run, range(len(listed)), chunksize=1)  # type: ignore[arg-type]
    finally:
        _work = None


def _run(position: int) -> object:
    assert _work is not None
    return _work(position)


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
