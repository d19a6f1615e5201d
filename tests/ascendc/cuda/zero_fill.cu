// SPDX-License-Identifier: Apache-2.0
// Buffers that the next phase counts from zero in.
#include <cstdint>

namespace moewire {

// The half that the next call uses, while this one works in the other.
__global__ void __launch_bounds__(256) clean_next_buffer(int4* next_buffer, int num_int4) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < num_int4; i += gridDim.x * blockDim.x)
        next_buffer[i] = make_int4(0, 0, 0, 0);
}

template <int kNumThreads>
__global__ void __launch_bounds__(kNumThreads) clear_counters(int64_t* counters, int count) {
    const int i = blockIdx.x * kNumThreads + threadIdx.x;
    if (i < count)
        counters[i] = 0;
}

__global__ void fill_ones(float* out, float value, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
        out[i] = value;
}

// Two buffers at once.
__global__ void clean_two(int* head, int* tail, int num_heads, int num_tails) {
    for (int i = threadIdx.x; i < num_heads; i += blockDim.x)
        head[i] = 0;
    for (int i = threadIdx.x; i < num_tails; i += blockDim.x)
        tail[i] = 0;
}

}  // namespace moewire
