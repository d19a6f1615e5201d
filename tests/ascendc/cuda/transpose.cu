// SPDX-License-Identifier: Apache-2.0
// Elements that change their places.
#include <cuda_fp16.h>
#include <cstdint>

namespace moewire {

// scales [tokens][groups] to [groups][tokens], as a GEMM wants them.
__global__ void transpose_scales(float* out, const float* scales, int num_tokens, int num_groups) {
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x)
        for (int g = threadIdx.x; g < num_groups; g += blockDim.x)
            out[g * num_tokens + token] = scales[token * num_groups + g];
}

__global__ void transpose_flat(half* out, const half* x, int rows, int cols) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < rows * cols; i += gridDim.x * blockDim.x)
        out[(i % cols) * rows + i / cols] = x[i];
}

// A part of each row.
__global__ void take_columns(int4* out, const int4* x, int num_rows, int width, int pitch) {
    const int row = blockIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
    if (col < width && row < num_rows)
        out[row * width + col] = x[row * pitch + col];
}

}  // namespace moewire
