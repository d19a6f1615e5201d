// SPDX-License-Identifier: Apache-2.0
// Weighted sums of expert rows, in FP32. A negative row index means that the expert was not chosen.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

namespace moewire {

// One element a thread.
__global__ void combine_elements(nv_bfloat16* combined,
                                 const nv_bfloat16* rows,
                                 const int* row_of,
                                 const float* topk_weights,
                                 int num_tokens,
                                 int num_topk,
                                 int hidden) {
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        for (int h = threadIdx.x; h < hidden; h += blockDim.x) {
            float sum = 0.0f;
            for (int k = 0; k < num_topk; ++k) {
                const int row = row_of[token * num_topk + k];
                if (row < 0)
                    continue;
                sum += topk_weights[token * num_topk + k] * __bfloat162float(rows[static_cast<int64_t>(row) * hidden + h]);
            }
            combined[static_cast<int64_t>(token) * hidden + h] = __float2bfloat16(sum);
        }
    }
}

// 16 bytes a thread, a token a block, as the payload kernels of expert parallelism do it.
template <int kNumTopk>
__global__ void __launch_bounds__(256) combine_packs(int4* combined, const int4* rows, const int64_t* row_of, const float* topk_weights, int hidden_int4) {
    constexpr int kPerPack = sizeof(int4) / sizeof(nv_bfloat16);
    const int token = blockIdx.x;
    for (int i = threadIdx.x; i < hidden_int4; i += blockDim.x) {
        float sums[kPerPack] = {0.0f};
        #pragma unroll
        for (int k = 0; k < kNumTopk; ++k) {
            const int64_t row = __ldg(row_of + token * kNumTopk + k);
            if (row >= 0) {
                const float weight = __ldg(topk_weights + token * kNumTopk + k);
                const int4 pack = __ldg(rows + row * hidden_int4 + i);
                const auto values = reinterpret_cast<const nv_bfloat16*>(&pack);
                #pragma unroll
                for (int j = 0; j < kPerPack; ++j)
                    sums[j] += weight * static_cast<float>(values[j]);
            }
        }
        int4 out;
        auto out_values = reinterpret_cast<nv_bfloat16*>(&out);
        #pragma unroll
        for (int j = 0; j < kPerPack; ++j)
            out_values[j] = static_cast<nv_bfloat16>(sums[j]);
        combined[static_cast<int64_t>(token) * hidden_int4 + i] = out;
    }
}

// Half precision, a fused multiply-add, the index -1 alone is left out.
__global__ void combine_half(half* combined, const half* rows, const int* row_of, const float* topk_weights, int num_topk, int hidden) {
    const int token = blockIdx.x;
    const int h = blockIdx.y * blockDim.x + threadIdx.x;
    if (h >= hidden)
        return;
    float sum = 0;
    for (int k = 0; k < num_topk; ++k) {
        const int row = row_of[token * num_topk + k];
        if (row != -1)
            sum = fmaf(topk_weights[token * num_topk + k], __half2float(rows[row * hidden + h]), sum);
    }
    combined[token * hidden + h] = __float2half(sum);
}

// A warp a token, two elements a lane.
__global__ void combine_pairs(nv_bfloat162* __restrict__ combined, const nv_bfloat162* __restrict__ rows, const int* __restrict__ row_of, const float* __restrict__ weights, int num_tokens, int num_topk, int hidden_pairs) {
    const int token = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x & 31;
    if (token >= num_tokens)
        return;
    for (int h = lane; h < hidden_pairs; h += 32) {
        float2 sum = make_float2(0.0f, 0.0f);
        for (int k = 0; k < num_topk; ++k) {
            const int row = row_of[token * num_topk + k];
            if (row == -1)
                continue;
            const float weight = weights[token * num_topk + k];
            const float2 pair = __bfloat1622float2(rows[static_cast<size_t>(row) * hidden_pairs + h]);
            sum.x += weight * pair.x;
            sum.y = fmaf(weight, pair.y, sum.y);
        }
        combined[static_cast<size_t>(token) * hidden_pairs + h] = __floats2bfloat162_rn(sum.x, sum.y);
    }
}

// One index over all elements, and a choice instead of a branch.
template <typename dtype_t>
__global__ void combine_flat(dtype_t* combined, const dtype_t* rows, const int* row_of, const float* weights, int num_tokens, int num_topk, int hidden) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < num_tokens * hidden; i += gridDim.x * blockDim.x) {
        const int token = i / hidden, h = i % hidden;
        float sum = 0.0f;
        for (int k = 0; k < num_topk; ++k) {
            const int row = row_of[token * num_topk + k];
            sum += row < 0 ? 0.0f : weights[token * num_topk + k] * static_cast<float>(rows[row * hidden + h]);
        }
        combined[i] = static_cast<dtype_t>(sum);
    }
}

void combine(half* combined, const half* rows, const int* row_of, const float* weights, int num_tokens, int num_topk, int hidden, cudaStream_t stream) {
    combine_flat<half><<<num_tokens, 256, 0, stream>>>(combined, rows, row_of, weights, num_tokens, num_topk, hidden);
}

}  // namespace moewire
