// SPDX-License-Identifier: Apache-2.0
// Root mean square normalisation of rows.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace moewire {

// A warp a row, with weights.
__global__ void normalise_rows(nv_bfloat16* out, const nv_bfloat16* rows, const nv_bfloat16* weights, float epsilon, int num_tokens, int hidden) {
    const int lane = threadIdx.x % 32;
    const int token = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    if (token >= num_tokens)
        return;
    float sum = 0.0f;
    for (int h = lane; h < hidden; h += 32) {
        const float x = __bfloat162float(rows[token * hidden + h]);
        sum += x * x;
    }
    #pragma unroll
    for (int mask = 16; mask > 0; mask >>= 1)
        sum += __shfl_xor_sync(0xffffffffu, sum, mask);
    const float scale = rsqrtf(sum / hidden + epsilon);
    for (int h = lane; h < hidden; h += 32)
        out[token * hidden + h] = __float2bfloat16(__bfloat162float(rows[token * hidden + h]) * scale * __bfloat162float(weights[h]));
}

// A thread a row, no weights.
__global__ void normalise_short_rows(half* out, const half* rows, float epsilon, int num_tokens, int hidden) {
    for (int token = blockIdx.x * blockDim.x + threadIdx.x; token < num_tokens; token += gridDim.x * blockDim.x) {
        float sum = 0.0f;
        for (int h = 0; h < hidden; ++h) {
            const float x = __half2float(rows[token * hidden + h]);
            sum = fmaf(x, x, sum);
        }
        const float scale = 1.0f / sqrtf(sum / hidden + epsilon);
        for (int h = 0; h < hidden; ++h)
            out[token * hidden + h] = __float2half(__half2float(rows[token * hidden + h]) * scale);
    }
}

}  // namespace moewire
