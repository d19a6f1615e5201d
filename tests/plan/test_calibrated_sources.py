"""The sources that the tables speak of, where they are at hand: measures, operators and limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack.subjects import View
from portcheck.plan.calibration import MEASURES, calibration
from portcheck.plan.features import Measures
from portcheck.plan.instances import Instantiated, instantiated
from portcheck.plan.matching import Standing, layer, match

TREE = Path("/work/corpus/DeepEP")
PAIR = "MoeDistributeDispatch and MoeDistributeCombine"
HIDDEN = [2048, 2560, 3072, 4096, 5120, 6144, 7168, 8192]
KERNELS = {
    "get_dispatch_layout": "layout::get_dispatch_layout",
    "intranode notify_dispatch": "intranode::notify_dispatch",
    "internode notify_dispatch": "internode::notify_dispatch",
    "intranode dispatch": "intranode::dispatch",
    "internode dispatch": "internode::dispatch",
    "intranode combine": "intranode::combine",
    "internode combine": "internode::combine",
    "low-latency dispatch": "internode_ll::dispatch",
    "low-latency combine": "internode_ll::combine",
}
pytestmark = pytest.mark.skipif(not TREE.is_dir(), reason="the calibrated sources are not here")


@pytest.fixture(scope="module")
def view() -> View:
    return View(analyse([str(TREE)]))


@pytest.fixture(scope="module")
def stages(view: View) -> tuple[Instantiated, ...]:
    return instantiated(view)


def test_the_measures_of_the_table_are_those_of_the_sources(view: View) -> None:
    found = {f.kernel.split("::", 2)[-1]: f for f in Measures(view).all()}
    for kernel in calibration().kernels:
        if kernel.name in KERNELS:
            features = found[KERNELS[kernel.name]]
            assert (features.lines, features.nature) == (kernel.lines, kernel.nature)
            for measure in MEASURES:  # finders get sharper: the table is measured again when they differ much
                counted, listed = getattr(features, measure), kernel.measures[measure]
                assert abs(counted - listed) <= max(3, listed // 4), (kernel.name, measure)
    assert sum(f.lines for f in found.values() if "cached_notify" in f.kernel) == 223


@pytest.mark.parametrize("verb", ["dispatch", "combine"])
def test_low_latency_kernels_meet_the_limits_of_hidden_sizes(
    stages: tuple[Instantiated, ...], verb: str
) -> None:
    found = next(i for i in stages if i.stage == f"low-latency {verb}")
    assert [a.value for a in found.quantities["hidden"]] == HIDDEN
    assert [a.high for a in found.quantities["top_k"]] == [11]
    place = found.quantities["hidden"][0].evidence[0].place
    assert place is not None
    assert place.path.endswith("internode_ll.cu")
    for target, modes in (("910B", 2), ("910C", 3), ("950", 2)):
        pair = [a for a in match(found.stage, found, target) if a.operator.name == PAIR]
        assert len(pair) == modes
        for answer in pair:
            decided = {a.quantity.name: a.standing for a in answer.limits}
            narrow = (target, answer.mode) == ("910C", "hierarchy")  # H up to 7168 there
            assert decided["hidden"] is (Standing.DEPENDS if narrow else Standing.INSIDE)
            assert decided["top_k"] is Standing.INSIDE
            assert decided["batch_tokens"] is Standing.UNKNOWN


def test_on_950_the_split_operators_take_two_of_the_hidden_sizes(stages: tuple[Instantiated, ...]) -> None:
    found = next(i for i in stages if i.stage == "low-latency dispatch")
    answers = {a.operator.name: a for a in match(found.stage, found, "950")}
    split = next(a for name, a in answers.items() if "Setup" in name)
    hidden = next(a for a in split.limits if a.quantity.name == "hidden")
    assert {c.admitted.value: c.standing for c in hidden.cases} == {
        **dict.fromkeys((2048, 2560, 3072, 5120, 6144), Standing.PADDING),
        **dict.fromkeys((4096, 7168), Standing.INSIDE),
        8192: Standing.OUTSIDE,
    }
    formats = next(a for a in answers[PAIR].limits if a.quantity.name == "quantisation")
    assert formats.standing is Standing.INSIDE


def test_fp8_and_hooks_are_what_910b_misses(stages: tuple[Instantiated, ...]) -> None:
    found = next(i for i in stages if i.stage == "low-latency dispatch")
    answer = next(a for a in match(found.stage, found, "910B") if a.operator.name == PAIR)
    formats = next(a for a in answer.limits if a.quantity.name == "quantisation")
    assert [(c.admitted.words, c.standing) for c in formats.cases] == [
        (("fp8 per 128",), Standing.OUTSIDE),
        (("none",), Standing.INSIDE),
    ]
    missing = {s.need.semantic for s in answer.missing}
    assert {"split-phases", "group-scales", "rank-mask"} <= missing
    given: dict[str, int | str] = {
        "quantisation": "none",
        "dtype": "bf16",
        "batch_tokens": 128,
        "ranks": 64,
        "experts": 256,
        "top_k": 8,
    }
    unused = ("split-phases", "rank-mask", "own-stream")
    answers = match(found.stage, found, "910B", given=given, unused=unused)
    assert [a.standing for a in answers if a.operator.name == PAIR] == [Standing.INSIDE] * 2


def test_the_surrounding_layer_is_named(stages: tuple[Instantiated, ...]) -> None:
    for target in ("910B", "910C", "950"):
        found = {s.stage: s for s in layer(stages, target)}
        assert len(found["layout"].kernels) == 1
        assert [o.name for o in found["gate"].operators] == ["MoE gating"]
        assert found["grouped GEMM"].operators[0].name == "GroupedMatmul"
        assert not found["gate"].kernels
        assert not found["grouped GEMM"].kernels


def test_a_kernel_without_a_launch_in_the_tree_is_not_guessed(stages: tuple[Instantiated, ...]) -> None:
    later = [i for i in stages if "::elastic::" in i.kernel]
    assert later
    assert not any(i.complete for i in later)
    assert all(a.value is None for i in later for a in i.quantities["hidden"])
