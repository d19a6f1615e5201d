"""The whole scan as one JSON document, by the schema `portcheck/scan` version 1.

Each record stands on a line of its own, so that two reports can be compared with `diff`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from portcheck import __version__
from portcheck.report.records import (
    Record,
    apis_record,
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

Section = tuple[str, Iterable[Record]]


def render(
    result: ScanResult, sections: Collection[str] = SECTIONS, more: Iterable[Section] = ()
) -> Iterator[str]:
    """The document's lines. `sections` chooses among `SECTIONS`; `more` stands in front of
    coverage, which is always there."""
    yield "{"
    yield f'  "schema": "{NAME}",'
    yield f'  "version": {VERSION},'
    yield f'  "tool": {one_line({"name": "portcheck", "version": __version__})},'
    yield f'  "root": {one_line(result.root)},'
    yield f'  "configuration": {one_line({"defines": list(result.defines)})},'
    if "kernels" in sections:
        yield from array("  ", "kernels", map(kernel_record, result.kernels), ",")
    if "calls" in sections:
        yield from array("  ", "calls", map(call_record, result.calls), ",")
    if "facts" in sections:
        yield f'  "counts": {one_line(counts_by_kind(result.facts))},'
        yield f'  "apis": {one_line(apis_record(result.facts))},'
        yield from array("  ", "facts", map(fact_record, result.facts), ",")
    for name, records in more:
        yield from array("  ", name, records, ",")
    yield '  "coverage": {'
    for name, value in coverage_totals(result).items():
        yield f'    "{name}": {value},'
    yield from array("    ", "files", map(file_record, result.files), ",")
    yield from array("    ", "skipped", map(skipped_record, result.skipped), "")
    yield "  }"
    yield "}"


def array(indent: str, name: str, records: Iterable[Record], end: str) -> Iterator[str]:
    """A member whose value is an array, each record on a line of its own; `end` is "," or ""."""
    held = None
    for record in records:
        yield f'{indent}"{name}": [' if held is None else f"{indent}  {held},"
        held = one_line(record)
    if held is None:
        yield f'{indent}"{name}": []{end}'
    else:
        yield f"{indent}  {held}"
        yield f"{indent}]{end}"


def one_line(value: object) -> str:
    """The value as JSON on one line."""
    return json.dumps(value)
