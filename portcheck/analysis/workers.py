"""Independent pieces of work on several processors, where the system can fork.

A piece that ends its process, or for which memory or the depth of calls does not suffice, is lost by
itself: the others are done all the same, by another process if need be.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

Item = TypeVar("Item")
Result = TypeVar("Result")

MIN_ITEMS = 4
TOO_DEEP = "it nests too deeply"


@dataclass(frozen=True, slots=True)
class Lost:
    """A piece of work without a result, and why."""

    reason: str


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result | Lost]:
    """`work` of every item, in order.

    The items are not copied to the workers: a fork sees them as they are. Results come back
    pickled. On one processor, or without fork, everything runs here.
    """
    listed = list(items)
    workers = min(_processors(), len(listed))
    if workers < 2 or len(listed) < MIN_ITEMS or "fork" not in multiprocessing.get_all_start_methods():
        return [_guarded(work, item) for item in listed]
    crew = _Crew(lambda position: _guarded(work, listed[position]), len(listed))
    with crew:
        return crew.results(workers)


def _guarded(work: Callable[[Item], Result], item: Item) -> Result | Lost:
    try:
        return work(item)
    except RecursionError:
        return Lost(TOO_DEEP)
    except MemoryError:
        return Lost("the memory did not suffice")


@dataclass(eq=False)
class _Worker(Generic[Result]):
    """A process with the way to it, and the piece that it has."""

    process: ForkProcess
    connection: Connection
    position: int


@dataclass(eq=False)
class _Crew(Generic[Result]):
    """The processes over all pieces of one piece of work."""

    work: Callable[[int], Result | Lost]
    count: int
    _at_work: dict[Connection, _Worker[Result]] = field(default_factory=dict)

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        """Nobody is left behind, also where an error ends the run."""
        for worker in self._at_work.values():
            worker.connection.close()
            worker.process.terminate()
        for worker in self._at_work.values():
            worker.process.join()

    def results(self, workers: int) -> list[Result | Lost]:
        found: dict[int, Result | Lost] = {}
        pending = iter(range(self.count))
        for position in _first(workers, pending):
            self._start(position)
        while self._at_work:
            for ready in wait(list(self._at_work)):
                assert isinstance(ready, Connection)
                worker = self._at_work[ready]
                try:
                    answer = ready.recv()
                except (EOFError, OSError):
                    found[worker.position] = Lost(self._end(worker))
                    for position in _first(1, pending):
                        self._start(position)
                    continue
                if isinstance(answer, Exception):
                    raise answer
                found[worker.position] = answer
                self._next(worker, pending)
        return [found[position] for position in range(self.count)]

    def _start(self, position: int) -> None:
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        # A child must not hold the ends of others: it sees that its parent is gone when its pipe ends.
        others = [here, *self._at_work]
        process = context.Process(target=_serve, args=(self.work, there, others), daemon=True)
        process.start()
        there.close()
        self._at_work[here] = _Worker(process, here, position)
        with suppress(OSError):  # already gone: its pipe has ended
            here.send(position)

    def _next(self, worker: _Worker[Result], pending: Iterator[int]) -> None:
        worker.position = next(pending, -1)
        if worker.position < 0:
            self._end(worker)
            return
        with suppress(OSError):
            worker.connection.send(worker.position)

    def _end(self, worker: _Worker[Result]) -> str:
        """Wait for a worker that has nothing to do or is gone; why it ended."""
        del self._at_work[worker.connection]
        worker.connection.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        if code < 0:
            return f"its process was ended by {_signal_name(-code)}"
        return f"its process ended with {code}"


def _serve(work: Callable[[int], Result | Lost], connection: Connection, others: list[Connection]) -> None:
    """What a worker does: one piece after the other, until its parent has no more or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    for other in others:
        other.close()
    with suppress(EOFError, OSError):
        while True:
            position = connection.recv()
            try:
                answer: object = work(position)
            except Exception as error:  # noqa: BLE001  the parent raises it
                answer = _sendable(error)
            try:
                connection.send(answer)
            except RecursionError:
                connection.send(Lost(TOO_DEEP))


def _sendable(error: Exception) -> Exception:
    """The error with its traceback as a note, which pickling would lose."""
    import pickle
    import traceback

    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  whatever the error's own class does
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _first(count: int, pending: Iterator[int]) -> Iterator[int]:
    for _ in range(count):
        position = next(pending, -1)
        if position >= 0:
            yield position


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
