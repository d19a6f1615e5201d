"""The formats of `check`. Each is the module of its name in `portcheck.report.check`."""

from __future__ import annotations

FORMATS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown")
ALIASES = {"text": "full"}
DEFAULT = "full"
