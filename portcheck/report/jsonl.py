"""One JSON object a line: facts, kernels or calls, and then what was not read.

Every line has `kind`, `path`, `line`, `column`, `end_line`, `function`, `bytes` and
`detail`. A reader that looks for kinds of facts can pass over the lines of coverage:
`unreadable` (a region), `skipped` (a file) and, last of all, `coverage` (the totals).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from portcheck.report.records import (
    Record,
    call_record,
    coverage_totals,
    fact_record,
    kernel_record,
    region_record,
)
from portcheck.result import Call, Kernel, Region, ScanResult
from portcheck.source import Skipped


def render(
    result: ScanResult, sections: Collection[str] = ("facts",), more: Iterable[Record] = ()
) -> Iterator[str]:
    """The report's lines; `sections` chooses among facts, kernels and calls, `more` comes after them."""
    for record in _records(result, sections, more):
        yield json.dumps(record)


def _records(result: ScanResult, sections: Collection[str], more: Iterable[Record]) -> Iterator[Record]:
    if "kernels" in sections:
        yield from map(_kernel_line, result.kernels)
    if "calls" in sections:
        yield from map(_call_line, result.calls)
    if "facts" in sections:
        yield from map(fact_record, result.facts)
    yield from more
    for file in result.files:
        yield from map(_unreadable_line, file.unreadable)
    yield from map(_skipped_line, result.skipped)
    yield _coverage_line(result)


def _kernel_line(kernel: Kernel) -> Record:
    common = {"kind": "kernel", "function": kernel.name, "bytes": None, "detail": f"kernel {kernel.name}"}
    return common | kernel_record(kernel)


def _call_line(call: Call) -> Record:
    detail = f"calls {call.callee}"
    return {"kind": "call", "function": call.caller, "bytes": None, "detail": detail} | call_record(call)


def _unreadable_line(region: Region) -> Record:
    size_bytes = region.place.end_byte - region.place.start_byte
    common = {"kind": "unreadable", "function": "", "bytes": size_bytes, "detail": region.reason}
    return common | region_record(region)


def _skipped_line(skipped: Skipped) -> Record:
    return _whole_file("skipped", skipped.path, skipped.reason)


def _coverage_line(result: ScanResult) -> Record:
    totals = coverage_totals(result)
    detail = (
        f"{totals['files_read']} files read, {totals['files_skipped']} skipped; "
        f"{totals['unreadable_bytes']} of {totals['total_bytes']} bytes unreadable"
    )
    return _whole_file("coverage", result.root, detail) | {"bytes": result.total_bytes} | totals


def _whole_file(kind: str, path: str, detail: str) -> Record:
    return {
        "kind": kind,
        "path": path,
        "line": 1,
        "column": 1,
        "end_line": 1,
        "function": "",
        "bytes": None,
        "detail": detail,
    }
