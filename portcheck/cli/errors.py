"""How a run can end: exit codes, each with one meaning, and the errors behind them."""

from __future__ import annotations

import sys
from collections.abc import Iterable

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_NOTHING = 3
EXIT_INTERNAL = 4
EXIT_INTERRUPTED = 130

_REFUSALS = (
    ("portcheck.source", "SourceError"),
    ("portcheck.config", "ConfigError"),
    ("portcheck.analysis.questions", "QuestionError"),
    ("portcheck.targets", "RuleDataError"),
)


class UsageError(Exception):
    """The command line asks for something that cannot be done; the message is one line."""

    code = EXIT_USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def is_refusal(error: Exception) -> bool:
    """Whether a library package raised this about what the user named, asked or configured.

    Asked without importing those packages: one that was never imported raised nothing.
    """
    kinds = (getattr(sys.modules.get(module), name, None) for module, name in _REFUSALS)
    return any(isinstance(error, kind) for kind in kinds if kind is not None)


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """`unknown format 'jsn'; did you mean 'json'? (text, json)`."""
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(given, names, n=1)
    guess = f"; did you mean '{close[0]}'?" if close else ";"
    return f"unknown {what} '{given}'{guess} choose from {', '.join(names)}"
