"""Effort: the calibration table, the measures, the ranges, and how far they are from real ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack.subjects import View
from portcheck.plan.calibration import MEASURES, calibration, load
from portcheck.plan.effort import Span, accuracy, estimate, fit, likely, observations, spearman, total
from portcheck.plan.features import Measures, Nature
from portcheck.resources import rules_path
from portcheck.targets import RuleDataError

SAMPLES = Path(__file__).parents[2] / "samples"
TABLE = (rules_path() / "effort" / "calibration.toml").read_text("utf-8")


def test_the_table_has_every_kernel_with_its_source() -> None:
    table = calibration()
    assert len(table.kernels) == 11
    assert all(k.source for k in table.kernels)
    assert all(set(k.measures) == MEASURES for k in table.kernels if k.nature is not Nature.DROPPED)
    assert {o.target for o in observations(table)} == {"910B", "910C", "950"}


def test_kernels_ported_together_count_as_one() -> None:
    (one,) = (o for o in observations(calibration()) if "notify" in o.kernel and o.target == "910C")
    assert (one.cuda_lines, one.port_lines, one.alone_lines) == (354, 1099, 102)
    assert one.factor == pytest.approx(3.10, abs=0.01)
    assert one.most_factor == pytest.approx(10.77, abs=0.01)


@pytest.mark.parametrize(
    ("nature", "least", "most"),
    [
        (Nature.INDEX, 2.37, 5.90),
        (Nature.METADATA, 2.94, 14.29),
        (Nature.PAYLOAD, 1.15, 3.47),
        (Nature.FUSED, 1.64, 8.18),
    ],
)
def test_factors_are_what_the_table_shows(nature: Nature, least: float, most: float) -> None:
    factor = fit(observations(calibration()), nature)
    assert factor.of_its_nature
    assert factor.span.least == pytest.approx(least, abs=0.01)
    assert factor.span.most == pytest.approx(most, abs=0.01)


def test_a_nature_that_was_never_ported_has_the_range_of_all() -> None:
    factor = fit(observations(calibration()), Nature.OTHER)
    assert not factor.of_its_nature
    assert factor.span.least == pytest.approx(1.15, abs=0.01)
    assert factor.span.most == pytest.approx(14.29, abs=0.01)


def test_the_error_of_leaving_each_kernel_out() -> None:
    """The measured figures: they change only with the table or with the estimator."""
    found = accuracy()
    assert len(found.predictions) == 20
    assert found.median_error == pytest.approx(0.396, abs=0.001)
    assert found.worst.observation.kernel == "low-latency combine"
    assert found.worst.error == pytest.approx(1.48, abs=0.01)
    assert found.inside == 16


@pytest.mark.parametrize(("target", "expected"), [("910B", 0.29), ("910C", 0.89), ("950", 0.89), ("", 0.61)])
def test_the_rank_correlation_with_real_ports(target: str, expected: float) -> None:
    assert accuracy().rank_correlation(target) == pytest.approx(expected, abs=0.005)


def test_spearman_of_known_rankings() -> None:
    assert spearman([1, 2, 3], [10, 20, 90]) == 1
    assert spearman([1, 2, 3], [3, 2, 1]) == -1
    assert spearman([1, 2, 2, 4], [1, 3, 3, 9]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.8208, abs=1e-4)
    assert spearman([1, 1, 1], [1, 2, 3]) == 0


def test_samples_are_measured() -> None:
    view = View(analyse([str(SAMPLES)]))
    found = {f.kernel: f for f in Measures(view).all()}
    dispatch = found["moewire::intranode::dispatch"]
    assert (dispatch.stage, dispatch.nature, dispatch.rings) == ("dispatch", Nature.PAYLOAD, 1)
    assert dispatch.lines == 157
    send = found["moewire::lowlatency::send"]
    assert (send.nature, bool(send.quantisation), send.remote) == (Nature.FUSED, True, 1)
    assert found["moewire::layout::count_ranks"].nature is Nature.INDEX
    assert found["moewire::intranode::exchange_counts"].nature is Nature.METADATA
    assert found["moewire::lowlatency::announce"].nature is not Nature.DROPPED
    assert all(f.host_lines > 0 for f in found.values())


def test_own_helpers_are_told_from_shared_ones(tmp_path: Path) -> None:
    source = tmp_path / "a.cu"
    source.write_text(
        "__device__ int both(int a) {\n  return a;\n}\n"
        "__device__ int inner(int a) {\n  return a + 1;\n}\n"
        "__device__ int only(int a) {\n  return inner(a);\n}\n"
        "__global__ void one(int* x) {\n  x[0] = only(both(1));\n}\n"
        "__global__ void two(int* x) {\n  x[0] = both(2);\n}\n"
    )
    first, second = Measures(View(analyse([str(source)]))).all()
    assert (first.lines, first.helper_lines, first.shared_helper_lines) == (3, 6, 3)
    assert (second.lines, second.helper_lines, second.shared_helper_lines) == (3, 0, 3)


def test_an_estimate_is_a_range_with_what_it_rests_on() -> None:
    view = View(analyse([str(SAMPLES)]))
    features = next(f for f in Measures(view).all() if f.kernel.endswith("intranode::dispatch"))
    found = estimate(features, "910C")
    assert found.device.least == pytest.approx(features.lines * found.factor.span.least)
    assert found.device.most == pytest.approx(features.lines * found.factor.span.most)
    assert found.host.least == pytest.approx(found.device.least * 0.45)
    assert 0 < found.days.least < found.days.most
    assert (found.features, found.calibrated) == (features, True)
    assert {o.kernel for o in found.factor.basis} == {
        "intranode dispatch",
        "internode dispatch",
        "intranode combine",
        "internode combine",
    }
    again = estimate(features, "950", first=False)
    assert again.device.least == pytest.approx(found.device.least * 0.9)
    assert again.device.most == pytest.approx(found.device.most)


def test_a_dropped_kernel_may_cost_nothing(tmp_path: Path) -> None:
    source = tmp_path / "a.cu"
    source.write_text(
        "__global__ void cached_notify_dispatch(const int* rank_prefix_matrix, int num_ranks) {}\n"
    )
    (features,) = Measures(View(analyse([str(source)]))).all()
    assert features.nature is Nature.DROPPED
    found = estimate(features, "910B")
    assert found.device.least == found.days.least == 0
    assert found.device.most > 0


def test_kernels_of_one_stage_may_be_merged_in_the_total() -> None:
    view = View(analyse([str(SAMPLES)]))
    both = [estimate(f, "910C") for f in Measures(view).all() if f.stage == "layout"]
    assert len(both) == 2
    lines, _ = total(both)
    each = [e.device + e.host for e in both]
    assert lines.least == max(s.least for s in each)
    assert lines.most == pytest.approx(sum(s.most for s in each))


def test_figures_are_rounded_outwards() -> None:
    assert Span(1234.5, 8765.4).rounded == (1200, 8800)
    assert Span(7.9, 42.1).rounded == (7, 43)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("lines = 112", "lines = 0", "calibration.toml:11: kernel[1].lines: must be a positive number"),
        ('nature = "index"', 'nature = "indices"', "calibration.toml:10: kernel[1].nature: must be one of"),
        ('"910B" = 265', '"911B" = 265', "calibration.toml:13: kernel[1].port: no '911B'"),
        ("least = 0.68", "least = 2.0", "helpers: needs numbers 'least' and 'most'"),
        ('merged_into = "intranode', 'merged_into = "no', "no kernel 'no notify_dispatch'"),
        ("[days]\nlines = 2340", "[days]\nlines = -1", "days: must be a positive number"),
    ],
)
def test_a_broken_table_names_file_line_and_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert old in TABLE
    file = tmp_path / "calibration.toml"
    file.write_text(TABLE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleDataError) as raised:
        load(file)
    assert reason in str(raised.value)


def test_all_ports_to_a_target_together_lie_in_what_is_likely() -> None:
    """The calibration's own totals, each kernel left out in turn: the claim that the headline makes."""
    for span, real in accuracy().totals().values():
        assert span.least <= real <= span.most


def test_a_sum_of_independent_parts_is_narrower_than_its_ends() -> None:
    parts = [(Span(10, 30), 20.0)] * 4
    assert likely(parts) == Span(60, 100)
    assert likely(parts[:1]) == Span(10, 30)
    assert likely([]) == Span(0, 0)
