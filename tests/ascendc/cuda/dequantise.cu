// SPDX-License-Identifier: Apache-2.0
// Back from eight bits: the number times its scale.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cstdint>

namespace moewire {

// INT8 with one scale a token.
template <typename out_t>
__global__ void dequantise_tokens(out_t* out, const int8_t* x, const float* scales, int num_tokens, int hidden) {
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        const float scale = scales[token];
        for (int h = threadIdx.x; h < hidden; h += blockDim.x)
            out[token * hidden + h] = static_cast<out_t>(static_cast<float>(x[token * hidden + h]) * scale);
    }
}

// FP8 with a scale for each 128 channels.
__global__ void dequantise_blocks(nv_bfloat16* out, const __nv_fp8_e4m3* x, const float* scales, int num_tokens, int hidden) {
    const int num_scales = hidden / 128;
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x)
        for (int h = threadIdx.x; h < hidden; h += blockDim.x)
            out[token * hidden + h] = __float2bfloat16(static_cast<float>(x[token * hidden + h]) * scales[token * num_scales + h / 128]);
}

void launch(void* out, const int8_t* x, const float* scales, int num_tokens, int hidden) {
    dequantise_tokens<nv_bfloat16><<<64, 256>>>(static_cast<nv_bfloat16*>(out), x, scales, num_tokens, hidden);
    dequantise_tokens<float><<<64, 256>>>(static_cast<float*>(out), x, scales, num_tokens, hidden);
}

}  // namespace moewire
