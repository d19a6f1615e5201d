"""From a tree, its findings and a target to a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from portcheck.pack import Finding
from portcheck.pack.subjects import View
from portcheck.plan.calibration import calibration
from portcheck.plan.categories import Judgement, categorise, has_no_cached_mode, school, verdict_on
from portcheck.plan.effort import Estimate, Factor, Span, days_of, estimate, likely, total
from portcheck.plan.features import Features, Measures, Nature
from portcheck.plan.instances import Instantiated, instantiated
from portcheck.plan.items import Draft, Inventory
from portcheck.plan.links import Links
from portcheck.plan.matching import Answer, admits, layer, match
from portcheck.plan.model import Category, Edge, EdgeKind, ItemKind, Plan, WorkItem
from portcheck.plan.order import graph_of, ordered, tracks_of
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

_NOT_WRITTEN = (Category.OPERATOR, Category.DROP)
_FIRST = (ItemKind.LAYOUT, ItemKind.HELPER, ItemKind.KERNEL, ItemKind.HOST, ItemKind.BUILD)
_NO_DAYS = Span(0, 0)


def build_plan(
    view: View, found: Iterable[Finding], target: Target, given: Mapping[str, int | str] | None = None
) -> Plan:
    """The plan for one target. `found` are findings of rules that were asked about this target.

    `given` are values of operators' quantities that the user knows; each counts for the kernels
    that admit it. Raises ValueError for one that no kernel admits.
    """
    return _Builder(view, tuple(found), target, given or {}).plan()


class _Builder:
    def __init__(
        self, view: View, found: tuple[Finding, ...], target: Target, given: Mapping[str, int | str]
    ) -> None:
        self.view, self.target, self.given = view, target, given
        self.found = tuple(f for f in found if verdict_on(f, target.name) is not None)
        self.inventory = Inventory(view, self.found)
        self.measures = Measures(view)

    def plan(self) -> Plan:
        self._check_given()
        edges = Links(self.inventory).all()
        items = {draft.id: self._item(draft) for draft in self.inventory.drafts.values()}
        items = {key: _with_what_it_calls(item, items, edges) for key, item in items.items()}
        most = {item.id: _days_of(item).most for item in items.values()}
        ranked = sorted(items, key=lambda key: _FIRST.index(items[key].kind))
        steps, path = ordered(graph_of(ranked, edges), most)
        tracks = tracks_of({i.id: i.kind for i in items.values()}, edges, steps, most)
        lines, days = totals(items.values())
        expected = likely_lines(items.values())
        around = layer(self._stages.values(), self.target.name) if self._stages else ()
        return Plan(
            self.target, items, edges, steps, tracks, path, lines, days, expected, days_of(expected), around
        )

    def _item(self, draft: Draft) -> WorkItem:
        features = self.measures.of(draft.functions[0]) if draft.kind is ItemKind.KERNEL else None
        own = tuple(self._own.get(draft.id, ()))
        answers = self._answers(draft)
        judged = categorise(draft, self.target, own, answers, features, no_cached_mode=self._no_cached_mode)
        taught, why = school(draft, self.target, judged.category, features)
        return WorkItem(
            id=draft.id,
            kind=draft.kind,
            name=draft.name,
            place=draft.place,
            fingerprint=draft.fingerprint,
            category=judged.category,
            reason=judged.reason,
            school=taught,
            school_reason=why,
            findings=own,
            operators=answers,
            estimate=self._estimate(draft, features, judged),
        )

    @cached_property
    def _own(self) -> Mapping[str, list[Finding]]:
        """The findings of each piece; a layout's are also those that its offsets are the reason of."""
        layouts = [d for d in self.inventory.drafts.values() if d.layout is not None]
        found: dict[str, list[Finding]] = {}
        for one in self.found:
            owners = dict.fromkeys(self.inventory.at(one.place))
            steps = one.proof.derivation if one.proof is not None else ()
            lines = [step.place for step in steps if step.place is not None]
            owners |= dict.fromkeys(d.id for d in layouts if any(_is_in(d, place) for place in lines))
            for owner in owners:
                found.setdefault(owner, []).append(one)
        return found

    @cached_property
    def _no_cached_mode(self) -> bool:
        return has_no_cached_mode(self.target, self.found)

    @cached_property
    def _stages(self) -> Mapping[tuple[str, int], Instantiated]:
        return {(i.place.path, i.place.start_byte): i for i in instantiated(self.view)}

    def _answers(self, draft: Draft) -> tuple[Answer, ...]:
        if draft.kind is not ItemKind.KERNEL or draft.place is None:
            return ()
        code = self._stages.get((draft.place.path, draft.place.start_byte))
        if code is None:
            return ()
        given = {name: value for name, value in self.given.items() if admits(code, name, value)}
        return match(code.stage, code, self.target.name, given=given)

    def _check_given(self) -> None:
        for name, value in self.given.items():
            if not any(admits(code, name, value) for code in self._stages.values()):
                raise ValueError(f"no kernel that has operators admits {name}={value}")

    def _estimate(self, draft: Draft, features: Features | None, judged: Judgement) -> Estimate | None:
        """Of kernels and helpers. Host code is in the estimate of the kernels that it launches."""
        if draft.kind is ItemKind.HELPER:
            return _of_helper(self.measures.of(draft.functions[0]), self.target, judged.category)
        if features is None:
            return None
        if judged.category is Category.DROP:
            features = replace(features, nature=Nature.DROPPED)
        elif features.nature is Nature.DROPPED:  # kept on this target: it exchanges what others left out
            features = replace(features, nature=Nature.METADATA)
        return estimate(features, self.target.name)


