"""The findings as one JSON document, by the schema `portcheck/scan`."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.checked import Checked
from portcheck.report import json
from portcheck.report.finding_records import finding_record, notice_record, rule_record
from portcheck.report.presentation import Presentation
from portcheck.report.proof_records import assumption_records


def render(checked: Checked, presentation: Presentation) -> Iterator[str]:
    """The document's lines; every finding, also what holds and what is suppressed."""
    language = presentation.language
    texts = dict(checked.assumed.texts(language))
    more = (
        ("targets", [{"name": t.name, "products": list(t.products)} for t in checked.targets]),
        ("rules", (rule_record(rule, language) for rule in checked.rules)),
        ("assumptions", assumption_records(texts, texts)),
        ("notices", map(notice_record, checked.notices)),
        ("remarks", ({"text": remark} for remark in checked.remarks)),
        ("findings", (finding_record(one, language, checked.suppressions) for one in checked.findings)),
    )
    return json.render(checked.result, (), more)
