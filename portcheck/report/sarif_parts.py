"""What every SARIF 2.1.0 report has in common: places, files, and a notification for what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from portcheck import __version__
from portcheck.report.records import Record
from portcheck.result import FileCoverage, Region, ScanResult
from portcheck.source import Skipped
from portcheck.source.place import Place

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "%SRCROOT%"
_UNREADABLE, _INACTIVE, _SKIPPED = "unreadable-region", "inactive-region", "skipped-file"
COVERAGE_NOTIFICATIONS = {
    _UNREADABLE: "Part of a file could not be parsed; nothing is known about it.",
    _INACTIVE: "The chosen defines compile part of a file away.",
    _SKIPPED: "A file or folder was not analysed.",
}
_IANA_ENCODINGS = {"utf_8": "UTF-8", "utf_8_sig": "UTF-8", "gb18030": "GB18030", "latin_1": "ISO-8859-1"}


def log(run: Record) -> Record:
    """The document around the one run."""
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def driver(rules: Iterable[Record], notifications: Mapping[str, str]) -> Record:
    """The tool; `notifications` are sentences by the ids that `Sarif.notification` knows."""
    return {
        "name": "portcheck",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": list(rules),
        "notifications": [
            {"id": name, "shortDescription": {"text": text}} for name, text in notifications.items()
        ],
    }


@dataclass(frozen=True, slots=True)
class Sarif:
    """Writes places of one scan; `repository` is the way to its root from that of the repository."""

    result: ScanResult
    notifications: tuple[str, ...]
    repository: str = ""
    _index: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._index.update((file.path, at) for at, file in enumerate(self.result.files))

    @property
    def base(self) -> Record:
        """`originalUriBaseIds`."""
        root = self.result.root or "."
        text = f"What the paths are relative to: {root}"
        if self.repository:
            text = f"What the paths are relative to: the folder in which {self.repository} is {root}"
        return {_BASE: {"description": {"text": text}}}

    def artifacts(self) -> list[Record]:
        return [self._artifact(file) for file in self.result.files]

    def location(self, place: Place) -> Record:
        artifact = self._artifact_location(place.path)
        if place.path in self._index:
            artifact["index"] = self._index[place.path]
        region = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
            "byteOffset": place.start_byte,
            "byteLength": place.end_byte - place.start_byte,
        }
        return {"physicalLocation": {"artifactLocation": artifact, "region": region}}

    def notification(self, name: str, level: str, text: str, place: Place | None = None) -> Record:
        index = self.notifications.index(name)
        record = {"descriptor": {"id": name, "index": index}, "level": level, "message": {"text": text}}
        return record if place is None else {**record, "locations": [self.location(place)]}

    def coverage(self) -> Iterator[Record]:
        """A notification for each thing that was not read or not compiled."""
        for file in self.result.files:
            for region in file.unreadable:
                yield self._region(_UNREADABLE, "warning", region)
            for region in file.inactive:
                yield self._region(_INACTIVE, "note", region)
        for skipped in self.result.skipped:
            yield self._skipped(skipped)

    def _region(self, name: str, level: str, region: Region) -> Record:
        return self.notification(name, level, region.reason, region.place)

    def _skipped(self, skipped: Skipped) -> Record:
        location = {"physicalLocation": {"artifactLocation": self._artifact_location(skipped.path)}}
        text = f"{skipped.path}: {skipped.reason}"
        return {**self.notification(_SKIPPED, "warning", text), "locations": [location]}

    def _artifact(self, file: FileCoverage) -> Record:
        codec = file.encoding.lower().replace("-", "_")
        return {
            "location": self._artifact_location(file.path),
            "length": file.total_bytes,
            "encoding": _IANA_ENCODINGS.get(codec, file.encoding),
            "roles": ["analysisTarget"],
            "properties": {"unreadable_bytes": file.unreadable_bytes, "inactive_bytes": file.inactive_bytes},
        }

    def _artifact_location(self, path: str) -> Record:
        if path.startswith("/"):
            return {"uri": f"file://{quote(path, errors='surrogateescape')}"}
        return {"uri": quote(self.repository + path, errors="surrogateescape"), "uriBaseId": _BASE}
