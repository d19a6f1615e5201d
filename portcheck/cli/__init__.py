"""The command line: `portcheck COMMAND`, a module for each command.

This package imports nothing heavy; each command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from portcheck import __version__
from portcheck.cli.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_OK, UsageError, is_refusal

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing but `PORTCHECK_DEBUG` lets an error out."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except UsageError as error:
        return _complain(str(error), error.hint, error.code)
    except KeyboardInterrupt:
        return _complain("interrupted", "", EXIT_INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        return EXIT_OK
    except Exception as error:  # the one place where every error ends
        if is_refusal(error):
            return _complain(" ".join(str(error).splitlines()), "", UsageError.code)
        if os.environ.get("PORTCHECK_DEBUG"):
            raise
        from portcheck.cli.crash import report_crash

        return _complain(report_crash(error, arguments), "", EXIT_INTERNAL)


def _run(arguments: list[str]) -> int:
    if arguments[:1] in (["-V"], ["--version"]):  # asked by tools at every start: no parser is built
        print(f"portcheck {__version__}", flush=True)
        return EXIT_OK
    from portcheck.cli.arguments import parse

    command, options = parse(arguments)
    code = EXIT_OK
    if command:
        if command not in ("schema", "config", "completion", "cache"):
            from portcheck.cli.settings import apply

            apply(command, options)
        run: Callable[[Namespace], int] = import_module(f"portcheck.cli.{command}_command").run
        code = run(options)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _complain(message: str, hint: str, code: int) -> int:
    if sys.stderr is not None:
        print(f"portcheck: {'' if code == EXIT_INTERRUPTED else 'error: '}{message}", file=sys.stderr)
        if hint:
            print(hint, file=sys.stderr)
    return code


def _discard_output() -> None:
    """Point standard output at nothing, so that Python does not complain while it exits."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
