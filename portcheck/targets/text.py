"""Sentences in the languages that portcheck speaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language of messages and reports."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence, or a template with `{placeholders}`, in each language."""

    en: str
    zh: str

    def said(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en

    def fill(self, language: Language, **fields: object) -> str:
        return self.said(language).format(**fields)
