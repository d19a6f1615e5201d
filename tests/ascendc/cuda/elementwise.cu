// SPDX-License-Identifier: Apache-2.0
// One element in, one out: arithmetic and casts.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

namespace moewire {

__global__ void scale_and_cast(nv_bfloat16* out, const float* x, float factor, int64_t count) {
    for (int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; i < count; i += gridDim.x * static_cast<int64_t>(blockDim.x))
        out[i] = __float2bfloat16(x[i] * factor);
}

template <typename in_t, typename out_t>
__global__ void __launch_bounds__(256) convert(out_t* out, const in_t* x, int count) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i < count)
        out[i] = static_cast<out_t>(static_cast<float>(x[i]));
}

__device__ __forceinline__ float silu(float x) {
    return x / (1.0f + __expf(-x));
}

__global__ void gate(half* out, const half* x, const half* up, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
        out[i] = __float2half(silu(__half2float(x[i])) * __half2float(up[i]));
}

__global__ void clamp_rows(float4* out, const float4* x, float low, float high, int num_vec) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < num_vec; i += gridDim.x * blockDim.x) {
        float4 v = x[i];
        v.x = fminf(fmaxf(v.x, low), high);
        v.y = fminf(fmaxf(v.y, low), high);
        v.z = fminf(fmaxf(v.z, low), high);
        v.w = fminf(fmaxf(v.w, low), high);
        out[i] = v;
    }
}

__global__ void relu_in_place(float* x, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        x[i] = fmaxf(x[i], 0.0f);
}

__global__ void add_residual(nv_bfloat16* out, const nv_bfloat16* x, const nv_bfloat16* residual, int rows, int hidden) {
    const int row = blockIdx.x;
    for (int h = threadIdx.x; h < hidden; h += blockDim.x)
        out[row * hidden + h] = __float2bfloat16(__bfloat162float(x[row * hidden + h]) + __bfloat162float(residual[row * hidden + h]));
}

void launch(void* out, const void* x, int count) {
    convert<nv_bfloat16, float><<<1, 256>>>(static_cast<float*>(out), static_cast<const nv_bfloat16*>(x), count);
    convert<float, half><<<1, 256>>>(static_cast<half*>(out), static_cast<const float*>(x), count);
}

}  // namespace moewire
