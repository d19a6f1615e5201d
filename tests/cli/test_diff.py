"""`portcheck check FILES… --diff REV`: what is read, what is reported, and what is new."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.cli import main

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

COPY = """\
#include "offset.cuh"
__global__ void copy(const int4* x) {
    extern __shared__ __align__(1024) char smem[];
    reinterpret_cast<int4*>(smem + OFFSET)[threadIdx.x % 32] = x[threadIdx.x];
}
"""
OTHER = COPY.replace("copy", "other").replace("OFFSET", "OFFSET + 32")
CHECK = ("check", "--select", "VEC001", "--format", "concise")
Run = Callable[..., tuple[int, str, str]]


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false")
    allowed = ("-c", "protocol.file.allow=always")
    subprocess.run(("git", *identity, *allowed, *arguments), check=True, capture_output=True)


def commit() -> None:
    git("add", "-A")
    git("commit", "-q", "-m", "work")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A repository with two kernels and the header that says where they store."""
    (tmp_path / "repo" / "src").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "repo")
    for name in ("NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    git("init", "-q")
    Path("src/copy.cu").write_text(COPY)
    Path("src/other.cu").write_text(OTHER)
    offset(32)
    commit()

    def call(*given: str) -> tuple[int, str, str]:
        code = main((*CHECK, *given))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def offset(number: int) -> None:
    Path("src/offset.cuh").write_text(f"#define OFFSET {number}\n")


def places(out: str) -> list[str]:
    return [line.partition(": VEC001")[0] for line in out.splitlines() if ": VEC001 breaks: " in line]


BOTH = ["src/copy.cu:4:5", "src/other.cu:4:5"]


# -- files ---------------------------------------------------------------------------------


def test_a_file_limits_the_report_and_the_tree_is_read(run: Run) -> None:
    offset(16)
    code, out, _ = run("src/copy.cu")
    assert (code, places(out)) == (1, BOTH[:1])
    assert "reported: only what stands in the paths given, of 3 files read\n" in out
    assert run("src/offset.cuh")[0] == 0
    assert places(run("src")[1]) == BOTH


def test_the_tree_can_be_chosen(run: Run) -> None:
    offset(16)
    assert "of 1 files read" in run("src/copy.cu", "--tree", "src/copy.cu")[1]
    assert places(run("src/copy.cu", "--tree", "src")[1]) == BOTH[:1]


def test_the_tree_of_the_configuration(run: Run) -> None:
    offset(16)
    Path("apart").mkdir()
    Path("apart/copy.cu").write_text(COPY)
    Path("portcheck.toml").write_text('include = ["src"]\n')
    code, out, _ = run("src/copy.cu")
    assert (code, places(out)) == (1, BOTH[:1])
    assert "of 3 files read" in out


def test_without_a_repository_the_files_are_all(run: Run, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "alone").mkdir()
    monkeypatch.chdir(tmp_path / "alone")
    Path("a.cu").write_text(COPY.replace("OFFSET", "16"))
    Path("b.cu").write_text(COPY.replace("OFFSET", "16"))
    code, out, _ = run("a.cu")
    assert (code, places(out)) == (1, ["a.cu:4:5"])
    assert "files read: 1" in out


def test_a_file_that_git_ignores_is_reported_where_it_is_named(run: Run) -> None:
    Path(".gitignore").write_text("made/\n")
    Path("made").mkdir()
    Path("made/copy.cu").write_text(COPY.replace("OFFSET", "16"))
    assert places(run("made/copy.cu")[1]) == ["made/copy.cu:4:5"]


def test_a_named_file_that_is_excluded_is_not_reported(run: Run) -> None:
    offset(16)
    Path("portcheck.toml").write_text('exclude = ["/src/"]\n')
    Path("mine.cu").write_text(COPY.replace("OFFSET", "48").replace("offset.cuh", "src/offset.cuh"))
    assert places(run("src/copy.cu", "mine.cu")[1]) == ["mine.cu:4:5"]


def test_a_missing_file(run: Run) -> None:
    assert run("src/no.cu")[::2] == (2, "portcheck: error: src/no.cu: no such file or folder\n")


def test_a_link_to_a_file(run: Run, tmp_path: Path) -> None:
    offset(16)
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    assert places(run(str(tmp_path / "link" / "src" / "copy.cu"))[1]) == BOTH[:1]


# -- revisions -----------------------------------------------------------------------------


def test_nothing_changed(run: Run) -> None:
    offset(16)
    commit()
    code, out, _ = run("--diff", "HEAD")
    assert (code, places(out)) == (0, [])
    assert out.startswith("since HEAD: 0 new; 2 were there before, 0 are gone\n")


def test_what_a_header_changes_elsewhere_is_new(run: Run) -> None:
    offset(16)
    assert places(run("--diff", "HEAD")[1]) == BOTH
    assert places(run("src/other.cu", "--diff", "HEAD")[1]) == BOTH[1:]
    assert places(run("src", "--diff", "HEAD")[1]) == BOTH


def test_only_the_new_statement_is_new(run: Run) -> None:
    offset(16)
    commit()
    text = COPY.replace("}\n", "    reinterpret_cast<int4*>(smem + 48)[threadIdx.x % 32] = x[0];\n}\n")
    Path("src/copy.cu").write_text("\n\n" + text.replace("threadIdx.x % 32", "threadIdx.x   % 32"))
    code, out, _ = run("--diff", "HEAD")
    assert (code, places(out)) == (1, ["src/copy.cu:7:5"])
    assert out.splitlines()[1] == "since HEAD: 1 new; 2 were there before, 0 are gone"


def test_what_is_mended_is_counted(run: Run) -> None:
    offset(16)
    commit()
    offset(32)
    assert run("--diff", "HEAD")[1].startswith("since HEAD: 0 new; 0 were there before, 2 are gone\n")


@pytest.mark.parametrize("tracked", [True, False])
def test_a_renamed_file_is_not_new(run: Run, tracked: bool) -> None:
    offset(16)
    commit()
    if tracked:
        git("mv", "src/copy.cu", "src/moved.cu")
        Path("src/moved.cu").write_text("// moved\n" + COPY)
    else:
        Path("src/copy.cu").rename("src/moved.cu")
    assert run("--diff", "HEAD")[1].startswith("since HEAD: 0 new; 2 were there before, 0 are gone\n")
    assert places(run("src/moved.cu", "--diff", "HEAD")[1]) == []


def test_a_new_file_is_new(run: Run) -> None:
    Path("src/new.cu").write_text(COPY.replace("OFFSET", "16"))
    assert places(run("--diff", "HEAD")[1]) == ["src/new.cu:4:5"]
    assert places(run("src/new.cu", "--diff", "HEAD")[1]) == ["src/new.cu:4:5"]


def test_a_deleted_file_can_be_named(run: Run) -> None:
    offset(16)
    commit()
    Path("src/copy.cu").unlink()
    code, out, _ = run("src/copy.cu", "--diff", "HEAD")
    assert (code, places(out)) == (0, [])
    assert out.startswith("since HEAD: 0 new; 0 were there before, 1 are gone\n")
    assert run("src/no.cu", "--diff", "HEAD")[::2] == (
        2,
        "portcheck: error: src/no.cu: no such file or folder, and none in the revision\n",
    )


def test_an_older_revision_by_any_name(run: Run) -> None:
    offset(16)
    commit()
    assert places(run("--diff", "HEAD~1")[1]) == BOTH
    assert places(run("--diff", "@~1")[1]) == BOTH


def test_a_folder_below_the_repository(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    offset(16)
    monkeypatch.chdir("src")
    assert places(run(".", "--diff", "HEAD")[1]) == ["copy.cu:4:5", "other.cu:4:5"]


def test_a_submodule_is_compared_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part").mkdir()
    monkeypatch.chdir(tmp_path / "part")
    git("init", "-q")
    Path("copy.cu").write_text(COPY.replace("OFFSET", "16"))
    commit()
    monkeypatch.chdir(tmp_path / "repo")
    git("submodule", "add", "-q", str(tmp_path / "part"), "part")
    commit()
    assert run("--diff", "HEAD")[1].startswith("since HEAD: 0 new; 1 were there before, 0 are gone\n")


def test_comments_that_were_wrong_before_are_not_told_again(run: Run) -> None:
    Path("src/copy.cu").write_text(COPY.replace("];\n}", "];  // portcheck: accept[VEC001] r\n}"))
    assert "suppression-unused" in run("--diff", "HEAD")[1]
    commit()
    assert "suppression-unused" not in run("--diff", "HEAD")[1]
    assert "suppression-unused" in run("src")[1]


def test_what_git_tells_its_hooks_does_not_mislead(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    offset(16)
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "elsewhere")
    assert places(run("--diff", "HEAD")[1]) == BOTH


def test_the_work_tree_is_left_alone(run: Run) -> None:
    offset(16)

    def status() -> str:
        told = subprocess.run(("git", "status", "--porcelain"), capture_output=True, text=True, check=True)
        listed = subprocess.run(("git", "worktree", "list"), capture_output=True, text=True, check=True)
        return told.stdout + listed.stdout

    before = status()
    run("--diff", "HEAD")
    assert status() == before


def test_refusals(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tmp_path / "repo"
    assert run("--diff", "nope")[::2] == (2, f"portcheck: error: --diff nope: no such revision in {top}\n")
    assert run("--diff=--help")[::2] == (2, f"portcheck: error: --diff --help: no such revision in {top}\n")
    (tmp_path / "alone").mkdir()
    monkeypatch.chdir(tmp_path / "alone")
    Path("a.cu").write_text(COPY)
    code, _, err = run("a.cu", "--diff", "HEAD")
    assert (code, err) == (
        2,
        f"portcheck: error: --diff HEAD: {tmp_path / 'alone'} is in no Git repository\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("a.cu", "--diff", "HEAD")[::2] == (
        2,
        "portcheck: error: --diff needs git, which is not installed\n",
    )
