"""The data model as plain JSON values; the field names are public (`schema/scan-1.json`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from portcheck.api_map import ApiKind, api_map
from portcheck.facts.base import Fact
from portcheck.result import Call, FileCoverage, Kernel, Parameter, Region, ScanResult
from portcheck.source import Skipped
from portcheck.source.place import Place

Record = dict[str, Any]


def place_record(place: Place) -> Record:
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "start_byte": place.start_byte,
        "end_byte": place.end_byte,
    }


def fact_record(fact: Fact) -> Record:
    return {
        "kind": fact.kind.value,
        **place_record(fact.place),
        "function": fact.function,
        "bytes": fact.width_bytes,
        "detail": fact.detail,
        "active": fact.active,
        "condition": fact.condition,
        "definition": fact.definition,
        "related": [place_record(place) for place in fact.related],
        "content": _plain(fact.content()),
    }


def kernel_record(kernel: Kernel) -> Record:
    return {
        "name": kernel.name,
        **place_record(kernel.place),
        "template_parameters": [_parameter_record(p) for p in kernel.template_parameters],
        "parameters": [_parameter_record(p) for p in kernel.parameters],
        "launch_bounds": kernel.launch_bounds,
        "cluster_dims": kernel.cluster_dims,
        "active": kernel.active,
        "launches": [place_record(place) for place in kernel.launches],
        "instantiations": [list(arguments) for arguments in kernel.instantiations],
    }


def call_record(call: Call) -> Record:
    return {
        "caller": call.caller,
        "callee": call.callee,
        **place_record(call.place),
        "resolved": call.resolved,
    }


def coverage_totals(result: ScanResult) -> Record:
    """What was read, in numbers; all sizes in bytes."""
    return {
        "files_read": len(result.files),
        "files_skipped": len(result.skipped),
        "total_bytes": result.total_bytes,
        "unreadable_bytes": result.unreadable_bytes,
        "inactive_bytes": sum(file.inactive_bytes for file in result.files),
    }


def file_record(file: FileCoverage) -> Record:
    return {
        "path": file.path,
        "encoding": file.encoding,
        "total_bytes": file.total_bytes,
        "unreadable_bytes": file.unreadable_bytes,
        "inactive_bytes": file.inactive_bytes,
        "unreadable": [region_record(region) for region in file.unreadable],
        "inactive": [region_record(region) for region in file.inactive],
    }


def region_record(region: Region) -> Record:
    return {**place_record(region.place), "reason": region.reason}


def skipped_record(skipped: Skipped) -> Record:
    return {"path": skipped.path, "reason": skipped.reason}


def counts_by_kind(facts: Sequence[Fact]) -> dict[str, int]:
    """How many facts there are of each kind, by name of the kind."""
    counts = Counter(fact.kind.value for fact in facts)
    return dict(sorted(counts.items()))


def apis_record(facts: Sequence[Fact]) -> Record:
    """What the API map says of the APIs that are called: how many of each kind, and which it lacks."""
    covered = api_map().coverage(facts)
    return {
        "used": covered.used,
        **{kind.value: covered.count(kind) for kind in ApiKind},
        "not_in_map": list(covered.missing),
    }


def _parameter_record(parameter: Parameter) -> Record:
    return {"type": parameter.type, "name": parameter.name, "default": parameter.default}


def _plain(content: Mapping[str, object]) -> Record:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}
