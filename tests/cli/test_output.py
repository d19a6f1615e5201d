"""`-o FILE`: refused before the work starts, whole or not at all."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest


def leftovers(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.startswith(".portcheck")]


def test_the_report_goes_to_the_file(cli, tree: Path) -> None:
    ran = cli("scan", ".", "--format", "json", "-q", "-o", "out.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert json.loads((tree / "out.json").read_text(encoding="utf-8"))["version"] == 1
    assert leftovers(tree) == []


def test_text_in_a_file_is_without_colour_and_in_utf_8(cli, tree: Path) -> None:
    assert cli("scan", ".", "-o", "out.txt").code == 0
    text = (tree / "out.txt").read_bytes().decode("utf-8")
    assert "每个令牌" in text
    assert "\x1b" not in text


def test_a_dash_is_standard_output(cli, tree: Path) -> None:
    assert cli("scan", ".", "-o", "-").out == cli("scan", ".").out
    assert not (tree / "-").exists()


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("missing/out.json", "No such file or directory"),
        (".", "Is a directory"),
        ("csrc/utils.cuh/out.json", "Not a directory"),
    ],
)
def test_refused_before_the_scan(cli, fake, path: str, cause: str) -> None:
    ran = cli("scan", ".", "-o", path)
    assert (ran.code, ran.err) == (2, f"portcheck: error: cannot write {path}: {cause}\n")
    assert fake.calls == []


def test_a_write_protected_file_is_left_alone(cli, fake, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "out.json").write_text("mine")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anything
    ran = cli("scan", ".", "-o", "out.json")
    assert (ran.code, ran.err) == (2, "portcheck: error: cannot write out.json: Permission denied\n")
    assert (tree / "out.json").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_failed_run_leaves_the_old_file(
    cli, fake, tree: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tree / "csrc"))
    (tree / "out.json").write_text("mine")

    def fail() -> None:
        assert (tree / "out.json").read_text() == "mine"
        assert len(leftovers(tree)) == 1
        raise error

    fake.before = fail
    assert cli("scan", ".", "-o", "out.json").code in (4, 130)
    assert (tree / "out.json").read_text() == "mine"
    assert leftovers(tree) == []


def test_a_report_that_breaks_off_leaves_the_old_file(
    cli, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "out.json").write_text("mine")

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    ran = cli("scan", ".", "-q", "-o", "out.json")
    assert (ran.code, ran.err) == (2, "portcheck: error: cannot write out.json: No space left on device\n")
    assert (tree / "out.json").read_text() == "mine"
    assert leftovers(tree) == []


def test_permissions_are_those_of_the_old_file_or_of_the_umask(cli, tree: Path) -> None:
    (tree / "old.json").write_text("mine")
    (tree / "old.json").chmod(0o640)
    before = os.umask(0o027)
    try:
        for name in ("old.json", "new.json"):
            assert cli("scan", ".", "-q", "-o", name).code == 0
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tree / name).stat().st_mode) for name in ("old.json", "new.json")] == [0o640] * 2


def test_a_link_stays_a_link(cli, tree: Path) -> None:
    (tree / "real.json").write_text("mine")
    (tree / "link.json").symlink_to("real.json")
    assert cli("scan", ".", "-q", "-o", "link.json").code == 0
    assert (tree / "link.json").is_symlink()
    assert (tree / "real.json").read_text(encoding="utf-8").startswith("csrc/dispatch.cu\n")


def test_a_device_is_written_to_and_not_replaced(cli) -> None:
    assert cli("scan", ".", "-q", "-o", os.devnull).code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
