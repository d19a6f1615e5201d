// SPDX-License-Identifier: Apache-2.0
// Wide copies that do not look wide: no cast and no vector type on the line that moves the bytes. The
// declared type of a parameter, a member or an alias decides. And sums that are not FP32.
#include "launch.cuh"
#include "ptx_utils.cuh"

namespace moewire {
namespace rowcopy {

// ---- the parameter's type ------------------------------------------------------------------------

__global__ void copy_pointer(int4* dst_v, const int4* src_v, int num_vec) {
    for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < num_vec; k += gridDim.x * blockDim.x)
        dst_v[k] = src_v[k];  // trap: 16 bytes a lane, seen only in the parameter list
}

// ---- a struct that is 16 bytes wide ---------------------------------------------------------------

struct alignas(16) Vec {
    float lane[4];
};

__global__ void copy_struct(Vec* out, const Vec* in, int num_vec) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k < num_vec)
        out[k] = in[k];  // trap: alignas(16) makes this one 16-byte load and store
}

// ---- members of a float4 ---------------------------------------------------------------------------

__global__ void scale_members(float4* out, const float4* in, float factor, int num_vec) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k < num_vec) {
        auto value = in[k];
        value.x *= factor;
        value.y *= factor;
        value.z *= factor;
        value.w *= factor;
        out[k] = value;  // trap: 16 bytes
    }
}

// ---- an alias ---------------------------------------------------------------------------------------

using vec_t = int4;

__global__ void copy_alias(void* to, const void* from, int row_bytes, int num_rows) {
    auto target = static_cast<vec_t*>(to);
    auto source = static_cast<const vec_t*>(from);
    const int row_vecs = row_bytes / static_cast<int>(sizeof(vec_t));
    for (int row = blockIdx.x; row < num_rows; row += gridDim.x) {
        for (int k = threadIdx.x; k < row_vecs; k += blockDim.x)
            target[row * row_vecs + k] = source[row * row_vecs + k];  // trap: vec_t is int4; rows of 48 bytes start at 16 mod 32
    }
}

// ---- a member typedef of a trait -----------------------------------------------------------------------

template <int kBytes>
__global__ void copy_trait(uint8_t* to, const uint8_t* from, int num_words) {
    using word_t = typename WordOf<kBytes>::type;
    const auto words_out = reinterpret_cast<word_t*>(to);
    const auto words_in = reinterpret_cast<const word_t*>(from);
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k < num_words)
        words_out[k] = words_in[k];  // trap: 16 bytes in copy_trait<16>, 8 in copy_trait<8>
}

// ---- a template parameter ---------------------------------------------------------------------------------

template <typename elem_t>
__global__ void fill(elem_t* out, elem_t value, int count) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k < count)
        out[k] = value;  // 16 bytes in fill<float4>, 4 in fill<float>
}

// ---- through shared memory -----------------------------------------------------------------------------

template <int kNumThreads>
__global__ void __launch_bounds__(kNumThreads) reverse_tile(float4* out, const float4* in, int num_vec) {
    __shared__ float4 tile[kNumThreads];
    const int first = blockIdx.x * kNumThreads;
    const int here = min(kNumThreads, num_vec - first);
    const int k = threadIdx.x;
    if (k < here)
        async_copy16(&tile[k], in + first + k);
    async_copy_wait_all();
    __syncthreads();
    if (k < here)
        out[first + k] = tile[here - 1 - k];  // trap: 16-byte load from shared memory, 16-byte store to global
}

// ---- four neighbours of 4 bytes: the compiler may or may not join them -------------------------------------

__global__ void store_neighbours(float* out, float start, int num_quads) {
    float* const at = static_cast<float*>(__builtin_assume_aligned(out, 16)) + 4 * (blockIdx.x * blockDim.x + threadIdx.x);
    if (blockIdx.x * blockDim.x + threadIdx.x < static_cast<unsigned>(num_quads)) {
        at[0] = start;
        at[1] = start + 1.0f;
        at[2] = start + 2.0f;
        at[3] = start + 3.0f;
    }
}

// ---- sums that are not FP32 ----------------------------------------------------------------------------------

// Two bf16 rows, added in bf16: each add rounds to 8 bits of mantissa.
__global__ void add_pairs(nv_bfloat162* out, const nv_bfloat162* a, const nv_bfloat162* b, int num_pairs) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k < num_pairs)
        out[k] = __hadd2(a[k], b[k]);  // trap: not an FP32 sum
}

