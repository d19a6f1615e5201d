"""`portcheck show memory`: maps, amounts, repairs, checks and bases of a small tree, in every format."""
# ruff: noqa: E501

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from portcheck.cli import main
from portcheck.report.schema import schema_text

STAGES = """\
struct alignas(16) int4 { int x, y, z, w; };
template <int kWarpBytes>
__global__ void stages(int4* out, int hidden_int4) {
    constexpr int kStageBytes = 512 * 9 + 16;
    static_assert(kStageBytes * 2 <= kWarpBytes, "no room");
    extern __shared__ __align__(1024) char smem[];
    __shared__ int flags[4];
    assert(16 * (hidden_int4 / 2) + 8 <= kWarpBytes);
    for (int i = 0; i < 2; ++i) {
        char* stage = smem + kStageBytes * i;
        *reinterpret_cast<int4*>(stage) = *out;
        *reinterpret_cast<int4*>(stage + 4608) = *out;
    }
    *reinterpret_cast<int4*>(smem + 64) = *out;
}
void launch(int4* out, int n, int m) {
    stages<9248><<<20, 512, 200 * 1024>>>(out, n);
    stages<9248><<<20, 256, 4 * 9248>>>(out, m);
}
"""
REPORT = """\
Shared memory
stages.cu:3  stages
  offset           % 32            bytes  what                     where
  smem             0           at launch  shared, aligned to 1024  stages.cu:6
    64             0                  16  store of int4            stages.cu:14
    4624*i         0 or 16                stage                    stages.cu:10
                                      16  store of int4            stages.cu:11
    4624*i + 4608  0 or 16            16  store of int4            stages.cu:12
  flags            0, 4, … 28         16  shared, aligned to 4     stages.cu:7
  launched at stages.cu:17, stages.cu:18 with kWarpBytes=9248
  needs 204,816 bytes, 16 of them in variables  at stages.cu:17
    breaks  MEM001 ub-capacity  310P 950            fits, 49,136 bytes or more left
    breaks  MEM001 ub-capacity  910B 910C           8,464 bytes too much for 196,352
    note    MEM002 ub-scratch   310P                fits, 49,136 bytes left
    note    MEM002 ub-scratch   910B 910C           16,400 bytes too much for 188,416
  needs  37,008 bytes, 16 of them in variables  at stages.cu:18  fits, 151,408 bytes or more left on every target

Repairs
  stages.cu:4  kStageBytes 4624 → 4640  (+16 bytes a stage)
    then breaks  static_assert(kStageBytes * 2 <= kWarpBytes)  stages.cu:5

Size checks
  stages.cu:8  assert(16 * (hidden_int4 / 2) + 8 <= kWarpBytes)  in stages
    traps unless (hidden_int4 / 2) <= 577
    e.g. hidden_int4=1156, kWarpBytes=9248: 8 too much
  1 more check that can never fail

Bases in global memory
  unknown  given from outside: no check in the tree constrains its address; a tensor view may start at any element
  would decide it: a check on its address, such as reinterpret_cast<uintptr_t>(p) % 32 == 0
    stages  out

Summary
  kernels   1 with shared memory
  offsets   3: 1 multiples of 32, 2 at times, 0 never, 0 not known
  amounts   2: 1 too much for a target, 0 for some sizes
  assuming
"""
SCHEMA = json.loads(schema_text())
Show = Callable[..., tuple[int, str, str]]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    (tmp_path / "stages.cu").write_text(STAGES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*given: str) -> tuple[int, str, str]:
        code = main(["show", "memory", *given])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_text(show: Show) -> None:
    code, out, err = show(".")
    assert (code, err) == (0, "")
    head, found, tail = out.partition("  assuming\n")
    assert head + found == REPORT
    assert "\n    shared-maps-to-ub   The shared memory" in f"\n{tail}"
    assert "\n  files    1 read, " in tail


