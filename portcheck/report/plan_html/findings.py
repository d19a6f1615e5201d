"""Findings as pages show them: rows of the table, blocks at lines, questions that are open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from portcheck.analysis.proof import Line, Row
from portcheck.pack import Finding, Rule
from portcheck.plan.decisions import Decision, Decisions, Status
from portcheck.plan.model import Plan, WorkItem
from portcheck.report import words as rule_words
from portcheck.report.finding_text import shortened
from portcheck.report.launch_table import fold
from portcheck.report.plan_html.text import code_lines
from portcheck.report.proof_text import failure, telling
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language, Severity
from portcheck.targets.text import Text

_SHOWN_ROWS = 12
_MOST_RESIDUES = 12
_RANKS = {verdict: at for at, verdict in enumerate(rule_words.VERDICTS)}
_SEVERITIES = list(rule_words.SEVERITIES)
_SETTLED = (Status.ACCEPTED, Status.FALSE_POSITIVE)


@dataclass(frozen=True, slots=True)
class Said:
    """A finding with the items that it belongs to and its messages; `number` is its anchor's."""

    finding: Finding
    items: tuple[WorkItem, ...]
    number: int
    decision: Decision | None

    @property
    def anchor(self) -> str:
        return f"f{self.number}"

    @property
    def message(self) -> Text:
        return Text(
            self.finding.message(Language.EN, shortened), self.finding.message(Language.ZH, shortened)
        )

    @property
    def severity(self) -> Text:
        return rule_words.SEVERITIES[self.finding.rule.severity]

    @property
    def ranks(self) -> tuple[int, int]:
        """Sort keys of verdict and severity, the worst first."""
        return _RANKS[self.finding.verdict], _SEVERITIES.index(self.finding.rule.severity)

    @property
    def urgency(self) -> tuple[bool, int, int, int]:
        """What a reader has to see first: by severity and verdict, then by place; what is settled last."""
        verdict, severity = self.ranks
        return self.is_settled, severity, verdict, self.number

    @property
    def verdicts(self) -> list[tuple[str, Verdict, Text]]:
        """Target, verdict and its word; a note that only points something out applies."""
        note = self.finding.rule.severity is Severity.NOTE
        return [
            (t, v, rule_words.APPLIES if note and v is Verdict.VIOLATED else rule_words.VERDICTS[v])
            for t, v in self.finding.verdicts
        ]

    @property
    def shade(self) -> str:
        """The verdict that gives the colour: what only applies is no failure."""
        note = self.finding.rule.severity is Severity.NOTE and self.finding.verdict is Verdict.VIOLATED
        return "applies" if note else self.finding.verdict.value

    @property
    def is_settled(self) -> bool:
        """Whether the team accepted it or found it to be false: it is shown, and counted apart."""
        return self.decision is not None and self.decision.status in _SETTLED

    @property
    def breaks(self) -> bool:
        rule = self.finding.rule
        return rule.severity is Severity.BREAKS and self.finding.verdict is Verdict.VIOLATED

    @property
    def is_open(self) -> bool:
        """Whether there is something to do or to find out."""
        return self.finding.open and not self.is_settled


def said(plan: Plan, decisions: Decisions) -> list[Said]:
    """Every finding of the plan once, in the order of places."""
    found: dict[object, tuple[Finding, list[WorkItem]]] = {}
    for item in plan.items.values():
        for one in item.findings:
            key = one.rule.code, one.place, one.function, one.verdicts, one.message(), one.why
            listed = found.setdefault(key, (one, []))[1]
            if item not in listed:
                listed.append(item)
    rows = sorted(found.values(), key=lambda f: (f[0].place, f[0].rule.code, f[0].message()))
    return [
        Said(one, tuple(items), number, decisions.of(one.identity))
        for number, (one, items) in enumerate(rows, 1)
    ]


@dataclass(frozen=True, slots=True)
class Block:
    """What one rule says at one line, with the construct to write instead."""

    rule: Rule
    said: tuple[Said, ...]

    @property
    def worst(self) -> Said:
        """The first that a reader has to see: what is settled comes last."""
        return min(self.said, key=lambda s: (s.is_settled, *s.ranks))

    @property
    def is_settled(self) -> bool:
        return all(s.is_settled for s in self.said)

    @property
    def ascend_c(self) -> list[Markup]:
        return code_lines(self.rule.page.ascend_c.strip("\n")) if self.rule.page.ascend_c else []


def blocks(found: Iterable[Said]) -> Mapping[int, list[Block]]:
    """The findings of one file by line, the worst first."""
    by_line: dict[tuple[int, str], list[Said]] = {}
    for one in found:
        by_line.setdefault((one.finding.place.line, one.finding.rule.code), []).append(one)
    made: dict[int, list[Block]] = {}
    for (line, _), listed in sorted(by_line.items()):
        made.setdefault(line, []).append(Block(listed[0].finding.rule, tuple(listed)))
    for there in made.values():
        there.sort(key=lambda block: (block.is_settled, *block.worst.ranks))
    return made


@dataclass(frozen=True, slots=True)
class Shown:
    """A proof in lines: what it hangs on, its launches, the steps that it rests on.

    `names` are the parameters in which launches differ; a row has their values, and what the
    verdict there hangs on.
    """

    goal: str
    expression: str
    condition: str
    fails: str
    residues: str
    why: str
    would_decide: str
    names: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], Row, str], ...]
    more_rows: int
    steps: tuple[Line, ...]
    assumptions: tuple[str, ...]


def shown(finding: Finding) -> Shown | None:
    """The proof of a finding; None where its rule needs none."""
    proof = finding.proof
    if proof is None:
        return None
    modulus = finding.fields.get("modulus")
    failing = proof.verdict in (Verdict.DEPENDS, Verdict.VIOLATED)
    fails = failure(telling(proof), proof.value, modulus if isinstance(modulus, int) else None)
    table = fold(proof.table)
    few = 0 < len(proof.residues) <= _MOST_RESIDUES
    return Shown(
        proof.goal,
        proof.expression,
        str(proof.condition) if proof.condition is not None and proof.verdict is Verdict.DEPENDS else "",
        fails if failing else "",
        ", ".join(map(str, proof.residues)) if few else "",
        (proof.why or finding.why) if proof.verdict is Verdict.UNKNOWN else "",
        proof.would_decide if proof.verdict is Verdict.UNKNOWN else "",
        table.names,
        tuple((values, row, _result(row)) for values, row in table.rows[:_SHOWN_ROWS]),
        max(0, len(table.rows) - _SHOWN_ROWS),
        tuple(_steps(proof.derivation, proof.verdict)),
        proof.assumptions,
    )


def _result(row: Row) -> str:
    """What a verdict hangs on in one launch: the condition, or the number that fails."""
    if row.verdict is Verdict.DEPENDS:
        return row.condition
    return "" if row.value is None or row.verdict is not Verdict.VIOLATED else str(row.value)


def _steps(derivation: Iterable[Line], verdict: Verdict) -> Iterator[Line]:
    for line in derivation:
        if line.kind == "assumption" or (line.kind == "conclusion" and verdict is Verdict.UNKNOWN):
            continue
        yield line
