"""`portcheck show transfers`: what moves in a small tree, in every format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from portcheck.cli import main
from portcheck.report.schema import schema_text

STAGES = """\
struct alignas(16) int4 { int x, y, z, w; };
__global__ void stages(int4* out) {
    extern __shared__ __align__(1024) char smem[];
    for (int i = 0; i < 2; ++i) {
        char* stage = smem + 4624 * i;
        const int lane = threadIdx.x % 32;
        reinterpret_cast<int4*>(stage)[lane] = out[lane];
    }
}
"""
SCHEMA = json.loads(schema_text())
Show = Callable[..., tuple[int, str, str]]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    (tmp_path / "stages.cu").write_text(STAGES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*given: str) -> tuple[int, str, str]:
        code = main(["show", "transfers", *given])
        out, err = capsys.readouterr()
        return code, re.sub(r"(?<=\w)#\d+", "", out), err  # numbers tell names apart, and may change

    return run


def test_text(show: Show) -> None:
    code, out, err = show(".")
    assert (code, err) == (0, "")
    for part in (
        "Transfers\nstages.cu:7:9  store of int4  contiguous  in stages\n  to      UB:4624*i + smem\n",
        "  310P 910B 910C 950  violated: i=1 gives 4624, 4624 mod 32 = 16\n",
        "\nstages.cu:7:48  load of int4  contiguous  in stages\n  from    GM:out\n  length  512\n",
        "  layout stage  in stages\n  at      UB:4624*i + smem\n",
        "\nSummary\n",
        "\n    shared-maps-to-ub   The shared memory",
        "\n  files    1 read, ",
    ):
        assert part in out


def test_json(show: Show) -> None:
    code, out, err = show(".", "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    Draft202012Validator(SCHEMA).validate(found)
    assert not {"facts", "kernels", "calls"} & set(found)
    assert [(t["line"], t["operation"]) for t in found["transfers"]] == [
        (7, "store of int4"),
        (7, "load of int4"),
    ]
    store = found["transfers"][0]
    assert store["source"] is None
    assert store["destination"] == {"space": "UB", "expression": "4624*i + smem"}
    assert (store["kernel"], store["verdict"], store["length"]) == ("stages", "violated", "512")
    start = next(s for s in store["statements"] if s["quantity"] == "vector_start")
    assert (start["code"], start["severity"], start["modulus"]) == ("VEC001", "breaks", 32)
    assert (start["verdict"], start["witness"]["i"], start["value"]) == ("violated", 1, 4624)
    assert any(step["line"] == 5 for step in start["derivation"])
    assert [layout["name"] for layout in found["layouts"]] == ["stage"]
    assert found["coverage"]["files_read"] == 1
    assert "shared-maps-to-ub" in [assumption["id"] for assumption in found["assumptions"]]


def test_json_lines(show: Show) -> None:
    _, out, _ = show(".", "--format", "jsonl")
    line = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
    found = [json.loads(text) for text in out.splitlines()]
    for record in found:
        line.validate(record)
    assert [record["kind"] for record in found] == ["layout", "transfer", "transfer", "coverage"]
    assert found[1]["bytes"] == 512
    assert found[1]["detail"] == "store of int4, contiguous"


def test_nothing_that_moves(show: Show, tmp_path: Path) -> None:
    (tmp_path / "stages.cu").write_text("__global__ void idle() {}\n")
    code, out, _ = show(".")
    assert code == 0
    assert out.startswith("Summary\n")


def test_nothing_to_analyse(show: Show, tmp_path: Path) -> None:
    (tmp_path / "stages.cu").unlink()
    code, _, err = show(".")
    assert code == 3
    assert err == "portcheck: error: nothing was analysed: no CUDA or C++ file was found\n"


def test_kinds_choose_nothing_here(show: Show) -> None:
    code, out, err = show(".", "--kind", "launch")
    expected = "portcheck: error: --kind chooses among facts; 'show transfers' has none\n"
    assert (code, out, err) == (2, "", expected)


def test_a_missing_path(show: Show) -> None:
    assert show("nowhere")[::2] == (2, "portcheck: error: nowhere: no such file or folder\n")
