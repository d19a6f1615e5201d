// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

namespace near_miss {

__global__ void every_second(int* buffer, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) buffer[2 * i] = 0;
}

__global__ void after_a_flag(int* buffer, const int* ready, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
        if (ready[i]) buffer[i] = 0;
}

__global__ void counts_as_well(int* buffer, int* done, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) buffer[i] = 0;
    if (threadIdx.x == 0) atomicAdd(done, 1);
}

__global__ void its_number(int* buffer, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) buffer[i] = i;
}

__global__ void with_a_fence(int* buffer, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) buffer[i] = 0;
    __threadfence_system();
}

__global__ void from_one(int* buffer, int count) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x + 1; i < count; i += gridDim.x * blockDim.x) buffer[i] = 0;
}

__global__ void the_same_twice(int* buffer, int count, int value) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) buffer[i] = 0;
    for (int i = threadIdx.x; i < count; i += blockDim.x) buffer[i] = value;
}

}  // namespace near_miss
