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
EFFORT = Text(
    "{days} engineer-days, {lines} lines, if the estimates of items err independently of each other; "
    "{most_days} days, {most_lines} lines if all err the same way as far as ports have been seen to.",
    "若各项估计误差相互独立：{days} 人日，{lines} 行代码；"
    "若全部按已见最大幅度同向偏差：{most_days} 人日，{most_lines} 行。",
)
AT_THE_ENDS = Text(
    "{days} days, {lines} lines if all items err the same way.",
    "若各项同向偏差：{days} 人日，{lines} 行。",
)
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
SETTLED = Text("Not counted: {settled} accepted or false positive.", "不计入已接受或误报的 {settled} 处。")
OTHER_TARGET = Text(
    "The last plan was for {target}: categories and findings are not compared.",
    "上一份方案的目标为 {target}：不比较类别与发现。",
)
STALE = Text(
    "Marked as ported, but the CUDA source changed since: {stale}",
    "已标记为移植，但此后 CUDA 源代码有改动：{stale} 项",
)
BUDGETS = Text(
    "Unified Buffer: {fit} of {all} kernels fit as they are, {over} do not, {unknown} not decided.",
    "Unified Buffer：{all} 个核函数中 {fit} 个可直接放下，{over} 个放不下，{unknown} 个未判定。",
)
LAYOUTS = Text(
    "Layouts: {off} of {all} have rows that leave the grid of 32 bytes.",
    "数据布局：{all} 个中有 {off} 个的行间距未对齐 32 字节块。",
)
DECIDED = Text("Decisions on items: {said}.", "对工作项的决定：{said}。")
SHORT = {  # for headings that are too long for the bar
    "changes": Text("Changes", "变化"),
    "order": Text("Order", "顺序"),
    "budgets": Text("UB", "UB"),
    "unapplied": Text("Not applied", "未触发"),
    "coverage": Text("Coverage", "覆盖范围"),
}
MOST_OF = Text("the most of {launches} launches", "{launches} 种启动中的最大值")
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
    "changes": Text("Since the last plan", "自上一份方案以来"),
    "first_plan": Text(
        "This is the first plan: there is none to compare with.", "这是第一份方案，没有可比较的对象。"
    ),
    "no_change": Text("Nothing changed since the last plan.", "自上一份方案以来没有变化。"),
    "stale": Text(
        "Marked as ported, but the CUDA source changed since", "已标记为移植，但此后 CUDA 源代码有改动"
    ),
    "changed_items": Text("Changed items", "变化的工作项"),
    "code_changed": Text("code changed", "代码已改动"),
    "new_items": Text("New items", "新增的工作项"),
    "gone_items": Text("Gone items", "消失的工作项"),
    "new_findings": Text("New findings", "新增的发现"),
    "gone_findings": Text("Findings that are gone", "消失的发现"),
    "orphans": Text("Decisions on what is no longer there", "所针对的内容已不存在的决定"),
    "decide": Text(
        "To decide about a finding or an item, name its identity or id in `portcheck-plan.toml`: "
        "`[[decision]]` with `for`, `status` and `reason`. The next report shows it.",
        "如需对发现或工作项作出决定，请在 `portcheck-plan.toml` 中写入其标识："
        "`[[decision]]` 含 `for`、`status` 与 `reason`。下一份报告会显示该决定。",
    ),
    "status": Text("decision", "决定"),
    "layer": Text("The layer around these kernels", "这些核函数所在的层"),
    "in_tree": Text("in this tree", "本代码中"),
    "unsettled": Text("all but settled", "除已了结外全部"),
    "no_decision": Text("none", "无"),
    "settled": Text("accepted or false positive", "条已接受或误报"),
    "unapplied": Text("Rules that did not apply", "未触发的规则"),
    "unapplied_note": Text(
        "These rules were asked and said nothing about this tree, for these reasons.",
        "这些规则已检查，但没有给出任何发现，理由如下。",
    ),
    "all_applied": Text("Every rule had something to say.", "每条规则都有发现。"),
    "layouts": Text("Layouts", "数据布局"),
    "layouts_note": Text(
        "Bytes that code agrees on, as in CUDA and as proposed. Figures are bytes, over all launches.",
        "代码所约定的字节布局：CUDA 现状与建议。间距与开销以字节计，涵盖全部启动。",
    ),
    "budgets": Text("Unified Buffer", "Unified Buffer"),
    "budgets_note": Text(
        "Shared memory of a block against the usable bytes of one UB: as it is, with each stage padded to "
        "whole blocks of 32 bytes, and with everything buffered twice. The last two are upper bounds.",
        "线程块的共享内存与一个 UB 的可用字节比较：现状、各级补齐为 32 字节整块、全部双缓冲。后两者为上限。",
    ),
    "layout_page": Text("layout page", "布局页"),
    "name": Text("name", "名称"),
    "users": Text("users", "使用者"),
    "fields": Text("fields", "字段"),
    "apart": Text("apart", "间距"),
    "proposed": Text("proposed", "建议"),
    "cost": Text("cost", "开销"),
    "each": Text("each", "（每个）"),
    "off_block": Text("off a block of 32", "未对齐 32 字节块"),
    "no_number": Text("a number is not known", "有数值未知"),
    "bases": Text("buffer", "缓冲区"),
    "origin": Text("first field at", "首字段位于"),
    "conditions": Text("Conditions", "条件"),
    "modulo": Text("start modulo 32", "起点模 32"),
    "moved": Text("copies that start here", "由此开始的拷贝"),
    "instances": Text("Sizes that launches give", "各启动的尺寸"),
    "instances_note": Text(
        "Where each field starts in CUDA, and after the arrow as proposed.",
        "各字段在 CUDA 中的起点；箭头后为建议布局中的起点。",
    ),
    "sizes": Text("launched with", "启动参数"),
    "drawings": Text("Drawings", "示意图"),
    "drawing_note": Text(
        "Ticks every 32 bytes; a red edge starts off a block, grey bytes are not used; long fields are cut.",
        "每 32 字节一个刻度；红边表示起点未对齐 32 字节块，灰色为未使用的字节；长字段有省略。",
    ),
    "as_is": Text("needed", "现需"),
    "padded": Text("padded", "补齐后"),
    "doubled": Text("doubled", "双缓冲"),
    "remark": Text("remark", "说明"),
    "kernel_name": Text("kernel", "核函数"),
    "not_followed_why": Text("why it is not followed", "未能跟踪的原因"),
}  # fmt: skip
