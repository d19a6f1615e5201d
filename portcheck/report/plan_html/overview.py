"""What a lead reads first: the six answers, and the figures of estimates in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from portcheck.pack import Rule
from portcheck.plan.edition import Edition
from portcheck.plan.effort import Accuracy, Estimate, Span
from portcheck.plan.matching import LimitAnswer, Standing
from portcheck.plan.model import Category, ItemKind, Plan, WorkItem
from portcheck.report import plan_words
from portcheck.report.plan_html import layouts, words
from portcheck.report.plan_html.findings import Said
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity
from portcheck.targets.text import Language, Text

_NEAREST = list(plan_words.STANDINGS)


def said(text: Text, **fields: object) -> Text:
    """The template with its fields filled in; a field may be a Text itself."""
    en = {k: v.en if isinstance(v, Text) else v for k, v in fields.items()}
    zh = {k: v.zh if isinstance(v, Text) else v for k, v in fields.items()}
    return Text(text.en.format(**en), text.zh.format(**zh))


def span(value: Span) -> str:
    """`1,200–3,400`; one figure where both ends round to it."""
    low, high = value.rounded
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


@dataclass(frozen=True, slots=True)
class Answers:
    """One sentence for each question of the first screen; `settled` are findings that no figure has.

    `covered` are the kernels that operators cover, those that stand best first.
    """

    can: Text
    exists: Text
    breaks: Text
    order: Text
    effort: Text
    undecided: Text
    categories: tuple[tuple[Category, int], ...]
    breaking_rules: tuple[tuple[Rule, int], ...]
    open_rules: tuple[tuple[Rule, int], ...]
    settled: int
    covered: tuple[WorkItem, ...]
    facts: tuple[Text, ...]


def answers(edition: Edition, found: Sequence[Said]) -> Answers:
    """Counts only: the plan decided everything that is said here. What is settled is counted apart."""
    plan = edition.plan
    settled = sum(s.is_settled for s in found)
    found = [s for s in found if not s.is_settled]
    count = Counter(item.category for item in plan.items.values())
    kernels = [item for item in plan.items.values() if item.kind is ItemKind.KERNEL]
    best = Counter(k.operators[0].standing for k in kernels if k.operators)
    open_limits = {
        (k.operators[0].operator.name, limit.quantity.name, k.id)
        for k in kernels
        if k.operators
        for limit in k.operators[0].limits_at(Standing.UNKNOWN)
    }
    exists = words.EXISTS if any(k.operators for k in kernels) else words.EXISTS_NONE
    near = best[Standing.PADDING] + best[Standing.DEPENDS]
    breaking = [s for s in found if s.finding.rule.severity is Severity.BREAKS]
    redesign = sum(
        s.finding.rule.severity is Severity.REDESIGN and s.finding.verdict is Verdict.VIOLATED for s in found
    )
    return Answers(
        _can(count, len(plan.items)),
        said(
            exists,
            covered=best.total(),
            inside=best[Standing.INSIDE],
            near=near,
            unknown=best[Standing.UNKNOWN],
            outside=best[Standing.MISSING] + best[Standing.OUTSIDE],
            kernels=len(kernels),
        ),
        said(
            words.BREAKS,
            breaks=sum(s.breaks for s in breaking),
            depends=sum(s.finding.verdict is Verdict.DEPENDS for s in breaking),
            redesign=redesign,
        ),
        said(words.ORDER, steps=len(plan.order), tracks=len(plan.tracks), chain=len(plan.critical_path)),
        said(
            words.EFFORT,
            days=span(plan.likely_days),
            lines=span(plan.likely_lines),
            most_days=span(plan.days),
            most_lines=span(plan.lines),
        ),
        said(
            words.UNDECIDED,
            unknown=sum(s.finding.verdict is Verdict.UNKNOWN for s in found),
            limits=len(open_limits),
        ),
        tuple((c, count[c]) for c in Category if count[c]),
        _rules(s for s in found if s.breaks),
        _rules(s for s in found if s.finding.verdict is Verdict.UNKNOWN),
        settled,
        tuple(
            sorted((k for k in kernels if k.operators), key=lambda k: _NEAREST.index(k.operators[0].standing))
        ),
        tuple(_facts(edition)),
    )


def _facts(edition: Edition) -> Iterator[Text]:
    """What else a lead wants to know at once: whether memory suffices, layouts, decisions."""
    needs = layouts.needs(edition.layouts.budgets)
    if needs:
        left = [n.most.left(n.most.needed) for n in needs]
        over, unknown = sum(x is not None and x < 0 for x in left), left.count(None)
        fit = len(needs) - over - unknown
        yield said(words.BUDGETS, all=len(needs), fit=fit, over=over, unknown=unknown)
    tables = edition.layouts.tables
    if tables:
        off = sum(layouts.figures(t).off > 0 for t in tables)
        yield said(words.LAYOUTS, all=len(tables), off=off)
    count = Counter(d.status for d in edition.decisions if d.subject in edition.plan.items)
    if count:
        en, zh = (
            ", ".join(f"{n} {plan_words.STATUSES[s].said(language)}" for s, n in sorted(count.items()))
            for language in Language
        )
        yield said(words.DECIDED, said=Text(en, zh))


def _rules(found: Iterable[Said]) -> tuple[tuple[Rule, int], ...]:
    """The rules with their findings counted, the most first."""
    rules: dict[str, list[Rule]] = {}
    for one in found:
        rules.setdefault(one.finding.rule.code, []).append(one.finding.rule)
    ordered = sorted(rules.values(), key=lambda listed: (-len(listed), listed[0].code))
    return tuple((listed[0], len(listed)) for listed in ordered)


def _can(count: Counter[Category], total: int) -> Text:
    key = "direct"
    if not total:
        key = "nothing"
    elif count[Category.BLOCKED]:
        key = "blocked"
    elif count[Category.REDESIGN]:
        key = "redesign"
    elif count[Category.RELAYOUT]:
        key = "relayout"
    return said(words.CAN_BE[key], all=total, **{c.name.lower(): count[c] for c in Category})


def factor(estimate: Estimate) -> Text:
    """What lines of a port are for a line of CUDA, and what that rests on."""
    of_all = words.FACTOR if estimate.factor.of_its_nature else words.FACTOR_ALL
    seen = estimate.factor.span
    least, most = f"{seen.least:.1f}", f"{seen.most:.1f}"
    nature = words.NATURES[estimate.features.nature]
    return said(of_all, least=least, most=most, basis=len(estimate.factor.basis), nature=nature)


def calibration(of: Accuracy) -> Text:
    worst = of.worst
    return said(
        words.CALIBRATION,
        ports=len(of.predictions),
        median=f"{100 * of.median_error:.0f}",
        worst=f"{100 * worst.error:.0f}",
        kernel=worst.observation.kernel,
        target=worst.observation.target,
        inside=of.inside,
        rank=f"{of.rank_correlation():.2f}",
    )


def padding(limit: LimitAnswer) -> list[Text]:
    """How values get inside a limit."""
    made = []
    for case in limit.cases:
        if case.padding is not None:
            p = case.padding
            more = said(words.PADDING_BYTES, bytes=p.bytes_a_row)
            if not p.bytes_a_row:
                more = said(words.PADDING_ROWS, rows=p.rows)
            made.append(said(words.PADDING, value=p.value, to=p.to, more=more))
    return made


def tracks_of(plan: Plan) -> dict[str, int]:
    """The number of each item's track, from 1."""
    return {key: number for number, track in enumerate(plan.tracks, 1) for key in track}


def most_days(items: Sequence[WorkItem]) -> float:
    """The upper end of the largest estimate: the scale of all bars."""
    return max((i.estimate.days.most for i in items if i.estimate is not None), default=0.0)
