// SPDX-License-Identifier: Apache-2.0
// Who gets how much: tokens for each expert and for each rank, and which token goes to which rank.
#include <cstdint>

namespace moewire {

// Counters in global memory, one atomic a choice. The host has cleared them.
__global__ void count_experts_by_atomics(int* tokens_per_expert, const int* topk_idx, int num_tokens, int num_topk, int num_experts) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < num_tokens * num_topk; i += gridDim.x * blockDim.x) {
        const int expert = topk_idx[i];
        if (expert >= 0 and expert < num_experts)
            atomicAdd(&tokens_per_expert[expert], 1);
    }
}

// A thread an expert goes through all choices.
__global__ void count_experts(int* tokens_per_expert, const int64_t* topk_idx, int num_tokens, int num_topk, int num_experts) {
    for (int expert = blockIdx.x * blockDim.x + threadIdx.x; expert < num_experts; expert += gridDim.x * blockDim.x) {
        int count = 0;
        for (int i = 0; i < num_tokens * num_topk; ++i) {
            if (topk_idx[i] == expert)
                ++count;
        }
        tokens_per_expert[expert] = count;
    }
}

// A thread a rank goes through all tokens: how many it gets, and which.
__global__ void count_ranks(int* tokens_per_rank, bool* is_token_in_rank, const int* topk_idx, int num_tokens, int num_topk, int num_ranks, int experts_per_rank) {
    const int rank = blockIdx.x * blockDim.x + threadIdx.x;
    if (rank >= num_ranks)
        return;
    int count = 0;
    for (int token = 0; token < num_tokens; ++token) {
        bool goes = false;
        for (int k = 0; k < num_topk; ++k) {
            const int expert = topk_idx[token * num_topk + k];
            if (expert >= 0 and expert / experts_per_rank == rank)
                goes = true;
        }
        is_token_in_rank[token * num_ranks + rank] = goes;
        if (goes)
            ++count;
    }
    tokens_per_rank[rank] = count;
}

}  // namespace moewire
