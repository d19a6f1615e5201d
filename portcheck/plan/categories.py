"""What is to be done with each piece, and why: operators, what real ports dropped, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portcheck.pack import Finding
from portcheck.plan.features import Features, Nature
from portcheck.plan.items import Draft
from portcheck.plan.matching import Answer, Standing
from portcheck.plan.model import Category, ItemKind, School
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity, Target
from portcheck.targets.text import Text

# What real ports left out, by the rule that finds it; the rule's page has the sources.
_CACHED, _CLEANS, _LOG_FORMAT = "MOE008", "ZBF003", "QNT012"
_FAILS = (Verdict.VIOLATED, Verdict.DEPENDS)
_NAMED = 3
_PREPARES = Text(
    "prepares a call that reuses an earlier layout: real ports have no kernel of this kind (rule MOE008, and "
    "the calibration)",
    "为复用先前布局的调用做准备：实际移植中没有此类核函数（规则 MOE008 及标定表）",
)
_BUILD = Text(
    "listed by its name, not read: compiler, flags and libraries change",
    "仅按名称列出，未读取：编译器、选项与库需更换",
)
_NOTHING = Text(
    "nothing found breaks on the target: the same steps in Ascend C",
    "未发现在目标上出错之处：用 Ascend C 写同样的步骤",
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The category of a piece and the reason."""

    category: Category
    reason: Text


def verdict_on(finding: Finding, target: str) -> Verdict | None:
    """What a finding says of a target; None where it does not speak of it."""
    return dict(finding.verdicts).get(target)


def categorise(
    draft: Draft,
    target: Target,
    found: Sequence[Finding],
    answers: Sequence[Answer],
    features: Features | None = None,
    *,
    no_cached_mode: bool = False,
) -> Judgement:
    """`found` are the findings in the piece, `answers` those of operators, the best first.

    `no_cached_mode`: ports to the target have no calls that reuse an earlier layout.
    """
    if draft.kind is ItemKind.BUILD:
        return Judgement(Category.DIRECT, _BUILD)
    covered = next((a for a in answers if a.standing in (Standing.INSIDE, Standing.PADDING)), None)
    dropped = _dropped(draft, target, found, features, no_cached_mode)
    if dropped is not None:
        return Judgement(Category.DROP, dropped)
    if covered is not None:
        return Judgement(Category.OPERATOR, _covered(covered))
    failing = {s: _of(found, target, s, *_FAILS) for s in Severity}
    if failing[Severity.REDESIGN]:
        lead = Text("no equivalent for", "无对应：")
        return Judgement(Category.REDESIGN, _listed(lead, failing[Severity.REDESIGN]))
    open_ = _of(found, target, Severity.REDESIGN, Verdict.UNKNOWN)
    broken = failing[Severity.BREAKS]
    if not broken:
        open_ += _of(found, target, Severity.BREAKS, Verdict.UNKNOWN)
    if open_:
        lead = Text("not decided, and it decides:", "未判定且起决定作用：")
        return Judgement(Category.BLOCKED, _listed(lead, open_))
    if broken:
        return Judgement(Category.RELAYOUT, _listed(Text("breaks:", "会出错："), broken))
    return Judgement(Category.DIRECT, _direct(failing))


def _of(found: Iterable[Finding], target: Target, severity: Severity, *verdicts: Verdict) -> list[Finding]:
    return [f for f in found if f.rule.severity is severity and verdict_on(f, target.name) in verdicts]


def _listed(lead: Text, found: Sequence[Finding]) -> Text:
    """The rules that most places fall under, with how many each."""
    counted = Counter(f.rule.code for f in found)
    titles = {f.rule.code: f.rule.page.title for f in found}
    most = counted.most_common(_NAMED)
    rest = len(counted) - len(most)
    en = "; ".join(f"{titles[c].en} ({c}, {n})" for c, n in most)
    zh = "；".join(f"{titles[c].zh}（{c}，{n} 处）" for c, n in most)
    more_en, more_zh = (f"; and {rest} more rules", f"；另有 {rest} 条规则") if rest else ("", "")
    return Text(f"{lead.en} {en}{more_en}", f"{lead.zh}{zh}{more_zh}")


