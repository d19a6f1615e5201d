// SPDX-License-Identifier: Apache-2.0
// Dispatch inside one node. Blocks work in pairs, a pair is a channel: the even block sends, the odd
// one receives. A sender writes rows into a ring that lies in the receiver's allocation
// (`buffer_ptrs[rank]`, mapped into every process); the receiver moves rows from the ring to the
// output by bulk copies through shared memory.
#include "cursor_buffer.cuh"
#include "launch.cuh"
#include "ptx_utils.cuh"

namespace moewire {
namespace intranode {

// The layout of one rank's allocation. Sender and receiver build it from the same numbers, so the
// offsets agree. All counters must be zero at the start.
struct DispatchRings {
    AsymSpan<int> head, tail, announced;
    AsymSpan<int4> rows;
    AsymSpan<int> source_token, local_expert;
    AsymSpan<float> weight;

    __device__ __forceinline__ DispatchRings(
        void* cursor, int channel, int num_channels, int num_ranks, int ring_tokens, int hidden_int4, int num_topk)
        : head(cursor, 1, num_ranks, channel, num_channels),
          tail(cursor, 1, num_ranks, channel, num_channels),
          announced(cursor, 1, num_ranks, channel, num_channels),
          // trap: the rows start 12 * num_channels * num_ranks bytes in; 10 channels * 2 ranks give 240 = 7 * 32 + 16
          rows(cursor, static_cast<int64_t>(ring_tokens) * hidden_int4, num_ranks, channel, num_channels),
          source_token(cursor, ring_tokens, num_ranks, channel, num_channels),
          local_expert(cursor, static_cast<int64_t>(ring_tokens) * num_topk, num_ranks, channel, num_channels),
          weight(cursor, static_cast<int64_t>(ring_tokens) * num_topk, num_ranks, channel, num_channels) {}
};

template <int kNumRanks, int kNumThreads, int kStageBytes>
__global__ void __launch_bounds__(kNumThreads, 1) dispatch(int4* recv_x,
                                                           int* recv_source_token,
                                                           int* recv_local_expert,
                                                           float* recv_weight,
                                                           int* sent_slot,
                                                           const int4* x,
                                                           const int* topk_idx,
                                                           const float* topk_weight,
                                                           const bool* goes_to_rank,
                                                           const int* tokens_per_channel,
                                                           const int* recv_base,
                                                           void** buffer_ptrs,
                                                           int rank,
                                                           int num_tokens,
                                                           int num_experts,
                                                           int num_topk,
                                                           int hidden_int4,
                                                           int ring_tokens,
                                                           int chunk_tokens) {
    constexpr int kNumWarps = kNumThreads / 32;
    constexpr int kWarpsPerRank = kNumWarps / kNumRanks;
    STATIC_CHECK(kNumWarps % kNumRanks == 0, "every rank needs the same number of warps");

    const int channel = blockIdx.x / 2, num_channels = gridDim.x / 2;
    const bool is_sender = blockIdx.x % 2 == 0;
    const int warp = threadIdx.x / 32, lane = lane_index();
    const int peer = warp / kWarpsPerRank, warp_of_peer = warp % kWarpsPerRank;
    const int experts_per_rank = num_experts / kNumRanks;
    DEVICE_CHECK(gridDim.x % 2 == 0 and num_topk <= 32);

    // Rings live at the receiver. A sender looks up its own row there, a receiver the row of its peer.
    const DispatchRings rings(buffer_ptrs[is_sender ? peer : rank], channel, num_channels, kNumRanks, ring_tokens, hidden_int4, num_topk);
    const int row_owner = is_sender ? rank : peer;

    // One stage a warp: half a row, then the barrier of that stage.
    extern __shared__ __align__(1024) uint8_t smem[];
    const int half_int4 = hidden_int4 / 2;
    const int half_bytes = half_int4 * static_cast<int>(sizeof(int4));
    uint8_t* stage = smem + warp * kStageBytes;
    uint64_t* stage_barrier = reinterpret_cast<uint64_t*>(stage + half_bytes);
    uint32_t parity = 0;
    if (elect_one()) {
        mbar_init(stage_barrier, 1);
        mbar_init_fence();
        // The 16-byte rule only. trap: half_bytes = 16 * (hidden_int4 / 2) is a multiple of 32 iff hidden_int4 % 4 == 0
        DEVICE_CHECK(hidden_int4 % 2 == 0 and half_bytes + static_cast<int>(sizeof(uint64_t)) <= kStageBytes);
    }
    __syncwarp();

    if (is_sender) {
        const int share = ceil_div(num_tokens, num_channels);
        const int first = min(share * channel, num_tokens), last = min(first + share, num_tokens);

        // Announce as -n - 1: zero means that nothing was written yet.
        if (warp_of_peer == 0 and elect_one())
            store_release_sys(rings.announced.row(row_owner), -tokens_per_channel[peer * num_channels + channel] - 1);
        __syncwarp();

        int sent = 0;
        for (int token = first; token < last;) {
            // Wait until a whole chunk fits.
            if (elect_one()) {
                while (sent - load_acquire_sys(rings.head.row(row_owner)) > ring_tokens - chunk_tokens) {
                }
            }
            __syncwarp();

            for (int in_chunk = 0; in_chunk < chunk_tokens and token < last; ++token) {
                const bool goes = goes_to_rank[token * kNumRanks + peer];
                if (warp_of_peer == 0 and elect_one())
                    sent_slot[token * kNumRanks + peer] = goes ? sent : -1;
                if (not goes)
                    continue;

                const int slot = sent++ % ring_tokens;
                ++in_chunk;
                if (sent % kWarpsPerRank != warp_of_peer)
                    continue;

                // Every lane moves 16 bytes a step: 512 bytes a warp, in 16-byte pieces.
                int4* ring_row = rings.rows.row(row_owner) + static_cast<int64_t>(slot) * hidden_int4;
                WARP_STREAM(4, lane, hidden_int4, ring_row, x + static_cast<int64_t>(token) * hidden_int4, load_stream, store_stream);

                if (elect_one())
                    rings.source_token.row(row_owner)[slot] = token;
                if (lane < num_topk) {
                    const int expert = __ldg(topk_idx + token * num_topk + lane) - peer * experts_per_rank;
                    const bool here = expert >= 0 and expert < experts_per_rank;
                    rings.local_expert.row(row_owner)[slot * num_topk + lane] = here ? expert : -1;
                    rings.weight.row(row_owner)[slot * num_topk + lane] = here ? __ldg(topk_weight + token * num_topk + lane) : 0.0f;
                }
            }

            named_barrier(1 + peer, kWarpsPerRank * 32);
            if (warp_of_peer == 0 and elect_one())
                store_release_sys(rings.tail.row(row_owner), sent);
        }
    } else {
        __shared__ int seen_tail[kNumRanks], seen_count[kNumRanks];
        if (warp_of_peer == 0 and elect_one()) {
            int announced = 0;
            while ((announced = load_acquire_sys(rings.announced.row(row_owner))) == 0) {
            }
            seen_count[peer] = -announced - 1;
        }
        named_barrier(1 + peer, kWarpsPerRank * 32);
        const int num_rows = seen_count[peer];
        const int64_t first_row = recv_base[peer * num_channels + channel];

        for (int done = 0; done < num_rows;) {
            if (warp_of_peer == 0 and elect_one()) {
                int tail = done;
                while ((tail = load_acquire_sys(rings.tail.row(row_owner))) == done) {
                }
                seen_tail[peer] = tail;
            }
            named_barrier(1 + peer, kWarpsPerRank * 32);
            const int tail = seen_tail[peer];
            bulk_view_global();

            for (int i = done + warp_of_peer; i < tail; i += kWarpsPerRank) {
                const int slot = i % ring_tokens;
                const int4* ring_row = rings.rows.row(row_owner) + static_cast<int64_t>(slot) * hidden_int4;
                int4* out_row = recv_x + (first_row + i) * hidden_int4;

                #pragma unroll
                for (int half = 0; half < 2; ++half) {
                    if (elect_one()) {
                        bulk_wait_read<0>();
                        mbar_expect(stage_barrier, half_bytes);
                        bulk_load(stage, ring_row + half * half_int4, stage_barrier, half_bytes);  // trap: second half starts at half_bytes
                    }
                    __syncwarp();
                    mbar_wait(stage_barrier, parity);
                    parity ^= 1;
                    if (elect_one())
                        bulk_store(out_row + half * half_int4, stage, half_bytes);
                    __syncwarp();
                }

                if (elect_one())
                    recv_source_token[first_row + i] = rings.source_token.row(row_owner)[slot];
                if (lane < num_topk) {
                    recv_local_expert[(first_row + i) * num_topk + lane] = rings.local_expert.row(row_owner)[slot * num_topk + lane];
                    recv_weight[(first_row + i) * num_topk + lane] = rings.weight.row(row_owner)[slot * num_topk + lane];
                }
            }

            named_barrier(1 + peer, kWarpsPerRank * 32);
            done = tail;
            if (warp_of_peer == 0 and elect_one())
                store_release_sys(rings.head.row(row_owner), done);
        }
        if (elect_one())
            bulk_wait<0>();
    }
}

void dispatch(void* recv_x,
              int* recv_source_token,
              int* recv_local_expert,
              float* recv_weight,
              int* sent_slot,
              const void* x,
              const int* topk_idx,
              const float* topk_weight,
              const bool* goes_to_rank,
              const int* tokens_per_channel,
              const int* recv_base,
              void** buffer_ptrs,
              int rank,
              int num_ranks,
              int num_tokens,
              int num_experts,
              int num_topk,
              int row_bytes,
              int ring_tokens,
              int chunk_tokens,
              int num_blocks,
              cudaStream_t stream) {
    constexpr int kNumThreads = 512;
    constexpr int kStageBytes = 8192;
    constexpr int kSmemBytes = kStageBytes * (kNumThreads / 32);

    HOST_CHECK(num_blocks % 2 == 0);
    HOST_CHECK(row_bytes % sizeof(int4) == 0);
    HOST_CHECK((num_blocks / 2) * num_ranks % 4 == 0);  // keeps the rows on 16 bytes, not on 32
    HOST_CHECK(num_experts % num_ranks == 0);
    HOST_CHECK(chunk_tokens > 0 and chunk_tokens <= ring_tokens);
    const int hidden_int4 = row_bytes / static_cast<int>(sizeof(int4));

#define DISPATCH_CASE(RANKS)                                            \
    {                                                                   \
        auto kernel = dispatch<RANKS, kNumThreads, kStageBytes>;        \
        ALLOW_SMEM(kernel, kSmemBytes);                                 \
        LAUNCH(kernel,                                                  \
               static_cast<int4*>(recv_x),                              \
               recv_source_token,                                       \
               recv_local_expert,                                       \
               recv_weight,                                             \
               sent_slot,                                               \
               static_cast<const int4*>(x),                             \
               topk_idx,                                                \
               topk_weight,                                             \
               goes_to_rank,                                            \
               tokens_per_channel,                                      \
               recv_base,                                               \
               buffer_ptrs,                                             \
               rank,                                                    \
               num_tokens,                                              \
               num_experts,                                             \
               num_topk,                                                \
               hidden_int4,                                             \
               ring_tokens,                                             \
               chunk_tokens);                                           \
    }                                                                   \
    break

    SETUP_LAUNCH(num_blocks, kNumThreads, kSmemBytes, stream);
    SWITCH_RANKS(DISPATCH_CASE);
#undef DISPATCH_CASE
}

}  // namespace intranode
}  // namespace moewire
