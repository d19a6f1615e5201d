"""Launches in every spelling."""

from __future__ import annotations

import pytest
from marks import cases

KERNELS = """
template <int N, typename T> __global__ void copy(T* x) {}
__global__ void plain(int* x) {}
__global__ void other(int* x) {}
"""

LAUNCHES = {
    "triple brackets": """
void h(float* x, int* y, cudaStream_t s) {
    plain<<<4, 128>>>(y);  // expect: launch form=<<<>>> kernel=plain configuration="4, 128"
    copy<8, float><<<dim3(4, 2), 256, 1024, s>>>(x);\
  // expect: launch kernel=copy instantiations="8, float" configuration="dim3(4, 2), 256, 1024, s"
    ns::plain<<<1, 1>>>(y);  // expect: launch kernel=ns::plain
    int z = 1 << 3 >> 1;  // expect: nothing
    plain(y);
}""",
    "named constants": """
constexpr int kFile = 7168;
void h(float* x) {
    constexpr int kN = 16;
    int n = 4;
    copy<kN, float><<<1, 32>>>(x);  // expect: launch instantiations="16, float"
}""",
    "launch calls": """
void h(float* x, cudaLaunchConfig_t& c, void** a) {
    cudaLaunchKernelEx(&c, copy<2, float>, x);  // expect: launch form=cudaLaunchKernelEx kernel=copy
    cudaLaunchKernel((void*)plain, 1, 32, a, 0, 0);  // expect: launch form=cudaLaunchKernel kernel=plain
    cudaLaunchCooperativeKernel((const void*)&plain, 1, 32, a);\
  // expect: launch form=cudaLaunchCooperativeKernel kernel=plain
    cudaFuncSetAttribute(plain, cudaFuncAttributeMaxDynamicSharedMemorySize, 64);  // expect: nothing
}""",
    "a kernel in a local": """
void h(float* x, cudaLaunchConfig_t& c, bool big) {
    auto kernel = copy<4, float>;
    kernel<<<1, 32>>>(x);  // expect: launch kernel=copy instantiations="4, float"
    auto one = big ? copy<8, float> : copy<2, float>;
    cudaLaunchKernelEx(&c, one, x);  // expect: launch kernel=copy instantiations="8, float, 2, float"
}""",
    "one of two kernels": """
void h(int* x, bool big) {
    auto kernel = big ? plain : other;
    kernel<<<1, 32>>>(x);  // expect: launch kernel=plain; launch kernel=other
}""",
    "a configuration": """
void h(cudaStream_t s) {
    cudaLaunchConfig_t config = {4, 128, 1024, s};\
  // expect: launch form=configuration configuration="4, 128, 1024, s"
    cudaLaunchConfig_t later;  // expect: launch form=configuration
    cudaLaunchAttribute attribute;  // expect: nothing
}""",
    "through a macro": """
#define OK(x) do { cudaError_t e = (x); if (e != cudaSuccess) throw e; } while (0)
#define LAUNCH(C, K, ...) OK(cudaLaunchKernelEx(C, K, ##__VA_ARGS__))  // expect: launch definition
#define RUN(K, ...) do { K<<<grid, block>>>(__VA_ARGS__); } while (0)\
  // expect: launch definition form=<<<>>>
void h(int* x, float* y, cudaLaunchConfig_t* c, dim3 grid, dim3 block) {
    LAUNCH(c, plain, x);  // expect: launch form=cudaLaunchKernelEx kernel=plain
    RUN(plain, x);  // expect: launch form=<<<>>> kernel=plain configuration="grid, block"
    RUN((copy<4, float>), y);  // expect: launch kernel=copy instantiations="4, float"
}""",
    "under a check that is defined elsewhere": """
#define LAUNCH(C, K, ...) CUDA_RUNTIME_CHECK(cudaLaunchKernelEx(C, K, ##__VA_ARGS__))\
  // expect: launch definition
void h(int* x, float* y, cudaLaunchConfig_t c) {
    LAUNCH(&c, plain, x);  // expect: launch form=cudaLaunchKernelEx kernel=plain
    LAUNCH(&c, (copy<4, float>), y);  // expect: launch kernel=copy instantiations="4, float"
}""",
    "a macro that is one launch over names": """
#define RUN(K, ...) K<<<grid, block>>>(__VA_ARGS__)  // expect: launch definition
void h(int* x, dim3 grid, dim3 block) { RUN(plain, x); }  // expect: launch form=<<<>>> kernel=plain
""",
    "text put together at run time": """
void h(nvrtcProgram p, CUmodule m, const char* t) {
    nvrtcCompileProgram(p, 0, 0);  // expect: launch form="run-time compilation" kernel= instantiations=
    cuModuleLoadData(&m, t);  // expect: launch form="run-time compilation"
}""",
}


BROKEN = {
    "a macro that is one launch over names": "`k(a, b)(x)` alone parses as a function's declaration",
}


@pytest.mark.parametrize("code", cases(LAUNCHES, BROKEN))
def test_launches(check, code: str) -> None:
    check(KERNELS + code, "launch")
