"""`portcheck completion`: a script that completes commands, options and their values in a shell."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence

from portcheck.cli import completion
from portcheck.cli.arguments import COMMANDS, parser_of
from portcheck.cli.errors import EXIT_OK
from portcheck.cli.formats import FORMATS
from portcheck.cli.output import Output


def run(options: Namespace) -> int:
    """Returns the exit code."""
    words = _words()
    several = {**words, "output": FORMATS}
    commands = [
        completion.command(name, text, parser_of(name), several if name == "check" else words)
        for name, text in COMMANDS.items()
    ]
    with Output(None) as output:
        output.write(completion.SHELLS[options.shell](commands))
    return EXIT_OK


def _words() -> Mapping[str, Sequence[str]]:
    """The words of options whose values are checked only when the command runs, by the option's name."""
    from portcheck.facts.base import FactKind
    from portcheck.pack import pack
    from portcheck.targets import targets

    families = sorted({rule.family for rule in pack()})
    return {
        "kind": [kind.value for kind in FactKind],
        "target": [target.name for target in targets()],
        "select": families,
        "ignore": families,
    }
