from __future__ import annotations

import pytest

from portcheck.source.cuda import has_cuda, suffix


@pytest.mark.parametrize(
    "text",
    [
        "__global__ void f();",
        "inline __device__ int f();",
        "extern __shared__ char s[];",
        "#include <cuda_runtime_api.h>",
        '#include "cuda.h"',
        "#include <cuda_fp8.h>",
        "#include <cub/cub.cuh>",
        "#include <nccl.h>",
        "# include <nvshmemx.h>",
        "#include <cute/tensor.hpp>",
        "cudaStream_t s;",
        "cudaMemcpyAsync (a, b, n);",
        "k<<<grid, block, 0, stream>>>(x);",
        "k<<<grid,\n    block>>> (x);",
        "CUTE_DEVICE int f();",
        "auto s = at::cuda::getCurrentCUDAStream();",
        "c10::cuda::CUDAGuard guard(d);",
        "cuda::barrier<cuda::thread_scope_block> b;",
        'asm volatile("mbarrier.arrive.shared.b64 _, [%0];" :: "r"(a));',
        'asm volatile ("{\\n .reg .pred p;\\n"\n "setp.ne.b32 p, %0, 0;\\n"\n "ld.global.nc.v4.u32 %1;}");',
        "#ifdef __CUDACC__",
        "// runs on the host before __global__ code",
    ],
)
def test_cuda(text: str) -> None:
    assert has_cuda(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int main() { return 1 << 3 >> 1; }",
        "std::vector<std::vector<std::vector<int>>> v;",
        "<<<<<<< ours\nint x;\n=======\nint y;\n>>>>>>> (theirs)",
        '__asm__ __volatile__("mov %%rax, %0" : "=r"(x));',
        'asm volatile("ld1 {v0.4s}, [x0]");',
        "#ifdef USE_CUDA\n#endif",
        "barracuda(); // cudaless",
        "#include <vector>",
    ],
)
def test_no_cuda(text: str) -> None:
    assert not has_cuda(text.encode())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.cu", "cu"),
        ("A.CU", "cu"),
        ("a.cu.h", "h"),
        ("Makefile", ""),
        (".cu", ""),
        ("a.", ""),
        ("x.c++", "c++"),
    ],
)
def test_suffix(name: str, expected: str) -> None:
    assert suffix(name) == expected
