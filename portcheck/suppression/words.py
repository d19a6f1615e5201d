"""What is said of suppressions, baselines and comparisons, in each language."""

from __future__ import annotations

from portcheck.targets.text import Text

MISUSED = Text("this comment suppresses nothing: {problem}", "此注释不起作用：{problem}")
NO_SUCH_RULE = Text("there is no rule {code}{guess}", "没有规则 {code}{guess}")
UNUSED = Text("{code} finds nothing here to be {status}", "{code} 在此处没有可标记为 {status} 的发现")
BASELINE = Text("in {file}: {known:,} known; new: {new:,}", "{file} 中已知：{known:,} 条；新增：{new:,} 条")
GONE = Text(
    "no longer found: {count:,} of the entries; --prune-baseline takes them out",
    "已不再出现：{count:,} 条；可用 --prune-baseline 删除",
)
WROTE = Text("written to {file}: {count:,} findings", "已写入 {file}：{count:,} 条")
PRUNED = Text("taken out of {file}: {count:,} entries", "已从 {file} 删除：{count:,} 条")
GIVEN = Text("given: {name} = {values}", "已指定：{name} = {values}")
OR = Text(" or ", " 或 ")
LIMITED = Text(
    "reported: only what stands in the paths given, of {files:,} files read",
    "仅报告所给路径中的发现；共读取 {files:,} 个文件",
)
SINCE = Text(
    "since {revision}: {new:,} new; {known:,} were there before, {gone:,} are gone",
    "自 {revision} 以来：新增 {new:,} 条；原有 {known:,} 条，已消失 {gone:,} 条",
)
