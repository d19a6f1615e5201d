"""For a person: which ports are behind the code that they were made from, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from portcheck.plan.ported import Ported, State
from portcheck.report import words
from portcheck.report.style import Style, safe
from portcheck.targets import Language
from portcheck.targets.text import Text

_SAID = {
    State.CHANGED: Text("its code changed since it was ported", "移植后其代码已更改"),
    State.GONE: Text("it was ported, and no code of that name is left", "已移植，但已没有该名称的代码"),
    State.UNRECORDED: Text("it was ported, and its code was not recorded", "已移植，但未记录其代码"),
}
_TO_DO = {
    State.CHANGED: Text(
        "bring the port up to date, take the line `fingerprint` of this decision out of {file} and run: "
        "portcheck ported --record",
        "更新移植代码，从 {file} 中删除该决定的 `fingerprint` 一行，然后运行：portcheck ported --record",
    ),
    State.GONE: Text(
        "if it was renamed, change the name in {file}; if it was removed, take the decision out",
        "若已改名，请在 {file} 中更改名称；若已删除，请删除该决定",
    ),
    State.UNRECORDED: Text("run: portcheck ported --record", "运行：portcheck ported --record"),
}
_NAMES = {
    State.CURRENT: Text("up to date: {count:,}", "未变：{count:,}"),
    State.CHANGED: Text("changed: {count:,}", "已更改：{count:,}"),
    State.GONE: Text("gone: {count:,}", "已不存在：{count:,}"),
    State.UNRECORDED: Text("not recorded: {count:,}", "未记录：{count:,}"),
}
_NOTHING = Text("nothing is marked as ported", "没有标记为已移植的项")
_RECORDED = Text("recorded: {count:,}", "已记录：{count:,}")


def render(
    file: str, listed: Sequence[Ported], language: Language, style: Style, recorded: int = 0
) -> Iterator[str]:
    """The lines about one file of decisions; `file` as the reader knows it."""
    for one in listed:
        if one.state is not State.CURRENT:
            yield from _told(file, one, language, style)
    count = Counter(one.state for one in listed)
    said = [text.fill(language, count=count[s]) for s, text in _NAMES.items() if count[s]]
    if recorded:
        said.append(_RECORDED.fill(language, count=recorded))
    yield f"{safe(file)}: {words.BETWEEN.said(language).join(said) or _NOTHING.said(language)}"


def _told(file: str, one: Ported, language: Language, style: Style) -> Iterator[str]:
    """`csrc/a.cu:3:5: kernel:k: what happened (the reason), then what to do`."""
    where = style.place(one.place) if one.place is not None else style.path(file)
    item = style("code", safe(one.decision.subject))
    yield f"{where}: {item}: {_SAID[one.state].said(language)} ({safe(one.decision.reason)})"
    yield f"  {_TO_DO[one.state].fill(language, file=safe(file))}"
