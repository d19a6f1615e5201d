"""Rules over a tree: what each finds, with a verdict for every target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from portcheck.analysis.engine import Analysis
from portcheck.analysis.proofs import Proof
from portcheck.pack.functions import FUNCTIONS
from portcheck.pack.identity import Statements, identities
from portcheck.pack.requirement_matches import requirement_matches
from portcheck.pack.rule import Rule
from portcheck.pack.subjects import Match, View
from portcheck.source.place import Place
from portcheck.symbolic.answers import Verdict
from portcheck.targets import Target
from portcheck.targets.text import Language

_WORST_FIRST = (Verdict.VIOLATED, Verdict.DEPENDS, Verdict.UNKNOWN, Verdict.HOLDS)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says at one place, for each target that it concerns.

    `why` says for an unknown what is missing. `identity` stays the same when code around it
    changes (`portcheck.pack.identity` has the recipe).
    """

    rule: Rule
    place: Place
    function: str
    verdicts: tuple[tuple[str, Verdict], ...]
    fields: Mapping[str, object]
    why: str = ""
    proof: Proof | None = None
    related: tuple[Place, ...] = ()
    identity: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of the targets."""
        found = {v for _, v in self.verdicts}
        return next(v for v in _WORST_FIRST if v in found)

    @property
    def open(self) -> bool:
        """Whether there is something to do on one of the targets: it does not hold everywhere."""
        return self.verdict is not Verdict.HOLDS

    def message(self, language: Language = Language.EN, shorten: Callable[[str], str] = str) -> str:
        """The rule's message about this place; `shorten` is done to the code and expressions in it."""
        fields = {
            k: shorten(v) if isinstance(v, str) and not k.endswith(("_en", "_zh")) else v
            for k, v in self.fields.items()
        }
        return self.rule.message.fill(language, **fields)


def findings(analysis: Analysis, rules: Iterable[Rule], profiles: Sequence[Target]) -> list[Finding]:
    """What the rules find on these targets, in the order of places."""
    view = View(analysis)
    found = [f for rule in rules for m in _matches(view, rule) if (f := _finding(rule, m, profiles))]
    ordered = sorted(_unique(found), key=_order)
    names = identities(ordered, Statements(analysis.reading.parsed))
    return [replace(one, identity=name) for one, name in zip(ordered, names, strict=True)]


def _matches(view: View, rule: Rule) -> Iterator[Match]:
    if rule.to:
        listed = view.matches(rule.to)
    elif rule.find:
        listed = FUNCTIONS[rule.find].find(view)
    else:
        assert rule.requirement is not None
        listed = requirement_matches(view, rule.requirement)
    for match in listed:
        if rule.where is None or rule.where.test(match.fields):
            yield match


def _finding(rule: Rule, match: Match, profiles: Sequence[Target]) -> Finding | None:
    verdicts: list[tuple[str, Verdict]] = []
    why = match.why
    for target in profiles:
        if match.targets and target.name not in match.targets:
            continue
        if rule.concerns is not None and rule.concerns.test({}, target) is not True:
            continue
        verdict = match.verdict
        if verdict is None:
            verdict = Verdict.VIOLATED
            if rule.requires is not None:
                verdict = _decided(rule.requires.test(match.fields, target))
                if verdict is Verdict.UNKNOWN:
                    reasons = (target.reason(key) for key in rule.requires.keys)
                    why = why or next((r for r in reasons if r), "")
        verdicts.append((target.name, verdict))
    if not verdicts:
        return None
    if all(verdict is not Verdict.UNKNOWN for _, verdict in verdicts):
        why = ""
    return Finding(
        rule, match.place, match.function, tuple(verdicts), match.fields, why, match.proof, match.related
    )


def _decided(truth: bool | None) -> Verdict:
    if truth is None:
        return Verdict.UNKNOWN
    return Verdict.HOLDS if truth else Verdict.VIOLATED


def _unique(found: list[Finding]) -> list[Finding]:
    """One finding for what is the same at one place: several ways through the calls lead there, and
    several targets may be told the same."""
    kept: dict[object, Finding] = {}
    for one in found:
        alike = all(verdict is one.verdict for _, verdict in one.verdicts)
        said = one.verdict if alike else one.verdicts
        key = (one.rule.code, one.place, one.message(), one.fields.get("condition"), said)
        first = kept.setdefault(key, one)
        if first is not one:
            more = tuple(v for v in one.verdicts if v not in first.verdicts)
            kept[key] = replace(first, verdicts=(*first.verdicts, *more))
    return list(kept.values())


def _order(finding: Finding) -> tuple[str, int, int, str]:
    place = finding.place
    return place.path, place.start_byte, place.end_byte, finding.rule.code
