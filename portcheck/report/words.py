"""The words that reports on rules use, in each language. Codes never change."""

from __future__ import annotations

from portcheck.symbolic.verdict import Verdict
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
FINDINGS = Text("findings: {count:,}", "发现：{count:,}")
FAILING = Text("at or above {severity}: {count:,}", "达到“{severity}”及以上级别：{count:,}")
FILES_READ = Text("files read: {count:,}", "已读取文件：{count:,}")
SUPPRESSED_COUNT = Text("suppressed: {count:,}", "已抑制：{count:,}")
LEFT_OUT = Text(
    "not listed (unknown, speed only or a note): {count:,}", "未列出（未知且仅影响性能或仅为提示）：{count:,}"
)
NOT_READ = Text("not read: {what}", "未能读取：{what}")
SKIPPED = Text("{count:,} skipped", "跳过 {count:,} 个")
UNREADABLE = Text("{count:,} of {total:,} bytes", "{total:,} 字节中的 {count:,} 字节")
BETWEEN = Text("; ", "；")
NOT_ANNOTATED = Text("{count:,} findings more", "另有 {count:,} 条")
ANNOTATION_LIMIT = Text(
    "not annotated: {count:,}, in the log; GitHub shows {most} of each level a step",
    "未加注释：{count:,}，见日志；GitHub 每步每级最多显示 {most} 条",
)
FAILS = Text("findings that fail the check: {count:,}", "未通过检查的发现：{count:,}")
PASSES = Text("nothing fails the check", "没有未通过检查的发现")
PLACE = Text("place", "位置")
SAYS = Text("says", "说明")
NO_ROOM = Text(
    "{count:,} more findings have no room here; the other formats have them all.",
    "另有 {count:,} 条因篇幅未列出；其他格式中有全部内容。",
)
