// What generated CUDA text needs to be host C++: one thread at a time, on memories at fixed addresses.
#pragma once
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <type_traits>
#include <utility>

#define __device__
#define __host__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))

struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(16) float4 { float x, y, z, w; };
struct __nv_bfloat16 { uint16_t bits; };
struct __half { uint16_t bits; };
typedef void* cudaStream_t;
struct Coordinates { unsigned x, y, z; };
static Coordinates threadIdx, blockIdx, blockDim, gridDim;

static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
static inline int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline size_t min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t max(size_t a, size_t b) { return a > b ? a : b; }
template <typename T> static inline T __ldg(const T* p) { return *p; }
static inline void __syncthreads() {}
static inline void __syncwarp() {}

namespace soundness {

struct Trapped {};
static const int kPool[] = {0,  1,  2,  3,  4,   5,   7,   8,    12, 16, 24,  31,  32,
                            33, 48, 64, 96, 100, 128, 256, 1024, -1, -4, -32, -33, 1000};
static const uint64_t kFirst = 0x100000000000ull, kSpacing = 1ull << 36;
static const int kMemories = 12, kBytes = 16384, kMapped = 131072;
static uint64_t base[kMemories];
static bool shared_known;
static int thread, block;
static uint32_t seed;

static int word_at(uint32_t memory, uint32_t word) {
    uint32_t x = seed * 1000003u + memory * 7919u + word * 104729u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return kPool[x % (sizeof(kPool) / sizeof(int))];
}

static uint8_t* memory(int index, int align) {
    base[index] = kFirst + index * kSpacing + uint64_t(align) * (seed % 64);
    int* words = reinterpret_cast<int*>(base[index]);
    for (int i = 0; i < kBytes / 4; ++i) words[i] = word_at(index, i);
    return reinterpret_cast<uint8_t*>(words);
}

static uint8_t* shared(int align) {
    if (!shared_known) memory(0, align);
    shared_known = true;
    return reinterpret_cast<uint8_t*>(base[0]);
}

template <typename Body>
static void enter(int64_t grid, int64_t threads, const Body& body) {
    if (grid <= 0 || threads <= 0 || threads > 1024) return;
    gridDim = {unsigned(grid), 1, 1};
    blockDim = {unsigned(threads), 1, 1};
    threadIdx = {unsigned(thread % threads), 0, 0};
    blockIdx = {unsigned(block % grid), 0, 0};
    try {
        body();
    } catch (const Trapped&) {
        printf("-1 0\n");
    }
}

template <typename Body>
static void launch(int64_t grid, int64_t threads, int64_t, cudaStream_t, const Body& body) {
    enter(grid, threads, body);
}

template <typename Body>
static void run(int number, int thread_, int block_, int threads, int grid, uint32_t seed_, const Body& body) {
    printf("run %d\n", number);
    thread = thread_, block = block_, seed = seed_;
    shared_known = false;
    gridDim = {unsigned(grid), 1, 1};
    blockDim = {unsigned(threads), 1, 1};
    try {
        body();
    } catch (const std::runtime_error&) {
        printf("thrown\n");
    }
}

static void prepare() {
    for (int i = 0; i < kMemories; ++i) {
        void* at = reinterpret_cast<void*>(kFirst + i * kSpacing);
        if (mmap(at, kMapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at) abort();
    }
}

}  // namespace soundness

static inline void probe(int id, long long value) { printf("%d %lld\n", id, value); }
static inline void probe(int id, const void* address) {
    int64_t at = reinterpret_cast<int64_t>(address);
    int index = int((at - int64_t(soundness::kFirst) + int64_t(soundness::kSpacing / 2)) / int64_t(soundness::kSpacing));
    printf("%d %lld\n", id, (long long)(at - int64_t(soundness::base[index])));
}
[[noreturn]] static inline void trap() { throw soundness::Trapped(); }
