// SPDX-License-Identifier: Apache-2.0
// Rows that are quantised on their way: FP8 with a scale for each 128 channels, INT8 with one a token.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cstdint>

namespace moewire {

constexpr int kChannelsPerScale = 128;
constexpr float kE4M3Max = 448.0f;
constexpr float kSmallestAmax = 1e-4f;

struct TakeMax {
    template <typename value_t>
    __device__ __forceinline__ value_t operator()(value_t a, value_t b) const {
        return a > b ? a : b;
    }
};

template <int kLanes, typename value_t, typename op_t>
__device__ __forceinline__ value_t warp_reduce(value_t value, op_t op) {
    #pragma unroll
    for (int step = kLanes / 2; step > 0; step /= 2)
        value = op(value, __shfl_xor_sync(0xffffffffu, value, step));
    return value;
}

template <int kLanes = 32, typename value_t>
__device__ __forceinline__ value_t warp_reduce_max(value_t value) {
    return warp_reduce<kLanes>(value, TakeMax{});
}

// scale_inv is what the receiver multiplies with.
__device__ __forceinline__ void pick_scale(float amax, float& scale, float& scale_inv) {
    scale_inv = amax * (1.0f / kE4M3Max);
    scale = kE4M3Max / amax;
}

// Low-latency dispatch: 16 lanes hold the 128 channels of a scale, and a slot is where the token goes.
template <int kHidden, int kNumThreads>
__global__ void __launch_bounds__(kNumThreads) dispatch_fp8(int2* recv_x, float* recv_scales, const int4* x, const int* slot_of, int num_tokens) {
    constexpr int kPerRead = sizeof(int4) / sizeof(nv_bfloat16);
    constexpr int kReads = kHidden / kPerRead;
    constexpr int kScales = kHidden / kChannelsPerScale;
    const int lane = threadIdx.x % 32;
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        const int slot = __ldg(slot_of + token);
        if (slot < 0)
            continue;
        for (int i = threadIdx.x; i < kReads; i += kNumThreads) {
            const int4 pack = __ldg(x + static_cast<int64_t>(token) * kReads + i);
            const auto bf16 = reinterpret_cast<const nv_bfloat16*>(&pack);
            float values[kPerRead], amax = kSmallestAmax, scale, scale_inv;
            #pragma unroll
            for (int j = 0; j < kPerRead; ++j) {
                values[j] = static_cast<float>(bf16[j]);
                amax = fmaxf(amax, fabsf(values[j]));
            }
            amax = warp_reduce_max<16>(amax);
            pick_scale(amax, scale, scale_inv);
            if (lane % 16 == 0)
                recv_scales[static_cast<int64_t>(slot) * kScales + i / 16] = scale_inv;
            int2 quantised;
            const auto pairs = reinterpret_cast<__nv_fp8x2_storage_t*>(&quantised);
            #pragma unroll
            for (int j = 0; j < kPerRead; j += 2)
                pairs[j / 2] = __nv_cvt_float2_to_fp8x2(make_float2(values[j] * scale, values[j + 1] * scale), __NV_SATFINITE, __NV_E4M3);
            recv_x[static_cast<int64_t>(slot) * kReads + i] = quantised;
        }
    }
}

// Dispatch of a token to all its experts: the row is quantised for each of them anew, to the same numbers.
__global__ void expand_fp8(__nv_fp8_storage_t* recv_x, float* recv_scales, const nv_bfloat16* x, const int64_t* slot_of, int num_tokens, int num_topk, int hidden) {
    const int lane = threadIdx.x % 32, num_scales = hidden / 32;
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        for (int k = 0; k < num_topk; ++k) {
            const int64_t slot = slot_of[token * num_topk + k];
            if (slot < 0)
                continue;
            for (int h = threadIdx.x; h < hidden; h += blockDim.x) {
                const float value = __bfloat162float(x[static_cast<int64_t>(token) * hidden + h]);
                const float amax = warp_reduce_max(fmaxf(fabsf(value), kSmallestAmax));
                const float scale = amax / kE4M3Max;
                recv_x[slot * hidden + h] = __nv_cvt_float_to_fp8(value / scale, __NV_SATFINITE, __NV_E4M3);
                if (lane == 0)
                    recv_scales[slot * num_scales + h / 32] = scale;
            }
        }
    }
}

// Per-token INT8: a warp a token, two passes over the row.
__global__ void quantise_int8(int8_t* out, float* scales, const nv_bfloat16* x, int num_tokens, int hidden) {
    const int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    const int num_warps = gridDim.x * blockDim.x / 32;
    for (int token = warp; token < num_tokens; token += num_warps) {
        float amax = 1e-4f;
        for (int h = lane; h < hidden; h += 32)
            amax = fmaxf(amax, fabsf(__bfloat162float(x[token * hidden + h])));
        amax = warp_reduce_max(amax);
        const float scale = 127.0f / amax;
        if (lane == 0)
            scales[token] = amax / 127.0f;
        for (int h = lane; h < hidden; h += 32)
            out[token * hidden + h] = static_cast<int8_t>(rintf(__bfloat162float(x[token * hidden + h]) * scale));
    }
}

// The scales alone.
__global__ void row_scales(float* scales, const half* x, int num_rows, int hidden) {
    const int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (row >= num_rows)
        return;
    float amax = 1e-10f;
    for (int h = lane; h < hidden; h += 32)
        amax = fmaxf(amax, fabsf(__half2float(x[static_cast<int64_t>(row) * hidden + h])));
    amax = warp_reduce_max(amax);
    if (lane == 0)
        scales[row] = amax / kE4M3Max;
}

__global__ void row_amax(float* amax_of, const float* x, int num_rows, int hidden) {
    for (int row = blockIdx.x * blockDim.x + threadIdx.x; row < num_rows; row += gridDim.x * blockDim.x) {
        float amax = 0.0f;
        for (int h = 0; h < hidden; ++h)
            amax = fmaxf(amax, fabsf(x[row * hidden + h]));
        amax_of[row] = amax;
    }
}

void launch(int2* recv_x, float* recv_scales, const int4* x, const int* slot_of, int num_tokens) {
    dispatch_fp8<7168, 256><<<64, 256>>>(recv_x, recv_scales, x, slot_of, num_tokens);
}

}  // namespace moewire
