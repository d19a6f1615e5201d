"""The whole scan as one JSON document, by the schema `portcheck/scan` version 1.

Each record stands on a line of its own, so that two reports can be compared with `diff`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from portcheck import __version__
from portcheck.report.records import (
    Record,
    call_record,
    counts_by_kind,
    coverage_totals,
    fact_record,
    file_record,
    kernel_record,
    skipped_record,
)
from portcheck.report.schema import NAME, VERSION
from portcheck.result import ScanResult

SECTIONS = ("kernels", "calls", "facts")


def render(result: ScanResult, sections: Collection[str] = SECTIONS) -> Iterator[str]:
    """The document's lines. `sections` chooses among `SECTIONS`; coverage is always there."""
    yield "{"
    yield f'  "schema": "{NAME}",'
    yield f'  "version": {VERSION},'
    yield f'  "tool": {_text({"name": "portcheck", "version": __version__})},'
    yield f'  "root": {_text(result.root)},'
    yield f'  "configuration": {_text({"defines": list(result.defines)})},'
    if "kernels" in sections:
        yield from _array("  ", "kernels", map(kernel_record, result.kernels), ",")
    if "calls" in sections:
        yield from _array("  ", "calls", map(call_record, result.calls), ",")
    if "facts" in sections:
        yield f'  "counts": {_text(counts_by_kind(result.facts))},'
        yield from _array("  ", "facts", map(fact_record, result.facts), ",")
    yield '  "coverage": {'
    for name, value in coverage_totals(result).items():
        yield f'    "{name}": {value},'
    yield from _array("    ", "files", map(file_record, result.files), ",")
    yield from _array("    ", "skipped", map(skipped_record, result.skipped), "")
    yield "  }"
    yield "}"


def _array(indent: str, name: str, records: Iterable[Record], end: str) -> Iterator[str]:
    held = None
    for record in records:
        yield f'{indent}"{name}": [' if held is None else f"{indent}  {held},"
        held = _text(record)
    if held is None:
        yield f'{indent}"{name}": []{end}'
    else:
        yield f"{indent}  {held}"
        yield f"{indent}]{end}"


def _text(value: object) -> str:
    return json.dumps(value)
