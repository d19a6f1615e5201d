"""One TOML file of the pack, read strictly: every mistake is named with its file, its line and the reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from portcheck.targets import RuleDataError
from portcheck.targets.text import Text


class DataFile:
    """The keys of a file, of which there are only `keys`. Errors name the line that the key stands on."""

    def __init__(self, file: Path, keys: Collection[str]) -> None:
        self.file = file
        try:
            self.text = file.read_text("utf-8")
            self.data: dict[str, Any] = tomllib.loads(self.text)
        except (UnicodeDecodeError, OSError) as error:
            raise RuleDataError(f"{file}: cannot be read: {error}") from None
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise RuleDataError(f"{file}{':' + line.group(1) if line else ''}: not TOML: {error}") from None
        unknown = self.data.keys() - keys
        if unknown:
            raise self.error(min(unknown), f"unknown key; there are {', '.join(sorted(keys))}")

    def error(self, key: str, problem: str) -> RuleDataError:
        last = re.escape(key.rsplit(".", 1)[-1].split("[")[0])
        first = re.escape(key.split(".", 1)[0].split("[")[0])
        for name in (last, first):
            pattern = re.compile(rf"^[ \t]*(?:\[+[ \t]*)?(?:[\w.]+\.)?{name}\b", re.MULTILINE)
            found = pattern.search(self.text)
            if found:
                line = self.text.count("\n", 0, found.start()) + 1
                return RuleDataError(f"{self.file}:{line}: {key}: {problem}")
        return RuleDataError(f"{self.file}: {key}: {problem}")

    def text_of(self, value: object, key: str) -> Text:
        """`en`, and `zh` where it was written: English stands for both otherwise."""
        if isinstance(value, str):
            value = {"en": value}
        if not isinstance(value, dict) or not isinstance(value.get("en"), str) or not value["en"].strip():
            raise self.error(key, "must be a string, or a table with 'en' and 'zh'")
        unknown = value.keys() - {"en", "zh"}
        if unknown or not isinstance(value.get("zh", ""), str):
            raise self.error(key, "must be a string, or a table with 'en' and 'zh'")
        return Text(value["en"].strip(), (value.get("zh") or value["en"]).strip())

    def string(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "missing" if value is None else "must be a string with something in it")
        return value

    def optional(self, key: str) -> str:
        return self.string(key) if key in self.data else ""

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.error(key, "must be a list of strings")
        return tuple(value)
