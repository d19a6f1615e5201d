"""`portcheck cache`: what is kept of earlier runs, and where."""

from __future__ import annotations

from argparse import Namespace

from portcheck.cache import Store, default_folder
from portcheck.cache.folder import VARIABLE
from portcheck.cache.store import LIMIT_BYTES, Usage
from portcheck.cli.errors import EXIT_OK, UsageError
from portcheck.cli.output import Output


def run(options: Namespace) -> int:
    """Returns the exit code."""
    folder = default_folder()
    if folder is None:
        raise UsageError(f"there is no home to keep anything in; name a folder in {VARIABLE}")
    with Output(None) as output:
        output.write(_told(Store(folder), folder, options.action))
    return EXIT_OK


def _told(store: Store, folder: str, action: str | None) -> list[str]:
    if action == "dir":
        return [folder]
    if action == "clear":
        return [f"{folder}: {_said(store.clear())} removed"]
    held = f"{_said(store.usage())}; at most {LIMIT_BYTES:,} bytes are kept"
    return [folder, held if store.writable else "it cannot be written: nothing is kept"]


def _said(usage: Usage) -> str:
    return f"{usage.entries:,} {'entry' if usage.entries == 1 else 'entries'}, {usage.total_bytes:,} bytes"
