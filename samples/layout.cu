// SPDX-License-Identifier: Apache-2.0
// Who gets how much: tokens for each expert, for each rank and for each channel, from the top-k
// indices. Shared counters, no wide accesses: nothing in this file should trouble a 32-byte target.
#include "launch.cuh"
#include "ptx_utils.cuh"

namespace moewire {
namespace layout {

// A block counts kExpertsPerBlock experts. Each warp has counters of its own; they are added at the end.
template <int kNumThreads, int kExpertsPerBlock>
__global__ void __launch_bounds__(kNumThreads) count_experts(int* tokens_per_expert, const int* topk_idx, int num_tokens, int num_topk, int num_experts) {
    constexpr int kNumWarps = kNumThreads / 32;
    __shared__ int counts[kNumWarps][kExpertsPerBlock];
    const int warp = threadIdx.x / 32, lane = lane_index();
    const int first = blockIdx.x * kExpertsPerBlock;

    for (int e = lane; e < kExpertsPerBlock; e += 32)
        counts[warp][e] = 0;
    __syncwarp();
    for (int i = threadIdx.x; i < num_tokens * num_topk; i += kNumThreads) {
        const int e = __ldg(topk_idx + i) - first;
        if (e >= 0 and e < kExpertsPerBlock)
            atomicAdd(&counts[warp][e], 1);
    }
    __syncthreads();

    STATIC_CHECK(kExpertsPerBlock <= kNumThreads, "one thread an expert");
    if (threadIdx.x < kExpertsPerBlock and first + static_cast<int>(threadIdx.x) < num_experts) {
        int sum = 0;
        #pragma unroll
        for (int w = 0; w < kNumWarps; ++w)
            sum += counts[w][threadIdx.x];
        tokens_per_expert[first + threadIdx.x] = sum;
    }
}

// One block a channel: a warp looks at one token at a time, lane r answers for rank r.
template <int kNumRanks, int kNumThreads>
__global__ void __launch_bounds__(kNumThreads) count_ranks(bool* goes_to_rank,
                                                           int* tokens_per_channel,
                                                           int* tokens_per_rank,
                                                           const int* topk_idx,
                                                           int num_tokens,
                                                           int num_topk,
                                                           int experts_per_rank) {
    __shared__ int counts[kNumRanks];
    const int warp = threadIdx.x / 32, lane = lane_index();
    const int channel = blockIdx.x, num_channels = gridDim.x;
    if (threadIdx.x < kNumRanks)
        counts[threadIdx.x] = 0;
    __syncthreads();

    const int share = ceil_div(num_tokens, num_channels);
    const int first = min(share * channel, num_tokens), last = min(first + share, num_tokens);
    int mine = 0;
    for (int token = first + warp; token < last; token += kNumThreads / 32) {
        bool goes = false;
        for (int k = 0; k < num_topk; ++k) {
            const int expert = __ldg(topk_idx + token * num_topk + k);
            goes = goes or (expert >= 0 and expert / experts_per_rank == lane);
        }
        if (lane < kNumRanks) {
            goes_to_rank[token * kNumRanks + lane] = goes;
            mine += goes ? 1 : 0;
        }
    }
    if (lane < kNumRanks and mine > 0)
        atomicAdd(&counts[lane], mine);
    __syncthreads();

    if (threadIdx.x < kNumRanks) {
        tokens_per_channel[threadIdx.x * num_channels + channel] = counts[threadIdx.x];
        atomicAdd(tokens_per_rank + threadIdx.x, counts[threadIdx.x]);
    }
}

void count(int* tokens_per_expert,
           bool* goes_to_rank,
           int* tokens_per_channel,
           int* tokens_per_rank,
           const int* topk_idx,
           int num_tokens,
           int num_topk,
           int num_experts,
           int num_ranks,
           int num_channels,
           cudaStream_t stream) {
    constexpr int kNumThreads = 256;
    constexpr int kExpertsPerBlock = 16;
    HOST_CHECK(num_experts % num_ranks == 0);

    {
        SETUP_LAUNCH(ceil_div(num_experts, kExpertsPerBlock), kNumThreads, 0, stream);
        LAUNCH((count_experts<kNumThreads, kExpertsPerBlock>), tokens_per_expert, topk_idx, num_tokens, num_topk, num_experts);
    }
    CUDA_CHECK(cudaMemsetAsync(tokens_per_rank, 0, num_ranks * sizeof(int), stream));
#define COUNT_CASE(RANKS)                                                                                      \
    LAUNCH((count_ranks<RANKS, kNumThreads>), goes_to_rank, tokens_per_channel, tokens_per_rank, topk_idx,     \
           num_tokens, num_topk, num_experts / num_ranks);                                                     \
    break
    SETUP_LAUNCH(num_channels, kNumThreads, 0, stream);
    SWITCH_RANKS(COUNT_CASE);
#undef COUNT_CASE
}

}  // namespace layout
}  // namespace moewire
