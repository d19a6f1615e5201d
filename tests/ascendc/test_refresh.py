"""Generating again over edited projects: edits stay, conflicts are shown, nothing is overwritten."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from portcheck.ascendc import refresh
from portcheck.ascendc.refresh import OWN, Outcome, RefreshError

Items = Mapping[str, Mapping[str, str]]
LINES = [f"line {n}" for n in range(20)]
OLD = "\n".join(LINES) + "\n"


def items(text: str) -> Items:
    return {"one": {"op_kernel/one.cpp": text, "README.md": "generated\n"}, "": {"README.md": "all\n"}}


def write(folder: Path, text: str) -> refresh.Refresh:
    planned = refresh.plan(folder, "910B", items(text))
    planned.apply()
    return planned


def changed(line: int, text: str) -> str:
    return "\n".join([*LINES[:line], text, *LINES[line + 1 :]]) + "\n"


def outcomes(planned: refresh.Refresh) -> dict[str, Outcome]:
    return {c.path: c.outcome for c in planned.changes}


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    write(tmp_path / "out", OLD)
    return tmp_path / "out" / "one" / "op_kernel" / "one.cpp"


def test_a_new_folder_is_written(kernel: Path) -> None:
    assert kernel.read_text() == OLD


def test_an_unedited_file_is_replaced(kernel: Path, tmp_path: Path) -> None:
    planned = write(tmp_path / "out", changed(3, "new"))
    assert outcomes(planned)["one/op_kernel/one.cpp"] is Outcome.REPLACED
    assert kernel.read_text() == changed(3, "new")


def test_an_edit_stays_where_nothing_new_is_generated(kernel: Path, tmp_path: Path) -> None:
    kernel.write_text(changed(3, "mine"))
    assert outcomes(write(tmp_path / "out", OLD))["one/op_kernel/one.cpp"] is Outcome.KEPT
    assert kernel.read_text() == changed(3, "mine")


def test_cuda_code_that_moved_is_no_conflict_with_an_edit(tmp_path: Path) -> None:
    out, place = tmp_path / "out", "// csrc/a.cu:{}: 1 load\n"
    write(out, "top\n" + place.format(5) + "left out\n" + place.format("7-9") + "middle\n" + place.format(20))
    kernel = out / "one" / "op_kernel" / "one.cpp"
    kernel.write_text("top\nmine\nmiddle\n" + place.format(20))
    moved = "top\n" + place.format(8) + "left out\n" + place.format("10-12") + "middle\n" + place.format(23)
    assert outcomes(write(out, moved))["one/op_kernel/one.cpp"] is Outcome.MERGED
    assert kernel.read_text() == "top\nmine\nmiddle\n" + place.format(23)


def test_an_edit_and_a_change_elsewhere_are_merged(kernel: Path, tmp_path: Path) -> None:
    kernel.write_text(changed(3, "mine"))
    planned = write(tmp_path / "out", changed(15, "new"))
    assert outcomes(planned)["one/op_kernel/one.cpp"] is Outcome.MERGED
    assert "mine" in kernel.read_text()
    assert "new" in kernel.read_text()
    assert not planned.conflicts


def test_a_conflict_changes_nothing_and_is_shown(kernel: Path, tmp_path: Path) -> None:
    kernel.write_text(changed(3, "mine"))
    planned = write(tmp_path / "out", changed(3, "new"))
    assert [c.path for c in planned.conflicts] == ["one/op_kernel/one.cpp"]
    assert kernel.read_text() == changed(3, "mine")
    shown = (tmp_path / "out" / OWN / "conflicts" / "one" / "op_kernel" / "one.cpp").read_text()
    assert "<<<<<<< your text" in shown
    assert ">>>>>>> generated now" in shown


def test_a_resolved_conflict_is_taken(kernel: Path, tmp_path: Path) -> None:
    kernel.write_text(changed(3, "mine"))
    write(tmp_path / "out", changed(3, "new"))
    copy = tmp_path / "out" / OWN / "conflicts" / "one" / "op_kernel" / "one.cpp"
    copy.write_text(changed(3, "mine and new"))
    planned = write(tmp_path / "out", changed(3, "new"))
    assert outcomes(planned)["one/op_kernel/one.cpp"] is Outcome.RESOLVED
    assert kernel.read_text() == changed(3, "mine and new")
    assert not copy.exists()
    assert not write(tmp_path / "out", changed(3, "new")).conflicts
    assert kernel.read_text() == changed(3, "mine and new")


def test_a_conflict_is_not_resolved_for_other_text(kernel: Path, tmp_path: Path) -> None:
    kernel.write_text(changed(3, "mine"))
    write(tmp_path / "out", changed(3, "new"))
    copy = tmp_path / "out" / OWN / "conflicts" / "one" / "op_kernel" / "one.cpp"
    copy.write_text(changed(3, "mine and new"))
    assert write(tmp_path / "out", changed(3, "newer")).conflicts
    assert kernel.read_text() == changed(3, "mine")


def test_a_project_with_a_conflict_keeps_all_its_files(kernel: Path, tmp_path: Path) -> None:
    kernel.write_text(changed(3, "mine"))
    new = {"one": {"op_kernel/one.cpp": changed(3, "new"), "README.md": "new\n"}}
    refresh.plan(tmp_path / "out", "910B", new).apply()
    assert (tmp_path / "out" / "one" / "README.md").read_text() == "generated\n"


def test_a_plan_writes_nothing(kernel: Path, tmp_path: Path) -> None:
    planned = refresh.plan(tmp_path / "out", "910B", items(changed(3, "new")))
    diff = [line for c in planned.changes for line in c.diff()]
    assert "+new" in diff
    assert kernel.read_text() == OLD


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RefreshError, match="no projects"):
        refresh.plan(tmp_path, "910B", items(OLD))


def test_another_target_has_another_folder(kernel: Path, tmp_path: Path) -> None:
    with pytest.raises(RefreshError, match="910B, not for 950"):
        refresh.plan(tmp_path / "out", "950", items(OLD))


@pytest.mark.parametrize("path", ["../out.cpp", "/etc/passwd", "a/../../b", f"{OWN}/base/x"])
def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(RefreshError, match="no path inside"):
        refresh.plan(tmp_path / "out", "910B", {"": {path: "x"}})


def test_without_git_an_edited_file_is_left_alone(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.write_text(changed(3, "mine"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RefreshError, match="needs Git"):
        refresh.plan(tmp_path / "out", "910B", items(changed(15, "new")))
    assert kernel.read_text() == changed(3, "mine")


def test_git_is_there_for_these_tests() -> None:
    git = shutil.which("git")
    assert git is not None
    assert subprocess.run([git, "--version"], capture_output=True, check=True).stdout


def test_a_project_that_is_not_written_again_is_remembered(kernel: Path, tmp_path: Path) -> None:
    refresh.plan(tmp_path / "out", "910B", {"two": {"README.md": "two\n"}}).apply()
    assert kernel.read_text() == OLD
    assert refresh.left_over(tmp_path / "out", {"two": {}}) == ["one"]
