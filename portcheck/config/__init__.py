"""What a project and a command line ask for: where settings are found, read, checked and merged.

Settings stand in `portcheck.toml`, or in `pyproject.toml` under `[tool.portcheck]`. The file that
counts is the nearest one at or above the first path of the command line (at or above the current
folder for a command without paths). Where both lie in one folder, `portcheck.toml` wins and the other
one is not read; a `pyproject.toml` without that table is passed over
(unread where it does not even have the word). Only one file counts: settings
of folders further up are not added to it. What the command line says of a key takes the place of
what the file says; of the tables `symbols` and `assume`, and of `defines`, name by name.
"""

from portcheck.config.merging import merge
from portcheck.config.model import ConfigError, Origin, Settings
from portcheck.config.reading import Found, find, read, where

__all__ = ["ConfigError", "Found", "Origin", "Settings", "find", "merge", "read", "where"]
