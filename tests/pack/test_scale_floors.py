"""When the start value of a thread's own maximum keeps the maximum of the block from zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.pack.functions.quantisation import amax_scales
from portcheck.pack.subjects import View
from portcheck.symbolic.verdict import Verdict

CODE = """
__device__ float blockMax(float v);
__global__ void k(char* o, const float* x, int n) {{
  {type} abs_max = {start};
  abs_max = {step};
  float abs_max_f = blockMax({handed});
  const float scale = 127.f / abs_max_f;
  o[0] = (signed char)rintf(x[0] * scale);
}}
"""
PLAIN = {"type": "float", "start": "1e-6f", "step": "fmaxf(abs_max, x[n])", "handed": "abs_max"}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.HOLDS),
        ({"handed": "to_float<float>(abs_max)", "type": "half"}, Verdict.HOLDS),
        ({"start": "0.0f"}, Verdict.VIOLATED),
        ({"type": "half", "start": "1e-10f"}, Verdict.VIOLATED),
        ({"step": "fabsf(x[n])"}, Verdict.VIOLATED),
        ({"step": "fmaxf(abs_max, x[n]) * x[0]"}, Verdict.VIOLATED),
        ({"handed": "abs_max * x[0]"}, Verdict.VIOLATED),
    ],
)
def test_a_floor_before_the_reduction(tmp_path: Path, change: dict[str, str], verdict: Verdict) -> None:
    source = tmp_path / "a.cu"
    source.write_text(CODE.format(**(PLAIN | change)), encoding="utf-8")
    (found,) = amax_scales(View(analyse([str(source)])))
    assert found.verdict is verdict
