"""The lines that samples/README.md points at hold the text that it quotes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ROWS = re.findall(
    r"^\| `([\w.]+):(\d+)` \| `(.*?)` \|", (SAMPLES / "README.md").read_text("utf-8"), re.MULTILINE
)


def test_every_sample_is_pointed_at() -> None:
    names = {path.name for path in SAMPLES.iterdir() if path.suffix in (".cu", ".cuh")}
    assert {name for name, _, _ in ROWS} == names


@pytest.mark.parametrize(("name", "line", "quote"), ROWS)
def test_quote(name: str, line: str, quote: str) -> None:
    text = (SAMPLES / name).read_text("utf-8").splitlines()[int(line) - 1]
    assert quote in text
