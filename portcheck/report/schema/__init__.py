"""The published JSON schemas of `portcheck`'s own formats, and the names they go by."""

from __future__ import annotations

from pathlib import Path

NAME = "portcheck/scan"
VERSION = 1
PROOF_NAME = "portcheck/proof"
PROOF_VERSION = 1
PLAN_NAME = "portcheck/plan"
PLAN_VERSION = 1
CONFIG_VERSION = 1

SCHEMAS = {
    "scan": f"scan-{VERSION}.json",
    "proof": f"proof-{PROOF_VERSION}.json",
    "plan": f"plan-{PLAN_VERSION}.json",
    "config": f"config-{CONFIG_VERSION}.json",
}


def schema_text(which: str = "scan") -> str:
    """The schema (JSON Schema 2020-12) of a JSON document, `which` being a key of `SCHEMAS`.

    In that of a scan, `$defs/line` is the schema of a JSON line.
    """
    return Path(__file__).with_name(SCHEMAS[which]).read_text(encoding="utf-8")
