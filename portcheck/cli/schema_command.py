"""`portcheck schema`: a published JSON schema on standard output."""

from __future__ import annotations

from argparse import Namespace

from portcheck.cli.errors import EXIT_OK
from portcheck.cli.output import Output
from portcheck.report.schema import schema_text


def run(options: Namespace) -> int:
    """Returns the exit code."""
    with Output(None) as output:
        output.write(schema_text(options.which).splitlines())
    return EXIT_OK
