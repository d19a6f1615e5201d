from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.source import Discovery, Skipped, SourceError, discover

Make = Callable[..., Path]


def shown(found: Discovery) -> list[str]:
    return [c.shown for c in found.candidates]


def test_a_folder_is_its_own_root(make: Make, tmp_path: Path) -> None:
    for name in ("b.cu", "a/x.h", "a/y.cpp", "a/notes.txt", "Makefile", "A.CUH"):
        make(name)
    found = discover([tmp_path])
    assert found.root == tmp_path
    assert shown(found) == ["A.CUH", "a/x.h", "a/y.cpp", "b.cu"]
    assert found.files[-1] == tmp_path / "b.cu"
    assert found.skipped == ()
    assert found.counts == {}


def test_a_relative_folder(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("p/src/k.cu")
    monkeypatch.chdir(tmp_path)
    assert shown(discover(["p"])) == ["src/k.cu"]
    assert shown(discover(["./p/src/"])) == ["k.cu"]
    assert shown(discover(["."])) == ["p/src/k.cu"]


def test_several_paths_are_shown_from_here(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("here/a/k.cu")
    make("here/b.cu")
    outside = make("there/c.cu")
    monkeypatch.chdir(tmp_path / "here")
    found = discover(["b.cu", "a", "../there"])
    assert found.root == tmp_path / "here"
    assert shown(found) == sorted([outside.as_posix(), "a/k.cu", "b.cu"])


def test_overlapping_paths_give_each_file_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("a/k.cu")
    make("a/l.cu")
    monkeypatch.chdir(tmp_path)
    for paths in (["a", "a/k.cu", "."], ["a/k.cu", ".", "a"], ["a/../a/k.cu", "a/k.cu", "a"]):
        found = discover(paths)
        assert [(c.shown, c.explicit) for c in found.candidates] == [("a/k.cu", True), ("a/l.cu", False)]


@pytest.mark.parametrize("tail", ["nowhere", "k.cu/x", "nul\0"])
def test_missing_path(make: Make, tmp_path: Path, tail: str) -> None:
    make("k.cu")
    with pytest.raises(SourceError, match="no such file or folder") as error:
        discover([tmp_path, f"{tmp_path}/{tail}"])
    assert str(error.value).startswith(f"{tmp_path.as_posix()}/{tail[:3]}")
    assert "\n" not in str(error.value)


def test_no_paths_no_files() -> None:
    assert discover([]).candidates == ()


def test_a_named_file_is_read_whatever_the_rules_say(make: Make, tmp_path: Path) -> None:
    make(".gitignore", "*.cu\n")
    file = make("k.cu")
    found = discover([file], exclude=["*.cu"])
    assert [(c.absolute, c.explicit) for c in found.candidates] == [(os.fspath(file), True)]
    assert discover([tmp_path]).candidates == ()


def test_a_named_file_may_have_any_suffix(make: Make) -> None:
    assert len(discover([make("kernel.txt")]).candidates) == 1


def test_excluded_patterns(make: Make, tmp_path: Path) -> None:
    for name in ("a/k.cu", "third/k.cu", "a/third/k.cu", "a/k_test.cu", "keep.cu"):
        make(name)
    found = discover([tmp_path], exclude=["/third/", "*_test.cu", "./keep.cu"])
    assert shown(found) == ["a/k.cu", "a/third/k.cu"]
    assert found.counts == {"excluded": 3}


def test_no_gitignore_brings_back_what_is_excluded(make: Make, tmp_path: Path) -> None:
    make(".gitignore", "!k.cu\n")
    make("k.cu")
    assert discover([tmp_path], exclude=["k.cu"]).candidates == ()


def test_excludes_are_relative_to_the_named_folder_outside_the_root(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("here/gen/a.cu")
    make("there/gen/a.cu")
    monkeypatch.chdir(tmp_path / "here")
    assert discover([".", "../there"], exclude=["/gen/"]).candidates == ()


def test_nested_gitignore(make: Make, tmp_path: Path) -> None:
    make(".gitignore", "gen_*.cu\nbuild/\n")
    make("a/.gitignore", "!gen_keep.cu\n")
    for name in ("gen_x.cu", "a/gen_x.cu", "a/gen_keep.cu", "gen_keep.cu", "build/k.cu", "a/build/k.cu"):
        make(name)
    found = discover([tmp_path])
    assert shown(found) == ["a/gen_keep.cu"]
    assert found.counts == {"gitignored": 5}


def test_rules_from_above_up_to_the_repository(make: Make, tmp_path: Path) -> None:
    make(".gitignore", "outer.cu\n")
    make("repo/.git/HEAD")
    make("repo/.git/info/exclude", "/src/mine.cu\n")
    make("repo/.gitignore", "/src/gen/\n/gen/\n*.tmp.cu\n")
    for name in ("outer.cu", "mine.cu", "gen/k.cu", "x.tmp.cu", "k.cu"):
        make(f"repo/src/{name}")
    assert shown(discover([tmp_path / "repo/src"])) == ["k.cu", "outer.cu"]


def test_without_a_repository_nothing_above_counts(make: Make, tmp_path: Path) -> None:
    make(".gitignore", "*.cu\n")
    make("a/k.cu")
    assert shown(discover([tmp_path / "a"])) == ["k.cu"]


def test_a_submodule_answers_to_its_own_rules(make: Make, tmp_path: Path) -> None:
    make(".git/HEAD")
    make(".git/modules/sub/info/exclude", "private.cu\n")
    make(".gitignore", "gen.cu\n")
    make("sub/.git", "gitdir: ../.git/modules/sub\n")
    for name in ("gen.cu", "private.cu", "sub/gen.cu", "sub/private.cu"):
        make(name)
    assert shown(discover([tmp_path])) == ["private.cu", "sub/gen.cu"]


def test_a_worktree_uses_the_common_exclude_file(make: Make, tmp_path: Path) -> None:
    make("main/.git/info/exclude", "private.cu\n")
    make("main/.git/worktrees/w/commondir", "../..\n")
    make("w/.git", f"gitdir: {tmp_path}/main/.git/worktrees/w\n")
    make("w/private.cu")
    make("w/k.cu")
    assert shown(discover([tmp_path / "w"])) == ["k.cu"]


def test_a_named_folder_is_walked_though_ignored(make: Make, tmp_path: Path) -> None:
    make(".git/HEAD")
    make(".gitignore", "build/\n*.tmp.cu\n")
    make("build/k.cu")
    make("build/k.tmp.cu")
    assert shown(discover([tmp_path / "build"])) == ["k.cu"]


def test_hidden_folders(make: Make, tmp_path: Path) -> None:
    for name in (".git/k.cu", ".venv/k.cu", "node_modules/k.cu", "a/.hg/k.cu", "build/k.cu", ".k.cu"):
        make(name)
    found = discover([tmp_path])
    assert shown(found) == [".k.cu", "build/k.cu"]
    assert found.counts == {"hidden": 4}


def test_a_named_hidden_folder_is_walked(make: Make, tmp_path: Path) -> None:
    make(".ci/k.cu")
    assert shown(discover([tmp_path / ".ci"])) == ["k.cu"]


def test_symlink_loops(make: Make, tmp_path: Path) -> None:
    make("p/a/k.cu")
    (tmp_path / "p/a/up").symlink_to("..")
    (tmp_path / "p/a/self").symlink_to(".")
    (tmp_path / "p/a/far").symlink_to(tmp_path)
    found = discover([tmp_path / "p"])
    assert shown(found) == ["a/k.cu"]
    assert found.skipped == tuple(Skipped(f"a/{n}", "symlink loop") for n in ("far", "self", "up"))


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    assert discover([tmp_path]).skipped == (Skipped("x", "symlink loop"), Skipped("y", "symlink loop"))


def test_a_loop_through_a_folder_outside(make: Make, tmp_path: Path) -> None:
    make("p/k.cu")
    make("q/l.cu")
    (tmp_path / "p/q").symlink_to(tmp_path / "q")
    (tmp_path / "q/p").symlink_to(tmp_path / "p")
    found = discover([tmp_path / "p"])
    assert shown(found) == ["k.cu", "q/l.cu"]
    assert found.skipped == (Skipped("q/p", "symlink loop"),)


def test_a_folder_is_read_once_under_its_own_name(make: Make, tmp_path: Path) -> None:
    make("z/k.cu")
    (tmp_path / "a").symlink_to("z")
    found = discover([tmp_path])
    assert shown(found) == ["z/k.cu"]
    assert found.skipped == (Skipped("a", "symlink to a folder that is read already"),)


def test_links_to_elsewhere_are_followed_once(make: Make, tmp_path: Path) -> None:
    make("p/k.cu")
    make("ext/l.cu")
    (tmp_path / "p/one").symlink_to(tmp_path / "ext")
    (tmp_path / "p/two").symlink_to(tmp_path / "ext")
    (tmp_path / "p/file.cu").symlink_to(tmp_path / "ext/l.cu")
    (tmp_path / "p/text.txt").symlink_to(tmp_path / "ext/l.cu")
    found = discover([tmp_path / "p"])
    assert len(found.candidates) == 2
    assert shown(found)[1] == "k.cu"
    again = discover([tmp_path / "p"])
    assert again == found


def test_a_link_to_a_file_that_is_read_already(make: Make, tmp_path: Path) -> None:
    make("k.cu")
    (tmp_path / "a.cu").symlink_to("k.cu")
    found = discover([tmp_path])
    assert shown(found) == ["k.cu"]
    assert found.counts == {"symlink to a file that is read already": 1}


def test_ignored_links_are_left_alone(make: Make, tmp_path: Path) -> None:
    make(".gitignore", "/out\n/gone\n")
    make("ext/k.cu")
    make("p/.gitignore", "/out\n/gone\n")
    (tmp_path / "p/out").symlink_to(tmp_path / "ext")
    (tmp_path / "p/gone").symlink_to("nowhere")
    found = discover([tmp_path / "p"])
    assert (found.candidates, found.skipped) == ((), ())
    assert found.counts == {"gitignored": 2}


def test_broken_symlinks(tmp_path: Path) -> None:
    (tmp_path / "k.cu").symlink_to("nowhere.cu")
    assert discover([tmp_path]).skipped == (Skipped("k.cu", "broken symlink"),)
    named = discover([tmp_path / "k.cu"])
    assert [skip.reason for skip in named.skipped] == ["broken symlink"]


def test_parent_of_a_link_is_the_target_s_parent(make: Make, tmp_path: Path) -> None:
    """`link/..` must not be read as the folder that holds the link."""
    make("far/k.cu")
    make("far/in/l.cu")
    make("near/other.cu")
    (tmp_path / "near/link").symlink_to(tmp_path / "far/in")
    assert shown(discover([f"{tmp_path}/near/link/.."])) == ["in/l.cu", "k.cu"]


def test_special_files(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("k.cu")
    os.mkfifo(tmp_path / "pipe.cu")
    (tmp_path / "link.cu").symlink_to("pipe.cu")
    monkeypatch.chdir(tmp_path)  # a socket's path is limited to some hundred bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        found = discover([tmp_path])
    assert shown(found) == ["k.cu"]
    assert found.skipped == tuple(Skipped(n, "not a regular file") for n in ("link.cu", "pipe.cu", "sock"))
    assert discover(["pipe.cu", "/dev/null"]).skipped == (
        Skipped("/dev/null", "not a regular file"),
        Skipped("pipe.cu", "not a regular file"),
    )


def test_a_gitignore_that_is_a_pipe_is_not_opened(make: Make, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    make("k.cu")
    assert shown(discover([tmp_path])) == ["k.cu"]


def test_unreadable_folder(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("a/k.cu")
    make("locked/k.cu")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    found = discover([tmp_path])
    assert shown(found) == ["a/k.cu"]
    assert found.skipped == (Skipped("locked", "permission denied"),)
    assert discover([tmp_path / "locked"]).skipped == (Skipped(".", "permission denied"),)


def test_unreadable_named_path(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = make("locked/k.cu")
    stat = os.stat

    def guarded(path: object, **options: bool) -> os.stat_result:
        if path == os.fspath(locked):
            raise PermissionError(13, "Permission denied", path)
        return stat(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", guarded)
    monkeypatch.chdir(tmp_path)
    assert discover([locked]).skipped == (Skipped("locked/k.cu", "permission denied"),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_really_unreadable_folder(make: Make, tmp_path: Path) -> None:
    make("locked/k.cu")
    (tmp_path / "locked").chmod(0)
    try:
        assert discover([tmp_path]).skipped == (Skipped("locked", "permission denied"),)
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_unreadable_gitignore_is_said(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(".gitignore", "*.cu\n")
    make("k.cu")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    found = discover([tmp_path])
    monkeypatch.undo()
    assert shown(found) == ["k.cu"]
    assert found.skipped == (Skipped(".gitignore", "permission denied"),)


def test_undecodable_and_unprintable_names(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    for name in (b"caf\xe9.cu", b"new\nline.cu", "计算.cu".encode()):
        with open(os.path.join(folder, name), "wb"):
            pass
    found = discover([tmp_path])
    assert shown(found) == ["caf\\xe9.cu", "new\\nline.cu", "计算.cu"]
    for candidate in found.candidates:
        candidate.shown.encode("utf-8")
        assert os.path.exists(candidate.absolute)


def test_current_directory_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    with pytest.raises(SourceError, match="current directory"):
        discover([tmp_path])
