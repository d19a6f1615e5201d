"""`portcheck ported`: what changed since its port was recorded, and what to do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from portcheck.cli import main

KERNELS = """\
__device__ int twice(int n) { return 2 * n; }
__global__ void scale(int* x, int n) { x[threadIdx.x] = twice(n); }
__global__ void add(int* x, int n) { x[threadIdx.x] += n; }
__global__ void add(float* x, int n) { x[threadIdx.x] += n; }
"""
HOST = "void run(int* x, int n) { scale<<<1, 32>>>(x, n); }\n"
PLAN = """\
# ours
schema = 1

[[decision]]
for = "kernel:scale"  # the first
status = "ported"
reason = "merged as !214"
"""
Run = Callable[..., tuple[int, str, str]]


def decision(subject: str, more: str = "") -> str:
    return f'\n[[decision]]\nfor = "{subject}"\nstatus = "ported"\nreason = "r"\n{more}'


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc" / "k.cu").write_text(KERNELS)
    (tmp_path / "csrc" / "host.cu").write_text(HOST)
    (tmp_path / "portcheck-plan.toml").write_text(PLAN)
    (tmp_path / "ascend").mkdir()
    (tmp_path / "ascend" / "k.asc").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    return tmp_path


@pytest.fixture
def run(tree: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*given: str) -> tuple[int, str, str]:
        code = main(["ported", *given])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def edit(tree: Path, old: str, new: str) -> None:
    file = tree / "csrc" / "k.cu"
    file.write_text(file.read_text().replace(old, new))


def test_from_ported_to_changed(run: Run, tree: Path) -> None:
    assert run() == (
        1,
        """\
csrc/k.cu:2:17: kernel:scale: it was ported, and its code was not recorded (merged as !214)
  run: portcheck ported --record
portcheck-plan.toml: not recorded: 1
""",
        "",
    )
    assert run("--record") == (0, "portcheck-plan.toml: up to date: 1; recorded: 1\n", "")
    text = (tree / "portcheck-plan.toml").read_text()
    assert re.sub('"[0-9a-f]{16}"', '"…"', text) == f'{PLAN}fingerprint = "…"\n'
    assert run() == (0, "portcheck-plan.toml: up to date: 1\n", "")
    edit(tree, "x[threadIdx.x] = twice(n);", "\n  x[threadIdx.x] = twice(n); /* a comment */")
    assert run("ascend/k.asc") == (0, "portcheck-plan.toml: up to date: 1\n", "")
    edit(tree, "= twice(n)", "= twice(n + 1)")
    assert run("ascend/k.asc", "csrc/k.cu") == (
        1,
        """\
csrc/k.cu:2:17: kernel:scale: its code changed since it was ported (merged as !214)
  bring the port up to date, take the line `fingerprint` of this decision out of portcheck-plan.toml \
and run: portcheck ported --record
portcheck-plan.toml: changed: 1
""",
        "",
    )
    assert run("--record")[0] == 1, "a change is not recorded by itself"
    (tree / "portcheck-plan.toml").write_text(PLAN)
    assert run("--record")[0] == 0


def test_the_kernels_own_helper_counts_as_its_code(run: Run, tree: Path) -> None:
    assert run("--record")[0] == 0
    edit(tree, "return 2 * n", "return 3 * n")
    assert run()[0] == 1


def test_in_chinese(run: Run) -> None:
    assert run("--lang", "zh")[1] == (
        """\
csrc/k.cu:2:17: kernel:scale: 已移植，但未记录其代码 (merged as !214)
  运行：portcheck ported --record
portcheck-plan.toml: 未记录：1
"""
    )


def test_what_is_gone(run: Run, tree: Path) -> None:
    (tree / "portcheck-plan.toml").write_text(decision("kernel:ns::scale"))
    assert run("--record") == (
        1,
        """\
portcheck-plan.toml: kernel:ns::scale: it was ported, and no code of that name is left (r)
  if it was renamed, change the name in portcheck-plan.toml; if it was removed, take the decision out
