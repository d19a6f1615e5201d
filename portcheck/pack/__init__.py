"""The rule pack: rules as data, evaluated over facts, transfers and target profiles.

`load` reads rules, `findings` evaluates them over an analysed tree, `check_examples` runs the
examples that each rule carries. Each name is imported when it is first used: who reads findings that
were found before needs no analysis.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.pack.evaluate import findings
    from portcheck.pack.examples import Failure, check_examples
    from portcheck.pack.finding import Finding
    from portcheck.pack.reading import load, pack
    from portcheck.pack.rule import Effort, Example, Page, Rule

__all__ = [
    "Effort",
    "Example",
    "Failure",
    "Finding",
    "Page",
    "Rule",
    "check_examples",
    "findings",
    "load",
    "pack",
]
_HOMES = {
    "Effort": "rule",
    "Example": "rule",
    "Failure": "examples",
    "Finding": "finding",
    "Page": "rule",
    "Rule": "rule",
    "check_examples": "examples",
    "findings": "evaluate",
    "load": "reading",
    "pack": "reading",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