def _is_in(draft: Draft, place: Place) -> bool:
    """Whether a line stands in a layout's record or in one of its functions."""
    assert draft.layout is not None
    methods = (f.origin.place(f.start_byte, f.end_byte) for f in draft.layout.methods)
    spans = (draft.layout.place, *methods)
    return any(s.path == place.path and s.start_byte <= place.start_byte < s.end_byte for s in spans)


def _with_what_it_calls(item: WorkItem, items: Mapping[str, WorkItem], edges: Iterable[Edge]) -> WorkItem:
    """A piece that is direct itself says how many of the helpers it calls are not."""
    if item.category is not Category.DIRECT:
        return item
    called = {e.before for e in edges if e.after == item.id and e.kind is EdgeKind.CALLS}
    harder = sum(items[key].category not in (Category.DIRECT, Category.DROP) for key in called)
    if not harder:
        return item
    en = f"{item.reason.en}; {harder} of the helpers it calls are not direct"
    return replace(item, reason=Text(en, f"{item.reason.zh}；其调用的辅助函数中有 {harder} 个不能直接移植"))


def _of_helper(features: Features, target: Target, category: Category) -> Estimate:
    """A helper's own lines by the factors that shared helpers grew by."""
    table = calibration()
    share = table.helpers
    span = Span(share.least, share.most)
    device = Span(features.lines, features.lines).times(span.least, span.most)
    if category is Category.DROP:
        device = Span(0, device.most)
    tests = device.times(table.tests.least, table.tests.most)
    days = Span(device.least / table.lines_a_day.most, device.most / table.lines_a_day.least)
    factor = Factor(span, (span.least * span.most) ** 0.5, (), True)
    texts = (share.text, table.tests.text, table.lines_a_day.text)
    own = replace(features, helper_lines=0, shared_helper_lines=0, host_lines=0)
    middle = device.most / 2 if category is Category.DROP else features.lines * factor.middle
    return Estimate(own, target.name, factor, device, Span(0, 0), tests, days, True, texts, middle)


def _days_of(item: WorkItem) -> Span:
    """What counts on the way: nothing for what is not written."""
    return item.estimate.days if item.estimate is not None and item.category not in _NOT_WRITTEN else _NO_DAYS


def totals(items: Iterable[WorkItem]) -> tuple[Span, Span]:
    """Lines of device and host, and days, of all that is written.

    What an operator does, or real ports dropped, counts nothing at the lower end; at the upper
    end it counts in full: an operator may turn out not to serve.
    """
    listed = [i for i in items if i.estimate is not None]
    kernels = [i.estimate for i in listed if i.kind is ItemKind.KERNEL and i.category not in _NOT_WRITTEN]
    lines, days = total([e for e in kernels if e is not None])
    for item in listed:
        assert item.estimate is not None
        own_lines, own_days = item.estimate.device + item.estimate.host, item.estimate.days
        if item.category in _NOT_WRITTEN:
            lines, days = lines + Span(0, own_lines.most), days + Span(0, own_days.most)
        elif item.kind is not ItemKind.KERNEL:
            lines, days = lines + own_lines, days + own_days
    return lines, days


def likely_lines(items: Iterable[WorkItem]) -> Span:
    """Lines of device and host if estimates err independently; what is not written is expected to be none."""
    listed = [(i.category in _NOT_WRITTEN, i.estimate) for i in items if i.estimate is not None]
    return likely((Span(0, e.code.most), 0.0) if spared else (e.code, e.middle) for spared, e in listed)
