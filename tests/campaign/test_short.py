"""A short soundness campaign: what the prover says about 45 generated files, against their runs."""

from benchmarks.soundness.campaign import run, text_of

SEED = 7
FILES = 45


def test_no_answer_is_refuted_by_a_run():
    report = run(FILES, SEED, jobs=1, shrink_seconds=0)
    assert report.probes > 300
    assert not report.disagreements, text_of(report)
