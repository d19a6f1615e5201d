"""Findings in one file are the same whether everything is analysed or only what may lead there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.analysis.reach import Reach, within
from portcheck.pack import Finding, findings, pack
from portcheck.targets import targets

SAMPLES = Path(__file__).parents[2] / "samples"
SOURCES = {
    "common.cuh": "#define STORE(p) put_##p(p)\n#define PLAIN(x) helper(x)\n",
    "a.cu": '#include "inner.cuh"\n__global__ void a(Inner* p) { p->x = 1; }\n',
    "b.cu": "__device__ void helper(int*);\n__global__ void b(int* p) { helper(p); }\n",
    "d.cu": "__global__ void d(int* p) { PLAIN(p); }\n",
    "helper.cu": "__device__ void helper(int* p) { int count = 0; p[count] = 2; }\n",
    "c.cu": "__global__ void c(int* p) { int count = 3; p[count] = 3; }\n",
    "inner.cuh": "struct Inner { int x; };\n",
    "space.cu": "namespace far { __device__ void helper(int* p) { p[0] = 5; } }\n",
    "inside.cu": "__global__ void e(int* p) { far::helper(p); }\n",
    "renamed.cuh": "namespace near = far;\n",
    "ops.cuh": "struct Two { int x; };\n__device__ Two operator+(Two a, Two b) { return a; }\n",
}

SPECIAL = {"common.cuh", "d.cu", "ops.cuh", "space.cu", "inside.cu", "renamed.cuh"}


def leading(folder: Path, file: str, *more: str) -> list[str]:
    """The functions that lead to a file; of those with something special in them, only `more` are there."""
    for name, text in SOURCES.items():
        if name not in SPECIAL or name in more:
            (folder / name).write_text(text, encoding="utf-8")
    analysis = analyse([str(folder)])
    reach = Reach(analysis.reading, within([file]))
    return sorted(f.name for f in analysis.functions if reach(f))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("c.cu", ["c"]),  # a local `count` leads nowhere
        ("inner.cuh", ["a"]),
        ("helper.cu", ["b", "helper"]),
    ],
)
def test_names_lead_on(tmp_path: Path, file: str, expected: list[str]) -> None:
    assert leading(tmp_path, file) == expected


def test_a_macro_that_pastes_leads_everywhere(tmp_path: Path) -> None:
    assert leading(tmp_path, "c.cu", "common.cuh", "d.cu") == ["c", "d"]  # d uses PLAIN from there


def test_an_operator_is_reached_without_a_name(tmp_path: Path) -> None:
    assert leading(tmp_path, "ops.cuh", "ops.cuh") == ["a", "b", "c", "helper", "operator+"]


def test_a_namespace_is_named_as_well(tmp_path: Path) -> None:
    assert leading(tmp_path, "space.cu", "space.cu", "inside.cu") == ["e", "helper"]
    assert "b" in leading(tmp_path, "space.cu", "space.cu", "renamed.cuh")  # it may be called otherwise


def test_folders_and_files() -> None:
    inside = within(["csrc", "a.cu"])
    assert [inside(p) for p in ("csrc/b.cu", "a.cu", "csrc2/b.cu", "a.cuh")] == [True, True, False, False]
    assert within(["."])("anything.cu")


def told(found: Iterable[Finding], path: str) -> list[tuple[object, ...]]:
    conditions = ((f, f.proof.condition if f.proof is not None else None) for f in found)
    return [
        (f.identity, f.verdicts, f.message(), f.why, str(c)) for f, c in conditions if f.place.path == path
    ]


@pytest.mark.parametrize("file", ["intranode_combine.cu", "layout.cu", "notify.cu", "cursor_buffer.cuh"])
def test_the_findings_of_a_file_are_those_of_the_whole_tree(whole: list[Finding], file: str) -> None:
    some = findings(analyse([str(SAMPLES)], only=(file,)), pack(), targets())
    assert told(some, file) == told(whole, file)
    assert told(whole, file)


@pytest.fixture(scope="module")
def whole() -> list[Finding]:
    return list(findings(analyse([str(SAMPLES)]), pack(), targets()))
