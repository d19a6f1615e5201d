"""Where portcheck's data files lie, installed or in a checkout."""

from __future__ import annotations

from pathlib import Path


def rules_path() -> Path:
    """The folder of rules: inside the installed package, else beside it in the repository."""
    package = Path(__file__).resolve().parent
    installed = package / "rules"
    return installed if installed.is_dir() else package.parent / "rules"
