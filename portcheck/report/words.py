"""The words that reports on rules use, in each language. Codes never change."""

from __future__ import annotations

from portcheck.symbolic.answers import Verdict
from portcheck.targets import Severity
from portcheck.targets.text import Text

VERDICTS = {
    Verdict.VIOLATED: Text("violated", "不满足"),
    Verdict.DEPENDS: Text("depends", "有条件满足"),
    Verdict.UNKNOWN: Text("unknown", "未知"),
    Verdict.HOLDS: Text("holds", "满足"),
}
APPLIES = Text("applies", "涉及")  # for `violated` where a rule only points something out
SEVERITIES = {
    Severity.BREAKS: Text("breaks", "出错"),
    Severity.REDESIGN: Text("redesign", "须重新设计"),
    Severity.SLOW: Text("slow", "影响性能"),
    Severity.NOTE: Text("note", "提示"),
}
HOLDS_WHERE = Text("holds where {condition}", "当 {condition} 时满足")
FAILS_FOR = Text("fails for {values}", "反例：{values}")
NOT_DECIDED = Text("not decided: {why}", "未判定：{why}")
IN_FUNCTION = Text("in {name}", "位于 {name}")
SUMMARY = Text("Summary", "汇总")
RULE = Text("rule", "规则")
PLACES = Text("places", "位置数")
ASSUMING = Text("assuming", "假设")
DIFFERING = Text(
    "Rules whose verdict differs between targets (violated / depends / unknown / holds)",
    "各目标结论不同的规则（不满足 / 有条件满足 / 未知 / 满足）",
)
NOTHING_DIFFERS = Text("No rule's verdict differs between these targets.", "所有规则在这些目标上的结论相同。")
NOT_LISTED = Text(
    "not listed above: {count:,} unknown that concern speed only or are notes; --format json has them",
    "以上未列出 {count:,} 条未知项，它们只影响性能或仅为提示；--format json 中有全部内容",
)
NOTHING_FOUND = Text("No finding.", "没有发现问题。")
SUPPRESSED = Text("suppressed: {count:,} ({statuses})", "已抑制：{count:,}（{statuses}）")
