// SPDX-License-Identifier: Apache-2.0
// Thin wrappers over PTX, warp reductions and small integer helpers: the vocabulary that the
// kernels of this folder share. A 16-byte access here is one `int4`, half of an Ascend UB block.
#pragma once

#include <cstdint>
#include <type_traits>

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include "checks.cuh"

// A warp streams COUNT elements. DEPTH loads are in flight before the first store. LD and ST are
// function names: the width of the access is that of the element type of FROM and TO.
#define WARP_STREAM(DEPTH, LANE, COUNT, TO, FROM, LD, ST)                                      \
    do {                                                                                       \
        const auto stream_from = (FROM);                                                       \
        const auto stream_to = (TO);                                                           \
        const int stream_count = static_cast<int>(COUNT);                                      \
        std::decay_t<decltype(LD(stream_from))> stream_held[DEPTH];                            \
        int stream_at = (LANE);                                                                \
        for (; stream_at + ((DEPTH) - 1) * 32 < stream_count; stream_at += (DEPTH) * 32) {     \
            _Pragma("unroll") for (int u = 0; u < (DEPTH); ++u)                                \
                stream_held[u] = LD(stream_from + stream_at + u * 32);                         \
            _Pragma("unroll") for (int u = 0; u < (DEPTH); ++u)                                \
                ST(stream_to + stream_at + u * 32, stream_held[u]);                            \
        }                                                                                      \
        for (; stream_at < stream_count; stream_at += 32)                                      \
            ST(stream_to + stream_at, LD(stream_from + stream_at));                            \
    } while (false)

namespace moewire {

// ---- integers ------------------------------------------------------------------------------------

template <typename int_t>
__host__ __device__ constexpr int_t ceil_div(int_t a, int_t b) {
    return (a + b - 1) / b;
}

template <typename int_t>
__host__ __device__ constexpr int_t align_up(int_t a, int_t b) {
    return ceil_div(a, b) * b;
}

template <typename int_t>
__host__ __device__ constexpr int_t align_down(int_t a, int_t b) {
    return a / b * b;
}

// The unsigned or vector type that moves kBytes in one access.
template <int kBytes>
struct WordOf;
template <>
struct WordOf<4> {
    using type = int;
};
template <>
struct WordOf<8> {
    using type = int2;
};
template <>
struct WordOf<16> {
    using type = int4;
};

// ---- lanes ---------------------------------------------------------------------------------------

__device__ __forceinline__ int lane_index() {
    int lane;
    asm("mov.s32 %0, %%laneid;" : "=r"(lane));
    return lane;
}

// True in exactly one lane of a converged warp.
__device__ __forceinline__ bool elect_one() {
    uint32_t chosen = 0;
    asm volatile(
        "{\n\t"
        ".reg .pred p;\n\t"
        "elect.sync _|p, 0xffffffff;\n\t"
        "selp.b32 %0, 1, 0, p;\n\t"
        "}"
        : "=r"(chosen));
    return chosen != 0;
}

__device__ __forceinline__ void named_barrier(int id, int num_threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(num_threads) : "memory");
}

// ---- 16-byte and scalar loads and stores ---------------------------------------------------------

__device__ __forceinline__ int4 load_stream(const int4* from) {
    int4 v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.s32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    return v;
}

__device__ __forceinline__ int load_stream(const int* from) {
    int v;
    asm volatile("ld.global.nc.L1::no_allocate.s32 %0, [%1];" : "=r"(v) : "l"(from));
    return v;
}

__device__ __forceinline__ float load_stream(const float* from) {
    float v;
    asm volatile("ld.global.nc.L1::no_allocate.f32 %0, [%1];" : "=f"(v) : "l"(from));
    return v;
}

// Not `.nc`: for rows that a peer wrote while this kernel was running.
__device__ __forceinline__ int4 load_row(const int4* from) {
    int4 v;
    asm volatile("ld.global.v4.s32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from)
                 : "memory");
    return v;
}

__device__ __forceinline__ void store_stream(int4* to, const int4& v) {
    asm volatile("st.global.L1::no_allocate.v4.s32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
                 : "memory");
}

__device__ __forceinline__ void store_stream(float* to, const float& v) {
    asm volatile("st.global.L1::no_allocate.f32 [%0], %1;" ::"l"(to), "f"(v) : "memory");
}

// ---- scoped synchronisation ----------------------------------------------------------------------

__device__ __forceinline__ void fence_system() {
    asm volatile("fence.acq_rel.sys;" ::: "memory");
}

__device__ __forceinline__ void fence_device() {
    asm volatile("fence.acq_rel.gpu;" ::: "memory");
}

__device__ __forceinline__ int load_acquire_sys(const int* from) {
    int v;
    asm volatile("ld.acquire.sys.global.s32 %0, [%1];" : "=r"(v) : "l"(from) : "memory");
    return v;
}

__device__ __forceinline__ void store_release_sys(int* to, int v) {
    asm volatile("st.release.sys.global.s32 [%0], %1;" ::"l"(to), "r"(v) : "memory");
}

__device__ __forceinline__ void store_relaxed_sys(int* to, int v) {
    asm volatile("st.relaxed.sys.global.s32 [%0], %1;" ::"l"(to), "r"(v) : "memory");
}

