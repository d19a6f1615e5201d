"""The reports of one run of `check`: which formats, and where each goes."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

from portcheck.cli.errors import UsageError, unknown
from portcheck.cli.formats import ALIASES, DEFAULT, FORMATS
from portcheck.cli.output import Output

if TYPE_CHECKING:
    from portcheck.checked import Checked
    from portcheck.report.presentation import Presentation

_FOR_PEOPLE = ("full", "concise")  # what a person sees on a screen says what was not read
_LIKE_A_FORMAT = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Destination:
    """One report: its format, and the file; None for standard output."""

    format: str
    file: str | None


def destinations(chosen: str | None, outputs: Sequence[str]) -> tuple[Destination, ...]:
    """What `--format` and every `-o` ask for, in their order; `chosen` is None where it was not given.

    `-o` takes FORMAT=FILE, FORMAT for standard output, or FILE for what `--format` chose. Raises
    UsageError where two reports would go to one place.
    """
    first = DEFAULT if chosen is None else ALIASES.get(chosen, chosen)
    named = [_named(text) for text in outputs]
    plain = [Destination(first, None if text == "-" else text) for text in outputs]
    found = [one or other for one, other in zip(named, plain, strict=True)]
    if not outputs or (chosen is not None and None not in named):
        found.insert(0, Destination(first, None))
    _check_apart(found)
    return tuple(found)


def _named(text: str) -> Destination | None:
    """FORMAT or FORMAT=FILE; None for a file."""
    name, equals, file = text.partition("=")
    known = (*FORMATS, *ALIASES)
    if name in known:
        if equals and not file:
            raise UsageError(f"'{text}' names no file", f"for standard output: -o {name}")
        return Destination(ALIASES.get(name, name), None if file in ("", "-") else file)
    if equals and _LIKE_A_FORMAT.fullmatch(name):
        raise UsageError(unknown("format", name, FORMATS), f"for a file of that name: -o ./{text}")
    return None


def _check_apart(found: Sequence[Destination]) -> None:
    for number, one in enumerate(found):
        other = next((o for o in found[:number] if _place(o) == _place(one)), None)
        if other is not None:
            where = one.file or "standard output"
            raise UsageError(
                f"{other.format} and {one.format} would both be written to {where}",
                f"name a file for one of them: -o {one.format}=FILE",
            )


def _place(one: Destination) -> str | None:
    return None if one.file is None else os.path.realpath(one.file)


class Reports:
    """The destinations of a run, opened before the work starts."""

    def __init__(self, options: Namespace) -> None:
        self._stack = ExitStack()
        self._wanted = destinations(options.format, options.output)
        self._outputs: list[Output] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._outputs = [stack.enter_context(Output(one.file)) for one in self._wanted]
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def seen(self) -> bool:
        """Whether a person reads a report on the screen that says itself what was not read."""
        pairs = zip(self._wanted, self._outputs, strict=True)
        return any(output.is_standard and one.format in _FOR_PEOPLE for one, output in pairs)

    def write(self, checked: Checked, presented: Callable[[Output], Presentation]) -> None:
        """Write every report; `presented` says how one is to look, given where it goes.

        Files come first: whoever reads standard output may stop reading before the end.
        """
        pairs = zip(self._wanted, self._outputs, strict=True)
        for one, output in sorted(pairs, key=lambda pair: pair[1].is_standard):
            output.write(_lines(one.format, checked, presented(output)))


def _lines(format_: str, checked: Checked, presentation: Presentation) -> Iterator[str]:
    lines: Iterator[str] = import_module(f"portcheck.report.check.{format_}").render(checked, presentation)
    return lines