def test_json(show: Show) -> None:
    code, out, err = show(".", "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    Draft202012Validator(SCHEMA).validate(found)
    assert not {"facts", "kernels", "calls", "transfers", "layouts"} & set(found)
    [memory] = found["memory"]
    assert (memory["function"], memory["line"], memory["bytes"]) == ("stages", 3, 204816)
    assert [(v["name"], v["alignment"], v["bytes"]) for v in memory["variables"]] == [
        ("smem", 1024, None),
        ("flags", 4, 16),
    ]
    rows = [(r["base"], r["offset"], r["constant"], r["residues"], r["verdict"]) for r in memory["map"]]
    assert rows == [
        ("smem", "64", 64, [0], "holds"),
        ("smem", "4624*i", None, [0, 16], "violated"),
        ("smem", "4624*i + 4608", None, [0, 16], "violated"),
    ]
    users = [(u["what"], u["name"], u["line"], u["length"]) for u in memory["map"][1]["users"]]
    assert users == [("layout", "stage", 10, None), ("transfer", "store of int4", 11, "16")]
    first = memory["needs"][0]
    assert (first["bytes"], first["dynamic_bytes"], first["expression"]) == (204816, 204800, "204816")
    assert [(x["line"], x["label"]) for x in first["launches"]] == [(17, "kWarpBytes=9248")]
    fits = [(f["code"], f["severity"], f["target"], f["over"], f["verdict"]) for f in first["fits"]]
    assert ("MEM001", "breaks", "910B", 8464, "violated") in fits
    assert ("MEM002", "note", "310P", -49136, "holds") in fits
    [repair] = found["repairs"]
    assert (repair["name"], repair["bytes_now"], repair["bytes_needed"]) == ("kStageBytes", 4624, 4640)
    assert [(b["line"], b["text"]) for b in repair["breaks"]] == [
        (5, "static_assert(kStageBytes * 2 <= kWarpBytes)")
    ]
    checks = [(c["line"], c["verdict"], c["kernels"]) for c in found["size_checks"]]
    assert checks == [(5, "holds", ["stages"]), (8, "depends", ["stages"])]
    bases = [(b["space"], b["name"], b["verdict"], b["line"]) for b in found["bases"]]
    assert bases == [
        ("UB", "smem", "holds", 6),
        ("UB", "flags", "unknown", 7),
        ("GM", "out", "unknown", 3),
    ]
    assert "shared-maps-to-ub" in [assumption["id"] for assumption in found["assumptions"]]


def test_json_lines(show: Show) -> None:
    _, out, _ = show(".", "--format", "jsonl")
    line = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
    found = [json.loads(text) for text in out.splitlines()]
    for record in found:
        line.validate(record)
    kinds = [record["kind"] for record in found]
    assert kinds == ["memory", "repair", "size_check", "size_check", "base", "base", "base", "coverage"]
    assert found[1]["detail"] == "kStageBytes 4624 -> 4640"


def test_no_shared_memory(show: Show, tmp_path: Path) -> None:
    (tmp_path / "stages.cu").write_text("__global__ void idle() {}\n")
    code, out, _ = show(".")
    assert code == 0
    assert out.startswith("Summary\n  kernels   0 with shared memory\n")


def test_a_kernel_that_is_not_launched(show: Show, tmp_path: Path) -> None:
    (tmp_path / "stages.cu").write_text("__global__ void idle() { __shared__ int a[4]; a[0] = 1; }\n")
    _, out, _ = show(".")
    assert "\n  launched nowhere in these files\n" in out


def test_paths_open_from_the_current_folder(show: Show, tmp_path: Path) -> None:
    (tmp_path / "csrc").mkdir()
    (tmp_path / "stages.cu").rename(tmp_path / "csrc/stages.cu")
    _, out, _ = show("csrc")
    assert "\ncsrc/stages.cu:3  stages\n" in out
    assert "  csrc/stages.cu:4  kStageBytes 4624" in out


def test_kinds_choose_nothing_here(show: Show) -> None:
    code, out, err = show(".", "--kind", "launch")
    expected = "portcheck: error: --kind chooses among facts; 'show memory' has none\n"
    assert (code, out, err) == (2, "", expected)


def test_nothing_to_analyse(show: Show, tmp_path: Path) -> None:
    (tmp_path / "stages.cu").unlink()
    code, _, err = show(".")
    assert code == 3
    assert err == "portcheck: error: nothing was analysed: no CUDA or C++ file was found\n"
