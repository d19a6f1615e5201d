// SPDX-License-Identifier: Apache-2.0
// Ranks tell each other how many tokens come: counts go into boards at the peers, a barrier at system
// scope makes them visible, prefix sums turn them into row offsets.
#include "cursor_buffer.cuh"
#include "launch.cuh"
#include "ptx_utils.cuh"

namespace moewire {
namespace intranode {

// signal_ptrs[r] has one counter a rank, only ever increased; `epoch` counts the barriers so far.
template <int kNumRanks>
__device__ __forceinline__ void system_barrier(int** signal_ptrs, int rank, int epoch) {
    fence_system();
    __syncthreads();
    if (threadIdx.x < kNumRanks) {
        red_release_sys(signal_ptrs[threadIdx.x] + rank, 1);
        while (load_acquire_sys(signal_ptrs[rank] + threadIdx.x) < epoch) {
        }
    }
    __syncthreads();
}

// The boards at each rank: a count from each peer, then for each peer one count for each local expert
// and one for each channel.
struct Boards {
    SymSpan<int> ranks;
    AsymSpan<int> experts;
    AsymSpan<int> channels;

    // trap: 8 bytes a rank, then 4 bytes an expert and peer: 2 ranks and 3 experts put `channels` at 16 + 24 = 40 = 32 + 8
    __device__ __forceinline__ Boards(void* cursor, int num_ranks, int experts_per_rank, int num_channels)
        : ranks(cursor, 1, num_ranks), experts(cursor, experts_per_rank, num_ranks), channels(cursor, num_channels, num_ranks) {}
};

template <int kNumRanks>
__global__ void exchange_counts(int* recv_total,
                                int* recv_tokens_per_expert,
                                int* recv_base,
                                const int* tokens_per_rank,
                                const int* tokens_per_expert,
                                const int* tokens_per_channel,
                                void** buffer_ptrs,
                                int** signal_ptrs,
                                int rank,
                                int epoch,
                                int experts_per_rank,
                                int expert_alignment,
                                int num_channels) {
    const int thread = threadIdx.x, num_threads = blockDim.x;
    const int warp = thread / 32, lane = lane_index();
    DEVICE_CHECK(num_threads >= kNumRanks * 32);

    // A warp writes to one peer.
    if (warp < kNumRanks) {
        const Boards there(buffer_ptrs[warp], kNumRanks, experts_per_rank, num_channels);
        if (lane == 0)
            *there.ranks.incoming(rank) = tokens_per_rank[warp];
        for (int e = lane; e < experts_per_rank; e += 32)
            there.experts.row(rank)[e] = tokens_per_expert[warp * experts_per_rank + e];
        for (int c = lane; c < num_channels; c += 32)
            there.channels.row(rank)[c] = tokens_per_channel[warp * num_channels + c];
    }
    system_barrier<kNumRanks>(signal_ptrs, rank, epoch + 1);

    const Boards here(buffer_ptrs[rank], kNumRanks, experts_per_rank, num_channels);
    for (int e = thread; e < experts_per_rank; e += num_threads) {
        int sum = 0;
        #pragma unroll
        for (int r = 0; r < kNumRanks; ++r)
            sum += here.experts.row(r)[e];
        recv_tokens_per_expert[e] = align_up(sum, expert_alignment);
    }

    // Rows are ordered by source rank, then by channel.
    if (warp < kNumRanks and lane == 0) {
        int base = 0;
        for (int r = 0; r < warp; ++r)
            base += *here.ranks.incoming(r);
        for (int c = 0; c < num_channels; ++c) {
            recv_base[warp * num_channels + c] = base;
            base += here.channels.row(warp)[c];
        }
        if (warp == kNumRanks - 1)
            *recv_total = base;
    }

    // Nobody may overwrite a board that is still being read.
    system_barrier<kNumRanks>(signal_ptrs, rank, epoch + 2);
}

void notify(int* recv_total,
            int* recv_tokens_per_expert,
            int* recv_base,
            const int* tokens_per_rank,
            const int* tokens_per_expert,
            const int* tokens_per_channel,
            void** buffer_ptrs,
            int** signal_ptrs,
            int rank,
            int num_ranks,
            int epoch,
            int num_experts,
            int expert_alignment,
            int num_channels,
            cudaStream_t stream) {
    constexpr int kNumThreads = 256;
    HOST_CHECK(num_experts % num_ranks == 0);
    HOST_CHECK(kNumThreads >= num_ranks * 32);
    HOST_CHECK(expert_alignment > 0);

#define NOTIFY_CASE(RANKS)                    \
    LAUNCH(exchange_counts<RANKS>,            \
           recv_total,                        \
           recv_tokens_per_expert,            \
           recv_base,                         \
           tokens_per_rank,                   \
           tokens_per_expert,                 \
           tokens_per_channel,                \
           buffer_ptrs,                       \
           signal_ptrs,                       \
           rank,                              \
           epoch,                             \
           num_experts / num_ranks,           \
           expert_alignment,                  \
           num_channels);                     \
    break

    SETUP_LAUNCH(1, kNumThreads, 0, stream);
    SWITCH_RANKS(NOTIFY_CASE);
#undef NOTIFY_CASE
}

}  // namespace intranode
}  // namespace moewire
