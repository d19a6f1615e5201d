"""The findings as SARIF 2.1.0: a result for each that a person should see, with its derivation.

A finding that is not decided has the kind `open` and therefore the level `none` (SARIF 2.1.0, 3.27.9 and
3.27.10). A suppressed one carries `suppressions`; GitHub does not read those, so leave such results out
of what you upload there. What GitHub rejects or ignores is kept to by `portcheck.report.sarif_limits`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TypeVar

from portcheck.checked import Checked, Suppression, worst_first
from portcheck.pack import Finding, Rule
from portcheck.report import finding_text, rule_list
from portcheck.report import sarif_limits as limits
from portcheck.report.levels import level_of, level_of_rule
from portcheck.report.presentation import Presentation
from portcheck.report.proof_text import telling
from portcheck.report.records import Record, coverage_totals
from portcheck.report.rule_help import rule_help
from portcheck.report.sarif_parts import COVERAGE_NOTIFICATIONS, Sarif, driver, log
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language

_Item = TypeVar("_Item")
FINGERPRINT = "portcheckIdentity/v1"
_LANGUAGES = {Language.EN: "en", Language.ZH: "zh-CN"}


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The lines of the SARIF file."""
    yield from limits.fitting(lambda cut: json.dumps(log(_run(checked, presentation, cut)), indent=1))


def _run(checked: Checked, presentation: Presentation, cut: limits.Cut) -> Record:
    language = presentation.language
    notifications = {
        **COVERAGE_NOTIFICATIONS,
        **limits.NOTIFICATIONS,
        **{notice.id: "What the run says of itself." for notice in checked.notices},
    }
    sarif = Sarif(checked.result, tuple(notifications), presentation.repository)
    worst = (*sorted(checked.listed, key=worst_first), *sorted(checked.suppressed, key=worst_first))
    findings, told = cut.results(worst)
    rules = tuple({f.rule.code: f.rule for f in sorted(findings, key=lambda f: f.rule.code)}.values())
    results = _Results(checked, sarif, language, cut, {rule.code: at for at, rule in enumerate(rules)})
    listed = [results.of(finding) for finding in sorted(findings, key=lambda f: (f.place, f.rule.code))]
    told |= results.told
    return {
        "tool": {"driver": driver((_rule(rule, language) for rule in rules), notifications)},
        "language": _LANGUAGES[language],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": sarif.base,
        "artifacts": sarif.artifacts(),
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    *sarif.coverage(),
                    *(sarif.notification(n.id, "warning", n.text, n.place) for n in checked.notices),
                    *(sarif.notification(name, "warning", text) for name, text in told.items()),
                ],
            }
        ],
        "results": listed,
        "properties": {
            "defines": list(checked.result.defines),
            "targets": [target.name for target in checked.targets],
            "assumptions": dict(checked.assumed.texts(language)),
            "remarks": list(checked.remarks),
            "not_listed": checked.left_out,
            "coverage": coverage_totals(checked.result),
        },
    }


def _rule(rule: Rule, language: Language) -> Record:
    title = rule_list.title(rule, language)
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": limits.description(title)},
        "fullDescription": {"text": limits.description(rule.page.what.said(language) or title)},
        "help": rule_help(rule, language),
        "defaultConfiguration": {"level": level_of_rule(rule.severity).value},
        "properties": {
            "tags": ["portcheck", rule.family, rule.severity.value],
            "severity": rule.severity.value,
            "effort": rule.effort.value,
            "sources": list(rule.sources),
        },
    }


class _Results:
    """Writes findings; `told` says what had no room in them."""

    def __init__(
        self, checked: Checked, sarif: Sarif, language: Language, cut: limits.Cut, rules: dict[str, int]
    ) -> None:
        self._checked, self._sarif, self._language, self._cut = checked, sarif, language, cut
        self._rules = rules
        self.told: dict[str, str] = {}

    def of(self, finding: Finding) -> Record:
        location = self._sarif.location(finding.place)
        if finding.function:
            location["logicalLocations"] = [{"fullyQualifiedName": finding.function, "kind": "function"}]
        undecided = finding.verdict is Verdict.UNKNOWN
        result = {
            "ruleId": finding.rule.code,
            "ruleIndex": self._rules[finding.rule.code],
            "kind": "open" if undecided else "fail",
            "level": "none" if undecided else level_of(finding).value,
            "message": {"text": self._message(finding)},
            "locations": [location],
            "partialFingerprints": {FINGERPRINT: finding.identity},
            "properties": self._properties(finding),
        }
        related = self._related(finding)
        if related:
            result["relatedLocations"] = related
        steps = self._steps(finding)
        if steps:
            result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
        suppressions = self._checked.suppressions.get(finding.identity, ())
        if suppressions:
            result["suppressions"] = [self._suppression(one) for one in suppressions]
        return result

    def _message(self, finding: Finding) -> str:
        language = self._language
        verdicts, message = finding_text.verdicts(finding, language), finding_text.message(finding, language)
        return "\n".join(filter(None, [f"{verdicts}: {message}", finding_text.detail(finding, language)]))

    def _properties(self, finding: Finding) -> Record:
        found: Record = {
            "severity": finding.rule.severity.value,
            "effort": finding.rule.effort.value,
            "verdict": finding.verdict.value,
            "targets": {name: verdict.value for name, verdict in finding.verdicts},
        }
        proof = finding.proof
        if finding.why:
            found["why"] = finding.why
        if proof is not None:
            found |= {"goal": proof.goal, "assumptions": list(proof.assumptions)}
            if proof.condition is not None:
                found["condition"] = str(proof.condition)
            if finding.verdict in (Verdict.VIOLATED, Verdict.DEPENDS):
                found["witness"] = telling(proof)
        return found

    def _related(self, finding: Finding) -> list[Record]:
        kept = self._kept(finding.related, limits.LOCATIONS_A_RESULT - 1, limits.LOCATIONS)
        return [
            {"id": number, "message": {"text": "reached through this"}, **self._sarif.location(place)}
            for number, place in enumerate(kept, 1)
        ]

    def _steps(self, finding: Finding) -> list[Record]:
        """The lines that the verdict rests on, in their order, and last the place itself."""
        if finding.proof is None or not self._cut.flows:
            return []
        derived = [step for step in finding.proof.derivation if step.place is not None]
        if not derived:
            return []
        kept = self._kept(derived, limits.STEPS_A_RESULT - 1, limits.STEPS)
        steps: list[Record] = []
        for step in kept:
            assert step.place is not None
            text = {"message": {"text": f"if {step.text}" if step.kind == "guard" else step.text}}
            steps.append({"location": {**self._sarif.location(step.place), **text}, "kinds": [step.kind]})
        last = {**self._sarif.location(finding.place), "message": {"text": self._message(finding)}}
        return [*steps, {"location": last, "importance": "essential"}]

    def _kept(self, items: Sequence[_Item], most: int, name: str) -> Sequence[_Item]:
        if len(items) > most:
            self.told[name] = f"a result has {len(items):,}; {most:,} are kept of each"
        return items[:most]

    def _suppression(self, one: Suppression) -> Record:
        record = {
            "kind": one.kind.value,
            "status": "accepted",
            "justification": one.justification,
            "properties": {"status": one.status},
        }
        return record if one.place is None else {**record, "location": self._sarif.location(one.place)}