__device__ __forceinline__ int load_acquire_gpu(const int* from) {
    int v;
    asm volatile("ld.acquire.gpu.global.s32 %0, [%1];" : "=r"(v) : "l"(from) : "memory");
    return v;
}

__device__ __forceinline__ int add_release_gpu(int* at, int v) {
    int old;
    asm volatile("atom.add.release.gpu.global.s32 %0, [%1], %2;" : "=r"(old) : "l"(at), "r"(v) : "memory");
    return old;
}

// Fire and forget: no value comes back.
__device__ __forceinline__ void red_release_sys(int* at, int v) {
    asm volatile("red.release.sys.global.add.s32 [%0], %1;" ::"l"(at), "r"(v) : "memory");
}

// ---- mbarrier ------------------------------------------------------------------------------------

__device__ __forceinline__ uint32_t shared_address(const void* p) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

__device__ __forceinline__ void mbar_init(uint64_t* bar, uint32_t arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(bar)), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void mbar_init_fence() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ __forceinline__ void mbar_expect(uint64_t* bar, int num_bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(bar)), "r"(num_bytes) : "memory");
}

__device__ __forceinline__ void mbar_arrive(uint64_t* bar) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(bar)) : "memory");
}

__device__ __forceinline__ void mbar_wait(uint64_t* bar, uint32_t parity) {
    uint32_t done = 0;
    while (done == 0) {
        asm volatile(
            "{\n\t"
            ".reg .pred p;\n\t"
            "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\t"
            "selp.b32 %0, 1, 0, p;\n\t"
            "}"
            : "=r"(done)
            : "r"(shared_address(bar)), "r"(parity)
            : "memory");
    }
}

// ---- bulk copies (TMA, one dimension) ------------------------------------------------------------
// CUDA asks for 16-byte addresses and a length that is a multiple of 16. Ascend asks for 32.

constexpr uint64_t kKeepInL2 = 0x14f0000000000000;   // evict_last
constexpr uint64_t kLeaveL2Soon = 0x12f0000000000000;  // evict_first

__device__ __forceinline__ void bulk_load(void* smem, const void* gmem, uint64_t* bar, int num_bytes, uint64_t hint = kLeaveL2Soon) {
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], %4;" ::"r"(
            shared_address(smem)),
        "l"(gmem),
        "r"(num_bytes),
        "r"(shared_address(bar)),
        "l"(hint)
        : "memory");
}

__device__ __forceinline__ void bulk_commit() {
    asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

__device__ __forceinline__ void bulk_store(void* gmem, const void* smem, int num_bytes, uint64_t hint = kLeaveL2Soon) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [%0], [%1], %2, %3;" ::"l"(gmem),
                 "r"(shared_address(smem)),
                 "r"(num_bytes),
                 "l"(hint)
                 : "memory");
    bulk_commit();
}

// At most kPending groups may still be reading shared memory.
template <int kPending>
__device__ __forceinline__ void bulk_wait_read() {
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(kPending) : "memory");
}

// At most kPending groups may still be in flight.
template <int kPending>
__device__ __forceinline__ void bulk_wait() {
    asm volatile("cp.async.bulk.wait_group %0;" ::"n"(kPending) : "memory");
}

// Ordinary writes to shared memory become visible to bulk stores.
__device__ __forceinline__ void bulk_view_shared() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Ordinary (acquired) writes to global memory become visible to bulk loads.
__device__ __forceinline__ void bulk_view_global() {
    asm volatile("fence.proxy.async.global;" ::: "memory");
}

// ---- cp.async ------------------------------------------------------------------------------------

__device__ __forceinline__ void async_copy16(void* smem, const void* gmem) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(smem)), "l"(gmem) : "memory");
}

__device__ __forceinline__ void async_copy_wait_all() {
    asm volatile("cp.async.wait_all;" ::: "memory");
}

// ---- warp reductions -----------------------------------------------------------------------------

struct TakeSum {
    template <typename value_t>
    __device__ __forceinline__ value_t operator()(value_t a, value_t b) const {
        return a + b;
    }
};

struct TakeMax {
    template <typename value_t>
    __device__ __forceinline__ value_t operator()(value_t a, value_t b) const {
        return a > b ? a : b;
    }
};

// Reduces over groups of kLanes neighbouring lanes; every lane of a group receives the result.
template <int kLanes, typename value_t, typename op_t>
__device__ __forceinline__ value_t warp_reduce(value_t value, op_t op) {
    STATIC_CHECK(kLanes >= 1 and kLanes <= 32 and (kLanes & (kLanes - 1)) == 0, "kLanes: a power of two up to 32");
    #pragma unroll
    for (int step = kLanes / 2; step > 0; step /= 2)
        value = op(value, __shfl_xor_sync(0xffffffffu, value, step));
    return value;
}

template <int kLanes = 32, typename value_t>
__device__ __forceinline__ value_t warp_reduce_sum(value_t value) {
    return warp_reduce<kLanes>(value, TakeSum{});
}

template <int kLanes = 32, typename value_t>
__device__ __forceinline__ value_t warp_reduce_max(value_t value) {
    return warp_reduce<kLanes>(value, TakeMax{});
}

}  // namespace moewire
