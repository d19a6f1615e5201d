"""The list of rules for a person: one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portcheck.pack import Rule
from portcheck.report import words
from portcheck.report.style import columns, padded
from portcheck.targets import Language


def render(rules: Sequence[Rule], language: Language) -> Iterator[str]:
    """Code, severity, name and title, or the message where a rule has no title."""
    rows = [(r.code, words.SEVERITIES[r.severity].said(language), r.name, title(r, language)) for r in rules]
    widths = [max(map(columns, column), default=0) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (padded(text, width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def title(rule: Rule, language: Language) -> str:
    return rule.page.title.said(language) or rule.message.said(language)
