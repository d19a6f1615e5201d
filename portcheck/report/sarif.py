"""The scan as SARIF 2.1.0: a note a fact, and a notification for whatever was not read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

from portcheck import __version__
from portcheck.facts.base import Fact, FactKind
from portcheck.report.fingerprint import fingerprint
from portcheck.report.kinds import meaning
from portcheck.report.records import Record, coverage_totals, fact_record
from portcheck.result import FileCoverage, Region, ScanResult
from portcheck.source import Skipped
from portcheck.source.place import Place

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "%SRCROOT%"
_RULES = {kind: index for index, kind in enumerate(FactKind)}
_FINGERPRINT = "portcheckFact/v1"
_UNREADABLE, _INACTIVE, _SKIPPED = "unreadable-region", "inactive-region", "skipped-file"
_NOTIFICATIONS = {
    _UNREADABLE: "Part of a file could not be parsed; nothing is known about it.",
    _INACTIVE: "The chosen defines compile part of a file away.",
    _SKIPPED: "A file or folder was not analysed.",
}
_IANA_ENCODINGS = {"utf_8": "UTF-8", "utf_8_sig": "UTF-8", "gb18030": "GB18030", "latin_1": "ISO-8859-1"}


def render(result: ScanResult) -> Iterator[str]:
    """The lines of the SARIF file."""
    yield from json.dumps(_log(result), indent=1).splitlines()


def _log(result: ScanResult) -> Record:
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(result)]}


def _run(result: ScanResult) -> Record:
    artifacts = {file.path: index for index, file in enumerate(result.files)}
    return {
        "tool": {"driver": _driver()},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _BASE: {"description": {"text": f"What the paths are relative to: {result.root or '.'}"}}
        },
        "artifacts": [_artifact(file) for file in result.files],
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(result))}
        ],
        "results": list(_results(result, artifacts)),
        "properties": {"defines": list(result.defines), "coverage": coverage_totals(result)},
    }


def _driver() -> Record:
    return {
        "name": "portcheck",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [
            {
                "id": kind.value,
                "name": "".join(word.capitalize() for word in kind.split("_")),
                "shortDescription": {"text": meaning(kind)},
                "defaultConfiguration": {"level": "note"},
            }
            for kind in FactKind
        ],
        "notifications": [
            {"id": name, "shortDescription": {"text": text}} for name, text in _NOTIFICATIONS.items()
        ],
    }


def _artifact(file: FileCoverage) -> Record:
    codec = file.encoding.lower().replace("-", "_")
    return {
        "location": _artifact_location(file.path),
        "length": file.total_bytes,
        "encoding": _IANA_ENCODINGS.get(codec, file.encoding),
        "roles": ["analysisTarget"],
        "properties": {"unreadable_bytes": file.unreadable_bytes, "inactive_bytes": file.inactive_bytes},
    }


def _results(result: ScanResult, artifacts: dict[str, int]) -> Iterator[Record]:
    seen: Counter[str] = Counter()
    for fact in result.facts:
        identity = fingerprint(fact)
        seen[identity] += 1
        yield _result(fact, f"{identity}:{seen[identity]}", artifacts)


def _result(fact: Fact, identity: str, artifacts: dict[str, int]) -> Record:
    location = _location(fact.place, artifacts)
    if fact.function:
        location["logicalLocations"] = [{"fullyQualifiedName": fact.function, "kind": "function"}]
    record = fact_record(fact)
    result = {
        "ruleId": fact.kind.value,
        "ruleIndex": _RULES[fact.kind],
        "level": "note",
        "message": {"text": _message(fact)},
        "locations": [location],
        "partialFingerprints": {_FINGERPRINT: identity},
        "properties": {
            name: record[name] for name in ("bytes", "active", "condition", "definition", "content")
        },
    }
    if fact.related:
        result["relatedLocations"] = [
            {"id": index, "message": {"text": "reached through this"}, **_location(place, artifacts)}
            for index, place in enumerate(fact.related, start=1)
        ]
    return result


def _message(fact: Fact) -> str:
    text = f"{fact.kind.value}: {fact.detail}"
    if fact.definition:
        text += " (in the definition of a wrapper)"
    if not fact.active:
        text += f" (off: {fact.condition})" if fact.condition else " (off)"
    return text


def _notifications(result: ScanResult) -> Iterator[Record]:
    for file in result.files:
        for region in file.unreadable:
            yield _region_notification(_UNREADABLE, "warning", region)
        for region in file.inactive:
            yield _region_notification(_INACTIVE, "note", region)
    for skipped in result.skipped:
        yield _skipped_notification(skipped)


def _region_notification(name: str, level: str, region: Region) -> Record:
    return {
        **_notification(name, level, region.reason),
        "locations": [_location(region.place, {})],
    }


def _skipped_notification(skipped: Skipped) -> Record:
    return {
        **_notification(_SKIPPED, "warning", f"{skipped.path}: {skipped.reason}"),
        "locations": [{"physicalLocation": {"artifactLocation": _artifact_location(skipped.path)}}],
    }


def _notification(name: str, level: str, text: str) -> Record:
    index = list(_NOTIFICATIONS).index(name)
    return {"descriptor": {"id": name, "index": index}, "level": level, "message": {"text": text}}


def _location(place: Place, artifacts: dict[str, int]) -> Record:
    artifact = _artifact_location(place.path)
    if place.path in artifacts:
        artifact["index"] = artifacts[place.path]
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
        "byteOffset": place.start_byte,
        "byteLength": place.end_byte - place.start_byte,
    }
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _artifact_location(path: str) -> Record:
    uri = quote(path, errors="surrogateescape")
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": _BASE}
