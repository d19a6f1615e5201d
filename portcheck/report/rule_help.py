"""A rule's page as SARIF's help: the text of `explain`, plain and as Markdown."""

from __future__ import annotations

from portcheck.pack import Rule
from portcheck.report import pages
from portcheck.report.style import Style
from portcheck.targets import Language


class _Headings(Style):
    """Headings as Markdown has them; the rest of a page is Markdown already."""

    def __call__(self, role: str, text: str) -> str:
        return f"### {text}" if role == "heading" else text


def rule_help(rule: Rule, language: Language) -> dict[str, str]:
    """`text` and `markdown`."""
    text, markdown = (
        "\n".join(pages.rule_page(rule, (), language, style)).rstrip() for style in (Style(), _Headings())
    )
    return {"text": text, "markdown": markdown}
