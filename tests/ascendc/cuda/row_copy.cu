// SPDX-License-Identifier: Apache-2.0
// Rows that are copied as they are: all of them, or those that an index names.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

namespace moewire {

__device__ __forceinline__ int4 load_stream(const int4* from) {
    int4 v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.s32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    return v;
}

__device__ __forceinline__ void store_stream(int4* to, const int4& v) {
    asm volatile("st.global.L1::no_allocate.v4.s32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
                 : "memory");
}

// Dispatch without quantisation: a row goes to the slot that was counted for it, if it goes anywhere.
__global__ void scatter_rows(int4* recv_x, const int4* x, const int* slot_of, int num_tokens, int hidden_int4) {
    for (int token = blockIdx.x; token < num_tokens; token += gridDim.x) {
        const int slot = __ldg(slot_of + token);
        if (slot < 0)
            continue;
        const int4* from = x + static_cast<int64_t>(token) * hidden_int4;
        int4* to = recv_x + static_cast<int64_t>(slot) * hidden_int4;
        for (int i = threadIdx.x; i < hidden_int4; i += blockDim.x)
            store_stream(to + i, load_stream(from + i));
    }
}

// A warp a row, from a layout with a larger pitch.
template <typename dtype_t>
__global__ void __launch_bounds__(256) gather_rows(dtype_t* __restrict__ out,
                                                   const dtype_t* __restrict__ rows,
                                                   const int64_t* __restrict__ row_of,
                                                   int num_rows,
                                                   int hidden,
                                                   int pitch) {
    const int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x & 31;
    const int num_warps = gridDim.x * blockDim.x / 32;
    for (int row = warp; row < num_rows; row += num_warps) {
        const int64_t from = row_of[row];
        if (from >= 0) {
            for (int h = lane; h < hidden; h += 32)
                out[row * hidden + h] = rows[from * pitch + h];
        }
    }
}

// Every token once for each of its experts; -1 alone means none.
template <int kNumTopk>
__global__ void expand_rows(nv_bfloat16* out, const nv_bfloat16* x, const int* slot_of, int hidden) {
    const int token = blockIdx.x;
    #pragma unroll
    for (int k = 0; k < kNumTopk; ++k) {
        const int slot = slot_of[token * kNumTopk + k];
        if (slot != -1)
            for (int h = threadIdx.x; h < hidden; h += blockDim.x)
                out[static_cast<int64_t>(slot) * hidden + h] = x[static_cast<int64_t>(token) * hidden + h];
    }
}

__global__ void copy_rows(int4* to, const int4* from, int row_bytes, int num_rows) {
    const int row_vecs = row_bytes / static_cast<int>(sizeof(int4));
    for (int row = blockIdx.x; row < num_rows; row += gridDim.x)
        for (int k = threadIdx.x; k < row_vecs; k += blockDim.x)
            to[row * row_vecs + k] = from[row * row_vecs + k];
}

__global__ void copy_flat(float* to, const float* from, int count) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k < count)
        to[k] = from[k];
}

void launch(void* to, const void* from, const int64_t* row_of, int num_rows, int hidden, int pitch) {
    gather_rows<half><<<64, 256>>>(static_cast<half*>(to), static_cast<const half*>(from), row_of, num_rows, hidden, pitch);
}

}  // namespace moewire
