"""What changed since the last plan, and what the team decided, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.pack import Finding
from portcheck.plan.changes import Changes, ItemChange, Stale, Told
from portcheck.plan.decisions import NAME, Decision
from portcheck.plan.edition import Edition
from portcheck.plan.model import Category
from portcheck.report import plan_words as words
from portcheck.report.markdown import code, prose, table
from portcheck.targets.text import Language

_MOST = 40  # findings of one kind that are listed; plan.json has all


def change_lines(found: Changes, language: Language) -> Iterator[str]:
    """The difference to the plan that was in the folder, the most urgent first."""
    if found.first:
        yield words.FIRST_PLAN.said(language)
        return
    if found.target_before:
        yield from (words.OTHER_TARGET.fill(language, target=found.target_before), "")
    parts = (
        (words.STALE, [_stale(s, language) for s in found.stale]),
        (words.NEW_ITEMS, [code(i) for i in found.new_items]),
        (words.GONE_ITEMS, [code(i) for i in found.gone_items]),
        (words.CHANGED_ITEMS, [_changed(c, language) for c in found.changed_items]),
        (words.NEW_FINDINGS, [_told(t) for t in found.new_findings]),
        (words.GONE_FINDINGS, [_told(t) for t in found.gone_findings]),
        (words.ORPHANS, [f"{code(d.subject)}: {prose(d.reason)}" for d in found.orphans]),
    )
    if not any(listed for _, listed in parts):
        yield words.NO_CHANGE.said(language)
    for title, listed in parts:
        if listed:
            yield from (f"**{title.said(language)}** ({len(listed)})", "")
            yield from (f"- {line}" for line in listed[:_MOST])
            if len(listed) > _MOST:
                yield f"- {words.MORE.fill(language, count=len(listed) - _MOST)}"
            yield ""


def _stale(one: Stale, language: Language) -> str:
    said = words.STALE_ITEM.fill(language, before=code(one.before), now=code(one.now))
    return f"{code(one.id)}: {said} ({prose(one.decision.reason)})"


def _changed(one: ItemChange, language: Language) -> str:
    said = [words.CODE_CHANGED.said(language)] if one.code_changed else []
    if one.category_before != one.category_now:
        before, now = (_category(name, language) for name in (one.category_before, one.category_now))
        said.append(f"{before} → {now}")
    return f"{code(one.id)}: {', '.join(said)}"


def _category(name: str, language: Language) -> str:
    known = {c.value: words.CATEGORIES[c] for c in Category}
    return known[name].said(language) if name in known else prose(name)


def _told(one: Told) -> str:
    return f"{code(one.place)} {one.code}: {prose(one.detail)} ({code(one.identity)})"


def decision_lines(edition: Edition, language: Language) -> Iterator[str]:
    """Every decision with its reason, and how to write one."""
    yield words.HOW_TO_DECIDE.fill(language, file=code(NAME))
    if not len(edition.decisions):
        return
    yield ""
    head = [w.said(language) for w in (words.ABOUT, words.STATUS, words.REASON)]
    found = {f.identity: f for item in edition.plan.items.values() for f in item.findings}
    yield from table(head, _decisions(edition.decisions, found, language))


def _decisions(
    decisions: Iterable[Decision], found: dict[str, Finding], language: Language
) -> Iterator[list[str]]:
    for one in decisions:
        finding = found.get(one.subject)
        about = code(one.subject)
        if finding is not None:
            about = f"{finding.rule.code} {code(f'{finding.place.path}:{finding.place.line}')} ({about})"
        yield [about, words.STATUSES[one.status].said(language), prose(one.reason)]
