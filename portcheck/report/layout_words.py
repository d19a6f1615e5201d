"""The words of layout tables and drawings, in each language."""

from __future__ import annotations

from portcheck.plan.layout_model import LayoutKind
from portcheck.targets.text import Text

KINDS = {
    LayoutKind.MESSAGE: Text("message", "消息"),
    LayoutKind.SLOT: Text("rows", "行"),
    LayoutKind.STAGE: Text("stage", "级"),
    LayoutKind.MEMORY: Text("shared memory", "共享内存"),
    LayoutKind.RECORD: Text("record", "记录"),
}
IN_CUDA = Text("CUDA", "CUDA")
PROPOSED = Text("proposed for {target}", "{target} 建议布局")
LAYOUT = Text("layout", "布局")
KERNEL, LAUNCH, NOTE = Text("kernel", "核函数"), Text("launch", "启动"), Text("note", "备注")
IN_ORDER = Text("numbers in the order of", "数值依次对应")
FIELD = Text("field", "字段")
OFFSET = Text("offset", "偏移")
BYTES = Text("bytes", "字节")
RESIDUE = Text("% 32", "% 32")
USERS = Text("users", "使用者")
PITCH = Text("apart", "间距")
COST = Text("+{bytes:,} bytes", "+{bytes:,} 字节")
NO_COST = Text("no cost", "无额外开销")
NOT_PROPOSED = Text("no proposal: a number is not known", "无建议：有数值未知")
ROOM = Text("room up to the next field or the end", "至下一字段或末尾的空间")
UNKNOWN = Text("Not followed", "未能跟踪")
BUDGETS = Text(
    "Unified Buffer of {target}: {limit} usable bytes", "{target} 的 Unified Buffer：可用 {limit} 字节"
)
NO_LIMIT = Text("Unified Buffer of {target}", "{target} 的 Unified Buffer")
AS_IS = Text("as it is", "现状")
PADDED = Text("stages padded, at most", "各级对齐后（上限）")
DOUBLED = Text("all buffered twice, at most", "全部双缓冲（上限）")
HAS_STAGES = Text("alternates between stages already", "已在多级之间交替")
LEFT = Text("{bytes:,} left", "余 {bytes:,}")
OVER = Text("{bytes:,} too much", "超出 {bytes:,}")
NEXT = Text("the next starts at {bytes:,}: {residue} modulo 32", "下一个起始于 {bytes:,}：模 32 余 {residue}")
PADDING = Text("{bytes:,} of padding", "填充 {bytes:,}")
DRAWN = Text(
    "{name}: bytes as they lie in CUDA above, as proposed for {target} below; ticks every 32 bytes",
    "{name}：上方为 CUDA 中的字节布局，下方为 {target} 建议布局；每 32 字节一个刻度",
)
EMPTY = Text("No layout was found.", "未发现布局。")
