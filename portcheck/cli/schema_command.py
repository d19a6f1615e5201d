"""`portcheck schema`: the published JSON schema on standard output."""

from __future__ import annotations

from portcheck.cli.errors import EXIT_OK
from portcheck.cli.output import Output
from portcheck.report.schema import schema_text


def run() -> int:
    """Returns the exit code."""
    with Output(None) as output:
        output.write(schema_text().splitlines())
    return EXIT_OK
