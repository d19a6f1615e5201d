"""Rules over a tree: what each finds, with a verdict for every target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from portcheck.analysis import workers
from portcheck.analysis.engine import Analysis
from portcheck.pack.finding import Finding
from portcheck.pack.functions import FUNCTIONS
from portcheck.pack.identity import Statements, identities
from portcheck.pack.requirement_matches import requirement_matches
from portcheck.pack.rule import Rule
from portcheck.pack.subjects import Match, View
from portcheck.scan import no_garbage_collection
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Target

MANY_FACTS = 500


def findings(
    analysis: Analysis,
    rules: Iterable[Rule],
    profiles: Sequence[Target],
    renamed: Mapping[str, str] | None = None,
) -> list[Finding]:
    """What the rules find on these targets, in the order of places.

    `renamed` gives files another path in identities: what they are called by now.
    """
    view, rules = View(analysis), tuple(rules)
    with no_garbage_collection():
        matches = zip(rules, _all_matches(view, rules), strict=True)
        found = [f for rule, listed in matches for m in listed if (f := _finding(rule, m, profiles))]
    ordered = sorted(_unique(found), key=_order)
    names = identities(ordered, Statements(analysis.reading.parsed), renamed or {})
    return [replace(one, identity=name) for one, name in zip(ordered, names, strict=True)]


def _all_matches(view: View, rules: Sequence[Rule]) -> list[list[Match]]:
    """What each rule looks at; on several processors where that is worth their start."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for at, rule in enumerate(rules):  # what several rules look at is found once
        groups.setdefault((rule.to, rule.find, rule.code if rule.requirement else ""), []).append(at)
    listed = [tuple(rules[at] for at in group) for group in groups.values()]
    few = len(view.analysis.reading.facts) < MANY_FACTS
    if few or all(rule.requirement is None for rule in rules):
        divided = [_matches(view, group) for group in listed]
    else:
        _ = view.analysis.judged  # before the work is divided
        each = workers.each(lambda group: _matches(view, group), listed)
        pairs = zip(listed, each, strict=True)
        divided = [_matches(view, g) if isinstance(found, workers.Lost) else found for g, found in pairs]
    found = {at: m for g, d in zip(groups.values(), divided, strict=True) for at, m in zip(g, d, strict=True)}
    return [found[at] for at in range(len(rules))]


def _matches(view: View, rules: Sequence[Rule]) -> list[list[Match]]:
    """What each of the rules that look at the same thing may report."""
    rule = rules[0]
    if rule.to:
        listed = list(view.matches(rule.to))
    elif rule.find:
        listed = list(FUNCTIONS[rule.find].find(view))
    else:
        assert rule.requirement is not None
        listed = list(requirement_matches(view, rule.requirement))
    return [[m for m in listed if r.where is None or r.where.test(m.fields)] for r in rules]


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
