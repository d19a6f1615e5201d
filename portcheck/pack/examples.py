"""Runs the examples of rules: a rule that does not say what its examples say is broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from portcheck.analysis import analyse
from portcheck.pack.evaluate import findings
from portcheck.pack.finding import Finding
from portcheck.pack.rule import SILENT, Example, Rule
from portcheck.targets import targets


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that its rule does not agree with; `number` counts from 1."""

    rule: Rule
    number: int
    problem: str

    def __str__(self) -> str:
        return f"{self.rule.file}: {self.rule.code} example {self.number}: {self.problem}"


def check_examples(rules: Iterable[Rule]) -> Iterator[Failure]:
    """The examples that fail; a rule without one is a failure too."""
    for rule in rules:
        if not any(e.expect != SILENT for e in rule.examples):
            yield Failure(rule, 0, "no example that the rule must report")
        for number, example in enumerate(rule.examples, 1):
            problem = _problem(rule, example)
            if problem:
                yield Failure(rule, number, problem)


def _problem(rule: Rule, example: Example) -> str:
    found = _run(rule, example)
    if example.expect == SILENT:
        return f"reports {_said(found)}, and must be silent" if found else ""
    lines = {f.place.line for f in found if f.verdict.value == example.expect}
    others = [f for f in found if f.verdict.value != example.expect]
    wanted = set(example.lines)
    if lines == wanted and not others:
        return ""
    return f"must report {example.expect} on {_lines(wanted)}, and reports {_said(found) or 'nothing'}"


def _run(rule: Rule, example: Example) -> list[Finding]:
    profiles = [t for t in targets() if t.name == example.target]
    with TemporaryDirectory(prefix="portcheck-") as folder:
        file = Path(folder) / "example.cu"
        file.write_text(example.code, "utf-8")
        return findings(analyse([str(file)]), [rule], profiles)


def _said(found: list[Finding]) -> str:
    return ", ".join(f"{f.verdict.value} on line {f.place.line}" for f in found)


def _lines(numbers: set[int]) -> str:
    listed = ", ".join(map(str, sorted(numbers)))
    return f"line {listed}" if len(numbers) == 1 else f"lines {listed}"
