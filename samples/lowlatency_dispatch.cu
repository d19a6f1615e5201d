// SPDX-License-Identifier: Apache-2.0
// Low-latency dispatch: one message a token and expert, quantised to FP8 (E4M3) with a scale for each
// 128 channels, written straight into a slot at the receiver. Three kernels on one stream: send,
// announce the counts, unpack.
#include <cuda_fp8.h>

#include "launch.cuh"
#include "ptx_utils.cuh"

namespace moewire {
namespace lowlatency {

constexpr int kChannelsPerScale = 128;
constexpr float kE4M3Max = 448.0f;
constexpr float kSmallestAmax = 1e-4f;

// header (source token and three spare ints) | payload | one float scale for each 128 channels
template <int kHidden, bool kFp8>
struct Message {
    static constexpr int kNumScales = kFp8 ? kHidden / kChannelsPerScale : 0;
    static constexpr int kPayloadBytes = kHidden * (kFp8 ? 1 : 2);
    static constexpr int kPayloadOffset = sizeof(int4);  // trap: the payload starts at 16, not on a 32-byte block
    static constexpr int kScaleOffset = kPayloadOffset + kPayloadBytes;
    // trap: 16 + H + H/32. H = 7168 gives 7408 = 231 * 32 + 16; only H = 2560 (2656 = 83 * 32) fits. BF16: 16 + 2H never does
    static constexpr int kBytes = kScaleOffset + kNumScales * static_cast<int>(sizeof(float));
    static constexpr int kInt4 = kBytes / static_cast<int>(sizeof(int4));
    STATIC_CHECK(kBytes % sizeof(int4) == 0, "a message is copied in 16-byte pieces");
};

// scale_inv is what the receiver multiplies with. UE8M0 wants powers of two: round the exponent up.
__device__ __forceinline__ void pick_scale(float amax, bool power_of_two, float& scale, float& scale_inv) {
    scale_inv = amax * (1.0f / kE4M3Max);
    if (power_of_two) {
        const uint32_t bits = __float_as_uint(scale_inv);
        const int exponent = static_cast<int>(bits >> 23 & 0xff) + ((bits & 0x7fffff) != 0 ? 1 : 0);
        scale_inv = __uint_as_float(static_cast<uint32_t>(exponent) << 23);
        scale = __uint_as_float(static_cast<uint32_t>(254 - exponent) << 23);
    } else {
        scale = kE4M3Max / amax;
    }
}

template <bool kUe8m0>
__device__ __forceinline__ auto scale_on_output(float scale_inv) {
    if constexpr (kUe8m0)
        return static_cast<uint8_t>(__float_as_uint(scale_inv) >> 23);
    else
        return scale_inv;
}

template <int kHidden, bool kFp8, bool kUe8m0, int kNumThreads>
__global__ void __launch_bounds__(kNumThreads) send(void** inbox_ptrs,
                                                    int* slot_counters,
                                                    void* outbox,
                                                    const int4* x,
                                                    const int* topk_idx,
                                                    int rank,
                                                    int num_ranks,
                                                    int num_tokens,
                                                    int num_topk,
                                                    int num_experts,
                                                    int max_tokens) {
    using Msg = Message<kHidden, kFp8>;
    using packed_t = std::conditional_t<kFp8, int2, int4>;
    constexpr int kPerRead = sizeof(int4) / sizeof(nv_bfloat16);
    constexpr int kReads = kHidden / kPerRead;
    STATIC_CHECK(kReads % 32 == 0, "whole warps take part in the reduction");
    STATIC_CHECK(kPerRead * 16 == kChannelsPerScale, "16 lanes share a scale");

    const int warp = threadIdx.x / 32, lane = lane_index();
    const int experts_per_rank = num_experts / num_ranks;
    DEVICE_CHECK(num_topk <= kNumThreads / 32);

    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        uint8_t* message = static_cast<uint8_t*>(outbox) + static_cast<int64_t>(token) * Msg::kBytes;
        const auto payload = reinterpret_cast<packed_t*>(message + Msg::kPayloadOffset);
        const auto scales = reinterpret_cast<float*>(message + Msg::kScaleOffset);
        if (threadIdx.x == 0)
            *reinterpret_cast<int4*>(message) = make_int4(token, 0, 0, 0);

        for (int i = threadIdx.x; i < kReads; i += kNumThreads) {
            const int4 pack = __ldg(x + static_cast<int64_t>(token) * kReads + i);
            if constexpr (kFp8) {
                const auto bf16 = reinterpret_cast<const nv_bfloat16*>(&pack);
                float values[kPerRead], amax = kSmallestAmax, scale, scale_inv;
                #pragma unroll
                for (int j = 0; j < kPerRead; ++j) {
                    values[j] = static_cast<float>(bf16[j]);
                    amax = fmaxf(amax, fabsf(values[j]));
                }
                amax = warp_reduce_max<16>(amax);
                pick_scale(amax, kUe8m0, scale, scale_inv);
                if (lane % 16 == 0)
                    scales[i / 16] = scale_inv;

                packed_t quantised;
                const auto pairs = reinterpret_cast<__nv_fp8x2_storage_t*>(&quantised);
                #pragma unroll
                for (int j = 0; j < kPerRead; j += 2)
                    pairs[j / 2] = __nv_cvt_float2_to_fp8x2(make_float2(values[j] * scale, values[j + 1] * scale), __NV_SATFINITE, __NV_E4M3);
                payload[i] = quantised;  // 8 bytes a lane
            } else {
                payload[i] = pack;  // trap: no cast here, yet 16 bytes a lane, starting at 16 mod 32
            }
        }
        __syncthreads();

        // One warp a selected expert.
        if (warp < num_topk) {
            const int expert = __ldg(topk_idx + token * num_topk + warp);
            if (expert >= 0) {
                int slot = lane == 0 ? atomicAdd(slot_counters + expert, 1) : 0;
                slot = __shfl_sync(0xffffffffu, slot, 0);
                const int64_t at = (static_cast<int64_t>(expert % experts_per_rank) * num_ranks + rank) * max_tokens + slot;
                uint8_t* there = static_cast<uint8_t*>(inbox_ptrs[expert / experts_per_rank]) + at * Msg::kBytes;
                WARP_STREAM(8, lane, Msg::kInt4, reinterpret_cast<int4*>(there), reinterpret_cast<const int4*>(message), load_row, store_stream);
            }
        }
        __syncthreads();
    }
}

// After `send` on the same stream. The counts travel as -n - 1, so zero means "not yet".
__global__ void announce(int** inbox_count_ptrs, int* slot_counters, int rank, int num_ranks, int num_experts) {
    const int experts_per_rank = num_experts / num_ranks;
    fence_system();
    for (int expert = threadIdx.x; expert < num_experts; expert += blockDim.x) {
        const int n = slot_counters[expert];
        store_release_sys(inbox_count_ptrs[expert / experts_per_rank] + (expert % experts_per_rank) * num_ranks + rank, -n - 1);
        slot_counters[expert] = 0;
    }
}

// A block for each (local expert, source rank): rows of one expert end up next to each other.
template <int kHidden, bool kFp8, bool kUe8m0, int kNumThreads>
__global__ void __launch_bounds__(kNumThreads) unpack(void* packed_x,
                                                      void* packed_scales,
                                                      int* packed_source_token,
                                                      int* packed_count,
                                                      const void* inbox,
                                                      int* inbox_count,
                                                      int num_ranks,
                                                      int max_tokens) {
    using Msg = Message<kHidden, kFp8>;
    using scale_t = std::conditional_t<kUe8m0, uint8_t, float>;
    constexpr int kPayloadInt4 = Msg::kPayloadBytes / static_cast<int>(sizeof(int4));
    const int warp = threadIdx.x / 32, lane = lane_index();
    const int expert = blockIdx.x / num_ranks, source = blockIdx.x % num_ranks;

    __shared__ int shared_count, shared_first;
    if (threadIdx.x == 0) {
        int announced = 0;
        while ((announced = load_acquire_sys(inbox_count + expert * num_ranks + source)) == 0) {
        }
        inbox_count[expert * num_ranks + source] = 0;
        shared_count = -announced - 1;
        shared_first = atomicAdd(packed_count + expert, shared_count);
    }
    __syncthreads();

    const int64_t first_row = static_cast<int64_t>(expert) * num_ranks * max_tokens + shared_first;
    const uint8_t* messages = static_cast<const uint8_t*>(inbox) + static_cast<int64_t>(blockIdx.x) * max_tokens * Msg::kBytes;
    for (int i = warp; i < shared_count; i += kNumThreads / 32) {
        const uint8_t* message = messages + static_cast<int64_t>(i) * Msg::kBytes;
        const auto from = reinterpret_cast<const int4*>(message + Msg::kPayloadOffset);
        const auto to = static_cast<int4*>(packed_x) + (first_row + i) * kPayloadInt4;
        WARP_STREAM(7, lane, kPayloadInt4, to, from, load_row, store_stream);

        if constexpr (kFp8) {
            const auto scales = reinterpret_cast<const float*>(message + Msg::kScaleOffset);
            const auto out = static_cast<scale_t*>(packed_scales) + (first_row + i) * Msg::kNumScales;
            for (int j = lane; j < Msg::kNumScales; j += 32)
                out[j] = scale_on_output<kUe8m0>(scales[j]);
        }
        if (lane == 0)
            packed_source_token[first_row + i] = *reinterpret_cast<const int*>(message);
    }
}

void dispatch(void* packed_x,
              void* packed_scales,
              int* packed_source_token,
              int* packed_count,
              void** inbox_ptrs,
              int** inbox_count_ptrs,
              const void* my_inbox,
              int* my_inbox_count,
              void* outbox,
              int* slot_counters,
              const void* x,
              const int* topk_idx,
              int rank,
              int num_ranks,
              int num_tokens,
              int num_topk,
              int num_experts,
              int hidden,
              int max_tokens,
              bool use_fp8,
              bool use_ue8m0,
              bool send_phase,
              bool receive_phase,
              int num_blocks,
              cudaStream_t stream) {
    constexpr int kNumThreads = 512;
    HOST_CHECK(hidden % 128 == 0);
    HOST_CHECK(num_experts % num_ranks == 0);
    HOST_CHECK(num_topk <= kNumThreads / 32);
    HOST_CHECK(num_tokens <= max_tokens);
    HOST_CHECK(use_fp8 or not use_ue8m0);

    if (send_phase) {
#define SEND_CASE(HIDDEN)                                                                                      \
    {                                                                                                          \
        auto kernel = not use_fp8 ? send<HIDDEN, false, false, kNumThreads>                                    \
            : use_ue8m0           ? send<HIDDEN, true, true, kNumThreads>                                      \
                                  : send<HIDDEN, true, false, kNumThreads>;                                    \
        LAUNCH(kernel, inbox_ptrs, slot_counters, outbox, static_cast<const int4*>(x), topk_idx, rank,         \
               num_ranks, num_tokens, num_topk, num_experts, max_tokens);                                      \
    }                                                                                                          \
    break
        SETUP_LAUNCH(num_blocks, kNumThreads, 0, stream);
        SWITCH_HIDDEN(SEND_CASE);
#undef SEND_CASE
        announce<<<1, 256, 0, stream>>>(inbox_count_ptrs, slot_counters, rank, num_ranks, num_experts);
        CUDA_CHECK(cudaGetLastError());
    }

    if (receive_phase) {
#define UNPACK_CASE(HIDDEN)                                                                                    \
    {                                                                                                          \
        auto kernel = not use_fp8 ? unpack<HIDDEN, false, false, kNumThreads>                                  \
            : use_ue8m0           ? unpack<HIDDEN, true, true, kNumThreads>                                    \
                                  : unpack<HIDDEN, true, false, kNumThreads>;                                  \
        LAUNCH(kernel, packed_x, packed_scales, packed_source_token, packed_count, my_inbox, my_inbox_count,   \
               num_ranks, max_tokens);                                                                         \
    }                                                                                                          \
    break
        CUDA_CHECK(cudaMemsetAsync(packed_count, 0, num_experts / num_ranks * sizeof(int), stream));
        SETUP_LAUNCH(num_experts, kNumThreads, 0, stream);
        SWITCH_HIDDEN(UNPACK_CASE);
#undef UNPACK_CASE
    }
}

}  // namespace lowlatency
}  // namespace moewire
