"""The language of messages and pages: what the user asked for, else the locale's."""

from __future__ import annotations

import os

from portcheck.targets import Language


def language(choice: str | None) -> Language:
    """`--lang`, else Chinese where the locale of messages is Chinese, else English."""
    if choice is not None:
        return Language(choice)
    locale = next((v for n in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(n))), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN
