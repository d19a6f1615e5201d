"""The words of the plan's pages, in each language."""

from __future__ import annotations

from portcheck.plan.features import Nature
from portcheck.plan.model import ItemKind
from portcheck.targets.text import Text

KINDS = {
    ItemKind.KERNEL: Text("kernel", "核函数"),
    ItemKind.HELPER: Text("device helper", "设备函数"),
    ItemKind.LAYOUT: Text("layout", "数据布局"),
    ItemKind.HOST: Text("host code", "主机代码"),
    ItemKind.BUILD: Text("build", "构建文件"),
}
NATURES = {
    Nature.INDEX: Text("index", "索引计算"),
    Nature.METADATA: Text("metadata exchange", "元数据交换"),
    Nature.PAYLOAD: Text("payload mover", "数据搬运"),
    Nature.FUSED: Text("fused low-latency", "融合低时延"),
    Nature.DROPPED: Text("dropped", "不再需要"),
    Nature.OTHER: Text("other", "其他"),
}
FEATURES = (
    ("lines", Text("lines of the kernel", "核函数行数")),
    ("helper_lines", Text("lines of its own helpers", "专用辅助函数行数")),
    ("shared_helper_lines", Text("lines of shared helpers", "共用辅助函数行数")),
    ("host_lines", Text("lines of launching host code", "启动它的主机代码行数")),
    ("transfers", Text("bulk copies and vector accesses", "批量拷贝与向量访问")),
    ("remote", Text("operations on peers", "远端操作")),
    ("flags", Text("ordered accesses and fences", "有序访问与栅栏")),
    ("rings", Text("rings with head and tail", "带头尾指针的环")),
    ("barriers", Text("block barriers", "块内同步")),
    ("mbarriers", Text("mbarriers", "mbarrier")),
    ("collectives", Text("warp collectives", "warp 集合操作")),
    ("quantisation", Text("quantisation", "量化")),
)
CAN_BE = {
    "blocked": Text(
        "Not yet: {blocked} of {all} items are blocked.", "暂时不能：{all} 项中有 {blocked} 项受阻。"
    ),
    "redesign": Text(
        "Yes, with new designs: {redesign} of {all} items have no equivalent construct.",
        "可以，但需要重新设计：{all} 项中有 {redesign} 项没有对应结构。",
    ),
    "relayout": Text(
        "Yes: {relayout} of {all} items need another layout, none a new design.",
        "可以：{all} 项中有 {relayout} 项需要调整布局，无须重新设计。",
    ),
    "direct": Text("Yes: no item needs a new layout or design.", "可以：无须调整布局或重新设计。"),
    "nothing": Text("There is nothing to port: no item was found.", "没有需要移植的内容：未找到工作项。"),
}
EXISTS = Text(
    "Operators cover {covered} of {kernels} kernels: {inside} inside the limits, {near} by padding or "
    "for some launches, {unknown} not decided, {outside} outside.",
    "{kernels} 个核函数中有 {covered} 个有对应的已有算子：{inside} 个满足约束，"
    "{near} 个需填充或仅部分启动满足，{unknown} 个未判定，{outside} 个超出约束。",
)
EXISTS_NONE = Text(
    "No operator covers one of the {kernels} kernels.", "{kernels} 个核函数均没有可用的已有算子。"
)
BREAKS = Text(
    "{breaks} places break, {depends} more depend on parameters; {redesign} have no equivalent.",
    "{breaks} 处会出错，另有 {depends} 处取决于参数；{redesign} 处没有对应结构。",
)
ORDER = Text(
    "{steps} steps in {tracks} independent tracks; the longest chain has {chain} items.",
    "共 {steps} 步，分 {tracks} 条独立路线；最长的链有 {chain} 项。",
)
EFFORT = Text("{days} engineer-days, {lines} lines.", "{days} 人日，{lines} 行代码。")
CALIBRATION = Text(
    "Each of {ports} real ports predicted from the others: median error {median} %, worst {worst} % "
    "({kernel} on {target}); {inside} of {ports} lie inside their range; rank correlation {rank}.",
    "以 {ports} 个真实移植逐一留出检验：中位误差 {median} %，最大 {worst} %（{target} 上的 {kernel}）；"
    "{ports} 个中有 {inside} 个落在区间内；秩相关系数 {rank}。",
)
UNDECIDED = Text(
    "{unknown} findings and {limits} operator limits are not decided.",
    "有 {unknown} 条发现和 {limits} 项算子约束未判定。",
)
FACTOR = Text(
    "{least} to {most} lines of port for a line of CUDA, from {basis} ports of the nature “{nature}”",
    "每行 CUDA 对应 {least} 至 {most} 行移植代码，依据 {basis} 个“{nature}”类移植",
)
FACTOR_ALL = Text(
    "{least} to {most} lines of port for a line of CUDA, from all {basis} ports: "
    "none is of the nature “{nature}”",
    "每行 CUDA 对应 {least} 至 {most} 行移植代码，依据全部 {basis} 个移植：其中没有“{nature}”类",
)
PADDING = Text("{value} → {to} ({more})", "{value} → {to}（{more}）")
PADDING_BYTES = Text("{bytes} more bytes a row", "每行多 {bytes} 字节")
PADDING_ROWS = Text("{rows} more rows", "多 {rows} 行")
COVERAGE = Text(
    "{files} files with {bytes} bytes read; {unreadable} bytes could not be parsed, "
    "{inactive} lie in branches that are off; {skipped} files skipped.",
    "已读取 {files} 个文件，共 {bytes} 字节；{unreadable} 字节无法解析，"
    "{inactive} 字节位于未启用的分支；跳过 {skipped} 个文件。",
)
# Words that templates use as they stand, by name.
PLAIN = {
    "plan": Text("Migration plan", "移植方案"),
    "skip": Text("Skip to the content", "跳到正文"),
    "theme": Text("Light or dark", "浅色或深色"),
    "language": Text("Language", "语言"),
    "contents": Text("Contents", "目录"),
    "overview": Text("Overview", "概览"),
    "q_can": Text("Can it be ported?", "能否移植？"),
    "q_exists": Text("What exists already?", "哪些已有现成算子？"),
    "q_breaks": Text("What breaks?", "哪些地方会出错？"),
    "q_order": Text("In which order?", "按什么顺序？"),
    "q_effort": Text("How much is it?", "工作量多大？"),
    "q_open": Text("What is undecided?", "哪些尚未判定？"),
    "items": Text("Work items", "工作项"),
    "order": Text("Order of work", "工作顺序"),
    "graph": Text("Graph", "依赖图"),
    "operators": Text("Operators", "已有算子"),
    "findings": Text("Findings", "发现"),
    "undecided": Text("Undecided", "未判定"),
    "effort": Text("Effort", "工作量"),
    "coverage": Text("Coverage and assumptions", "覆盖范围与假设"),
    "sources": Text("Sources", "源代码"),
    "step": Text("step", "步骤"),
    "item": Text("item", "工作项"),
    "kind": Text("kind", "类型"),
    "category": Text("category", "类别"),
    "days": Text("engineer-days", "人日"),
    "lines": Text("lines", "行数"),
    "open": Text("open", "未满足"),
    "verdict": Text("verdict", "结论"),
    "severity": Text("severity", "级别"),
    "code": Text("rule", "规则"),
    "message": Text("what", "内容"),
    "place": Text("place", "位置"),
    "target": Text("target", "目标"),
    "kernel": Text("work item", "工作项"),
    "search": Text("search", "搜索"),
    "all": Text("all", "全部"),
    "not_holding": Text("all but holds", "除满足外全部"),
    "reset": Text("reset", "重置"),
    "shown": Text("shown", "已显示"),
    "n_lines": Text("lines", "行"),
    "n_findings": Text("findings", "条发现"),
    "blocks": Text("blocks an item", "阻塞工作项"),
    "speed": Text("speed only", "仅影响性能"),
    "about": Text("what hangs on it", "影响什么"),
    "no_match": Text("No finding matches these filters.", "没有符合筛选条件的发现。"),
    "together": Text("change together", "须一起修改"),
    "critical": Text("on the longest chain", "位于最长链上"),
    "track": Text("track", "路线"),
    "tracks_more": Text("tracks of one item each", "单项路线"),
    "zoom_in": Text("zoom in", "放大"),
    "zoom_out": Text("zoom out", "缩小"),
    "zoom_fit": Text("fit the width", "适应宽度"),
    "graph_label": Text("Work items and what comes before what", "工作项及其先后关系"),
    "graph_note": Text(
        "What an arrow leaves comes first. Items link to their pages. A call is left out where a longer way "
        "joins its ends; the list has all edges.",
        "箭头起点先做。点击工作项可打开其页面。若两端已有更长的路径相连，则省略该调用；列表中有全部的边。",
    ),
    "edge_list": Text("All edges as a list", "全部边的列表"),
    "before": Text("first", "先"),
    "after": Text("then", "后"),
    "why": Text("because of", "原因"),
    "operator": Text("operator", "算子"),
    "standing": Text("standing", "符合情况"),
    "mode": Text("mode", "模式"),
    "missed": Text("limits missed, semantics missing", "不满足的约束与缺少的语义"),
    "quantity": Text("quantity", "参数"),
    "limit": Text("limit", "约束"),
    "code_has": Text("the code has", "代码中"),
    "source": Text("source", "来源"),
    "semantics": Text("semantics", "语义"),
    "has": Text("has it", "支持"),
    "lacks": Text("lacks it", "不支持"),
    "no_source": Text("no source says", "未找到来源"),
    "no_limit": Text("no source gives a limit", "未找到给出约束的来源"),
    "always": Text("always", "始终"),
    "caller": Text("the caller chooses", "由调用者决定"),
    "windows": Text("communication window", "通信窗口"),
    "bytes": Text("bytes", "字节"),
    "call": Text("call", "调用接口"),
    "no_operator": Text("No operator covers this stage on the target.", "该目标上没有覆盖此阶段的算子。"),
    "no_operators": Text("No operator covers a kernel of this tree.", "没有覆盖这些核函数的算子。"),
    "reason": Text("Why this category", "类别的理由"),
    "stage": Text("stage", "阶段"),
    "on_ascend": Text("Why on Ascend", "昇腾上的原因"),
    "hide_holds": Text("hide what holds", "隐藏已满足"),
    "school": Text("How to write it", "编写方式"),
    "features": Text("What the estimate rests on", "估算依据"),
    "device": Text("device", "设备侧"),
    "host": Text("host", "主机侧"),
    "tests": Text("tests", "测试"),
    "calibration": Text("How far the estimates are from real ports", "估算与真实移植的误差"),
    "calibration_note": Text(
        "Days are to a first version that works; as much again for its performance.",
        "人日指首个可用版本；性能优化约需同样的时间。",
    ),
    "real": Text("real lines", "实际行数"),
    "predicted": Text("predicted range", "预测区间"),
    "nature": Text("nature", "类别"),
    "error": Text("error", "误差"),
    "uncalibrated": Text("no real port of this nature", "没有同类的真实移植"),
    "no_estimate": Text("not estimated", "未估算"),
    "depends_on": Text("Before and after", "前后关系"),
    "calls": Text("Calls", "调用"),
    "callee": Text("calls", "被调用者"),
    "outside_tree": Text("not in this tree", "不在本代码树中"),
    "times": Text("times", "次数"),
    "would_decide": Text("what would decide it", "如何判定"),
    "question": Text("question", "问题"),
    "not_decided": Text("not decided", "未判定"),
    "places": Text("places", "位置数"),
    "nothing_open": Text("Everything was decided.", "全部已判定。"),
    "no_finding": Text("No finding.", "没有发现问题。"),
    "assumptions": Text("Assumptions", "假设"),
    "assuming": Text("assuming", "假设"),
    "unread": Text("Not read or not parsed", "未读取或未解析"),
    "derivation": Text("Derivation", "推导"),
    "goal": Text("question", "问题"),
    "that_is": Text("that is", "即"),
    "holds_where": Text("holds where", "满足条件"),
    "fails_for": Text("fails for", "反例"),
    "residues": Text("residues", "余数"),
    "launches": Text("launches", "启动"),
    "instead": Text("On Ascend", "在昇腾上"),
    "documentation": Text("Published in", "出处"),
    "related": Text("related", "相关位置"),
    "no_page": Text("The rule names no construct.", "该规则未给出对应结构。"),
    "next": Text("next finding", "下一条"),
    "previous": Text("previous finding", "上一条"),
    "open_all": Text("open all", "全部展开"),
    "close_all": Text("close all", "全部收起"),
    "file": Text("file", "文件"),
    "more": Text("more", "更多"),
    "if": Text("if", "若"),
}  # fmt: skip
