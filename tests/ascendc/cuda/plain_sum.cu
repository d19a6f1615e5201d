// SPDX-License-Identifier: Apache-2.0
// Sums of rows without weights, in FP32.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

namespace moewire {

// The K rows of a token stand one behind the other.
__global__ void sum_topk(half* out, const half* rows, int num_tokens, int num_topk, int hidden) {
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        for (int h = threadIdx.x; h < hidden; h += blockDim.x) {
            float sum = 0.0f;
            for (int k = 0; k < num_topk; ++k)
                sum += __half2float(rows[(static_cast<int64_t>(token) * num_topk + k) * hidden + h]);
            out[static_cast<int64_t>(token) * hidden + h] = __float2half(sum);
        }
    }
}

// What each rank sent stands in a part of its own.
__global__ void sum_ranks(nv_bfloat16* out, const nv_bfloat16* parts, int num_ranks, int num_tokens, int hidden) {
    const int token = blockIdx.x;
    for (int h = threadIdx.x; h < hidden; h += blockDim.x) {
        float sum = 0.0f;
        for (int r = 0; r < num_ranks; ++r)
            sum += __bfloat162float(parts[(static_cast<int64_t>(r) * num_tokens + token) * hidden + h]);
        out[static_cast<int64_t>(token) * hidden + h] = __float2bfloat16(sum);
    }
}

// Rows by index, -1 is left out; the sum stays in float.
__global__ void sum_rows(float* out, const nv_bfloat16* rows, const int* row_of, int num_tokens, int num_topk, int hidden) {
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        for (int h = threadIdx.x; h < hidden; h += blockDim.x) {
            float sum = 0.0f;
            for (int k = 0; k < num_topk; ++k) {
                const int row = row_of[token * num_topk + k];
                if (row >= 0)
                    sum += __bfloat162float(rows[static_cast<int64_t>(row) * hidden + h]);
            }
            out[static_cast<int64_t>(token) * hidden + h] = sum;
        }
    }
}

}  // namespace moewire
