"""The words of reports on a plan, in each language."""

from __future__ import annotations

from portcheck.plan.decisions import Status
from portcheck.plan.effort import Span
from portcheck.plan.matching import Standing
from portcheck.plan.model import Category, EdgeKind, ItemKind, School
from portcheck.targets.text import Language, Text

KINDS = {
    ItemKind.KERNEL: Text("kernels", "核函数"),
    ItemKind.LAYOUT: Text("layouts", "数据布局"),
    ItemKind.HELPER: Text("shared helpers", "公用辅助函数"),
    ItemKind.HOST: Text("host files", "主机文件"),
    ItemKind.BUILD: Text("build files", "构建文件"),
}
CATEGORIES = {
    Category.OPERATOR: Text("operator exists", "已有算子"),
    Category.DIRECT: Text("direct", "直接移植"),
    Category.RELAYOUT: Text("re-lay out", "调整布局"),
    Category.REDESIGN: Text("redesign", "重新设计"),
    Category.DROP: Text("drop", "去除"),
    Category.BLOCKED: Text("blocked", "待定"),
}
SCHOOLS = {
    School.SIMD: Text("SIMD", "SIMD"),
    School.SIMD_WITH_SIMT: Text("SIMD with SIMT for indices", "SIMD，下标计算用 SIMT"),
}
EDGES = {
    EdgeKind.CALLS: Text("calls", "调用"),
    EdgeKind.LAYOUT: Text("layout", "布局"),
    EdgeKind.FLAGS: Text("flag", "标志"),
    EdgeKind.LAUNCHES: Text("launched before", "先于其启动"),
}
STANDINGS = {
    Standing.INSIDE: Text("inside", "满足"),
    Standing.PADDING: Text("inside with padding", "补齐后满足"),
    Standing.DEPENDS: Text("depends", "视调用而定"),
    Standing.UNKNOWN: Text("not decided", "未判定"),
    Standing.MISSING: Text("semantics missing", "缺少语义"),
    Standing.OUTSIDE: Text("outside", "超出限制"),
}
STAGES = {
    "gate": Text("gating, top-k", "门控 top-k"),
    "layout": Text("layout", "布局统计"),
    "notify": Text("exchange of counts", "数量交换"),
    "dispatch": Text("dispatch", "dispatch"),
    "low-latency dispatch": Text("low-latency dispatch", "低时延 dispatch"),
    "cached dispatch": Text("dispatch by an earlier layout", "复用布局的 dispatch"),
    "permute": Text("permutation by expert", "按专家重排"),
    "grouped GEMM": Text("grouped GEMM", "分组 GEMM"),
    "activation": Text("activation", "激活"),
    "combine": Text("combine", "combine"),
    "low-latency combine": Text("low-latency combine", "低时延 combine"),
}
STATUSES = {
    Status.TODO: Text("to do", "待办"),
    Status.DEFERRED: Text("deferred", "推迟"),
    Status.PORTED: Text("ported", "已移植"),
    Status.ACCEPTED: Text("accepted", "已接受"),
    Status.FALSE_POSITIVE: Text("false positive", "误报"),
}
ABOUT, STATUS, REASON = Text("About", "对象"), Text("Status", "状态"), Text("Reason", "理由")
FIRST_PLAN = Text(
    "This is the first plan in this folder; the next one says here what changed.",
    "这是此目录中的第一份计划；下一份将在此说明变化。",
)
OTHER_TARGET = Text(
    "The last plan was for {target}: categories and findings are not compared with it.",
    "上一份计划针对 {target}：不与其比较类别和发现。",
)
NO_CHANGE = Text("Nothing changed.", "没有变化。")
STALE = Text("Ported, but the CUDA source has changed since", "已移植，但 CUDA 源码此后已变化")
STALE_ITEM = Text("ported from {before}, now {now}", "移植自 {before}，现为 {now}")
NEW_ITEMS, GONE_ITEMS = Text("New items", "新增工作项"), Text("Items that are gone", "消失的工作项")
CHANGED_ITEMS = Text("Items that changed", "变化的工作项")
CODE_CHANGED = Text("its code changed", "代码已变化")
NEW_FINDINGS = Text("New findings", "新增发现")
GONE_FINDINGS = Text("Findings that are gone, or hold now", "消失或现已满足的发现")
ORPHANS = Text("Decisions on what is no more", "对象已不存在的决定")
MORE = Text("and {count} more", "另有 {count} 条")
HOW_TO_DECIDE = Text(
    "{file} beside this report keeps decisions: `for` (an item's id or a finding's identity), `status` "
    "(todo, deferred, ported, accepted, false-positive) and `reason`.",
    "本报告旁的 {file} 记录决定：`for`（工作项 id 或发现的标识）、`status`"
    "（todo、deferred、ported、accepted、false-positive）与 `reason`（理由）。",
)


def span_text(span: Span | None, language: Language) -> str:
    """A range, to two digits."""
    if span is None:
        return "–"
    least, most = span.rounded
    return f"{least:,}–{most:,}" if language is Language.EN else f"{least:,} 至 {most:,}"
