"""Symbolic interpretation of CUDA C++: which addresses and lengths the code really forms.

`analyse` reads a tree; the `Analysis` that it returns answers questions and judges every
transfer. Everything else in this package is private. The three names are imported when they are first
used: who reads proofs that were found before needs no interpreter.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.analysis.engine import Analysis, analyse
    from portcheck.analysis.questions import QuestionError

__all__ = ["Analysis", "QuestionError", "analyse"]
_HOMES = {"Analysis": "engine", "QuestionError": "questions", "analyse": "engine"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
