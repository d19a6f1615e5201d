"""The report of `samples/` in `reports/` is what this program writes of them today."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.cli import main

TOP = Path(__file__).parents[2]
KEPT = TOP / "reports" / "samples"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make reports` does it; two folders below a copy of the samples, as `reports/samples` is."""
    top = tmp_path_factory.mktemp("top")
    (top / "samples").mkdir()
    for file in (TOP / "samples").iterdir():
        (top / "samples" / file.name).write_bytes(file.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(top)
        arguments = ["plan", "samples", "--target", "910B", "--lang", "en", "-o", "reports/samples", "-q"]
        assert main(arguments) == 0
    return top / "reports" / "samples"


def contents(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_every_page_is_there(written: Path) -> None:
    assert sorted(contents(KEPT)) == sorted(contents(written)), "run `make reports`"


def test_no_page_is_stale(written: Path) -> None:
    fresh = contents(written)
    stale = [name for name, text in contents(KEPT).items() if fresh.get(name) != text]
    assert stale == [], "run `make reports`"
