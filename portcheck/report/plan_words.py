"""The words of reports on a plan, in each language."""

from __future__ import annotations

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


def span_text(span: Span | None, language: Language) -> str:
    """A range, to two digits."""
    if span is None:
        return "–"
    least, most = span.rounded
    return f"{least:,}–{most:,}" if language is Language.EN else f"{least:,} 至 {most:,}"
