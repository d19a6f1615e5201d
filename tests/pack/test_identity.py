"""A finding's identity: what it survives, and what changes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack import Finding, findings, pack
from portcheck.pack.identity import Statements, identities, identity
from portcheck.targets import targets

CODE = """\
__device__ float total(float* p, float v) {
  int lane = threadIdx.x % 32;
  atomicAdd(p, v);
  atomicAdd(p + 1, v);
  atomicAdd(p + 1, v);
  return lane == 0 ? v : 0.f;
}
__global__ void k(float* p) { total(p, p[0]); }
"""


def named(folder: Path, code: str, part: str = "atomicAdd") -> dict[int, str]:
    """The identities of the findings of the rule that finds most there, by their lines."""
    (folder / "a.cu").write_text(code)
    wanted = [f for f in findings(analyse([str(folder)]), pack(), targets()) if part in _line(code, f)]
    codes = [f.rule.code for f in wanted]
    code_of = max(sorted(codes), key=codes.count)
    return {f.place.line: f.identity for f in wanted if f.rule.code == code_of}


def _line(code: str, finding: Finding) -> str:
    return code.splitlines()[finding.place.line - 1]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    return named(tmp_path_factory.mktemp("before"), CODE)


def test_every_place_has_its_own(before: dict[int, str]) -> None:
    assert list(before) == [3, 4, 5]
    assert len(set(before.values())) == 3
    assert all(len(n) == 16 for n in before.values())


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("__device__ float", "// a comment\n\n#include <cstdio>\n__device__ float", 3),  # moved
        ("  atomicAdd(", "\t\tatomicAdd (  ", 0),  # re-indented
        ("int lane", "int lane_of_warp", 0),  # renamed elsewhere
        ("(p, v);", "(p /* sum */,\n      v);  // of all", 0),  # commented and broken
        ("__global__ void k", "__global__ void other", 0),  # another function
    ],
)
def test_survives(before: dict[int, str], tmp_path: Path, old: str, new: str, lines: int) -> None:
    code = CODE.replace(old, new)
    if "lane" in new:
        code = code.replace("return lane ", "return lane_of_warp ")
    found = named(tmp_path, code)
    assert list(found.values()) == list(before.values())
    assert min(found) == 3 + lines


def test_it_survives_a_renamed_parameter(before: dict[int, str], tmp_path: Path) -> None:
    code = CODE.replace("float v", "float value").replace(", v)", ", value)").replace("? v", "? value")
    assert list(named(tmp_path, code).values()) == list(before.values())


def test_an_equal_statement_elsewhere_is_another_finding(tmp_path: Path) -> None:
    other = CODE.replace("total", "again").split("__global__")[0]
    found = named(tmp_path, other + CODE)
    assert len(found) == len(set(found.values())) == 6


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("(p, v)", "(p, 2 * v)", [False, True, True]),  # the statement itself
        ("(p, v)", "(p, p[1])", [False, True, True]),  # another name of those that are there
        ("float total", "float summed", [False, False, False]),  # the function's name
    ],
)
def test_changes_with(before: dict[int, str], tmp_path: Path, old: str, new: str, kept: list[bool]) -> None:
    found = named(tmp_path, CODE.replace(old, new))
    assert [a == b for a, b in zip(before.values(), found.values(), strict=True)] == kept


def test_equal_statements_are_counted(before: dict[int, str], tmp_path: Path) -> None:
    """One of two equals that goes takes the last number with it: the first keeps its decision."""
    line = "  atomicAdd(p + 1, v);\n"
    found = named(tmp_path, CODE.replace(line + line, line))
    assert list(found.values()) == list(before.values())[:2]


def test_the_order_of_findings_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text(CODE)
    analysis = analyse([str(tmp_path / "a.cu")])
    found = findings(analysis, pack(), targets())
    statements = Statements(analysis.reading.parsed)
    assert identities(found[::-1], statements) == identities(found, statements)[::-1]
    assert len(set(identities(found, statements))) == len(found)


def test_the_recipe_is_fixed() -> None:
    """The documented recipe, computed by hand: a change here makes users lose their decisions."""
    from hashlib import sha256

    text = b"finding-1\0MTE001\0a.cu\0ns::f\0x=1;\x001\0"
    assert identity("MTE001", "a.cu", "ns::f", b"x=1;", 1) == sha256(text).hexdigest()[:16]
