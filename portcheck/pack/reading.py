"""Reads rules from TOML files; every mistake is named with its file, its line and the reason."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from portcheck.pack.data_file import DataFile
from portcheck.pack.functions import FUNCTIONS
from portcheck.pack.predicate import Predicate, PredicateError, compile_predicate
from portcheck.pack.rule import SILENT, Effort, Example, Page, Rule
from portcheck.pack.subjects import fact_classes, fact_fields
from portcheck.resources import rules_path
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import RuleDataError, Severity, requirements, targets
from portcheck.targets.text import Text

_CODE = re.compile(r"[A-Z]{2,8}\d{3}")
_PARTS = ("title", "what", "why", "decided", "depends", "instead")
_STATEMENT_FIELDS = frozenset(
    ("subject", "role", "role_zh", "modulus", "function", "value", "condition", "why", "kernel", "path")
)
_KEYS = frozenset(
    (
        "code", "name", "severity", "effort", "message", "to", "find", "requirement", "where", "concerns",
        "requires", "ascend_c", "sources", "example", *_PARTS,
    )
)  # fmt: skip
_NONE = Text("", "")
DEFAULT_TARGET = "910B"


@cache
def pack() -> tuple[Rule, ...]:
    """The rules that portcheck ships, by code; raises RuleDataError where one is malformed."""
    return load(rules_path() / "pack")


def load(folder: Path) -> tuple[Rule, ...]:
    """The rules of a folder and the folders in it, or of one file. Raises RuleDataError."""
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.toml"))
    if not files:
        raise RuleDataError(f"{folder}: no rule: no .toml file")
    found: dict[str, Rule] = {}
    for file in files:
        rule = _Reader(file).rule()
        other = found.setdefault(rule.code, rule)
        if other is not rule:
            raise RuleDataError(f"{file}: code: {rule.code} is the code of {other.file} too")
    return tuple(found[code] for code in sorted(found))


class _Reader(DataFile):
    """The file of one rule."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _KEYS)

    def rule(self) -> Rule:
        code = self.string("code")
        if not _CODE.fullmatch(code):
            raise self.error("code", "must be capital letters and three digits, such as ACME001")
        requirement = None
        if "requirement" in self.data:
            wanted = self.string("requirement")
            requirement = next((r for r in requirements() if r.name == wanted), None)
            if requirement is None:
                known = ", ".join(r.name for r in requirements())
                raise self.error("requirement", f"no requirement '{wanted}'; there are {known}")
            if requirement.code != code:
                raise self.error("code", f"the requirement {wanted} has the code {requirement.code}")
        to, find = self.optional("to"), self.optional("find")
        if sum(map(bool, (to, find, requirement))) != 1:
            raise self.error("to", "a rule has exactly one of 'to', 'find' and 'requirement'")
        fields = self.subject_fields(to, find)
        severity = requirement.severity if requirement else Severity(self.word("severity", Severity))
        return Rule(
            code,
            self.optional("name") or self.file.stem,
            severity,
            Effort(self.word("effort", Effort)) if "effort" in self.data else Effort.SMALL,
            self.message(fields),
            to,
            find,
            requirement,
            self.predicate("where", fields),
            self.predicate("concerns", ()),
            self.predicate("requires", fields),
            Page(**{p: self.part(p) for p in _PARTS}, ascend_c=self.optional("ascend_c")),
            self.strings("sources") or (requirement.sources if requirement else ()),
            self.examples(),
            self.file,
        )

    def subject_fields(self, to: str, find: str) -> frozenset[str]:
        if to:
            if to not in fact_classes():
                known = ", ".join(sorted(fact_classes()))
                raise self.error("to", f"no kind of facts '{to}'; there are {known}")
            return fact_fields(to)
        if find:
            if find not in FUNCTIONS:
                known = ", ".join(sorted(FUNCTIONS))
                raise self.error("find", f"no function '{find}'; there are {known}")
            return FUNCTIONS[find].fields
        return _STATEMENT_FIELDS

    def message(self, fields: Collection[str]) -> Text:
        found = self.text_of(self.data.get("message"), "message")
        for template in (found.en, found.zh):
            try:
                used = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
            except ValueError as error:
                raise self.error("message", f"not a template: {error}") from None
            if used - set(fields):
                raise self.error("message", f"no field {{{min(used - set(fields))}}} here")
        return found

    def part(self, key: str) -> Text:
        return self.text_of(self.data[key], key) if key in self.data else _NONE

    def predicate(self, key: str, fields: Collection[str]) -> Predicate | None:
        if key not in self.data:
            return None
        keys = frozenset[str]().union(*(t.keys for t in targets()))
        try:
            return compile_predicate(self.string(key), fields, keys)
        except PredicateError as error:
            raise self.error(key, str(error)) from None

    def examples(self) -> tuple[Example, ...]:
        rows = self.data.get("example", [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise self.error("example", "must be tables: [[example]]")
        return tuple(self.example(row, f"example[{number}]") for number, row in enumerate(rows, 1))

    def example(self, row: dict[str, Any], key: str) -> Example:
        unknown = row.keys() - {"verdict", "target", "code"}
        if unknown:
            raise self.error(f"{key}.{min(unknown)}", f"unknown key {min(unknown)}")
        expect, target, code = row.get("verdict"), row.get("target", DEFAULT_TARGET), row.get("code")
        verdicts = [*(v.value for v in Verdict), SILENT]
        if expect not in verdicts:
            raise self.error(f"{key}.verdict", f"must be one of {', '.join(verdicts)}")
        names = [t.name for t in targets()]
        if target not in names:
            raise self.error(f"{key}.target", f"must be one of {', '.join(names)}")
        if not isinstance(code, str) or not code.strip():
            raise self.error(f"{key}.code", "must be CUDA code")
        made = Example(expect, target, code)
        if bool(made.lines) == (expect == SILENT):
            problem = "a silent example marks no line" if made.lines else "no line ends in //!"
            raise self.error(f"{key}.code", problem)
        return made

    def word(self, key: str, words: type[Severity] | type[Effort]) -> str:
        value = self.string(key)
        if value not in [w.value for w in words]:
            raise self.error(key, f"'{value}' is none of {', '.join(w.value for w in words)}")
        return value
