"""CUDA's functions by what they compute."""

from __future__ import annotations

# Sources: CUDA Math API (rounding of each function), CUDA C++ Programming Guide (intrinsics).
UNARY = {
    "fabsf": "abs", "fabs": "abs", "abs": "abs", "expf": "exp", "__expf": "exp", "exp": "exp",
    "sqrtf": "sqrt", "sqrt": "sqrt", "__fsqrt_rn": "sqrt", "rsqrtf": "rsqrt", "rsqrt": "rsqrt",
    "rintf": "rint", "nearbyintf": "rint", "rint": "rint", "roundf": "round", "floorf": "floor",
    "ceilf": "ceil",
    "truncf": "trunc", "__habs": "abs", "__hneg": "neg", "logf": "log", "__logf": "log", "tanhf": "tanh",
    "__frcp_rn": "reciprocal", "__habs2": "abs", "__hneg2": "neg",
}  # fmt: skip
BINARY = {
    "fmaxf": "max", "fmax": "max", "max": "max", "fminf": "min", "fmin": "min", "min": "min",
    "__fdividef": "/", "fdividef": "/", "__fdiv_rn": "/", "__fadd_rn": "+", "__fsub_rn": "-",
    "__fmul_rn": "*", "__hadd": "+", "__hsub": "-", "__hmul": "*", "__hdiv": "/", "__hmax": "max",
    "__hmin": "min", "__hadd2": "+", "__hsub2": "-", "__hmul2": "*", "__hmax2": "max", "__hmin2": "min",
}  # fmt: skip
FUSED = frozenset(("fmaf", "__fmaf_rn", "fma", "__hfma", "__hfma2"))
CASTS = {
    "__bfloat162float": ("float", ""), "__half2float": ("float", ""), "__float2bfloat16": ("bf16", "rn"),
    "__float2bfloat16_rn": ("bf16", "rn"), "__float2half": ("half", "rn"), "__float2half_rn": ("half", "rn"),
    "__int2float_rn": ("float", "rn"), "__uint2float_rn": ("float", "rn"),
    "__float2int_rn": ("int32", "rint"),
    "__float2int_rz": ("int32", "rz"), "__float2int_rd": ("int32", "floor"),
    "__float2int_ru": ("int32", "ceil"),
}  # fmt: skip
PAIR_CASTS = {
    "__bfloat1622float2": ("float", ""), "__half22float2": ("float", ""),
    "__float22bfloat162_rn": ("bf16", "rn"), "__float22half2_rn": ("half", "rn"),
    "__floats2bfloat162_rn": ("bf16", "rn"), "__floats2half2_rn": ("half", "rn"),
}  # fmt: skip
LOADS = frozenset(("__ldg", "__ldca", "__ldcg", "__ldcs", "__ldlu"))
STORES = frozenset(("__stcg", "__stcs", "__stwt", "__stwb"))
BARRIERS = {"__syncthreads": "barrier", "__syncwarp": "warp barrier"}
FENCES = frozenset(("__threadfence", "__threadfence_block", "__threadfence_system"))
SAME = frozenset(("__builtin_assume_aligned", "assume_aligned", "move", "forward", "__builtin_expect"))
NOTHING = frozenset(("__builtin_assume", "assert", "static_assert"))
ATOMICS = {"atomicAdd": "add", "atomicMax": "max", "atomicMin": "min", "atomicOr": "or"}
FORMATS = {"__NV_E4M3": "fp8_e4m3", "__NV_E5M2": "fp8_e5m2"}
