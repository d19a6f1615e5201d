// SPDX-License-Identifier: Apache-2.0
// Combine inside one node, the way back of intranode_dispatch.cu. Even blocks send expert outputs to
// the rank that the token came from, odd blocks add what arrives, plus up to two biases, in FP32.
#include "cursor_buffer.cuh"
#include "launch.cuh"
#include "ptx_utils.cuh"

namespace moewire {
namespace intranode {

struct CombineRings {
    AsymSpan<int> head, tail;
    AsymSpan<int4> rows;
    AsymSpan<float> weight;

    __device__ __forceinline__ CombineRings(
        void* cursor, int channel, int num_channels, int num_ranks, int ring_tokens, int hidden_int4, int num_topk)
        : head(cursor, 1, num_ranks, channel, num_channels),
          tail(cursor, 1, num_ranks, channel, num_channels),
          rows(cursor, static_cast<int64_t>(ring_tokens) * hidden_int4, num_ranks, channel, num_channels),
          weight(cursor, static_cast<int64_t>(ring_tokens) * num_topk, num_ranks, channel, num_channels) {}
};

// Shared memory of one receiving warp, kNumStages times:
//   kNumRanks load slots of 512 bytes | one store slot of 512 bytes | 16 bytes for an mbarrier
constexpr int kSlotBytes = 32 * static_cast<int>(sizeof(int4));
constexpr int kBarrierBytes = 16;

template <int kNumRanks>
struct StageLayout {
    static constexpr int kStoreOffset = kSlotBytes * kNumRanks;
    static constexpr int kBarrierOffset = kStoreOffset + kSlotBytes;
    // trap: 512 * (8 + 1) + 16 = 4624 = 144 * 32 + 16: every odd stage starts 16 bytes off a 32-byte block
    static constexpr int kStride = kSlotBytes * (kNumRanks + 1) + kBarrierBytes;
};

template <typename dtype_t, int kNumRanks, int kNumThreads, int kNumStages>
__global__ void __launch_bounds__(kNumThreads, 1) combine(dtype_t* combined_x,
                                                          float* combined_weight,
                                                          const dtype_t* x,
                                                          const float* topk_weight,
                                                          const dtype_t* bias_0,
                                                          const dtype_t* bias_1,
                                                          const int* sent_slot,
                                                          const int* row_base,
                                                          const int* row_count,
                                                          void** buffer_ptrs,
                                                          int rank,
                                                          int num_tokens,
                                                          int num_topk,
                                                          int hidden_int4,
                                                          int ring_tokens,
                                                          int chunk_tokens) {
    constexpr int kNumWarps = kNumThreads / 32;
    constexpr int kPerInt4 = sizeof(int4) / sizeof(dtype_t);
    using Stage = StageLayout<kNumRanks>;

    const int channel = blockIdx.x / 2, num_channels = gridDim.x / 2;
    const bool is_sender = blockIdx.x % 2 == 0;
    const int warp = threadIdx.x / 32, lane = lane_index();
    const int4* x_int4 = reinterpret_cast<const int4*>(x);
    DEVICE_CHECK(num_topk <= 32);

    if (is_sender) {
        constexpr int kWarpsPerRank = kNumWarps / kNumRanks;
        STATIC_CHECK(kNumWarps % kNumRanks == 0, "every rank needs the same number of warps");
        const int peer = warp / kWarpsPerRank, warp_of_peer = warp % kWarpsPerRank;
        const CombineRings rings(buffer_ptrs[peer], channel, num_channels, kNumRanks, ring_tokens, hidden_int4, num_topk);

        const int64_t first_row = row_base[peer * num_channels + channel];
        const int num_rows = row_count[peer * num_channels + channel];
        for (int sent = 0; sent < num_rows;) {
            if (elect_one()) {
                while (sent - load_acquire_sys(rings.head.row(rank)) > ring_tokens - chunk_tokens) {
                }
            }
            __syncwarp();

            const int chunk_end = min(sent + chunk_tokens, num_rows);
            for (int i = sent + warp_of_peer; i < chunk_end; i += kWarpsPerRank) {
                const int slot = i % ring_tokens;
                int4* ring_row = rings.rows.row(rank) + static_cast<int64_t>(slot) * hidden_int4;
                WARP_STREAM(4, lane, hidden_int4, ring_row, x_int4 + (first_row + i) * hidden_int4, load_stream, store_stream);
                if (lane < num_topk)
                    rings.weight.row(rank)[slot * num_topk + lane] = __ldg(topk_weight + (first_row + i) * num_topk + lane);
            }
            sent = chunk_end;

            named_barrier(1 + peer, kWarpsPerRank * 32);
            if (warp_of_peer == 0 and elect_one())
                store_release_sys(rings.tail.row(rank), sent);
        }
        return;
    }

    // Receivers: one token a warp and round, all warps of the block move on together.
    __shared__ int consumed[kNumRanks];
    extern __shared__ __align__(1024) uint8_t smem[];
    const CombineRings rings(buffer_ptrs[rank], channel, num_channels, kNumRanks, ring_tokens, hidden_int4, num_topk);
    uint8_t* warp_smem = smem + warp * (Stage::kStride * kNumStages);
    const auto load_slot = [=](int stage, int from) {
        return reinterpret_cast<int4*>(warp_smem + stage * Stage::kStride + from * kSlotBytes);
    };
    const auto store_slot = [=](int stage) { return reinterpret_cast<int4*>(warp_smem + stage * Stage::kStride + Stage::kStoreOffset); };
    const auto barrier_of = [=](int stage) {
        return reinterpret_cast<uint64_t*>(warp_smem + stage * Stage::kStride + Stage::kBarrierOffset);
    };

    if (threadIdx.x < kNumRanks)
        consumed[threadIdx.x] = 0;
    if (elect_one()) {
        #pragma unroll
        for (int s = 0; s < kNumStages; ++s)
            mbar_init(barrier_of(s), 1);
        mbar_init_fence();
    }
    __syncthreads();

    const int share = ceil_div(num_tokens, num_channels);
    const int first = min(share * channel, num_tokens), last = min(first + share, num_tokens);
    const int num_chunks = ceil_div(hidden_int4, 32);
    int loaded = 0, summed = 0;  // chunks since the start: stage = n % kNumStages, parity = n / kNumStages % 2

    for (int round = first; round < last; round += kNumWarps) {
        const int64_t token = round + warp;
        if (token < last) {
            const int my_slot = lane < kNumRanks ? sent_slot[token * kNumRanks + lane] : -1;
            if (my_slot >= 0) {
                while (load_acquire_sys(rings.tail.row(lane)) <= my_slot) {
                }
            }
            __syncwarp();
            bulk_view_global();

            const uint32_t arrived = __ballot_sync(0xffffffffu, my_slot >= 0);
            int slots[kNumRanks];
            #pragma unroll
            for (int r = 0; r < kNumRanks; ++r)
                slots[r] = max(__shfl_sync(0xffffffffu, my_slot, r), 0) % ring_tokens;

            const auto load_chunk = [&](int chunk) {
                const int stage = loaded % kNumStages, i = chunk * 32;
                // 16 * n bytes: a multiple of 32 iff hidden_int4 is even, and the last chunk may be short.
                const int num_bytes = min(32, hidden_int4 - i) * 16;
                if (elect_one()) {
                    mbar_expect(barrier_of(stage), num_bytes * __popc(arrived));
                    #pragma unroll
                    for (int r = 0; r < kNumRanks; ++r) {
                        if (arrived >> r & 1)
                            bulk_load(load_slot(stage, r), rings.rows.row(r) + static_cast<int64_t>(slots[r]) * hidden_int4 + i, barrier_of(stage), num_bytes);
                    }
                }
                __syncwarp();
                ++loaded;
            };

            #pragma unroll
            for (int s = 0; s < kNumStages - 1; ++s) {
                if (s < num_chunks)
                    load_chunk(s);
            }
            for (int chunk = 0; chunk < num_chunks; ++chunk, ++summed) {
                if (chunk + kNumStages - 1 < num_chunks)
                    load_chunk(chunk + kNumStages - 1);

                const int stage = summed % kNumStages, i = chunk * 32;
                const bool in_row = i + lane < hidden_int4;
                mbar_wait(barrier_of(stage), summed / kNumStages & 1);

                float sums[kPerInt4];
                if (in_row) {
                    // Biases first, both widened before they meet.
                    const int64_t at = token * hidden_int4 + i + lane;
                    const int4 zero = make_int4(0, 0, 0, 0);
                    const int4 bias_0_pack = bias_0 != nullptr ? __ldg(reinterpret_cast<const int4*>(bias_0) + at) : zero;
                    const int4 bias_1_pack = bias_1 != nullptr ? __ldg(reinterpret_cast<const int4*>(bias_1) + at) : zero;
                    const auto bias_0_values = reinterpret_cast<const dtype_t*>(&bias_0_pack);
                    const auto bias_1_values = reinterpret_cast<const dtype_t*>(&bias_1_pack);
                    #pragma unroll
                    for (int j = 0; j < kPerInt4; ++j)
                        sums[j] = static_cast<float>(bias_0_values[j]) + static_cast<float>(bias_1_values[j]);

                    #pragma unroll
                    for (int r = 0; r < kNumRanks; ++r) {
                        if (arrived >> r & 1) {
                            const int4 pack = load_slot(stage, r)[lane];  // trap: 16 bytes a lane in a slot at 16 mod 32 when stage is odd
                            const auto values = reinterpret_cast<const dtype_t*>(&pack);
                            #pragma unroll
                            for (int j = 0; j < kPerInt4; ++j)
                                sums[j] += static_cast<float>(values[j]);
                        }
                    }
                }

                // The store that used this slot kNumStages chunks ago must have read it.
                if (elect_one())
                    bulk_wait_read<kNumStages - 1>();
                __syncwarp();
                if (in_row) {
                    int4 out_pack;
                    auto out_values = reinterpret_cast<dtype_t*>(&out_pack);
                    #pragma unroll
                    for (int j = 0; j < kPerInt4; ++j)
                        out_values[j] = static_cast<dtype_t>(sums[j]);
                    store_slot(stage)[lane] = out_pack;
                }
                bulk_view_shared();
                __syncwarp();
                if (elect_one()) {
                    // i is a multiple of 32 here, so only the last chunk is shorter than 512 bytes.
                    bulk_store(reinterpret_cast<int4*>(combined_x) + token * hidden_int4 + i,
                               store_slot(stage),
                               min(32, hidden_int4 - i) * 16);
                }
                __syncwarp();
            }

            if (lane < num_topk) {
                float sum = 0.0f;
                #pragma unroll
                for (int r = 0; r < kNumRanks; ++r) {
                    if (arrived >> r & 1)
                        sum += rings.weight.row(r)[slots[r] * num_topk + lane];
                }
                combined_weight[token * num_topk + lane] = sum;
            }
            if (my_slot >= 0)
                atomicMax(&consumed[lane], my_slot + 1);
        }

        // Give the ring back only when every warp of the round is through.
        __syncthreads();
        if (threadIdx.x < kNumRanks)
            store_release_sys(rings.head.row(threadIdx.x), consumed[threadIdx.x]);
        __syncthreads();
    }
    if (elect_one())
        bulk_wait<0>();
}

void combine(void* combined_x,
             float* combined_weight,
             const void* x,
             const float* topk_weight,
             const void* bias_0,
             const void* bias_1,
             const int* sent_slot,
             const int* row_base,
             const int* row_count,
             void** buffer_ptrs,
             int rank,
             int num_ranks,
             int num_tokens,
             int num_topk,
             int hidden,
             int ring_tokens,
             int chunk_tokens,
             int num_blocks,
             cudaStream_t stream) {
    constexpr int kNumThreads = 512;
    constexpr int kNumStages = 2;
    const int smem_bytes = (kSlotBytes * (num_ranks + 1) + kBarrierBytes) * kNumStages * (kNumThreads / 32);

    HOST_CHECK(num_blocks % 2 == 0);
    HOST_CHECK((num_blocks / 2) * num_ranks % 2 == 0);
    HOST_CHECK(hidden * sizeof(nv_bfloat16) % sizeof(int4) == 0);  // hidden % 8: a 32-byte row needs hidden % 16
    HOST_CHECK(chunk_tokens > 0 and ring_tokens >= chunk_tokens + kNumThreads / 32);
    const int hidden_int4 = hidden * static_cast<int>(sizeof(nv_bfloat16)) / static_cast<int>(sizeof(int4));

#define COMBINE_CASE(RANKS)                                                 \
    {                                                                       \
        auto kernel = combine<nv_bfloat16, RANKS, kNumThreads, kNumStages>; \
        ALLOW_SMEM(kernel, smem_bytes);                                     \
        LAUNCH(kernel,                                                      \
               static_cast<nv_bfloat16*>(combined_x),                       \
               combined_weight,                                             \
               static_cast<const nv_bfloat16*>(x),                          \
               topk_weight,                                                 \
               static_cast<const nv_bfloat16*>(bias_0),                     \
               static_cast<const nv_bfloat16*>(bias_1),                     \
               sent_slot,                                                   \
               row_base,                                                    \
               row_count,                                                   \
               buffer_ptrs,                                                 \
               rank,                                                        \
               num_tokens,                                                  \
               num_topk,                                                    \
               hidden_int4,                                                 \
               ring_tokens,                                                 \
               chunk_tokens);                                               \
    }                                                                       \
    break

    SETUP_LAUNCH(num_blocks, kNumThreads, smem_bytes, stream);
    SWITCH_RANKS(COMBINE_CASE);
#undef COMBINE_CASE
}

}  // namespace intranode
}  // namespace moewire
