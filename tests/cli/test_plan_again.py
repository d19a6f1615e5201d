"""`portcheck plan` a second time: what changed, what was decided; what callers pass; annotated copies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portcheck.cli import main

SOURCE = """\
__global__ void copy(const int4* x, int4* y) {
    extern __shared__ __align__(1024) char smem[];
    const int lane = threadIdx.x % 32;
    reinterpret_cast<int4*>(smem + 16)[lane] = x[lane];
    __syncthreads();
    y[lane] = reinterpret_cast<int4*>(smem + 16)[lane];
}
void run(const int4* x, int4* y) { copy<<<1, 32, 1024>>>(x, y); }
"""
Plan = Callable[..., dict[str, Any]]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Plan:
    monkeypatch.chdir(tmp_path)
    Path("src").mkdir()

    def call(source: str, *more: str, target: str = "910B") -> dict[str, Any]:
        Path("src/a.cu").write_text(source, encoding="utf-8")
        assert main(["plan", "src", "--target", target, "-o", "plan", "--lang", "en", *more]) == 0
        capsys.readouterr()
        document: dict[str, Any] = json.loads(Path("plan/plan.json").read_text(encoding="utf-8"))
        return document

    return call


def section(title: str) -> str:
    """The text of one section of plan.md."""
    text = Path("plan/plan.md").read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].strip()


def decide(subject: str, status: str, reason: str) -> None:
    with Path("plan/portcheck-plan.toml").open("a", encoding="utf-8") as file:
        file.write(f'[[decision]]\nfor = "{subject}"\nstatus = "{status}"\nreason = "{reason}"\n')


def test_the_first_plan_and_one_without_a_change(plan: Plan) -> None:
    assert plan(SOURCE)["changes"] is None
    assert section("Since the last plan").startswith("This is the first plan in this folder")
    again = plan("// a comment that moves every line\n\n" + SOURCE)["changes"]
    assert not any(again.values())
    assert section("Since the last plan") == "Nothing changed."


def test_a_ported_kernel_whose_source_changes(plan: Plan) -> None:
    """The issue's own case: one kernel edited in between, the difference shown, decisions kept."""
    first = plan(SOURCE)
    kept = next(f for f in first["items"][0]["findings"] if f["verdict"] == "violated")
    decide("kernel:copy", "ported", "merged as !214")
    decide(kept["identity"], "accepted", "measured")
    assert not any(plan(SOURCE)["changes"].values())
    stamped = Path("plan/portcheck-plan.toml").read_text(encoding="utf-8")
    assert f'fingerprint = "{first["items"][0]["fingerprint"]}"' in stamped

    edited = SOURCE.replace(
        "__syncthreads();", "__syncthreads();\n    if (__any_sync(~0u, lane)) y[40] = x[40];"
    )
    changed = plan(edited)
    assert changed["changes"]["stale"] == [
        {
            "id": "kernel:copy",
            "before": first["items"][0]["fingerprint"],
            "now": changed["items"][0]["fingerprint"],
        }
    ]
    assert [c["id"] for c in changed["changes"]["changed_items"]] == ["kernel:copy"]
    assert changed["changes"]["new_findings"]
    assert all(told["place"] == "a.cu:6" for told in changed["changes"]["new_findings"])
    assert Path("plan/portcheck-plan.toml").read_text(encoding="utf-8") == stamped
    told = section("Since the last plan")
    assert told.startswith(
        "**Ported, but the CUDA source has changed since** (1)\n\n- `kernel:copy`: ported from"
    )
    assert f"`{kept['identity']}`" in section("Decisions")
    assert "| accepted | measured |" in section("Decisions")


def test_what_is_gone_and_whose_decision_is_left_over(plan: Plan) -> None:
    plan(SOURCE)
    decide("kernel:copy", "deferred", "after the holidays")
    changes = plan(SOURCE.replace("copy", "move"))["changes"]
    assert (changes["new_items"], changes["gone_items"]) == (["kernel:move"], ["kernel:copy"])
    assert changes["orphans"] == ["kernel:copy"]
    assert "Decisions on what is no more" in section("Since the last plan")


