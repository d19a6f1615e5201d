"""What a lead asks of a plan: how many of what, which rules fail where, and what is not decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portcheck.pack import Finding, Rule
from portcheck.plan.categories import verdict_on
from portcheck.plan.matching import Answer, LimitAnswer, Standing
from portcheck.plan.model import Category, ItemKind, Plan, WorkItem
from portcheck.plan.vocabulary import vocabulary
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity
from portcheck.targets.text import Text

_SEVERE_FIRST = (Severity.BREAKS, Severity.REDESIGN, Severity.SLOW, Severity.NOTE)
_FAILS = (Verdict.VIOLATED, Verdict.DEPENDS)


@dataclass(frozen=True, slots=True)
class Failing:
    """A rule that fails on the plan's target: at how many places, and in which items."""

    rule: Rule
    places: int
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """A question, and what its answer decides.

    `blocks`: an item's category rests on it. `decides` is False where speed alone does.
    """

    question: Text
    about: Text
    items: tuple[str, ...]
    places: tuple[Place, ...]
    blocks: bool
    decides: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Text
    about: Text
    place: Place | None
    decides: bool
    blocks: bool = False


def counts(plan: Plan) -> Mapping[ItemKind, Counter[Category]]:
    """How many items of each kind are of each category."""
    found: dict[ItemKind, Counter[Category]] = {kind: Counter() for kind in ItemKind}
    for item in plan.items.values():
        found[item.kind][item.category] += 1
    return found


def failing(plan: Plan) -> tuple[Failing, ...]:
    """The rules that fail, the severest and most frequent first."""
    places: dict[str, set[Place]] = {}
    items: dict[str, dict[str, None]] = {}
    rules: dict[str, Rule] = {}
    for item in plan.items.values():
        for one in item.findings:
            if verdict_on(one, plan.target.name) in _FAILS:
                code = one.rule.code
                rules[code] = one.rule
                places.setdefault(code, set()).add(one.place)
                items.setdefault(code, {})[item.id] = None
    found = [Failing(rule, len(places[code]), tuple(items[code])) for code, rule in rules.items()]
    return tuple(sorted(found, key=lambda f: (_SEVERE_FIRST.index(f.rule.severity), -f.places, f.rule.code)))


def undecided(plan: Plan) -> tuple[Undecided, ...]:
    """Every open question once: those that block first, then those that most items wait for."""
    asked: dict[tuple[str, str], list[tuple[str, _Asked]]] = {}
    for item in plan.items.values():
        for one in (*_of_findings(plan, item), *_of_operators(item)):
            asked.setdefault((one.question.en, one.about.en), []).append((item.id, one))
    found = []
    for rows in asked.values():
        items = tuple(dict.fromkeys(item for item, _ in rows))
        places = tuple(dict.fromkeys(one.place for _, one in rows if one.place is not None))
        first = rows[0][1]
        blocks, decides = any(one.blocks for _, one in rows), any(one.decides for _, one in rows)
        found.append(Undecided(first.question, first.about, items, places, blocks, decides))
    return tuple(sorted(found, key=lambda u: (not u.blocks, not u.decides, -len(u.items), u.question.en)))


def best(item: WorkItem) -> Answer | None:
    """The operator that stands best to an item."""
    return next(iter(item.operators), None)


def open_limits(answer: Answer) -> tuple[LimitAnswer, ...]:
    """The limits that are not settled: unknown, or different from launch to launch."""
    return (*answer.limits_at(Standing.UNKNOWN), *answer.limits_at(Standing.DEPENDS))


def nearest(item: WorkItem, most: int = 3) -> tuple[Answer, ...]:
    """The best answer of each of the operators that stand best."""
    first: dict[str, Answer] = {}
    for answer in item.operators:
        first.setdefault(answer.operator.name, answer)
    return tuple(first.values())[:most]


def _of_findings(plan: Plan, item: WorkItem) -> Iterator[_Asked]:
    for one in item.findings:
        if verdict_on(one, plan.target.name) is Verdict.UNKNOWN:
            title = one.rule.page.title
            about = Text(f"{one.rule.code}: {title.en}", f"{one.rule.code}：{title.zh}")
            severe = one.rule.severity in (Severity.BREAKS, Severity.REDESIGN)
            blocks = severe and item.category is Category.BLOCKED
            yield _Asked(_question(one), about, one.place, severe, blocks)


def _question(finding: Finding) -> Text:
    """What would decide an unknown: the proof's own answer, and what is missing."""
    proof = finding.proof
    why = finding.why or (proof.why if proof is not None else "") or finding.message()
    name = proof.would_decide if proof is not None else ""
    return Text(f"Needed: {name} ({why})", f"需要：{name}（{why}）") if name else Text(why, why)


def _of_operators(item: WorkItem) -> Iterator[_Asked]:
    """What the operator that stands best waits for."""
    answer = best(item)
    if answer is None:
        return
    usable = Text("which operator can be used", "可使用哪个算子")
    for limit in open_limits(answer):
        why = limit.why or Text("launches differ", "各次启动不同")
        title = limit.quantity.title
        asked = Text(f"{title.en}: which value? ({why.en})", f"{title.zh}：取何值？（{why.zh}）")
        yield _Asked(asked, usable, item.place, True)
    for semantic in answer.semantics:
        if semantic.has is None:
            name, named = answer.operator.name, vocabulary().semantics[semantic.need.semantic].title
            en = f"Does {name} offer “{named.en}”? No source says"
            yield _Asked(Text(en, f"{name} 是否支持“{named.zh}”？未找到来源"), usable, item.place, True)
