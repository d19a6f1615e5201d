// SPDX-License-Identifier: Apache-2.0
// Weighted top-k combine: out[token] = sum over k of weight[token][k] * rows[row_of[token][k]], in
// FP32. Warp 0 brings rows in by bulk copies, the other warps multiply and add, a pair of mbarriers
// for each stage hands the rows over.
#include "launch.cuh"
#include "ptx_utils.cuh"

namespace moewire {
namespace lowlatency {

template <int kHidden>
struct RowStage {
    static constexpr int kRowBytes = kHidden * static_cast<int>(sizeof(nv_bfloat16));
    // 32 bytes of overhead keep the stride a multiple of 32 ...
    static constexpr int kStride = 32 + kRowBytes;
    // ... trap: but the row starts behind two 8-byte barriers, at 16 mod 32 in every stage. Offset 32 would cost nothing
    static constexpr int kRowOffset = 2 * static_cast<int>(sizeof(uint64_t));
};

template <int kHidden, int kNumStages, int kNumConsumers>
__global__ void __launch_bounds__(32 + kNumConsumers, 1) topk_combine(int4* combined_x,
                                                                     const int4* rows,
                                                                     const int* row_of,
                                                                     const float* topk_weight,
                                                                     int num_tokens,
                                                                     int num_topk) {
    using Stage = RowStage<kHidden>;
    constexpr int kRowInt4 = Stage::kRowBytes / static_cast<int>(sizeof(int4));
    constexpr int kPacksPerThread = ceil_div(kRowInt4, kNumConsumers);
    STATIC_CHECK(kRowInt4 % 32 == 0, "a row is whole warps of int4");
    const int warp = threadIdx.x / 32, lane = lane_index();

    extern __shared__ __align__(1024) uint8_t smem[];
    const auto full = [=](int s) { return reinterpret_cast<uint64_t*>(smem + s * Stage::kStride); };
    const auto empty = [=](int s) { return reinterpret_cast<uint64_t*>(smem + s * Stage::kStride + sizeof(uint64_t)); };
    const auto row_in = [=](int s) { return reinterpret_cast<int4*>(smem + s * Stage::kStride + Stage::kRowOffset); };
    int4* row_out = reinterpret_cast<int4*>(smem + kNumStages * Stage::kStride);

    if (threadIdx.x == 0) {
        for (int s = 0; s < kNumStages; ++s) {
            mbar_init(full(s), 1);
            mbar_init(empty(s), kNumConsumers / 32);
        }
        mbar_init_fence();
    }
    __syncthreads();

    int step = 0;  // rows since the start: stage = step % kNumStages, parity = step / kNumStages % 2
    if (warp == 0) {
        for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
            for (int k = 0; k < num_topk; ++k) {
                const int row = __ldg(row_of + token * num_topk + k);
                if (row < 0)
                    continue;
                const int stage = step % kNumStages;
                mbar_wait(empty(stage), (step / kNumStages & 1) ^ 1);
                if (elect_one()) {
                    mbar_expect(full(stage), Stage::kRowBytes);
                    bulk_load(row_in(stage), rows + static_cast<int64_t>(row) * kRowInt4, full(stage), Stage::kRowBytes);
                }
                __syncwarp();
                ++step;
            }
        }
        return;
    }

    const int consumer = threadIdx.x - 32;
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        float sums[kPacksPerThread][8] = {};
        for (int k = 0; k < num_topk; ++k) {
            if (__ldg(row_of + token * num_topk + k) < 0)
                continue;
            const float weight = __ldg(topk_weight + token * num_topk + k);
            const int stage = step % kNumStages;
            mbar_wait(full(stage), step / kNumStages & 1);
            #pragma unroll
            for (int p = 0; p < kPacksPerThread; ++p) {
                const int i = p * kNumConsumers + consumer;
                if (i < kRowInt4) {
                    const int4 pack = row_in(stage)[i];  // trap: 16 bytes a lane from 16 mod 32
                    const auto pairs = reinterpret_cast<const nv_bfloat162*>(&pack);
                    #pragma unroll
                    for (int j = 0; j < 4; ++j) {
                        const float2 pair = __bfloat1622float2(pairs[j]);
                        sums[p][2 * j] += weight * pair.x;
                        sums[p][2 * j + 1] = fmaf(weight, pair.y, sums[p][2 * j + 1]);
                    }
                }
            }
            __syncwarp();
            if (elect_one())
                mbar_arrive(empty(stage));
            ++step;
        }

        // The bulk store of the last token must have read the output row.
        if (consumer == 0)
            bulk_wait_read<0>();
        named_barrier(1, kNumConsumers);
        #pragma unroll
        for (int p = 0; p < kPacksPerThread; ++p) {
            const int i = p * kNumConsumers + consumer;
            if (i < kRowInt4) {
                int4 pack;
                const auto pairs = reinterpret_cast<nv_bfloat162*>(&pack);
                #pragma unroll
                for (int j = 0; j < 4; ++j)
                    pairs[j] = __floats2bfloat162_rn(sums[p][2 * j], sums[p][2 * j + 1]);
                row_out[i] = pack;
            }
        }
        bulk_view_shared();
        named_barrier(1, kNumConsumers);
        if (consumer == 0)
            bulk_store(combined_x + static_cast<int64_t>(token) * kRowInt4, row_out, Stage::kRowBytes, kKeepInL2);
    }
    if (consumer == 0)
        bulk_wait<0>();
}

void combine(void* combined_x,
             const void* rows,
             const int* row_of,
             const float* topk_weight,
             int num_tokens,
             int num_topk,
             int hidden,
             int num_blocks,
             cudaStream_t stream) {
    constexpr int kNumStages = 3;
    constexpr int kNumConsumers = 128;
    HOST_CHECK(hidden % 128 == 0);
    HOST_CHECK(num_topk > 0 and num_topk <= 16);
    const int row_bytes = hidden * static_cast<int>(sizeof(nv_bfloat16));
    const int smem_bytes = kNumStages * (32 + row_bytes) + row_bytes;

#define TOPK_COMBINE_CASE(HIDDEN)                                         \
    {                                                                     \
        auto kernel = topk_combine<HIDDEN, kNumStages, kNumConsumers>;    \
        ALLOW_SMEM(kernel, smem_bytes);                                   \
        LAUNCH(kernel,                                                    \
               static_cast<int4*>(combined_x),                            \
               static_cast<const int4*>(rows),                            \
               row_of,                                                    \
               topk_weight,                                               \
               num_tokens,                                                \
               num_topk);                                                 \
    }                                                                     \
    break

    SETUP_LAUNCH(num_blocks, 32 + kNumConsumers, smem_bytes, stream);
    SWITCH_HIDDEN(TOPK_COMBINE_CASE);
#undef TOPK_COMBINE_CASE
}

}  // namespace lowlatency
}  // namespace moewire
