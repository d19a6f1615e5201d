"""Quantisation to FP8 and to narrower formats."""

from __future__ import annotations

import pytest
from marks import cases

STEPS = {
    "the largest number": """
constexpr float kMax = 448.0f;  // expect: fp8_quant step=constant format=e4m3
static const float kMaxE5M2 = 57344;  // expect: fp8_quant step=constant format=e5m2
constexpr float kFp8Margin = 1e-4;  // expect: fp8_quant step=constant
constexpr int kRows = 4480;  // expect: nothing
constexpr int kHidden = 57344;  // expect: nothing
constexpr auto kLargest = 448.f;  // expect: fp8_quant step=constant
constexpr int kFp8Max = 448;  // expect: fp8_quant step=constant
constexpr size_t FP8_CHUNK_ROWS = 128;  // expect: nothing
constexpr float kPi = 3.14f;
""",
    "maximum, scale, conversion": """
__global__ void k(const float* x, uint8_t* out, float* scales) {
    float amax = 1e-4f;  // expect: fp8_quant step=amax
    amax = fmaxf(amax, fabsf(x[0]));  // expect: fp8_quant step=amax
    float scale = 448.0f / amax;  // expect: fp8_quant step=scale
    float scale_inv = amax * (1.0f / 448.0f);  // expect: fp8_quant step=scale
    scales[0] = scale_inv;  // expect: fp8_quant step=scale
    out[0] = __nv_cvt_float_to_fp8(x[0] * scale, __NV_SATFINITE, __NV_E4M3);\
  // expect: fp8_quant step=conversion format=e4m3
    auto q = __nv_fp8_e5m2(x[0] * scale);  // expect: fp8_quant step=conversion format=e5m2
    float other = x[1] * 2;  // expect: nothing
    float temperature_scale = x[2] * 0.5f;
}""",
    "conversion in PTX": """
__device__ uint16_t to_fp8(float a, float b) {
    uint16_t q;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(q) : "f"(a), "f"(b));\
  // expect: fp8_quant definition step=conversion format=e4m3
    return q;
}
__global__ void k(uint16_t* y, float a) {
    y[0] = to_fp8(a, a);  // expect: fp8_quant step=conversion format=e4m3 through=to_fp8
}""",
    "a helper for scales": """
__device__ void pick_scale(float amax, float& scale, float& inv) {  // expect: fp8_quant step=helper
    scale = 448.0f / amax;  // expect: fp8_quant step=scale
    inv = amax / 448.0f;  // expect: fp8_quant step=scale
}
__global__ void k(float amax, float scale, float inv) {
    pick_scale(amax, scale, inv);  // expect: fp8_quant step=scale through=pick_scale
}""",
    "scales of attention are none": """
__global__ void k(const float* q, float scale, float sum) {
    float s = q[0] * scale;  // expect: nothing
    float softmax_scale = rsqrtf(64.0f);
    sum *= softmax_scale;
}""",
}


@pytest.mark.parametrize("code", cases(STEPS))
def test_steps(check, code: str) -> None:
    check(code, "fp8_quant")


GROUPS = """
template <int kLanes> __device__ float reduce_max(float v) {
    for (int i = kLanes / 2; i > 0; i /= 2) v = fmaxf(v, __shfl_xor_sync(~0u, v, i));
    return v;
}
__global__ void k(const int4* x) {
    PER_LANE
    float amax = 1e-4f;  // expect: fp8_quant step=amax granularity_elements=ELEMENTS
    amax = reduce_max<LANES>(amax);  // expect: fp8_quant step=amax granularity_elements=ELEMENTS
}
"""


@pytest.mark.parametrize(
    ("per_lane", "lanes", "elements"),
    [
        ("constexpr int kElemsPerRead = sizeof(int4) / sizeof(nv_bfloat16);", 16, 128),
        ("constexpr int kElemsPerRead = 8;", 32, 256),
        ("constexpr int kNumElemsPerRead = sizeof(int4) / sizeof(float);", 8, 32),
        ("", 16, None),
    ],
)
def test_granularity(check, per_lane: str, lanes: int, elements: int | None) -> None:
    code = GROUPS.replace("PER_LANE", per_lane).replace("LANES", str(lanes))
    check(code.replace("ELEMENTS", str(elements)), "fp8_quant")


WIRE = {
    "exponents as bytes": """
__global__ void k(uint8_t* y, float s) {
    y[0] = static_cast<uint8_t>(__float_as_uint(s) >> 23);  // expect: lowp_wire format="ue8m0 scale"
    y[1] = static_cast<uint8_t>(__float_as_uint(s) >> 16);  // expect: nothing
}""",
    "FP4": """
__global__ void k(uint32_t q, float a) {
    asm("cvt.rn.satfinite.e2m1x2.f32 %0, %1, %1;" : "=r"(q) : "f"(a));\
  // expect: lowp_wire format="e2m1 (FP4)"
    auto p = __nv_cvt_float_to_fp4(a, __NV_E2M1, cudaRoundNearest);  // expect: lowp_wire
}""",
    "a class of block scales": """
struct Row { int4 data[4]; uint8_t ue8m0_scales[4]; };  // expect: lowp_wire format=ue8m0
struct Plain { int4 data[4]; float scales[4]; };  // expect: nothing
""",
    "FP8 is its own kind": """
__global__ void k(uint8_t* y, float a) { y[0] = __nv_cvt_float_to_fp8(a, __NV_SATFINITE, __NV_E4M3); }\
  // expect: nothing
""",
}


@pytest.mark.parametrize("code", cases(WIRE))
def test_narrower_formats(check, code: str) -> None:
    check(code, "lowp_wire")