portcheck-plan.toml: gone: 1
""",
        "",
    )


def test_an_overload_before_it_changes_no_port(run: Run, tree: Path) -> None:
    (tree / "portcheck-plan.toml").write_text(decision("kernel:add#2"))
    assert run("--record")[0] == 0
    edit(tree, "__global__ void add(int*", "__global__ void add(char* x) {}\n__global__ void add(int*")
    assert run()[0] == 0
    edit(tree, "add(float* x, int n) { x[threadIdx.x] += n; }", "add(float* x, int n) { x[0] += n; }")
    assert run()[0] == 1


def test_host_code_and_helpers_that_no_finding_tells_of(run: Run, tree: Path) -> None:
    (tree / "csrc" / "plain.cu").write_text("__device__ int alone(int n) { return n; }\nvoid f() {}\n")
    subjects = ("host:csrc/plain.cu", "helper:alone", "host:csrc/host.cu")
    (tree / "portcheck-plan.toml").write_text("".join(map(decision, subjects)))
    assert run("--record") == (0, "portcheck-plan.toml: up to date: 3; recorded: 3\n", "")


def test_the_fingerprints_are_those_of_the_plan(run: Run, tree: Path) -> None:
    assert main(["plan", ".", "--target", "910B", "-o", "out", "-q"]) == 0
    items = {i["id"]: i["fingerprint"] for i in json.loads((tree / "out" / "plan.json").read_text())["items"]}
    assert {"kernel:scale", "kernel:add", "kernel:add#2", "host:csrc/host.cu"} <= items.keys()
    more = (decision(key, f'fingerprint = "{print_}"\n') for key, print_ in items.items())
    (tree / "portcheck-plan.toml").write_text("".join(more))
    code, out, _ = run()
    assert (code, out.splitlines()[-1]) == (0, f"portcheck-plan.toml: up to date: {len(items)}")


def test_other_decisions_are_no_ports(run: Run, tree: Path) -> None:
    (tree / "portcheck-plan.toml").write_text(PLAN.replace("ported", "deferred"))
    assert run() == (0, "portcheck-plan.toml: nothing is marked as ported\n", "")


def test_a_named_file_and_tree(run: Run, tree: Path) -> None:
    (tree / "portcheck-plan.toml").rename(tree / "ascend" / "plan.toml")
    code, out, _ = run("--decisions", "ascend/plan.toml", "--tree", "csrc", "--record")
    assert (code, out) == (0, "ascend/plan.toml: up to date: 1; recorded: 1\n")


def test_two_files_of_decisions(run: Run, tree: Path) -> None:
    (tree / "other").mkdir()
    (tree / "other" / "portcheck-plan.toml").write_text(decision("kernel:gone"))
    (tree / "other" / "k.cu").write_text(KERNELS)
    code, out, _ = run("csrc/k.cu", "other/k.cu", "csrc/host.cu")
    assert code == 1
    assert [
        line for line in out.splitlines() if line.startswith(("portcheck", "other")) and "kernel" not in line
    ] == [
        "portcheck-plan.toml: not recorded: 1",
        "other/portcheck-plan.toml: gone: 1",
    ]


@pytest.mark.parametrize(
    ("given", "text", "problem"),
    [
        (["nowhere.asc"], PLAN, "nowhere.asc: no such file or folder\n"),
        (["--decisions", "none.toml"], PLAN, "cannot read none.toml: no such file\n"),
        ([], 'schema = 1\n[[decision]]\nfor = "x"\n', "portcheck-plan.toml:2: decision[1].status: missing\n"),
        ([], "[[decision]\n", "portcheck-plan.toml:1: not TOML: "),
        (["ascend"], None, "no portcheck-plan.toml at or above ascend\nit says what is ported; "),
    ],
)
def test_refusals(run: Run, tree: Path, given: list[str], text: str | None, problem: str) -> None:
    file = tree / "portcheck-plan.toml"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    code, out, err = run(*given)
    assert (code, out) == (2, "")
    assert err.startswith("portcheck: error: ")
    assert problem in err


def test_no_code_is_no_success(run: Run, tree: Path) -> None:
    code, out, err = run("--tree", "ascend")
    assert (code, out) == (3, "")
    assert err == "portcheck: error: nothing was analysed: no CUDA or C++ file was found\n"
