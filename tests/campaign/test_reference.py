"""The reference interpreter is right about C++; where there is a compiler, C++ itself says so."""

import subprocess
import sys

import pytest

from benchmarks.soundness import compiled
from benchmarks.soundness.generate import generate
from benchmarks.soundness.reference import operators
from benchmarks.soundness.subject import Drawn, Subject

needs_compiler = pytest.mark.skipif(compiled.compiler() is None, reason="no C++ compiler")


def values(body: str, **given: int) -> list[int]:
    text = f"""
__device__ void probe(int id, long long value);
#define TWICE(x) x * 2
namespace a {{
__device__ void compute(int x, int y) {{
{body}
}}
}}
"""
    subject = Subject(text)
    entries, why = subject.run(
        Drawn(0, (), (("x", given.get("x", 0)), ("y", given.get("y", 0))), 5, 0, 32, 1, 0)
    )
    assert why == ""
    return [value for entry in entries for _, value, _ in entry.seen]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(x - 40) % 32", -7),
        ("(x - 40) / 32", -1),
        ("((x - 40) & 31)", 25),
        ("(x - 40) >> 3", -5),
        ("x + 1 * 2 << 1", 6),
        ("TWICE(x + 3)", 7),
        ("static_cast<int>(threadIdx.x) * 4", 20),
        ("(x ? 3 : 4) + !x", 3),
        ("sizeof(int4) / sizeof(float)", 4),
    ],
)
def test_value_of_an_expression(expression, expected):
    assert values(f"    probe(0, {expression});", x=1) == [expected]


def test_overflow_ends_the_run_but_keeps_what_was_seen():
    subject = Subject(
        "__device__ void compute(int x) { probe(0, x); int y = x * 65536; y = y * 65536; probe(1, y); }"
    )
    entries, why = subject.run(Drawn(0, (), (("x", 7),), 0, 0, 32, 1, 0))
    assert why == "overflow"
    assert [seen[:2] for seen in entries[0].seen] == [(0, 7)]


def test_generation_is_repeatable():
    code = "from benchmarks.soundness.generate import generate; print([generate(7, i) for i in range(30)])"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


@needs_compiler
def test_the_reference_agrees_with_compiled_code():
    found = compiled.compare([(str(i), generate(11, i)) for i in range(12)], seed=3)
    assert found.differences == []
    assert found.values > 1000


@needs_compiler
def test_a_wrong_reference_is_caught(monkeypatch):
    monkeypatch.setitem(operators._INTEGER, "%", lambda x, y: x % y if y else 0)
    found = compiled.compare([(str(i), generate(11, i)) for i in range(12)], seed=3)
    assert found.differences
