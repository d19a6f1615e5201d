"""Pages for a person: of a rule, a topic, an API, and the table of APIs. Their texts are Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from portcheck.api_map import Api, ApiKind
from portcheck.pack import Example, Rule
from portcheck.pack.topics import Topic
from portcheck.report import rule_list, words
from portcheck.report.style import Style, columns, padded
from portcheck.targets import Language, targets
from portcheck.targets.text import Text

_EFFORTS = {
    "small": Text("small (hours)", "小（数小时）"),
    "medium": Text("medium (days)", "中（数天）"),
    "large": Text("large (weeks)", "大（数周）"),
}
_KINDS = {
    ApiKind.DIRECT: Text("direct", "直接对应"),
    ApiKind.CHANGED: Text("changed", "有差异"),
    ApiKind.REDESIGN: Text("redesign", "须重新设计"),
    ApiKind.NONE: Text("none", "无对应接口"),
}
_SEVERITY, _EFFORT = Text("severity", "级别"), Text("effort", "工作量")
_WHAT = Text("What is found", "检查内容")
_WHY = Text("Why it matters", "原因")
_DECIDED = Text("How it is decided", "判定方法")
_DEPENDS = Text("What the verdict depends on", "结论所依赖的条件")
_INSTEAD = Text("What to write instead", "修改建议")
_EXAMPLE = Text("Example", "示例")
_SILENT = Text("nothing is reported", "不报告")
_SOURCES = Text("Sources", "来源")
_TOPICS = Text("Topics", "主题")
_RULES = Text("Rules", "相关规则")
_CORRECTIONS = Text("Often said, and what is the fact", "常见说法与事实")
_SUPPORT, _LISTED, _NOT_LISTED = Text("support", "支持"), Text("yes", "是"), Text("no", "否")
_ALSO = Text("also", "同类")
_NOTHING = Text("(nothing)", "（无）")


def rule_page(rule: Rule, topics: Sequence[Topic], language: Language, style: Style) -> Iterator[str]:
    """The page of one rule; `topics` are the pages that name it."""
    severity = words.SEVERITIES[rule.severity].said(language)
    yield style("heading", f"{rule.code} {rule.name}: {rule_list.title(rule, language)}")
    effort = _EFFORTS[rule.effort.value].said(language)
    yield f"{_SEVERITY.said(language)}: {severity}   {_EFFORT.said(language)}: {effort}"
    page = rule.page
    for heading, text in (
        (_WHAT, page.what),
        (_WHY, page.why),
        (_DECIDED, page.decided),
        (_DEPENDS, page.depends),
        (_INSTEAD, page.instead),
    ):
        if text.said(language):
            yield from _section(heading.said(language), text.said(language).splitlines(), style)
    if page.ascend_c:
        yield ""
        yield from _code(page.ascend_c, style)
    for example in rule.examples:
        yield from _example(example, language, style)
    if topics:
        listed = (f"- {t.name}: {t.title.said(language)}" for t in topics)
        yield from _section(_TOPICS.said(language), listed, style)
    yield from _section(_SOURCES.said(language), (f"- {source}" for source in rule.sources), style)


def topic_page(topic: Topic, rules: Sequence[Rule], language: Language, style: Style) -> Iterator[str]:
    """The page of a topic; `rules` are those that detect it in code."""
    yield style("heading", topic.title.said(language))
    yield ""
    yield from topic.text.said(language).splitlines()
    if topic.corrections:
        yield from _section(_CORRECTIONS.said(language), (), style)
        for correction in topic.corrections:
            yield f"- {correction.said.said(language)}"
            yield f"  {correction.fact.said(language)}"
    yield from _section(_RULES.said(language), rule_list.render(rules, language), style)
    yield from _section(_SOURCES.said(language), (f"- {source}" for source in topic.sources), style)


def api_page(api: Api, language: Language, style: Style) -> Iterator[str]:
    """What takes the place of one API, its trap and where that is published."""
    yield style("heading", f"{api.name} ({api.library})")
    equivalent = api.equivalent or _NOTHING.said(language)
    yield f"  {_KINDS[api.kind].said(language)}: {equivalent}"
    yield f"  {api.note.said(language)}"
    if api.also:
        yield f"  {_ALSO.said(language)}: {', '.join(api.also)}"
    if api.support:
        said = (
            f"{t.name} {(_LISTED if api.support[t.name] else _NOT_LISTED).said(language)}"
            for t in targets()
            if t.name in api.support
        )
        yield f"  {_SUPPORT.said(language)}: {', '.join(said)}"
    yield from _section(_SOURCES.said(language), (f"- {source}" for source in api.sources), style)


def api_table(apis: Sequence[Api], language: Language, style: Style) -> Iterator[str]:
    """One line an API: its name, how far the equivalent is from it, the equivalent."""
    rows = [
        (a.name, _KINDS[a.kind].said(language), a.equivalent or _NOTHING.said(language), a.library)
        for a in apis
    ]
    widths = [max(map(columns, column)) for column in list(zip(*rows, strict=True))[:2]]
    library = ""
    for name, kind, equivalent, of in rows:
        if of != library:
            yield style("heading", of)
            library = of
        yield f"  {padded(name, widths[0])}  {padded(kind, widths[1])}  {equivalent}"


def _section(heading: str, lines: Iterable[str], style: Style) -> Iterator[str]:
    yield ""
    yield style("heading", heading)
    yield from lines


def _example(example: Example, language: Language, style: Style) -> Iterator[str]:
    verdicts = {v.value: text for v, text in words.VERDICTS.items()}
    said = verdicts.get(example.expect, _SILENT).said(language)
    yield from _section(f"{_EXAMPLE.said(language)} ({example.target}): {said}", (), style)
    yield from _code(example.code, style)


def _code(text: str, style: Style) -> Iterator[str]:
    for line in text.strip("\n").splitlines():
        yield style("quiet", f"    {line}".rstrip())
