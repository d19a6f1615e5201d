"""The scan as SARIF 2.1.0: a note a fact, and a notification for whatever was not read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from portcheck.facts.base import Fact, FactKind
from portcheck.report.fingerprint import fingerprint
from portcheck.report.kinds import meaning
from portcheck.report.records import Record, coverage_totals, fact_record
from portcheck.report.sarif_parts import COVERAGE_NOTIFICATIONS, Sarif, driver, log
from portcheck.result import ScanResult

_RULES = {kind: index for index, kind in enumerate(FactKind)}
_FINGERPRINT = "portcheckFact/v1"


def render(result: ScanResult) -> Iterator[str]:
    """The lines of the SARIF file."""
    yield from json.dumps(log(_run(result)), indent=1).splitlines()


def _run(result: ScanResult) -> Record:
    sarif = Sarif(result, tuple(COVERAGE_NOTIFICATIONS))
    return {
        "tool": {"driver": driver(_rules(), COVERAGE_NOTIFICATIONS)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": sarif.base,
        "artifacts": sarif.artifacts(),
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": list(sarif.coverage())}],
        "results": list(_results(result, sarif)),
        "properties": {"defines": list(result.defines), "coverage": coverage_totals(result)},
    }


def _rules() -> Iterator[Record]:
    for kind in FactKind:
        yield {
            "id": kind.value,
            "name": "".join(word.capitalize() for word in kind.split("_")),
            "shortDescription": {"text": meaning(kind)},
            "defaultConfiguration": {"level": "note"},
        }


def _results(result: ScanResult, sarif: Sarif) -> Iterator[Record]:
    seen: Counter[str] = Counter()
    for fact in result.facts:
        identity = fingerprint(fact)
        seen[identity] += 1
        yield _result(fact, f"{identity}:{seen[identity]}", sarif)


def _result(fact: Fact, identity: str, sarif: Sarif) -> Record:
    location = sarif.location(fact.place)
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
            {"id": index, "message": {"text": "reached through this"}, **sarif.location(place)}
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
