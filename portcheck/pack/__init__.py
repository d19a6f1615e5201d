"""The rule pack: rules as data, evaluated over facts, transfers and target profiles.

`load` reads rules, `findings` evaluates them over an analysed tree, `check_examples` runs the
examples that each rule carries.
"""

from portcheck.pack.examples import Failure, check_examples
from portcheck.pack.findings import Finding, findings
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
