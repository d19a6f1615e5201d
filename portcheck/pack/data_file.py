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
        """`key` may lead into a table, the second of several as in `example[2].code`."""
        line = self._line(key)
        at = f"{self.file}:{line}" if line else str(self.file)
        return RuleDataError(f"{at}: {key}: {problem}")

    def _line(self, key: str) -> int:
        """The line of the key, else that of the table that it should stand in; 0 for neither."""
        table, _, name = key.rpartition(".")
        head, _, number = table.partition("[")
        start, end = 0, len(self.text)
        if number:
            tables = list(re.finditer(rf"^\[\[{re.escape(head)}\]\]", self.text, re.MULTILINE))
            at = int(number.rstrip("]"))
            if at <= len(tables):
                start = tables[at - 1].start()
                end = tables[at].start() if at < len(tables) else end
        names = (name, head) if head else (name.split("[")[0],)
        for word in names:
            pattern = rf"^[ \t]*(?:\[+[ \t]*)?(?:[\w.]+\.)?{re.escape(word)}\b"
            found = re.compile(pattern, re.MULTILINE).search(self.text, start, end)
            if found:
                return self.text.count("\n", 0, found.start()) + 1
        return 0

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
