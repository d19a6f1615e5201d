"""A plan as Markdown that renders on GitHub: the answers first, then every item, then what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.pack import Finding
from portcheck.plan.categories import verdict_on
from portcheck.plan.edition import Edition
from portcheck.plan.effort import accuracy
from portcheck.plan.matching import Answer, LimitAnswer, Standing
from portcheck.plan.model import Category, Edge, EdgeKind, ItemKind, Plan, WorkItem
from portcheck.plan.overview import counts, failing, nearest, open_limits, undecided
from portcheck.plan.vocabulary import vocabulary
from portcheck.report import plan_words, words
from portcheck.report.finding_text import shortened
from portcheck.report.markdown import code, prose, table
from portcheck.report.plan_md_changes import change_lines, decision_lines
from portcheck.report.plan_md_layouts import budget_lines, layout_lines
from portcheck.report.plan_words import span_text
from portcheck.result import ScanResult
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity
from portcheck.targets.text import Language, Text

_FIRST = 12  # rows of a table on the first screen; the rest stands further below
_GRAPH_NODES = 60  # what GitHub still draws readably
_FAILS = (Verdict.VIOLATED, Verdict.DEPENDS)


def render(
    edition: Edition, result: ScanResult, assumptions: Iterable[tuple[str, str]], language: Language
) -> Iterator[str]:
    """The lines of `plan.md`."""
    yield from _Page(edition, result, tuple(assumptions), language).lines()


def summary(plan: Plan, language: Language) -> str:
    """The plan in one paragraph of plain text."""
    kernels = counts(plan)[ItemKind.KERNEL]
    number = kernels.total()
    named = [f"{kernels[c]} {plan_words.CATEGORIES[c].said(language)}" for c in Category if kernels[c]]
    days, lines = span_text(plan.likely_days, language), span_text(plan.likely_lines, language)
    name, open_ = plan.target.name, len(undecided(plan))
    if language is Language.ZH:
        listed = "、".join(named) or "无"
        return (
            f"移植到 {name}：{number} 个核函数（{listed}）；分 {len(plan.order)} 步，"
            f"{len(plan.tracks)} 组可并行；估计 {lines} 行、{days} 人日；{open_} 个问题未判定。"
        )
    listed = ", ".join(named) or "none"
    return (
        f"Port to {name}: {number} kernels ({listed}); {len(plan.order)} steps, {len(plan.tracks)} parallel "
        f"tracks; estimated at {lines} lines and {days} engineer-days; {open_} questions not decided."
    )


class _Page:
    def __init__(
        self,
        edition: Edition,
        result: ScanResult,
        assumptions: tuple[tuple[str, str], ...],
        language: Language,
    ) -> None:
        self.edition, self.plan = edition, edition.plan
        self.result, self.assumptions, self.language = result, assumptions, language
        self.number = {item: n for n, step in enumerate(self.plan.order, 1) for item in step}

    def said(self, en: str, zh: str) -> str:
        return zh if self.language is Language.ZH else en

    def text(self, text: Text) -> str:
        return prose(text.said(self.language))

    def lines(self) -> Iterator[str]:
        yield f"# {self.said('Migration plan for ', '移植计划：')}{self.plan.target.name}"
        yield from ("", prose(summary(self.plan, self.language)))
        changes, layouts = self.edition.changes, self.edition.layouts
        sections = (
            (self.said("Can it be ported?", "能否移植"), self._verdict()),
            (self.said("What exists as an operator", "已有算子"), self._operators()),
            (self.said("What breaks", "何处出错"), self._failing(_FIRST)),
            (self.said("In which order", "移植顺序"), self._order()),
            (self.said("How much", "工作量"), self._effort()),
            (self.said("Not decided", "未判定"), self._undecided(_FIRST)),
            (self.said("Since the last plan", "与上一份计划相比"), change_lines(changes, self.language)),
            (self.said("Decisions", "决定"), decision_lines(self.edition, self.language)),
            (self.said("Items", "工作项"), self._items()),
            (self.said("Layouts", "数据布局"), layout_lines(layouts, self.language)),
            (self.said("Unified Buffer", "Unified Buffer 预算"), budget_lines(layouts, self.language)),
            (self.said("Items in detail", "工作项详情"), self._details()),
            (self.said("All open questions", "全部未判定问题"), self._undecided(None)),
            (self.said("Coverage", "读取范围"), self._coverage()),
            (self.said("Rules without findings", "无发现的规则"), self._unapplied()),
            (self.said("Assumptions", "假设"), self._assumed()),
        )
        for title, lines in sections:
            yield from ("", f"## {title}", "")
            yield from lines

    # -- first screen ------------------------------------------------------------------

    def _verdict(self) -> Iterator[str]:
        found = counts(self.plan)
        kernels = found[ItemKind.KERNEL]
        blocked = sum(c[Category.BLOCKED] for c in found.values())
        if not kernels.total():
            yield self.said("No kernel was found.", "未找到核函数。")
        elif blocked:
            yield self.said(
                f"Blocked items: {blocked}; see “Not decided”. Nothing that was found rules out the others.",
                f"{blocked} 项待定，见“未判定”一节；其余各项未发现无法移植之处。",
            )
        else:
            yield self.said(
                "Nothing that was found rules it out; what is to be redesigned needs another algorithm, not "
                "another syntax.",
                "未发现无法移植之处；“重新设计”指换算法，而不是换写法。",
            )
        yield ""
        head = ["", *(plan_words.CATEGORIES[c].said(self.language) for c in Category)]
        rows = (
            [plan_words.KINDS[kind].said(self.language), *(str(row[c] or "") for c in Category)]
            for kind, row in found.items()
            if row
        )
        yield from table(head, rows, range(1, len(head)))

    def _operators(self) -> Iterator[str]:
        listed = [(i, a) for i in self._of(ItemKind.KERNEL) for a in nearest(i)]
        if not listed:
            none = "No operator is known for what these kernels do."
            yield self.said(none, "未找到与这些核函数对应的算子。")
            return
        head = self.said(
            "Kernels\0Operator\0Stands\0Limits met\0Limits missed or open",
            "核函数\0算子\0结论\0满足的限制\0不满足或未定",
        )
        alike: dict[tuple[str, ...], list[str]] = {}
        for item, answer in listed:
            alike.setdefault(self._answer(answer), []).append(code(item.name))
        yield from table(head.split("\0"), ([", ".join(names), *row] for row, names in alike.items()))
        yield ""
        yield self.said(
            "“not decided” means that a number is the caller's or that no source gives the limit.",
            "“未判定”指该数值由调用者决定，或未找到约束的来源。",
        )
        yield from self._layer()

    def _layer(self) -> Iterator[str]:
        """The stages around these kernels, also those that the tree has nothing for."""
        if not self.plan.layer:
            return
        yield from ("", self.said("The layer around these kernels:", "这些核函数所在的层："), "")
        head = self.said("Stage\0In this tree\0Operators", "阶段\0本代码中\0算子").split("\0")
        rows = (
            [
                plan_words.STAGES[one.stage].said(self.language),
                ", ".join(code(name) for name in one.kernels),
                ", ".join(code(n) for n in one.names),
            ]
            for one in self.plan.layer
        )
        yield from table(head, rows)

    def _answer(self, answer: Answer) -> tuple[str, ...]:
        calls = ", ".join(code(n) for n in answer.call.names) or prose(answer.operator.name)
        mode = f" ({prose(answer.mode)})" if answer.mode else ""
        met = ", ".join(self._met(a) for a in answer.limits_at(Standing.INSIDE))
        missed = [
            f"{a.quantity.name}: {self._limit(a.limit.text if a.limit is not None else None)}"
            for a in (*answer.limits_at(Standing.OUTSIDE), *answer.limits_at(Standing.PADDING))
        ]
        lacking = [self.text(vocabulary().semantics[s.need.semantic].title) for s in answer.missing]
        if lacking:
            missed.append(f"{self.said('lacks', '缺少')} {', '.join(lacking)}")
        open_ = [a.quantity.name for a in open_limits(answer)]
        if open_:
            missed.append(f"{self.said('open', '未定')}: {', '.join(open_)}")
        standing = plan_words.STANDINGS[answer.standing].said(self.language)
        return f"{calls}{mode}", standing, prose(met), "; ".join(missed)

    def _met(self, answer: LimitAnswer) -> str:
        """A limit that is met, with what the code is launched with."""
        values = dict.fromkeys(c.admitted.text.said(self.language) for c in answer.cases)
        return f"{answer.quantity.name} ({' / '.join(values)})"

    def _limit(self, text: Text | None) -> str:
        return self.text(text) if text is not None else self.said("no source", "无来源")

    def _failing(self, most: int) -> Iterator[str]:
        found = [f for f in failing(self.plan) if f.rule.severity in (Severity.BREAKS, Severity.REDESIGN)]
        if not found:
            yield self.said("Nothing that was found.", "未发现。")
            return
        redesign = [f for f in found if f.rule.severity is Severity.REDESIGN]
        breaks = [f for f in found if f.rule.severity is Severity.BREAKS]
        head = self.said("Rule\0What\0Means\0Places\0Items", "规则\0内容\0级别\0位置数\0工作项数").split("\0")
        shown = (*breaks[: most // 2], *redesign[: most // 2])
        rows = (
            [
                f.rule.code,
                self.text(f.rule.page.title),
                words.SEVERITIES[f.rule.severity].said(self.language),
                str(f.places),
                str(len(f.items)),
            ]
            for f in shown
        )
        yield from table(head, rows, (3, 4))
        rest = len(found) - len(shown)
        if rest:
            yield from (
                "",
                self.said(f"And {rest} more rules; see the items.", f"另有 {rest} 条规则，见各工作项。"),
            )

    def _order(self) -> Iterator[str]:
        path = " → ".join(f"{code(self.plan.items[i].name)}" for i in self.plan.critical_path)
        if path:
            yield self.said(f"The chain that takes longest: {path}", f"最长的链：{path}")
            yield ""
        for number, track in enumerate(self.plan.tracks, 1):
            kernels = [self.plan.items[i] for i in track if self.plan.items[i].kind is ItemKind.KERNEL]
            if len(kernels) > 1:
                named = ", ".join(code(k.name) for k in kernels)
                yield self.said(f"- Track {number}: {named}", f"- 第 {number} 组：{named}")
        alone = sum(
            sum(self.plan.items[i].kind is ItemKind.KERNEL for i in track) == 1 for track in self.plan.tracks
        )
        if alone:
            yield self.said(f"- {alone} kernels stand alone", f"- {alone} 个核函数互不相关")
        yield ""
        yield from self._graph()

    def _graph(self) -> Iterator[str]:
        """Kernels and layouts that something ties together; helpers come before all of them."""
        kinds = (ItemKind.KERNEL, ItemKind.LAYOUT)
        edges = [
            e
            for e in self.plan.edges
            if e.kind is not EdgeKind.CALLS
            and self.plan.items[e.before].kind in kinds
            and self.plan.items[e.after].kind in kinds
        ]
        nodes = list(dict.fromkeys(i for e in edges for i in (e.before, e.after)))
        if not nodes or len(nodes) > _GRAPH_NODES:
            return
        yield "```mermaid"
        yield "flowchart LR"
        names = {item: f"n{n}" for n, item in enumerate(nodes)}
        for item, name in names.items():
            label = _label(self.plan.items[item].name)
            shape = f'[["{label}"]]' if self.plan.items[item].kind is ItemKind.LAYOUT else f'["{label}"]'
            yield f"    {name}{shape}"
        for edge in edges:
            kind = plan_words.EDGES[edge.kind].said(self.language)
            yield f"    {names[edge.before]} -->|{kind}| {names[edge.after]}"
        yield "```"

    def _effort(self) -> Iterator[str]:
        measured = accuracy()
        plan, spoken = self.plan, self.language
        lines, days = span_text(plan.likely_lines, spoken), span_text(plan.likely_days, spoken)
        most_lines, most_days = span_text(plan.lines, spoken), span_text(plan.days, spoken)
        yield self.said(
            f"{lines} lines of device and host code, {days} engineer-days to a first version that works, if "
            f"the estimates of the items err independently of each other. If all err the same way as far as "
            f"ports have been seen to: {most_lines} lines, {most_days} days.",
            f"若各项估计误差相互独立：设备与主机代码 {lines} 行，{days} 人日可得到能工作的首个版本。"
            f"若全部按已见最大幅度同向偏差：{most_lines} 行，{most_days} 人日。",
        )
        yield ""
        error, count = f"{measured.median_error:.0%}", len(measured.predictions)
        worst = f"{measured.worst.error:.0%}"
        ranks = f"{measured.rank_correlation():.2f}"
        yield self.said(
            f"Calibrated on {count} real ports. With each kernel left out in turn, the middle of the range "
            f"is off by {error} in the median, {worst} at worst; {measured.inside} of {count} lie inside "
            f"their range; rank correlation {ranks}.",
            f"以 {count} 个实际移植标定。逐一留出检验：区间中值的中位误差 {error}，最大 {worst}；"
            f"{count} 个中有 {measured.inside} 个落在区间内；秩相关系数 {ranks}。",
        )
        sums = ", ".join(
            f"{target} {real:,} ({span_text(span, spoken)})"
            for target, (span, real) in measured.totals().items()
        )
        yield self.said(
            f"All ports to a target together have as many lines as follows (and as said of them): {sums}.",
            f"各目标全部移植的实际总行数（括号内为估计）：{sums}。",
        )
        texts = dict.fromkeys(
            t for i in self.plan.items.values() if i.estimate is not None for t in i.estimate.assumptions
        )
        yield from ("", *(f"- {self.text(t)}" for t in texts))
        yield self.said(
            "- Items that an operator serves, or that real ports dropped, count nothing at the lower end "
            "and in full at the upper.",
            "- 已有算子或实际移植中去除的工作项，下限计 0，上限全额计入。",
        )

    def _undecided(self, most: int | None) -> Iterator[str]:
        every = undecided(self.plan)
        found = every if most is None else [u for u in every if u.decides]
        if not found:
            yield self.said("Nothing.", "无。")
            return
        head = self.said("Question\0Decides\0Items\0Where", "问题\0决定\0工作项\0位置").split("\0")
        rows = (
            [
                self.text(u.question) + (self.said(" **(blocks)**", " **（阻塞）**") if u.blocks else ""),
                self.text(u.about),
                str(len(u.items)),
                _at(u.places[0]) if u.places else "",
            ]
            for u in found[:most]
        )
        yield from table(head, rows, (2,))
        if most is not None and len(every) > len(found[:most]):
            rest = len(every) - len(found[:most])
            yield from ("", self.said(f"And {rest} more, listed below.", f"另有 {rest} 个，列于下文。"))

    # -- items -------------------------------------------------------------------------

    def _items(self) -> Iterator[str]:
        head = self.said(
            "Step\0Item\0What to do\0Why\0Days\0Where", "步\0工作项\0处理\0原因\0人日\0位置"
        ).split("\0")
        rows = (self._row(self.plan.items[item]) for step in self.plan.order for item in step)
        yield from table(head, rows, (0, 4))

    def _row(self, item: WorkItem) -> list[str]:
        kind = item.id.split(":", 1)[0]
        days = span_text(item.estimate.days, self.language) if item.estimate is not None else ""
        return [
            str(self.number[item.id]),
            f"{kind} {code(item.name)}",
            plan_words.CATEGORIES[item.category].said(self.language) + self._decided(item.id),
            self.text(item.reason),
            days,
            _at(item.place) if item.place is not None else "",
        ]

    def _decided(self, subject: str) -> str:
        """` (accepted)` behind what the team decided."""
        decision = self.edition.decisions.of(subject)
        return f" ({plan_words.STATUSES[decision.status].said(self.language)})" if decision else ""

    def _details(self) -> Iterator[str]:
        for step in self.plan.order:
            for item in (self.plan.items[i] for i in step):
                failing_ = [f for f in item.findings if verdict_on(f, self.plan.target.name) in _FAILS]
                if failing_ or item.kind in (ItemKind.KERNEL, ItemKind.LAYOUT):
                    yield from self._detail(item)

    def _detail(self, item: WorkItem) -> Iterator[str]:
        yield from (f"### {code(item.name)}", "")
        category = plan_words.CATEGORIES[item.category].said(self.language)
        yield f"- **{category}**: {self.text(item.reason)}"
        if item.school is not None:
            name = plan_words.SCHOOLS[item.school].said(self.language)
            yield f"- {self.said('How', '方法')}: {name}. {self.text(item.school_reason)}"
        before = [e for e in self.plan.edges if e.after == item.id]
        if before:
            named = ", ".join(
                f"{code(self.plan.items[i].name)} ({self._kinds(before, i)})"
                for i in dict.fromkeys(e.before for e in before)
            )
            yield f"- {self.said('After', '在此之后')}: {named}"
        if item.estimate is not None:
            yield from self._estimate(item)
        yield ""
        yield from self._findings(item)

    def _kinds(self, edges: list[Edge], before: str) -> str:
        found = dict.fromkeys(e.kind for e in edges if e.before == before)
        return ", ".join(plan_words.EDGES[k].said(self.language) for k in found)

    def _estimate(self, item: WorkItem) -> Iterator[str]:
        estimate = item.estimate
        assert estimate is not None
        of = estimate.features
        lines = span_text(estimate.device + estimate.host, self.language)
        days, tests = span_text(estimate.days, self.language), span_text(estimate.tests, self.language)
        named = self.said(
            "lines, lines of own helpers, transfers, remote, flags, barriers, collectives, quantisation",
            "行数、自用辅助函数行数、传输、远程操作、标志、同步、线程协作、量化",
        )
        values = (
            of.lines, of.helper_lines, of.transfers, of.remote, of.flags, of.barriers, of.collectives,
            of.quantisation,
        )  # fmt: skip
        counted = f"{named} = {', '.join(map(str, values))}"
        yield self.said(
            f"- Estimate: {lines} lines, {tests} of tests, {days} days; as {of.nature.value}, from {counted}",
            f"- 估计：代码 {lines} 行，测试 {tests} 行，{days} 人日；类别 {of.nature.value}，依据 {counted}",
        )

    def _findings(self, item: WorkItem) -> Iterator[str]:
        target = self.plan.target.name
        shown = [f for f in item.findings if verdict_on(f, target) not in (Verdict.HOLDS, None)]
        shown = [f for f in shown if f.rule.severity is not Severity.NOTE]
        if not shown:
            return
        title = self.said(f"{len(shown)} findings", f"{len(shown)} 条发现")
        yield from (f"<details><summary>{title}</summary>", "")
        head = self.said("Where\0Rule\0Verdict\0What", "位置\0规则\0结论\0内容").split("\0")
        rows = (
            [
                _at(f.place),
                f.rule.code,
                words.VERDICTS[verdict_on(f, target) or f.verdict].said(self.language)
                + self._decided(f.identity),
                prose(f.message(self.language, shortened)),
            ]
            for f in shown
        )
        yield from table(head, rows)
        yield from ("", "</details>", "")

    # -- honesty -----------------------------------------------------------------------

    def _coverage(self) -> Iterator[str]:
        read, total = len(self.result.files), self.result.total_bytes
        lost = self.result.unreadable_bytes
        yield self.said(
            f"- {read} files with CUDA read, {total:,} bytes; {lost:,} bytes could not be parsed",
            f"- 读取 {read} 个 CUDA 文件，共 {total:,} 字节；{lost:,} 字节无法解析",
        )
        for file in self.result.files:
            for region in file.unreadable:
                yield f"- {_at(region.place)}: {prose(region.reason)}"
        for skipped in self.result.skipped:
            yield f"- {code(skipped.path)}: {prose(skipped.reason)}"
        off = sum(len(f.inactive) for f in self.result.files)
        if off:
            yield self.said(
                f"- {off} branches of `#if` are off in this configuration and in no item",
                f"- 本配置下有 {off} 个 `#if` 分支未启用，不在任何工作项中",
            )
        holds = sum(verdict_on(f, self.plan.target.name) is Verdict.HOLDS for f in self._all_findings())
        yield self.said(f"- {holds} findings hold on the target", f"- {holds} 条规则结论在目标上满足")

    def _unapplied(self) -> Iterator[str]:
        """Grouped by the reason, so that a reader sees at once what was never looked at."""
        by_reason: dict[str, list[str]] = {}
        for one in self.edition.unapplied:
            by_reason.setdefault(self.text(one.why), []).append(one.rule.code)
        if not by_reason:
            yield self.said("None.", "无。")
        for why, codes in by_reason.items():
            yield f"- {why}: {', '.join(codes)}"

    def _all_findings(self) -> Iterable[Finding]:
        return {id(f): f for i in self.plan.items.values() for f in i.findings}.values()

    def _assumed(self) -> Iterator[str]:
        for id_, text in self.assumptions:
            yield f"- {code(id_)}: {prose(text)}"

    def _of(self, kind: ItemKind) -> Iterator[WorkItem]:
        return (
            i for step in self.plan.order for i in map(self.plan.items.__getitem__, step) if i.kind is kind
        )


def _at(place: Place) -> str:
    return code(f"{place.path}:{place.line}")


def _label(text: str) -> str:
    """A name inside the quotes of a Mermaid node."""
    return "".join(c if c.isalnum() or c in "_:. /~-" else f"#{ord(c)};" for c in text)
