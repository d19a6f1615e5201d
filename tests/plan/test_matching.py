"""Operators first: what the code instantiates, against the limits; three-valued and with places."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack.subjects import View
from portcheck.plan.instances import Instantiated, instantiated
from portcheck.plan.matching import Answer, Standing, layer, match

SAMPLES = Path(__file__).parents[2] / "samples"
PAIR = "MoeDistributeDispatch and MoeDistributeCombine"
KERNEL = """\
#include <cuda_bf16.h>
template <int kHidden>
__global__ void dispatch(int4* recv_x, const nv_bfloat16* x, const int* topk_idx, int num_topk,
                         int num_tokens, int num_experts, int num_ranks MORE) {
  const int4* row = reinterpret_cast<const int4*>(x);
  recv_x[threadIdx.x] = row[threadIdx.x];
}
void run(int4* r, const nv_bfloat16* x, const int* t, int num_topk, int num_tokens, int num_experts,
         int num_ranks, int hidden) {
  if (num_topk > TOPK) throw 1;
  if (num_tokens > 128 || num_experts != 256 || num_ranks != 16) throw 1;
  switch (hidden) {
CASES
  }
}
"""


def code(folder: Path, hidden: tuple[int, ...], *, topk: int = 8, more: str = "") -> Instantiated:
    """The one stage of a small tree that launches it with these hidden sizes."""
    given = ", nullptr" if more else ""
    passed = f"r, x, t, num_topk, num_tokens, num_experts, num_ranks{given}"
    cases = "\n".join(f"    case {h}: dispatch<{h}><<<1, 32>>>({passed}); break;" for h in hidden)
    text = KERNEL.replace("MORE", more).replace("TOPK", str(topk)).replace("CASES", cases)
    source = folder / "a.cu"
    source.write_text(text, encoding="utf-8")
    (found,) = instantiated(View(analyse([str(source)])))
    return found


def answer(found: Instantiated, target: str, operator: str = PAIR, mode: str = "", **given: int) -> Answer:
    answers = match(found.stage, found, target, given=given)
    return next(a for a in answers if a.operator.name == operator and mode in ("", a.mode))


def standing(found: Answer, quantity: str) -> Standing:
    return next(a.standing for a in found.limits if a.quantity.name == quantity)


def test_inside_where_every_number_is_fixed_and_within(tmp_path: Path) -> None:
    found = code(tmp_path, (2048, 7168))
    assert (found.stage, found.complete) == ("dispatch", True)
    assert [a.value for a in found.quantities["hidden"]] == [2048, 7168]
    (ranks,) = found.quantities["ranks"]
    assert ranks.value == 16
    assert ranks.evidence[0].place is not None
    assert ranks.evidence[0].place.line == 11
    (local,) = found.quantities["experts_per_rank"]
    assert local.value == 16
    for target, mode in (("910B", "fullmesh"), ("910C", "fullmesh_v1"), ("950", "fullmesh_v2")):
        assert answer(found, target, mode=mode).standing is Standing.INSIDE


def test_no_operator_on_310p(tmp_path: Path) -> None:
    found = code(tmp_path, (2048,))
    assert match(found.stage, found, "310P") == ()


def test_outside_by_padding_only_says_to_what_and_for_how_much(tmp_path: Path) -> None:
    found = answer(code(tmp_path, (2064,)), "910B", mode="fullmesh")
    assert found.standing is Standing.PADDING
    (limit,) = found.limits_at(Standing.PADDING)
    padding = limit.cases[0].padding
    assert padding is not None
    assert (padding.quantity, padding.value, padding.to, padding.bytes_a_row) == ("hidden", 2064, 2080, 32)
    assert limit.limit is not None
    assert limit.limit.source.endswith("aclnnMoeDistributeDispatchV3.md:457-520")


def test_outside_says_which_limit(tmp_path: Path) -> None:
    found = answer(code(tmp_path, (10272,)), "910B", mode="fullmesh")
    assert found.standing is Standing.OUTSIDE
    assert [a.quantity.name for a in found.limits_at(Standing.OUTSIDE)] == ["hidden"]


def test_a_limit_that_some_launches_exceed_depends(tmp_path: Path) -> None:
    found = answer(code(tmp_path, (7168, 10272)), "910C", mode="fullmesh_v1")
    assert found.standing is Standing.DEPENDS
    (limit,) = found.limits_at(Standing.DEPENDS)
    assert [(c.admitted.value, c.standing) for c in limit.cases] == [
        (7168, Standing.INSIDE),
        (10272, Standing.OUTSIDE),
    ]


def test_a_bound_beyond_the_limit_is_unknown_and_says_why(tmp_path: Path) -> None:
    found = answer(code(tmp_path, (7168,), topk=32), "910B", mode="fullmesh")
    assert found.standing is Standing.UNKNOWN
    (limit,) = found.limits_at(Standing.UNKNOWN)
    assert limit.quantity.name == "top_k"
    assert limit.why is not None
    assert limit.why.en == "the code admits at most 32"
    assert (
        answer(code(tmp_path, (7168,), topk=32), "910B", mode="fullmesh", top_k=8).standing is Standing.INSIDE
    )


def test_missing_semantics_depend_on_callers_where_they_may_be_off(tmp_path: Path) -> None:
    found = answer(code(tmp_path, (7168,), more=", int* mask_buffer_ptr"), "910B", mode="fullmesh")
    assert found.standing is Standing.DEPENDS
    (missing,) = found.missing
    assert (missing.need.semantic, missing.need.always) == ("rank-mask", False)
    assert missing.need.evidence.text == "dispatch takes mask_buffer_ptr"


def test_what_no_caller_uses_is_not_missing(tmp_path: Path) -> None:
    found = code(tmp_path, (7168,), more=", int* mask_buffer_ptr")
    answers = match(found.stage, found, "910B", unused=("rank-mask",))
    assert any(a.operator.name == PAIR and a.standing is Standing.INSIDE for a in answers)


def test_a_limit_without_a_source_is_unknown(tmp_path: Path) -> None:
    found = answer(
        code(tmp_path, (7168,)), "950", "ElasticBuffer (moe_ep_dispatch, epilogue, moe_ep_combine)"
    )
    assert standing(found, "ranks") is Standing.INSIDE
    unsourced = [a for a in found.limits if a.limit is None]
    assert {a.quantity.name for a in unsourced} == {"batch_tokens", "quantisation"}
    assert unsourced[0].why is not None
    assert unsourced[0].why.en == "no source gives a limit"
    assert found.standing is Standing.UNKNOWN


def test_a_cached_dispatch_misses_its_semantics_for_certain(tmp_path: Path) -> None:
    source = tmp_path / "a.cu"
    source.write_text(
        "__global__ void cached_notify_dispatch(const int* rank_prefix_matrix, int num_ranks) {}\n"
    )
    (found,) = instantiated(View(analyse([str(source)])))
    here = answer(found, "910B", "CamMoeDispatchNormal and CamMoeCombineNormal")
    assert here.standing is Standing.MISSING
    assert not found.complete
    assert answer(found, "950", "DeepEP-Ascend").missing == ()


def test_the_window_is_computed_for_the_largest_values(tmp_path: Path) -> None:
    (window,) = answer(code(tmp_path, (2048, 7168)), "910B", mode="fullmesh").windows
    assert window.bytes == 2 * (128 * 16 * 8 * 7168 * 2 + 2097152)
    (window,) = answer(code(tmp_path, (7168,)), "910C", mode="fullmesh_v1").windows
    row = 14848  # 14336 + 64 bytes, in units of 512
    assert window.bytes == 2 * (16 * 128 * 16 * row + 8 * 128 * 14336)


def test_given_values_must_be_possible(tmp_path: Path) -> None:
    found = code(tmp_path, (7168,))
    with pytest.raises(ValueError, match="the code admits only 7168"):
        match(found.stage, found, "910B", given={"hidden": 4096})
    with pytest.raises(ValueError, match="no quantity 'hiden'"):
        match(found.stage, found, "910B", given={"hiden": 4096})
    with pytest.raises(ValueError, match="no stage"):
        match("despatch", found, "910B")


@pytest.mark.parametrize(
    ("check", "high"),
    [
        ("assert(num_topk <= 12);", 12),
        ("assert(topk_idx != nullptr && num_topk < 13);", 12),
        ("if (topk_idx) { assert(num_topk <= 12); }", None),
        ("if (topk_idx == nullptr) return; assert(num_topk <= 12);", None),
        ("auto later = [&] { assert(num_topk <= 12); };", None),
        ("assert(num_topk <= 12 or x);", None),
        ("num_topk += 1; assert(num_topk <= 12);", None),
    ],
)
def test_only_a_check_that_every_path_meets_bounds(tmp_path: Path, check: str, high: int | None) -> None:
    source = tmp_path / "a.cu"
    source.write_text(
        "#include <cassert>\n"
        "__global__ void dispatch(int4* recv_x, const int4* x, const int* topk_idx, int num_topk) {\n"
        f"  {check}\n  recv_x[threadIdx.x] = x[threadIdx.x];\n}}\n"
    )
    (found,) = instantiated(View(analyse([str(source)])))
    assert [a.high for a in found.quantities["top_k"]] == [high]


def test_names_that_mean_different_things_are_not_mixed(tmp_path: Path) -> None:
    source = tmp_path / "a.cu"
    source.write_text(
        "__global__ void combine(int4* out, const int4* x, const float* topk_weights, int num_tokens,\n"
        "                        int num_combined_tokens) { out[threadIdx.x] = x[threadIdx.x]; }\n"
        "void run(int4* o, const int4* x, const float* w, int n, int m) {\n"
        "  if (n > 64) throw 1;\n  combine<<<1, 32>>>(o, x, w, n, m);\n}\n"
    )
    (found,) = instantiated(View(analyse([str(source)])))
    assert [a.high for a in found.quantities["batch_tokens"]] == [None]


def test_samples_find_operators_for_their_stages() -> None:
    found = instantiated(View(analyse([str(SAMPLES)])))
    reduce = next(i for i in found if i.kernel.endswith("topk_combine"))
    assert [a.value for a in reduce.quantities["hidden"]] == [2048, 2560, 4096, 7168]
    assert standing(answer(reduce, "910C", mode="fullmesh_v1"), "hidden") is Standing.INSIDE
    answers = match("combine", reduce, "910B")
    normal = next(a for a in answers if a.operator.name == "CamMoeDispatchNormal and CamMoeCombineNormal")
    assert [c.standing for c in normal.limits[0].cases] == [Standing.PADDING] * 3 + [Standing.INSIDE]
    stages = {s.stage: s for s in layer(found, "910B")}
    assert stages["low-latency combine"].kernels == ("moewire::lowlatency::topk_combine",)
    assert stages["low-latency dispatch"].kernels == ("moewire::lowlatency::send",)  # by what it does
    assert stages["gate"].kernels == ()
    assert [o.name for o in stages["gate"].operators] == ["MoE gating"]
    assert [o.name for o in stages["grouped GEMM"].operators] == ["GroupedMatmul", "mega_moe"]
    assert "moewire::layout::count_ranks" in stages["layout"].kernels
