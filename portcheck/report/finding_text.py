"""What every report says of one finding in words: its verdicts, its message, what decides it."""

from __future__ import annotations

from collections.abc import Callable

from portcheck.pack import Finding
from portcheck.report import words
from portcheck.report.proof_text import failure, telling
from portcheck.report.style import elided
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language, Severity

_FIELD_COLUMNS = 72


def shortened(text: str) -> str:
    """What a message says of code or of an expression; the proof has it in full."""
    return elided(text, _FIELD_COLUMNS)


def message(finding: Finding, language: Language) -> str:
    """The rule's message about this place, at a length for reading."""
    return finding.message(language, shortened)


def severity(finding: Finding, language: Language) -> str:
    return words.SEVERITIES[finding.rule.severity].said(language)


def verdicts(
    finding: Finding, language: Language, style: Callable[[str, str], str] = lambda _, text: text
) -> str:
    """`violated 310P 910B; holds 950`; `style` puts colour on a word, given its role and the word."""
    by_verdict: dict[Verdict, list[str]] = {}
    for target, verdict in finding.verdicts:
        by_verdict.setdefault(verdict, []).append(target)
    said = []
    for verdict in words.VERDICTS:
        if verdict in by_verdict:
            applies = verdict is Verdict.VIOLATED and finding.rule.severity is Severity.NOTE
            word = (words.APPLIES if applies else words.VERDICTS[verdict]).said(language)
            names = " ".join(by_verdict[verdict])
            said.append(f"{style('kind' if applies else verdict.value, word)} {names}")
    return "; ".join(said)


def detail(finding: Finding, language: Language) -> str:
    """What the verdict hangs on: the condition, values for which it fails, or what is not known."""
    proof = finding.proof
    if finding.verdict is Verdict.UNKNOWN:
        return words.NOT_DECIDED.fill(language, why=finding.why) if finding.why else ""
    if proof is None:
        return ""
    if finding.verdict is Verdict.DEPENDS and proof.condition is not None:
        return words.HOLDS_WHERE.fill(language, condition=proof.condition)
    modulus = finding.fields.get("modulus")
    values = failure(telling(proof), proof.value, modulus if isinstance(modulus, int) else None)
    return words.FAILS_FOR.fill(language, values=values) if values else ""
