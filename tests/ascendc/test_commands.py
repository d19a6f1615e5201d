"""`portcheck skeleton` and `portcheck verify` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cuda_hostile import SCALE

from portcheck.cli import main

CHANGED = SCALE.replace("int row = blockIdx.x;", "int row = blockIdx.x + 1;")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "cuda"
    folder.mkdir()
    (folder / "scale.cu").write_text(SCALE)
    return folder


def skeleton(tree: Path, *more: str) -> int:
    out = str(tree.parent / "port")
    return main(["skeleton", str(tree), "--target", "910B", "-o", out, "--lang", "en", "-q", *more])


def verify(folder: Path, *more: str) -> int:
    return main(["verify", str(folder), "--seeds", "1", "--lang", "en", *more])


def kernel_of(tree: Path) -> Path:
    return tree.parent / "port" / "scale" / "op_kernel" / "scale.cpp"


def test_generate_verify_break_and_verify(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert skeleton(tree) == 0
    port = tree.parent / "port"
    assert {p.name for p in port.iterdir()} == {".portcheck", "README.md", "scale"}
    assert verify(port) == 0
    assert "1 project, 0 with something wrong" in capsys.readouterr().out
    file = kernel_of(tree)
    file.write_text("// a line more\n" + file.read_text().replace("_.FreeTensor(out_0);", "_.EnQue(out_0);"))
    assert verify(port) == 1
    said = capsys.readouterr().out
    assert "op_kernel/scale.cpp:" in said
    assert "CUDA scale.cu:" in said


def test_what_does_not_compile_is_told(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert skeleton(tree) == 0
    kernel_of(tree).write_text("this is no C++\n")
    assert verify(tree.parent / "port" / "scale") == 1
    assert "scale: does not compile" in capsys.readouterr().out


def test_edits_survive_a_change_in_cuda(tree: Path) -> None:
    assert skeleton(tree) == 0
    file = kernel_of(tree)
    edited = file.read_text().replace("// Until then", "// by hand\n        // Until then")
    assert edited != file.read_text()
    file.write_text(edited)
    (tree / "scale.cu").write_text(CHANGED)
    before = file.read_text()
    assert skeleton(tree, "--diff") == 0
    assert file.read_text() == before
    assert skeleton(tree) == 0
    assert "// by hand" in file.read_text()
    assert file.read_text() != before


def test_a_conflict_is_exit_code_1_and_changes_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert skeleton(tree) == 0
    file = kernel_of(tree)
    lines = file.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if "out_0_offset =" in line)
    lines[at] = "                const int64_t out_0_offset = 7;  // by hand"
    file.write_text("\n".join(lines) + "\n")
    (tree / "scale.cu").write_text(CHANGED)
    before = file.read_text()
    assert skeleton(tree) == 1
    assert file.read_text() == before
    said = capsys.readouterr().err
    assert f"conflict: {file}" in said
    assert any(line.startswith("  -") and "out_0_offset =" in line for line in said.splitlines())
    copy = tree.parent / "port" / ".portcheck" / "conflicts" / "scale" / "op_kernel" / "scale.cpp"
    assert "<<<<<<< your text" in copy.read_text()


def test_bad_input_is_one_line(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert skeleton(tree, "--kernel", "scal") == 2
    assert "did you mean 'scale'" in capsys.readouterr().err
    assert verify(tmp_path / "missing") == 2
    assert verify(tree) == 3
    assert main(["verify", str(tree), "--seeds", "0"]) == 2
    assert skeleton(tree) == 0
    (tree.parent / "port" / "scale" / "portcheck-map.json").write_text("{}")
    assert verify(tree.parent / "port") == 1
    assert "is no map of this version" in capsys.readouterr().out


def test_no_compiler_is_told(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert skeleton(tree) == 0
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert verify(tree.parent / "port") == 2
    assert "no-such-compiler" in capsys.readouterr().err


def test_a_tree_without_kernels(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text("int f();\n")
    assert main(["skeleton", str(tmp_path), "--target", "910B", "-o", str(tmp_path / "o"), "-q"]) == 3


def test_the_map_is_json_of_a_stated_schema(tree: Path) -> None:
    assert skeleton(tree) == 0
    record = json.loads((tree.parent / "port" / "scale" / "portcheck-map.json").read_text())
    assert record["schema"] == "portcheck-skeleton-map"
    assert record["kernel"] == "scale"
    assert all(span["cuda"] for span in record["spans"])


def test_a_moved_project_still_verifies(tree: Path) -> None:
    assert skeleton(tree) == 0
    shutil.move(tree.parent / "port" / "scale", tree.parent / "elsewhere")
    assert verify(tree.parent / "elsewhere") == 0
