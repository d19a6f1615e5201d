"""Symbolic interpretation of CUDA C++: which addresses and lengths the code really forms.

`analyse` reads a tree; the `Analysis` that it returns answers questions and judges every
transfer. Everything else in this package is private.
"""

from portcheck.analysis.engine import Analysis, analyse
from portcheck.analysis.questions import QuestionError

__all__ = ["Analysis", "QuestionError", "analyse"]
