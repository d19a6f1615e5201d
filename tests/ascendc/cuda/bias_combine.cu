// SPDX-License-Identifier: Apache-2.0
// Sums of expert rows and two biases, in FP32.
#include <cuda_bf16.h>
#include <cstdint>

namespace moewire {

// The biases first, then the rows that arrived.
__global__ void combine_with_biases(nv_bfloat16* combined,
                                    const nv_bfloat16* rows,
                                    const int* row_of,
                                    const nv_bfloat16* bias_0,
                                    const nv_bfloat16* bias_1,
                                    int num_tokens,
                                    int num_ranks,
                                    int hidden) {
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        for (int h = threadIdx.x; h < hidden; h += blockDim.x) {
            const int64_t at = static_cast<int64_t>(token) * hidden + h;
            float sum = static_cast<float>(bias_0[at]) + static_cast<float>(bias_1[at]);
            for (int r = 0; r < num_ranks; ++r) {
                const int row = row_of[token * num_ranks + r];
                if (row >= 0)
                    sum += static_cast<float>(rows[static_cast<int64_t>(row) * hidden + h]);
            }
            combined[at] = static_cast<nv_bfloat16>(sum);
        }
    }
}

// The same with weights, 16 bytes a thread.
__global__ void __launch_bounds__(512) combine_packs_with_biases(int4* combined,
                                                                 const int4* rows,
                                                                 const int* row_of,
                                                                 const float* weights,
                                                                 const int4* bias_0,
                                                                 const int4* bias_1,
                                                                 int num_topk,
                                                                 int hidden_int4) {
    constexpr int kPerPack = 8;
    const int64_t token = blockIdx.x;
    for (int i = threadIdx.x; i < hidden_int4; i += blockDim.x) {
        const int4 bias_0_pack = __ldg(bias_0 + token * hidden_int4 + i), bias_1_pack = __ldg(bias_1 + token * hidden_int4 + i);
        const auto bias_0_values = reinterpret_cast<const nv_bfloat16*>(&bias_0_pack);
        const auto bias_1_values = reinterpret_cast<const nv_bfloat16*>(&bias_1_pack);
        float sums[kPerPack];
        #pragma unroll
        for (int j = 0; j < kPerPack; ++j)
            sums[j] = static_cast<float>(bias_0_values[j]) + static_cast<float>(bias_1_values[j]);
        for (int k = 0; k < num_topk; ++k) {
            const int row = __ldg(row_of + token * num_topk + k);
            if (row < 0)
                continue;
            const float weight = __ldg(weights + token * num_topk + k);
            const int4 pack = __ldg(rows + static_cast<int64_t>(row) * hidden_int4 + i);
            const auto values = reinterpret_cast<const nv_bfloat16*>(&pack);
            #pragma unroll
            for (int j = 0; j < kPerPack; ++j)
                sums[j] += weight * static_cast<float>(values[j]);
        }
        int4 out;
        auto out_values = reinterpret_cast<nv_bfloat16*>(&out);
        #pragma unroll
        for (int j = 0; j < kPerPack; ++j)
            out_values[j] = static_cast<nv_bfloat16>(sums[j]);
        combined[token * hidden_int4 + i] = out;
    }
}

}  // namespace moewire