def test_another_target_compares_items_alone(plan: Plan) -> None:
    plan(SOURCE)
    changes = plan(SOURCE, target="950")["changes"]
    assert changes["target_before"] == "910B"
    assert (changes["new_findings"], changes["gone_findings"], changes["changed_items"]) == ([], [], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[decision]]\nfor = "kernel:copy"\nstatus = "done"\nreason = "x"\n', "is 'done'; there are todo"),
        ('[[decision]]\nfor = "kernel:copy"\nstatus = "todo"\n', "missing"),
        ("[[decision]\n", "portcheck-plan.toml:1"),
    ],
)
def test_decisions_with_mistakes_stop_before_anything_is_written(
    plan: Plan, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    plan(SOURCE)
    before = Path("plan/plan.json").read_bytes()
    Path("plan/portcheck-plan.toml").write_text(text, encoding="utf-8")
    assert main(["plan", "src", "--target", "950", "-o", "plan"]) == 2
    assert said in capsys.readouterr().err
    assert Path("plan/plan.json").read_bytes() == before


def test_decisions_before_the_first_plan(plan: Plan) -> None:
    Path("plan").mkdir()
    decide("kernel:copy", "todo", "first of all")
    assert plan(SOURCE)["decisions"][0]["reason"] == "first of all"


COMBINE = """\
#include <cuda_bf16.h>
__global__ void gather(int4* out, const int4* x, const float* topk_weights, const int* topk_idx,
                       int num_tokens, int num_topk, int hidden, int num_experts, int num_ranks) {
  for (int t = blockIdx.x; t < num_tokens; t += gridDim.x)
    for (int i = threadIdx.x; i < hidden / 8; i += blockDim.x) {
      float sum[8] = {0};
      for (int k = 0; k < num_topk; ++k) {
        int4 part = nvshmem_row(x, topk_idx[t * num_topk + k])[i];
        const nv_bfloat16* values = reinterpret_cast<const nv_bfloat16*>(&part);
        for (int j = 0; j < 8; ++j)
          sum[j] += topk_weights[t * num_topk + k] * __bfloat162float(values[j]);
      }
      nv_bfloat16 rounded[8];
      for (int j = 0; j < 8; ++j)
        rounded[j] = __float2bfloat16(sum[j]);
      out[t * (hidden / 8) + i] = *reinterpret_cast<int4*>(rounded);
    }
  nvshmem_quiet();
}
"""
CALLERS = (
    "hidden=7168", "batch_tokens=128", "top_k=8", "experts=64", "ranks=8", "dtype=bf16", "quantisation=none",
)  # fmt: skip


def category(document: dict[str, Any], item: str) -> str:
    return next(str(one["category"]) for one in document["items"] if one["id"] == item)


def test_what_callers_pass_decides_on_an_operator(plan: Plan) -> None:
    given = [word for value in CALLERS for word in ("--given", value)]
    assert category(plan(COMBINE), "kernel:gather") != "operator-exists"
    assert category(plan(COMBINE, *given), "kernel:gather") == "operator-exists"
    layer = section("What exists as an operator")
    assert "`npu_moe_gating_top_k`" in layer
    assert "`npu_grouped_matmul`" in layer


def test_a_value_outside_the_limits_is_said(plan: Plan) -> None:
    document = plan(COMBINE, "--given", "top_k=32")
    answers = next(one["operators"] for one in document["items"] if one["id"] == "kernel:gather")
    answer = next(a for a in answers if a["calls"] == ["npu_moe_distribute_combine_v2"])
    assert answer["standing"] == "outside"
    limit = next(one for one in answer["limits"] if one["quantity"] == "top_k")
    assert (limit["limit"], limit["standing"], limit["code"]) == ("1 to 16", "outside", ["32"])


def test_a_value_that_no_kernel_admits(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    only = COMBINE.replace("__global__", "template <int num_topk>\n__global__").replace("int num_topk, ", "")
    only += "void run(int4* p, float* w, int* i) { gather<8><<<1, 32>>>(p, p, w, i, 1, 64, 8, 1); }\n"
    Path("src/a.cu").write_text(only, encoding="utf-8")
    assert main(["plan", "src", "--target", "910B", "-o", "plan", "--given", "top_k=4"]) == 2
    assert "no kernel that has operators admits top_k=4" in capsys.readouterr().err
    assert not Path("plan").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hiden=1", "no quantity 'hiden'"),
        ("hidden", "must be NAME=VALUE"),
        ("hidden=bf16", "must be a number"),
        ("dtype=7", "must be one of"),
        ("top_k=0", "must be at least 1"),
    ],
)
def test_what_cannot_be_given(plan: Plan, capsys: pytest.CaptureFixture[str], given: str, said: str) -> None:
    Path("src/a.cu").write_text(COMBINE, encoding="utf-8")
    assert main(["plan", "src", "--target", "910B", "-o", "plan", "--given", given]) == 2
    assert said in capsys.readouterr().err
    assert not Path("plan").exists()


def test_annotated_copies(plan: Plan) -> None:
    plan(SOURCE, "--annotate", "copies")
    first = Path("copies/a.cu").read_text(encoding="utf-8")
    assert "// portcheck[" in first
    assert Path("src/a.cu").read_text(encoding="utf-8") == SOURCE
    assert "".join(line for line in first.splitlines(keepends=True) if "// portcheck[" not in line) == SOURCE


def test_copies_never_replace_sources(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    Path("src/a.cu").write_text(SOURCE, encoding="utf-8")
    assert main(["plan", "src", "--target", "910B", "-o", "plan", "--annotate", "src"]) == 2
    assert "is a source" in capsys.readouterr().err
    assert Path("src/a.cu").read_text(encoding="utf-8") == SOURCE
