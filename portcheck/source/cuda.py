"""Which files may hold CUDA: by name, and by what stands in them."""

from __future__ import annotations

import re

CUDA_SUFFIXES = frozenset({"cu", "cuh"})
HEADER_SUFFIXES = frozenset(
    {"h", "hpp", "hh", "hxx", "h++", "inl", "ipp", "tpp", "txx", "tcc", "impl", "cuh"}
)
SOURCE_SUFFIXES = CUDA_SUFFIXES | HEADER_SUFFIXES | {"c", "cc", "cpp", "cxx", "c++", "cppm", "ixx"}

# Tokens by a shorter string that all of a group hold: most files without CUDA are dismissed
# by these few searches, which run at memory speed.
_TOKENS = {
    b"cuda": (
        b"cuda_runtime",
        b"cuda.h",
        b"cuda_fp",
        b"cuda_bf16",
        b"cudaStream_t",
        b"cudaError_t",
        b"cuda::",
    ),
    b"__": (
        b"__global__",
        b"__device__",
        b"__host__",
        b"__shared__",
        b"__constant__",
        b"__launch_bounds__",
        b"__syncthreads",
        b"__CUDACC__",
        b"__CUDA_ARCH__",
        b"__nv_fp8",
        b"__half2",
    ),
    b"CU": (b"CUTE_", b"CUTLASS_", b"CUtensorMap", b"CUdeviceptr", b"CUstream"),
    b"cut": (b"cute::", b"cutlass::"),
    b"nv": (b"nvshmem", b"nv_bfloat16"),
    b"Idx.": (b"threadIdx.", b"blockIdx."),
}
_CALL = rb"cuda[A-Z]\w*\s*\("
_INCLUDE = (
    rb"include\s*[<\"](?:cuda|cub/|cutlass/|cute/|thrust/|nccl|nvshmem"
    rb"|cooperative_groups|mma\.h|cu(?:blas|dnn|fft|rand|solver|sparse))"
)
_LAUNCH = rb"<<<(?<!<<<<)(?!<)[^;{}<]{1,400}?>>>\s*\("
# Inline assembly with a PTX instruction: PTX names its types after a dot, x86 and Arm do not.
_PTX = (
    rb"asm\b\s*(?:volatile\b|__volatile__\b)?\s*\([^()]{0,400}?"
    rb"\b(?:atom|bar|barrier|cp|cvt|elect|fence|ld|ldmatrix|mapa|mbarrier|membar|mma"
    rb"|mov|multimem|prefetch|red|setmaxnreg|shfl|st|stmatrix|tcgen05|wgmma)\.[a-z]"
)
# Each begins with literal bytes, which the regular expression engine searches for fast.
_PATTERNS = tuple(re.compile(pattern) for pattern in (_CALL, _INCLUDE, _LAUNCH, _PTX))


def suffix(name: str) -> str:
    """The suffix of a file's name in lower case, without the dot; "" where there is none."""
    stem, dot, end = name.rpartition(".")
    return end.lower() if dot and stem else ""


def has_cuda(data: bytes) -> bool:
    """Whether the bytes mention CUDA; comments count, since telling them apart costs more."""
    for shared, tokens in _TOKENS.items():
        if shared in data and any(token in data for token in tokens):
            return True
    return any(pattern.search(data) for pattern in _PATTERNS)
