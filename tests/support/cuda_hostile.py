"""CUDA sources with names and shapes that try to break what is generated from them."""

from __future__ import annotations

PARAMETERS = ", ".join(f"int p{n}" for n in range(20)) + ", " + ", ".join(f"float* b{n}" for n in range(20))

HOSTILE = f"""
#include <cstdint>
namespace one {{ __global__ void move(int4* to, const int4* from, int n) {{
    for (int k = threadIdx.x; k < n; k += blockDim.x) to[k] = from[k]; }} }}
namespace two {{ __global__ void move(float4* to, const float4* from, int n) {{
    for (int k = threadIdx.x; k < n; k += blockDim.x) to[k] = from[k]; }} }}
__global__ void Move(float* to, int n) {{ if (threadIdx.x < n) to[threadIdx.x] = 1.0f; }}
template <typename T, int kRows> __global__ void lambda(T* in, T* is, int at, int length, int tile_bytes) {{
    for (int k = blockIdx.x; k < at; k += gridDim.x) in[k * kRows + length] = is[tile_bytes]; }}
__global__ void con(int* class_, const int* def, int room_elements) {{ class_[blockIdx.x] = def[0]; }}
__global__ void Add(int* out, int operator_) {{ out[threadIdx.x] = operator_; }}
__global__ void größe(int* länge, int größe_) {{ länge[threadIdx.x] = größe_; }}
__global__ void forty({PARAMETERS}) {{ b0[p0 * p1] = b19[p19]; }}
__global__ void empty() {{}}
struct Params {{ int* at; int n; }};
__global__ void by_value(Params params, void** peers, int rank) {{
    reinterpret_cast<int*>(peers[rank])[params.n] = 1; /* PORTCHECK-GAP(fake) //@ key \\ */ }}
__global__ void quotes(int* out, int n) {{
    // a backslash at the end joins lines \\
    out[n / 7 + n % 3] = n; asm volatile("bar.sync 1, 64;" ::: "memory"); }}
"""

# Rows whose addresses and lengths are known and whose numbers nobody can know: a skeleton, for all time.
SCALE = """
__global__ void scale(float* out, const float* in, float factor, int rows, int row_elements) {
    for (int row = blockIdx.x; row < rows; row += gridDim.x)
        for (int k = threadIdx.x; k < row_elements; k += blockDim.x)
            out[row * row_elements + k] = in[row * row_elements + k] * factor + clock();
}
"""
