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


class UsageError(Exception):
    """The command line asks for something that cannot be done; the message is one line."""

    code = EXIT_USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def is_source_error(error: Exception) -> bool:
    """Whether `portcheck.source` raised this about what the user named.

    Asked without importing that package: where it was never imported, it raised nothing.
    """
    source = sys.modules.get("portcheck.source")
    kind = getattr(source, "SourceError", None)
    return kind is not None and isinstance(error, kind)


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """`unknown format 'jsn'; did you mean 'json'? (text, json)`."""
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(given, names, n=1)
    guess = f"; did you mean '{close[0]}'?" if close else ";"
    return f"unknown {what} '{given}'{guess} choose from {', '.join(names)}"
