"""What is said of suppressions, baselines and comparisons, in each language."""

from __future__ import annotations

from portcheck.suppression.mark import Problem
from portcheck.targets.text import Text

MISUSED = Text("this comment suppresses nothing: {problem}", "此注释不起作用：{problem}")
PROBLEMS = {
    Problem.FORM: Text("write: portcheck: accept[CODE] reason", "写法：portcheck: accept[CODE] 理由"),
    Problem.WORD: Text(
        "unknown word {wrong}; there are accept, deferred, ported, false-positive, "
        "each also with -block, -file",
        "未知的词 {wrong}；可用 accept、deferred、ported、false-positive，均可加 -block 或 -file",
    ),
    Problem.NO_RULE: Text(
        "it names no rule; write: portcheck: accept[CODE] reason",
        "没有写明规则；写法：portcheck: accept[CODE] 理由",
    ),
    Problem.NO_CODE: Text(
        "'{wrong}' is no rule's code; write: portcheck: accept[CODE] reason",
        "'{wrong}' 不是规则编号；写法：portcheck: accept[CODE] 理由",
    ),
    Problem.NO_REASON: Text("it gives no reason", "没有写明理由"),
    Problem.NOT_LEADING: Text(
        "a comment for the whole file stands before its first code", "针对整个文件的注释须位于第一行代码之前"
    ),
    Problem.NOTHING_FOLLOWS: Text("no code follows it", "其后没有代码"),
    Problem.NO_BLOCK: Text("no block begins there", "该处没有代码块开始"),
}
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
