"""The README of a project and of the folder around all projects, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.ascendc.body import Body, Lost, Role
from portcheck.ascendc.lines import comment
from portcheck.ascendc.manifest import place_text
from portcheck.source.place import Place
from portcheck.targets import Language, Target
from portcheck.targets.text import Text

_TITLE = Text("# {name}: Ascend C for {target}", "# {name}：{target} 的 Ascend C 实现")
_FROM = Text("From the CUDA kernel `{kernel}`, {place}.", "源自 CUDA 核函数 `{kernel}`，{place}。")
_COMPLETE = Text(
    "The body is complete: portcheck recognised what the kernel computes ({archetype}).",
    "函数体完整：portcheck 识别出了该核函数的计算（{archetype}）。",
)
_SKELETON = Text(
    "A structured skeleton: pipeline, buffers, tiling and order are written, {gaps} gaps are left. It "
    "compiles, and it runs on the CPU model as far as it goes.",
    "结构化骨架：流水、缓冲、切分与次序已写好，剩余 {gaps} 处空缺。可以编译，并能在 CPU 模型上运行已有部分。",
)
_RECOGNISED_WITH_GAPS = Text(
    "portcheck recognised what the kernel computes ({archetype}); {gaps} gaps are left.",
    "portcheck 识别出了该核函数的计算（{archetype}）；剩余 {gaps} 处空缺。",
)
_HONEST = Text(
    "Nothing here has run on Ascend hardware. The CPU model is portcheck's own.",
    "此处内容未在昇腾硬件上运行过。CPU 模型是 portcheck 自带的。",
)
_FINISHED = Text("## Finished", "## 已完成")
_LEFT = Text("## Left, and why", "## 未完成及原因")
_NOTHING_LEFT = Text("Nothing.", "无。")
_LOST = Text("## What the CUDA kernel can do and this cannot", "## CUDA 核函数具备而此处没有的能力")
_NOTHING_LOST = Text("Nothing that portcheck knows of.", "据 portcheck 所知没有。")
_HOW = Text("## How to go on", "## 后续步骤")
_GAP_TABLE = Text("| Gap | Finding | What | CUDA |", "| 空缺 | 发现 | 内容 | CUDA |")
_LOST_TABLE = Text("| | What | Why | CUDA |", "| | 内容 | 原因 | CUDA |")
_HOWS = {
    Lost.DOWNGRADED: Text("downgraded", "降级"),
    Lost.BLOCKED: Text("blocked", "受阻"),
    Lost.EXCLUDED: Text("excluded", "排除"),
}
_KERNEL = Text(
    "`op_kernel/{name}.cpp`: the kernel, entry `{name}`", "`op_kernel/{name}.cpp`：核函数，入口 `{name}`"
)
_TILING = Text(
    "`op_host/{name}_tiling.h`: `MakeTiling` checks the sizes and gives the blocks and the tiling struct; "
    "core number and UB come from the device at run time",
    "`op_host/{name}_tiling.h`：`MakeTiling` 检查尺寸并给出核数与 tiling 结构；核数与 UB 在运行时取自设备",
)
_REFERENCE = Text(
    "`reference.py`: what the kernel computes, in NumPy", "`reference.py`：用 NumPy 写的计算内容"
)
_NO_REFERENCE = Text(
    "there is no NumPy reference: with gaps there is nothing to compare",
    "没有 NumPy 参考：存在空缺时无从比较",
)
_STEPS = Text(
    "1. `portcheck verify .` compiles and runs it on any computer with a C++17 compiler; so does "
    "`python -m pytest test_{name}.py`.\n"
    "2. Fill the gaps in: search for `PORTCHECK-GAP` in `op_kernel` and `op_host`. Edits survive when "
    "`portcheck skeleton` is run again.\n"
    "3. `cmake -B build -DSOC_VERSION=… && cmake --build build` with the CANN toolkit. Call `MakeTiling` on "
    "the host, then launch `{name}` with the blocks and the tiling that it gives.",
    "1. `portcheck verify .` 可在任何装有 C++17 编译器的计算机上编译并运行；"
    "`python -m pytest test_{name}.py` 亦可。\n"
    "2. 填补空缺：在 `op_kernel` 与 `op_host` 中查找 `PORTCHECK-GAP`。"
    "再次运行 `portcheck skeleton` 时会保留修改。\n"
    "3. 用 CANN 工具包执行 `cmake -B build -DSOC_VERSION=… && cmake --build build`。"
    "主机端先调用 `MakeTiling`，再以其给出的核数与 tiling 启动 `{name}`。",
)
_NO_PAD = Text(
    "This target has no DataCopyPad: copies move whole blocks of 32 bytes. Every buffer in GM needs room "
    "for 31 bytes behind its last element.",
    "该目标没有 DataCopyPad：拷贝以 32 字节整块进行。每个 GM 缓冲区末尾须多留 31 字节。",
)
_BUFFERS = Text("| Buffer | Element | Role | CUDA parameter |", "| 缓冲区 | 元素 | 用途 | CUDA 参数 |")
_ROLES = {
    Role.INPUT: Text("read", "读"),
    Role.OUTPUT: Text("written whole", "整体写入"),
    Role.UPDATED: Text("read and written, or written in part", "读写或部分写入"),
    Role.WINDOW: Text("window of the ranks", "rank 间窗口"),
    Role.SCRATCH: Text("scratch of the kernel", "核函数的工作空间"),
}
_INDEX_TITLE = Text("# Ascend C projects for {target}", "# {target} 的 Ascend C 工程")
_INDEX_TABLE = Text("| Project | CUDA kernel | State | Gaps |", "| 工程 | CUDA 核函数 | 状态 | 空缺 |")
_STATES = {
    True: Text("recognised: {archetype}", "已识别：{archetype}"),
    False: Text("structured skeleton", "结构化骨架"),
}


def project_readme(
    kernel: str, place: Place, body: Body, budgets: Iterable[Text], target: Target, language: Language
) -> str:
    """What is finished, what is left and why, what is lost, and how to go on."""

    def said(text: Text, **fields: object) -> str:
        return text.fill(language, **fields)

    given = {"name": body.name, "archetype": body.archetype, "gaps": len(body.gaps)}
    state = _COMPLETE if body.is_complete else _RECOGNISED_WITH_GAPS if body.archetype else _SKELETON
    lines = [
        said(_TITLE, target=target.name, **given), "",
        said(_FROM, kernel=comment(kernel), place=comment(place_text(place))),
        said(state, **given), said(_HONEST), "",
        said(_FINISHED), "",
        f"- {said(_KERNEL, **given)}", f"- {said(_TILING, **given)}",
        f"- {said(_REFERENCE if body.reference else _NO_REFERENCE)}", "",
    ]  # fmt: skip
    if body.buffers:
        lines += [said(_BUFFERS), "|---|---|---|---|"]
        lines += [
            f"| `{b.name}` | {b.dtype} | {said(_ROLES[b.role])} | `{_cell(b.cuda)}` |" for b in body.buffers
        ]
        lines.append("")
    told = [f"- {comment(b.said(language), 200)}" for b in budgets]
    told += [f"- {comment(note.said(language), 600)}" for note in body.notes]
    lines += [*told, *([""] if told else [])]
    if target.flag("datacopypad") is not True:
        lines += [said(_NO_PAD), ""]
    lines += [said(_LEFT), "", *_gaps(body, language), "", said(_LOST), "", *_dropped(body, language), ""]
    return "\n".join([*lines, said(_HOW), "", said(_STEPS, **given), ""])


def index_readme(items: Iterable[tuple[str, str, Body]], target: Target, language: Language) -> str:
    """The table of all projects: (folder, kernel, body)."""
    lines = [_INDEX_TITLE.fill(language, target=target.name), "", _HONEST.said(language), ""]
    lines += [_INDEX_TABLE.said(language), "|---|---|---|---|"]
    for folder, kernel, body in items:
        state = _STATES[bool(body.archetype)].fill(language, archetype=body.archetype)
        lines.append(f"| [{folder}]({folder}/README.md) | `{_cell(kernel)}` | {state} | {len(body.gaps)} |")
    return "\n".join([*lines, ""])


def _gaps(body: Body, language: Language) -> Iterator[str]:
    if not body.gaps:
        yield _NOTHING_LEFT.said(language)
        return
    yield _GAP_TABLE.said(language)
    yield "|---|---|---|---|"
    for gap in body.gaps:
        where = comment(place_text(gap.place)) if gap.place is not None else ""
        yield f"| `{gap.mark}` | {gap.code} | {_cell(gap.text.said(language))} | {_cell(where)} |"


def _dropped(body: Body, language: Language) -> Iterator[str]:
    if not body.dropped:
        yield _NOTHING_LOST.said(language)
        return
    yield _LOST_TABLE.said(language)
    yield "|---|---|---|---|"
    for one in body.dropped:
        where = comment(place_text(one.place)) if one.place is not None else ""
        what, why = _cell(one.what.said(language)), _cell(one.why.said(language))
        yield f"| *{_HOWS[one.how].said(language)}* | {what} | {why} | {_cell(where)} |"


def _cell(text: str) -> str:
    """Text that a cell of a table can hold."""
    return comment(text, 300).replace("|", "\\|").replace("<", "&lt;")
