"""The published JSON schema of `portcheck`'s own formats, and the name it goes by."""

from __future__ import annotations

from pathlib import Path

NAME = "portcheck/scan"
VERSION = 1


def schema_text() -> str:
    """The schema (JSON Schema 2020-12) of the JSON document; `$defs/line` is that of a JSON line."""
    return Path(__file__).with_name(f"scan-{VERSION}.json").read_text(encoding="utf-8")