def _direct(failing: dict[Severity, list[Finding]]) -> Text:
    slow = failing[Severity.SLOW]
    if not slow:
        return _NOTHING
    return _listed(Text(f"{_NOTHING.en}; slow:", f"{_NOTHING.zh}；影响性能："), slow)


def _covered(answer: Answer) -> Text:
    name = " / ".join(answer.call.names) or answer.operator.name
    padding = [c.padding for a in answer.limits for c in a.cases if c.padding is not None]
    if not padding:
        return Text(f"{name} takes all that the code is launched with", f"{name} 可接受代码的全部启动参数")
    en = ", ".join(f"{p.quantity} {p.value} to {p.to}" for p in padding)
    zh = "、".join(f"{p.quantity} 由 {p.value} 补到 {p.to}" for p in padding)
    return Text(f"{name} takes it with padding: {en}", f"补齐后 {name} 可用：{zh}")


def _dropped(
    draft: Draft, target: Target, found: Sequence[Finding], features: Features | None, no_cached_mode: bool
) -> Text | None:
    """Why real ports have no such piece; None where they do."""
    by_rule = {f.rule.code: f for f in found if verdict_on(f, target.name) in _FAILS and _is_of(draft, f)}
    if draft.kind is ItemKind.HELPER and _LOG_FORMAT in by_rule:
        return _by_rule(by_rule[_LOG_FORMAT])
    if draft.kind is not ItemKind.KERNEL or features is None:
        return None
    if _CACHED in by_rule:
        return _by_rule(by_rule[_CACHED])
    if features.nature is not Nature.DROPPED:
        return None
    if _CLEANS in by_rule:
        return _by_rule(by_rule[_CLEANS])
    return _PREPARES if no_cached_mode else None


def has_no_cached_mode(target: Target, found: Iterable[Finding]) -> bool:
    """Whether the rule on dispatches with a cached layout fails for the target somewhere in the tree."""
    return any(f.rule.code == _CACHED and verdict_on(f, target.name) in _FAILS for f in found)


def _is_of(draft: Draft, finding: Finding) -> bool:
    """Whether a finding is about the piece itself and not about a helper in it."""
    function = draft.functions[0] if draft.functions else None
    return function is not None and finding.function == function.qualified


def _by_rule(finding: Finding) -> Text:
    rule = finding.rule
    source = rule.sources[0] if rule.sources else rule.code
    en, zh = rule.page.title.en, rule.page.title.zh
    return Text(
        f"{en} ({rule.code}): real ports dropped it; source: {source}",
        f"{zh}（{rule.code}）：实际移植中已去掉；来源：{source}",
    )


def school(
    draft: Draft, target: Target, category: Category, features: Features | None
) -> tuple[School | None, Text]:
    """How to write a kernel anew, and why. None for what is not written, and for what is no kernel."""
    if draft.kind is not ItemKind.KERNEL or features is None:
        return None, Text("", "")
    if category in (Category.DROP, Category.OPERATOR):
        return None, Text("nothing to write", "无须编写")
    if not target.flag("simt"):
        return School.SIMD, Text(
            f"{target.name} has no SIMT: work is split by rows over the vector cores, rows move by MTE "
            "copies, threads disappear",
            f"{target.name} 没有 SIMT：按行划分到各矢量核，数据行由 MTE 搬运，不再有线程",
        )
    indices = features.collectives or features.nature in (Nature.INDEX, Nature.METADATA)
    if not indices:
        return School.SIMD, Text(
            "rows only, no index work between lanes: MTE copies and vector operations; payload never "
            "moves by stores of single threads",
            "只搬运数据行，没有线程间的下标计算：用 MTE 搬运与矢量运算；载荷不得由单线程逐个写出",
        )
    count = features.collectives
    en = f"{count} warp collectives go" if count else "index work goes"
    zh = f"{count} 处 warp 协作" if count else "下标计算"
    return School.SIMD_WITH_SIMT, Text(
        f"{en} into a SIMT function; payload stays with MTE: moved by single threads it was about 1000 "
        "times slower in a real port",
        f"{zh}放入 SIMT 函数；载荷仍由 MTE 搬运：某实际移植由单线程搬运载荷，约慢 1000 倍",
    )
