"""The map of a project, `portcheck-map.json`: what its lines stand for, and what a test must know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portcheck.ascendc.body import Body, Buffer, Role, Scalar
from portcheck.source.place import Place
from portcheck.targets.text import Text

MAP_NAME = "portcheck-map.json"
SCHEMA, VERSION = "portcheck-skeleton-map", 1


class ManifestError(Exception):
    """A folder is no project, or its map cannot be read; the message is one line."""


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of one generated file, 1-based and inclusive, and what they stand for.

    `cuda` are `path:line` texts, `findings` the codes that speak of those lines, `transfers` what
    moves there.
    """

    file: str
    first: int
    last: int
    key: str
    cuda: tuple[str, ...]
    findings: tuple[str, ...] = ()
    transfers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `portcheck-map.json` holds. `typical` are values of scalars in a launch of the CUDA code."""

    name: str
    kernel: str
    target: str
    arch: int
    cores: int
    ub_bytes: int
    archetype: str
    complete: bool
    buffers: tuple[Buffer, ...]
    scalars: tuple[Scalar, ...]
    gaps: tuple[tuple[str, str], ...]
    spans: tuple[Span, ...]
    typical: Mapping[str, int] = field(default_factory=dict)

    def cuda_of(self, file: str, line: int) -> tuple[str, ...]:
        """The CUDA lines that a line of a generated file stands for, of the narrowest span around it."""
        around = [s for s in self.spans if s.file == file and s.first <= line <= s.last]
        return min(around, key=lambda s: s.last - s.first).cuda if around else ()

    def text(self) -> str:
        """The JSON, the same for equal content."""
        return json.dumps(self._record(), ensure_ascii=False, indent=1) + "\n"

    def _record(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "version": VERSION,
            "name": self.name,
            "kernel": self.kernel,
            "target": self.target,
            "arch": self.arch,
            "cores": self.cores,
            "ub_bytes": self.ub_bytes,
            "archetype": self.archetype,
            "complete": self.complete,
            "buffers": [_buffer_record(b) for b in self.buffers],
            "scalars": [_scalar_record(s) for s in self.scalars],
            "typical": dict(sorted(self.typical.items())),
            "gaps": [{"mark": mark, "finding": code} for mark, code in self.gaps],
            "spans": [
                {
                    "file": s.file, "first": s.first, "last": s.last, "key": s.key, "cuda": list(s.cuda),
                    "findings": list(s.findings), "transfers": list(s.transfers),
                }
                for s in self.spans
            ],
        }  # fmt: skip


def gaps_left(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """The gaps whose mark still stands in the sources: who fills a gap takes the mark out."""
    files = sorted(f for part in ("op_kernel", "op_host") for f in (folder / part).glob("*") if f.is_file())
    text = "\n".join(f.read_text(encoding="utf-8", errors="replace") for f in files)
    return tuple(mark for mark, _ in manifest.gaps if f"PORTCHECK-GAP({mark})" in text)


def _buffer_record(buffer: Buffer) -> dict[str, Any]:
    shape = list(buffer.shape)
    return {
        "name": buffer.name,
        "dtype": buffer.dtype,
        "role": buffer.role.value,
        "shape": shape,
        "cuda": buffer.cuda,
    }


def _scalar_record(scalar: Scalar) -> dict[str, Any]:
    meaning = {"en": scalar.meaning.en, "zh": scalar.meaning.zh}
    return {"name": scalar.name, "ctype": scalar.ctype, "cuda": scalar.cuda, "meaning": meaning}


def read(folder: Path) -> Manifest:
    """The map of one project. Raises ManifestError."""
    file = folder / MAP_NAME
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(
            f"{folder} is no project of portcheck: cannot read {MAP_NAME}: {error.strerror}"
        ) from error
    except ValueError as error:
        raise ManifestError(f"{file} is no JSON: {error}") from error
    try:
        return _manifest(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManifestError(f"{file} is no map of this version: {error}") from error


def _manifest(record: Mapping[str, Any]) -> Manifest:
    if record["schema"] != SCHEMA or record["version"] != VERSION:
        raise ValueError(f"schema {record['schema']!r} {record['version']!r}")
    return Manifest(
        name=str(record["name"]),
        kernel=str(record["kernel"]),
        target=str(record["target"]),
        arch=int(record["arch"]),
        cores=int(record["cores"]),
        ub_bytes=int(record["ub_bytes"]),
        archetype=str(record["archetype"]),
        complete=bool(record["complete"]),
        buffers=tuple(
            Buffer(b["name"], b["dtype"], Role(b["role"]), tuple(map(str, b["shape"])), b["cuda"])
            for b in record["buffers"]
        ),
        scalars=tuple(
            Scalar(s["name"], s["ctype"], Text(s["meaning"]["en"], s["meaning"]["zh"]), s["cuda"])
            for s in record["scalars"]
        ),
        gaps=tuple((g["mark"], g["finding"]) for g in record["gaps"]),
        spans=tuple(
            Span(s["file"], int(s["first"]), int(s["last"]), s["key"], tuple(s["cuda"]), tuple(s["findings"]),
                 tuple(s["transfers"]))
            for s in record["spans"]
        ),
        typical={str(k): int(v) for k, v in record["typical"].items()},
    )  # fmt: skip


def without_marks(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text without `//@ KEY`, and (first line, last line, key) of each mark.

    A mark behind the head of a function stands for the whole function, any other for its line.
    """
    lines = text.split("\n")
    marks: list[tuple[int, int, str]] = []
    for number, line in enumerate(lines):
        code, found, key = line.rpartition("//@ ")
        if found:
            lines[number] = code.rstrip()
            marks.append((number, number, key.strip()))
    spans = [(first + 1, _end(lines, first) + 1, key) for first, _, key in marks]
    return "\n".join(lines), spans


def _end(lines: Sequence[str], first: int) -> int:
    """The last line of what begins here: the closing brace if an opening one is alone on the next line."""
    if first + 1 >= len(lines) or lines[first + 1].strip() != "{":
        return first
    closing = lines[first + 1].replace("{", "}")
    return next((n for n in range(first + 2, len(lines)) if lines[n] == closing), first)


def spans_of(body: Body, file: str, marks: Sequence[tuple[int, int, str]]) -> Iterator[Span]:
    for first, last, key in marks:
        places = body.trace.get(key, ())
        yield Span(file, first, last, key, tuple(dict.fromkeys(place_text(p) for p in places)))


def place_text(place: Place) -> str:
    last = f"-{place.end_line}" if place.end_line > place.line else ""
    return f"{place.path}:{place.line}{last}"
