// SPDX-License-Identifier: Apache-2.0
// Each kernel here differs from a row copy in one thing that a port must not lose.
#include <cstdint>

namespace near_miss {

__global__ void extra_store(int* out, const int* x, int* seen, const int* slot_of, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) {
        const int slot = slot_of[t];
        if (slot < 0) continue;
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[slot * h + i] = x[t * h + i];
        if (threadIdx.x == 0) seen[t] = 1;
    }
}

__global__ void all_rows_but_the_last(int* out, const int* x, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        if (t < n - 1)
            for (int i = threadIdx.x; i < h; i += blockDim.x) out[t * h + i] = x[t * h + i];
}

__global__ void skips_zero_too(int* out, const int* x, const int* slot_of, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) {
        const int slot = slot_of[t];
        if (slot <= 0) continue;
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[slot * h + i] = x[t * h + i];
    }
}

__global__ void skips_a_range(int* out, const int* x, const int* slot_of, int n, int h, int limit) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) {
        const int slot = slot_of[t];
        if (slot < 0 || slot >= limit) continue;
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[slot * h + i] = x[t * h + i];
    }
}

__global__ void scaled_index(int* out, const int* x, const int* slot_of, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) {
        const int slot = slot_of[t];
        if (slot < 0) continue;
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[(2 * slot + 1) * h + i] = x[t * h + i];
    }
}

__global__ void index_plus_one(int* out, const int* x, const int* slot_of, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) {
        const int slot = slot_of[t] + 1;
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[slot * h + i] = x[t * h + i];
    }
}

__global__ void missing_tail(int4* out, const int4* x, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h - 1; i += blockDim.x) out[t * h + i] = x[t * h + i + 1];
}

__global__ void half_of_the_lanes(int* out, const int* x, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += 2 * blockDim.x) out[t * h + i] = x[t * h + i];
}

__global__ void in_place(int* x, const int* slot_of, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) x[slot_of[t] * h + i] = x[t * h + i];
}

__global__ void through_volatile(volatile int* out, const int* x, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[t * h + i] = x[t * h + i];
}

__global__ void adds(int* out, const int* x, const int* slot_of, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) atomicAdd(&out[slot_of[t] * h + i], x[t * h + i]);
}

__global__ void slot_by_counting(int* out, const int* x, int* counter, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) {
        const int slot = atomicAdd(counter, 1);
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[slot * h + i] = x[t * h + i];
    }
}

__global__ void interleaved(int* out, const int* x, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[i * n + t] = x[t * h + i];
}

__global__ void only_one_block(int* out, const int* x, int n, int h) {
    if (blockIdx.x == 1)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[i] = x[i];
}

__global__ void waits(int* out, const int* x, const int* ready, int n, int h) {
    while (ready[0] == 0) {}
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[t * h + i] = x[t * h + i];
}

__global__ void stops_at_a_flag(int* out, const int* x, const int* stop, int n, int h) {
    if (stop[0]) return;
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[t * h + i] = x[t * h + i];
}

__global__ void other_of_two(int* out, const int* x, const int* y, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[t * h + i] = t % 2 == 0 ? x[t * h + i] : y[t * h + i];
}

__global__ void narrowed(short* out, const int* x, int n, int h) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[t * h + i] = x[t * h + i];
}

__global__ void offset_rows(int* out, const int* x, int n, int h, int first) {
    for (int t = blockIdx.x; t < n; t += gridDim.x)
        for (int i = threadIdx.x; i < h; i += blockDim.x) out[(t + first) * h + i] = x[t * h + i];
}

}  // namespace near_miss
