"""Copies of the shipped data that a test may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.resources import rules_path

Spoil = Callable[[str, str, str], Path]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """`spoil("targets/910B.toml", old, new)`: the folder of a copy where the first `old` is `new`."""

    def change(file: str, old: str, new: str) -> Path:
        folder = tmp_path / Path(file).parent
        shutil.copytree(rules_path() / Path(file).parent, folder)
        text = (tmp_path / file).read_text("utf-8")
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new, 1), "utf-8")
        return folder

    return change
