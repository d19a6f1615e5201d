"""Sizes that a tree really launches a kernel with: where a run of its skeleton begins."""

from __future__ import annotations

from portcheck.ascendc.body import Body
from portcheck.pack.subjects import View
from portcheck.program.model import Function
from portcheck.program.types import split_top

_WORDS = {"true": 1, "false": 0}


def typical(view: View, kernel: Function, body: Body) -> dict[str, int]:
    """The template arguments that are numbers, of the first launch that shows them, by the scalars' names."""
    named = {s.cuda: s.name for s in body.scalars if s.cuda}
    contexts, _ = view.analysis.launches.of(kernel)
    for context in contexts:
        pairs = (part.partition("=") for part in split_top(context.label))
        found = {named[n]: v for n, _, t in pairs if n in named and (v := _number(t)) is not None}
        if found:
            return found
    return {}


def _number(text: str) -> int | None:
    try:
        return _WORDS[text] if text in _WORDS else int(text, 0)
    except ValueError:
        return None