// Many rows, accumulated in bf16: the error grows with the number of rows.
__global__ void add_rows(int4* out_v, const int4* rows_v, int num_rows, int row_vecs) {
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= row_vecs)
        return;
    auto total = rows_v[k];  // trap: 16 bytes, the type is two lines up
    auto total_pairs = reinterpret_cast<nv_bfloat162*>(&total);
    for (int row = 1; row < num_rows; ++row) {
        const auto next = rows_v[static_cast<int64_t>(row) * row_vecs + k];
        const auto next_pairs = reinterpret_cast<const nv_bfloat162*>(&next);
        #pragma unroll
        for (int j = 0; j < 4; ++j)
            total_pairs[j] = __hadd2(total_pairs[j], next_pairs[j]);  // trap: bf16 accumulator
    }
    out_v[k] = total;
}

// ---- host -----------------------------------------------------------------------------------------------------

void copy_rows(void* to, const void* from, int row_bytes, int num_rows, cudaStream_t stream) {
    HOST_CHECK(row_bytes % 16 == 0);  // trap: Ascend asks for 32
    SETUP_LAUNCH(num_rows, 128, 0, stream);
    LAUNCH(copy_alias, to, from, row_bytes, num_rows);
}

void copy_flat(void* to, const void* from, int num_bytes, int how, cudaStream_t stream) {
    constexpr int kNumThreads = 256;
    HOST_CHECK(num_bytes % 16 == 0);
    const int num_vec = num_bytes / 16, num_blocks = ceil_div(num_vec, kNumThreads);
    SETUP_LAUNCH(num_blocks, kNumThreads, 0, stream);
    switch (how) {
        case 0:
            LAUNCH(copy_pointer, static_cast<int4*>(to), static_cast<const int4*>(from), num_vec);
            break;
        case 1:
            LAUNCH(copy_struct, static_cast<Vec*>(to), static_cast<const Vec*>(from), num_vec);
            break;
        case 2:
            LAUNCH(copy_trait<16>, static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), num_vec);
            break;
        case 3: {
            SETUP_LAUNCH(2 * num_blocks, kNumThreads, 0, stream);
            LAUNCH(copy_trait<8>, static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), 2 * num_vec);
            break;
        }
        case 4:
            LAUNCH(reverse_tile<kNumThreads>, static_cast<float4*>(to), static_cast<const float4*>(from), num_vec);
            break;
        case 5:
            LAUNCH(scale_members, static_cast<float4*>(to), static_cast<const float4*>(from), 2.0f, num_vec);
            break;
        default:
            HOST_CHECK(false and "how: 0 to 5");
    }
}

void fill_rows(void* to, float value, int num_bytes, bool wide, cudaStream_t stream) {
    constexpr int kNumThreads = 256;
    HOST_CHECK(num_bytes % 16 == 0);
    const int count = num_bytes / (wide ? 16 : 4);
    SETUP_LAUNCH(ceil_div(count, kNumThreads), kNumThreads, 0, stream);
    if (wide)
        LAUNCH(fill<float4>, static_cast<float4*>(to), make_float4(value, value, value, value), count);
    else
        LAUNCH(fill<float>, static_cast<float*>(to), value, count);
}

void store_ramps(float* out, float start, int num_quads, cudaStream_t stream) {
    SETUP_LAUNCH(ceil_div(num_quads, 256), 256, 0, stream);
    LAUNCH(store_neighbours, out, start, num_quads);
}

void add_bf16(void* out, const void* a, const void* b, int num_elements, cudaStream_t stream) {
    HOST_CHECK(num_elements % 2 == 0);
    const int num_pairs = num_elements / 2;
    SETUP_LAUNCH(ceil_div(num_pairs, 256), 256, 0, stream);
    LAUNCH(add_pairs, static_cast<nv_bfloat162*>(out), static_cast<const nv_bfloat162*>(a), static_cast<const nv_bfloat162*>(b), num_pairs);
}

void sum_rows(void* out, const void* rows, int num_rows, int row_bytes, cudaStream_t stream) {
    HOST_CHECK(row_bytes % 16 == 0 and num_rows > 0);
    const int row_vecs = row_bytes / 16;
    SETUP_LAUNCH(ceil_div(row_vecs, 128), 128, 0, stream);
    LAUNCH(add_rows, static_cast<int4*>(out), static_cast<const int4*>(rows), num_rows, row_vecs);
}

}  // namespace rowcopy
}  // namespace moewire
