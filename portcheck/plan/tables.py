"""Data files that are lists of tables: errors point into the table that they mean."""

from __future__ import annotations

import re

from portcheck.pack.data_file import DataFile

_NAMED = re.compile(r"(\w+)\[(\d+)\](?:\.(\w+))?")


class TableFile(DataFile):
    """A data file whose errors may name a key of one of several tables, such as `limit[2].source`."""

    def _line(self, key: str) -> int:
        """The line of the key in its own table, else the table's first line."""
        named = _NAMED.fullmatch(key)
        if named is None:
            return super()._line(key)
        head, number, name = named[1], int(named[2]), named[3]
        heads = list(re.finditer(rf"^\[\[{re.escape(head)}\]\]", self.text, re.MULTILINE))
        if number > len(heads):
            return super()._line(key)
        start = heads[number - 1].start()
        following = re.compile(r"^\[", re.MULTILINE).search(self.text, heads[number - 1].end())
        end = following.start() if following else len(self.text)
        pattern = re.compile(rf"^[ \t]*{re.escape(name or head)}\b", re.MULTILINE)
        found = pattern.search(self.text, start, end)
        return self.text.count("\n", 0, found.start() if found else start) + 1
