"""`portcheck-plan.toml`: what a team decided about items of the plan and about findings.

    [[decision]]
    for = "kernel:ns::dispatch"      # an item's id, or a finding's identity
    status = "ported"                # todo, deferred, ported, accepted or false-positive
    reason = "merged as !214"        # required
    fingerprint = "0123456789abcdef" # written by portcheck: the item's code when it was marked ported

Writing changes what has to change and leaves the user's comments, order and spelling alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from portcheck.pack.data_file import DataFile

NAME = "portcheck-plan.toml"
SCHEMA = 1
_KEYS = ("for", "status", "reason", "fingerprint")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_HEAD = (
    "Decisions on the migration plan. portcheck adds to this file; comments and order are yours.",
    "status: todo, deferred, ported, accepted or false-positive; every decision has a reason.",
)


class Status(StrEnum):
    """What was decided."""

    TODO = "todo"
    DEFERRED = "deferred"
    PORTED = "ported"
    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false-positive"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `subject` is an item's id or a finding's identity.

    `fingerprint` is that of the item's code when it was marked ported, "" if not written yet.
    """

    subject: str
    status: Status
    reason: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """All decisions by their subject, in the order of the file."""

    by_subject: Mapping[str, Decision]

    def of(self, subject: str) -> Decision | None:
        return self.by_subject.get(subject)

    def __iter__(self) -> Iterator[Decision]:
        return iter(self.by_subject.values())

    def __len__(self) -> int:
        return len(self.by_subject)


def read(file: Path) -> Decisions:
    """The decisions of a file, none where there is no file. Raises RuleDataError, `file:line: …`."""
    if not file.exists():
        return Decisions({})
    data = DataFile(file, ("schema", "decision"))
    schema = data.data.get("schema", SCHEMA)
    if schema != SCHEMA or isinstance(schema, bool):
        raise data.error("schema", f"is {schema!r}; this portcheck reads {SCHEMA}")
    listed = data.data.get("decision", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise data.error("decision", "must be tables, each under [[decision]]")
    found: dict[str, Decision] = {}
    for number, table in enumerate(listed, 1):
        decision = _decision(data, table, number)
        if decision.subject in found:
            raise data.error(f"decision[{number}].for", f"{decision.subject} is decided twice")
        found[decision.subject] = decision
    return Decisions(found)


def _decision(data: DataFile, table: Mapping[str, Any], number: int) -> Decision:
    unknown = table.keys() - set(_KEYS)
    if unknown:
        raise data.error(f"decision[{number}].{min(unknown)}", f"unknown key; there are {', '.join(_KEYS)}")
    subject, status, reason = (_string(data, table, key, number) for key in _KEYS[:3])
    if status not in list(Status):
        said = f"is {status!r}; there are {', '.join(Status)}"
        raise data.error(f"decision[{number}].status", said)
    fingerprint = table.get("fingerprint", "")
    if not isinstance(fingerprint, str) or (fingerprint and not _FINGERPRINT.fullmatch(fingerprint)):
        raise data.error(
            f"decision[{number}].fingerprint", "must be 16 hexadecimal digits, as portcheck wrote them"
        )
    return Decision(subject, Status(status), reason, fingerprint)


def _string(data: DataFile, table: Mapping[str, Any], key: str, number: int) -> str:
    value = table.get(key)
    if isinstance(value, str) and value.strip():
        return value.strip()
    problem = "missing" if value is None else "must be a string with something in it"
    raise data.error(f"decision[{number}].{key}", problem)


def stamped(decisions: Decisions, fingerprints: Mapping[str, str]) -> Decisions:
    """The decisions with today's fingerprint on each ported item that has none; others lose theirs.

    `fingerprints` are those of the items by id. An item that is marked ported again after its code
    changed gets the new one if the user took the old line out.
    """
    found = {}
    for one in decisions:
        wanted = (one.fingerprint or fingerprints.get(one.subject, "")) if one.status is Status.PORTED else ""
        found[one.subject] = one if wanted == one.fingerprint else replace(one, fingerprint=wanted)
    return Decisions(found)


def write(file: Path, decisions: Iterable[Decision]) -> bool:
    """Bring a file up to date; True if it changed. Decisions that are only in the file stay.

    Raises RuleDataError where the file cannot be read as what it is.
    """
    import tomlkit

    read(file)  # a file that is not understood is not touched
    before = file.read_bytes().decode("utf-8") if file.exists() else ""
    document = tomlkit.parse(before)
    if not before:
        for line in _HEAD:
            document.add(tomlkit.comment(line))
        document["schema"] = SCHEMA
    if "decision" not in document:
        document["decision"] = tomlkit.aot()
    listed = document["decision"]
    tables = {str(table["for"]).strip(): table for table in listed}
    for one in decisions:
        if one.subject in tables:
            _update(tables[one.subject], one)
        else:
            table = tomlkit.table()
            _update(table, one)
            listed.append(table)
    after = tomlkit.dumps(document)
    if not len(listed):
        after = before
    if after == before:
        return False
    file.write_bytes(after.encode("utf-8"))
    return True


def _update(table: Any, decision: Decision) -> None:
    values = (decision.subject, decision.status.value, decision.reason, decision.fingerprint)
    for key, value in zip(_KEYS, values, strict=True):
        if not value:
            table.pop(key, None)
        elif key not in table or str(table[key]).strip() != value:
            table[key] = value
