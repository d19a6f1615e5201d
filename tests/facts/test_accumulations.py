"""Sums of low-precision values: in FP32, and not in FP32."""

from __future__ import annotations

import pytest
from marks import cases

SUMS = {
    "converted by intrinsic": """
__global__ void k(const nv_bfloat16* x, const half* h, float* out) {
    float sum = 0;
    sum += __bfloat162float(x[0]);  // expect: fp32_accum element=bf16 accumulator=sum accumulator_type=float
    out[0] += __half2float(h[1]);  // expect: fp32_accum element=fp16
    sum = sum + __bfloat162float(x[2]);  // expect: fp32_accum element=bf16
    sum = fmaf(out[0], __bfloat162float(x[2]), sum);  // expect: fp32_accum element=bf16
}""",
    "converted by cast": """
__global__ void k(const nv_bfloat16* x, const __nv_fp8_e4m3* q) {
    float s[8];
    for (int j = 0; j < 8; ++j) s[j] += static_cast<float>(x[j]);  // expect: fp32_accum element=bf16
    s[0] += (float)q[0];  // expect: fp32_accum element="fp8 e4m3"
    s[1] += float(x[1]);  // expect: fp32_accum element=bf16
}""",
    "a half of a pair in a local": """
__global__ void k(float* accum, void* buffer, float weight) {
    auto pair = *reinterpret_cast<__nv_bfloat162*>(buffer);
    float2 wide = {};
    accum[0] += static_cast<float>(pair.x) * weight;  // expect: fp32_accum element=bf16
    accum[1] += static_cast<float>(wide.x) * weight;  // expect: nothing
}""",
    "uses of a macro one below the other": """
#define SUM(F, T, N, expr) template <> struct A<F<T>, N> { __device__ T reduce(T x, T y) { return expr; } };
SUM(Most, float, 1, fn.least ? fminf(x, y) : fmaxf(x, y))
SUM(Most, double, 1, fn.least ? fmin(x, y) : fmax(x, y))

SUM(Sum, half, 1, __hadd(x, y))  // expect: lowp_accum through=__hadd
SUM(Sum, half, 2, __hadd2(x, y))  // expect: lowp_accum through=__hadd2
SUM(Product, half, 1, __hmul(x, y))
""",
    "element type of the template": """
template <typename dtype_t> __global__ void k(const dtype_t* x) {
    float sum = 0;
    sum += static_cast<float>(x[0]);  // expect: fp32_accum element="template type dtype_t"
}""",
    "converted into a local first": """
__global__ void k(const nv_bfloat162* x, float2 sum) {
    float2 pair = __bfloat1622float2(x[0]);
    sum.x += pair.x;  // expect: fp32_accum element=bf16
    const auto [a, b] = __bfloat1622float2(x[1]);
    sum.y += a;  // expect: fp32_accum element=bf16
}""",
    "the tree's own conversion": """
__device__ float to_float(nv_bfloat16 v) { return __bfloat162float(v); }
__global__ void k(const nv_bfloat16* x) {
    float sum = 0;
    sum += to_float(x[0]);  // expect: fp32_accum element=bf16
}""",
    "a helper that adds": """
__device__ void add_to(float& sum, nv_bfloat16 v) {
    sum += __bfloat162float(v);  // expect: fp32_accum element=bf16
}
__global__ void k(const nv_bfloat16* x) {
    float sum = 0;
    add_to(sum, x[0]);  // expect: fp32_accum element=bf16 through=add_to accumulator=sum
}""",
    "not FP32": """
__global__ void k(const nv_bfloat16* x, half2 a, half2 b) {
    nv_bfloat16 sum = 0;
    sum += x[0];  // expect: lowp_accum element=bf16 accumulator_type=nv_bfloat16
    sum = sum + x[1];  // expect: lowp_accum
    half2 c = __hadd2(a, b);  // expect: lowp_accum element=half2 through=__hadd2 accumulator=""
    c = __hadd2(a, b);  // expect: lowp_accum accumulator=""
    c = __hadd2(a, c);  // expect: lowp_accum accumulator=c
    c = __hfma2(a, b, c);  // expect: lowp_accum through=__hfma2 accumulator=c
}""",
    "PTX": """
__device__ void add_mixed(float& s, uint16_t v) {
    asm("add.f32.bf16 %0, %1, %0;" : "+f"(s) : "h"(v));  // expect: fp32_accum definition
}
__global__ void k(uint32_t a, uint32_t b) {
    asm("add.bf16x2 %0, %0, %1;" : "+r"(a) : "r"(b));  // expect: lowp_accum element=bf16x2
}""",
    "other sums": """
__global__ void k(const float* x, const int* n, const nv_bfloat16* b, const float* y) {
    float sum = 0;
    sum += x[0];  // expect: nothing
    int count = 0;
    count += n[0];
    x += n[1];
    sum = x[0] * y[0];
    sum = __bfloat162float(b[0]);
    b += 4;
    float other = sum + y[1];
}""",
}


@pytest.mark.parametrize("code", cases(SUMS))
def test_sums(check, code: str) -> None:
    check(code, "fp32_accum", "lowp_accum")
