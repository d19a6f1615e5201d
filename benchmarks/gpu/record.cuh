// SPDX-License-Identifier: Apache-2.0
// What instrumented copies record while they run on a GPU. Included before everything else in the
// program that `python -m benchmarks.gpu instrument` writes.
//
// A record is one lane's execution of a site. Global addresses are raw; shared ones are offsets in the
// block's shared window (`__cvta_generic_to_shared`) with bit 63 set: the window starts at 0, static
// variables first, at another address in each block of a cluster; offsets are from a base that the same
// block recorded. `path` holds the ids of the calls that
// the thread is in, 16 bits each, innermost lowest: one word a resident thread, found by SM, warp, lane.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <cuda_runtime.h>

namespace pc {

struct Record {
    uint64_t destination, source, path;
    uint32_t site, grid, block, block_yz, thread, length, group, lanes;
};

struct State {
    Record* records;
    unsigned long long* used;
    unsigned long long capacity;
    uint64_t* paths;      // one a resident thread
    uint64_t* operands;   // two a resident thread: a bulk copy's operands so far
};

enum : uint32_t { kParameter = 0xf1000000u, kBase = 0xf2000000u, kEntry = 0xf3000000u, kKind = 0xff000000u };
constexpr uint64_t kShared = 1ull << 63;
constexpr int kWarpSlots = 64, kMostSms = 512;

__device__ State state;

#ifdef __CUDA_ARCH__
__device__ inline uint32_t resident_thread() {
    uint32_t sm, warp, lane;
    asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
    asm volatile("mov.u32 %0, %%warpid;" : "=r"(warp));
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    return (sm * kWarpSlots + warp) * 32 + lane;
}

__device__ inline uint64_t encoded(const void* p) {
    return __isShared(p) ? kShared | __cvta_generic_to_shared(p) : reinterpret_cast<uint64_t>(p);
}

// `mask`: the lanes that are at the site together, read there. They make one group.
__device__ __noinline__ void put(uint32_t mask, uint32_t site, uint64_t destination, uint64_t source, uint64_t length) {
    uint32_t lane;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    const int leader = __ffs(mask) - 1;
    unsigned long long first = 0;
    if (lane == leader)
        first = atomicAdd(state.used, static_cast<unsigned long long>(__popc(mask)));
    first = __shfl_sync(mask, first, leader);
    const unsigned long long at = first + __popc(mask & ((1u << lane) - 1));
    if (at >= state.capacity)
        return;
    uint64_t grid;
    asm volatile("mov.u64 %0, %%gridid;" : "=l"(grid));
    state.records[at] = {destination, source, state.paths[resident_thread()], site, static_cast<uint32_t>(grid), blockIdx.x,
                         blockIdx.y | blockIdx.z << 16, threadIdx.x | threadIdx.y << 10 | threadIdx.z << 20,
                         static_cast<uint32_t>(length), static_cast<uint32_t>(first), static_cast<uint32_t>(__popc(mask))};
}
#endif

#define PC_BOTH __host__ __device__ __forceinline__

// A call that paths are told apart by; lives as long as the call.
struct Call {
#ifdef __CUDA_ARCH__
    uint64_t before;
    __device__ explicit Call(uint32_t id) {
        uint64_t& path = state.paths[resident_thread()];
        before = path;
        path = path << 16 | id;
    }
    __device__ ~Call() { state.paths[resident_thread()] = before; }
#else
    __host__ explicit Call(uint32_t) {}
    __host__ ~Call() {}
#endif
};

// An address that the code forms.
template <typename T>
PC_BOTH T address(uint32_t site, T value) {
#ifdef __CUDA_ARCH__
    if constexpr (std::is_pointer_v<T>)
        put(__activemask(), site, encoded((const void*)value), 0, 0);
#endif
    return value;
}

// The object that a thread loads from or stores to.
template <typename T>
PC_BOTH T* object(uint32_t site, T* at) {
#ifdef __CUDA_ARCH__
    put(__activemask(), site, encoded((const void*)at), 0, sizeof(T));
#endif
    return at;
}

// The argument of a load or store function that says where.
template <typename T>
PC_BOTH T argument(uint32_t site, T value) {
#ifdef __CUDA_ARCH__
    if constexpr (std::is_pointer_v<T>)
        put(__activemask(), site, encoded((const void*)value), 0, sizeof(std::remove_pointer_t<T>));
#endif
    return value;
}

// An operand of a bulk copy: 0 destination, 1 source, 2 length. The last of `kOperands` writes the record.
template <int kRole, int kOperands, typename T>
PC_BOTH T operand(uint32_t site, T value) {
#ifdef __CUDA_ARCH__
    uint64_t* kept = state.operands + 4ull * resident_thread();
    if constexpr (std::is_pointer_v<T>)
        kept[kRole] = encoded((const void*)value);
    else
        kept[kRole] = static_cast<uint64_t>(value);
    kept[3] |= 1u << kRole;
    if (kept[3] == kOperands) {
        kept[3] = 0;
        put(__activemask(), site, kept[0], kept[1], (kOperands & 4) ? kept[2] : 0);
    }
#endif
    return value;
}

template <typename T>
PC_BOTH void parameter(uint32_t kernel, uint32_t index, const T& value) {
#ifdef __CUDA_ARCH__
    if (threadIdx.x + threadIdx.y + threadIdx.z + blockIdx.x + blockIdx.y + blockIdx.z != 0)
        return;
    if constexpr (std::is_pointer_v<T>)
        put(__activemask(), kParameter | kernel, reinterpret_cast<uint64_t>(value), 1, index);
    else if constexpr (std::is_integral_v<T> or std::is_enum_v<T>)
        put(__activemask(), kParameter | kernel, static_cast<uint64_t>(static_cast<int64_t>(value)), 0, index);
#endif
}

PC_BOTH void entry(uint32_t kernel) {
#ifdef __CUDA_ARCH__
    if (threadIdx.x + threadIdx.y + threadIdx.z + blockIdx.x + blockIdx.y + blockIdx.z != 0)
        return;
    put(__activemask(), kEntry | kernel, gridDim.x | static_cast<uint64_t>(gridDim.y) << 32, blockDim.x | static_cast<uint64_t>(blockDim.y) << 32,
        gridDim.z | blockDim.z << 16);
#endif
}

PC_BOTH void base(uint32_t kernel, uint32_t index, const void* at) {
#ifdef __CUDA_ARCH__
    put(__activemask(), kBase | kernel, encoded(at), 0, index);
#endif
}

// ---- host ----------------------------------------------------------------------------------------

struct Allocation {
    uint64_t start, bytes;
};
inline std::vector<Allocation>& allocations() {
    static std::vector<Allocation> all;
    return all;
}

template <typename T>
cudaError_t note(cudaError_t status, T** at, size_t bytes) {
    if (status == cudaSuccess)
        allocations().push_back({reinterpret_cast<uint64_t>(*at), bytes});
    return status;
}
template <typename T>
cudaError_t allocate(T** at, size_t bytes) {
    return note(cudaMalloc(reinterpret_cast<void**>(at), bytes), at, bytes);
}
template <typename T>
cudaError_t allocate_managed(T** at, size_t bytes, unsigned flags = cudaMemAttachGlobal) {
    return note(cudaMallocManaged(reinterpret_cast<void**>(at), bytes, flags), at, bytes);
}

inline void need(cudaError_t status) {
    if (status != cudaSuccess) {
        std::fprintf(stderr, "recording: %s\n", cudaGetErrorString(status));
        std::exit(3);
    }
}

inline State& host_state() {
    static State kept{};
    return kept;
}

inline void begin() {
    State& s = host_state();
    const char* asked = std::getenv("PORTCHECK_RECORDS");
    s.capacity = asked ? std::strtoull(asked, nullptr, 10) : 96ull << 20;
    const size_t threads = static_cast<size_t>(kMostSms) * kWarpSlots * 32;
    need(cudaMalloc(&s.records, s.capacity * sizeof(Record)));
    need(cudaMalloc(&s.used, sizeof *s.used));
    need(cudaMalloc(&s.paths, threads * sizeof(uint64_t)));
    need(cudaMalloc(&s.operands, threads * 4 * sizeof(uint64_t)));
    need(cudaMemset(s.used, 0, sizeof *s.used));
    need(cudaMemset(s.paths, 0, threads * sizeof(uint64_t)));
    need(cudaMemset(s.operands, 0, threads * 4 * sizeof(uint64_t)));
    need(cudaMemcpyToSymbol(state, &s, sizeof s));
    need(cudaDeviceSynchronize());
}

// Writes what was recorded: of lanes with the same block and residues the first ones,
// the contiguous pieces that each warp covered at the sites of `rows`, and how lanes of a group lie.
inline int end(const char* path, const std::vector<bool>& rows) {
    constexpr size_t kSamples = 2;
    need(cudaDeviceSynchronize());
    unsigned long long used = 0;
    State& s = host_state();
    need(cudaMemcpy(&used, s.used, sizeof used, cudaMemcpyDeviceToHost));
    const bool full = used > s.capacity;
    std::vector<Record> all(full ? s.capacity : used);
    need(cudaMemcpy(all.data(), s.records, all.size() * sizeof(Record), cudaMemcpyDeviceToHost));

    std::FILE* out = std::fopen(path, "w");
    if (out == nullptr)
        return 3;
    std::fprintf(out, "records %llu %d\n", used, full ? 1 : 0);
    for (const Allocation& a : allocations())
        std::fprintf(out, "A %llx %llu\n", (unsigned long long)a.start, (unsigned long long)a.bytes);

    using Where = std::tuple<uint32_t, uint64_t, uint32_t>;  // site, path, grid
    std::map<std::tuple<uint32_t, uint64_t, uint32_t, uint32_t, uint32_t, uint64_t, uint64_t, uint32_t>, uint64_t> samples;
    std::map<std::tuple<uint32_t, uint64_t, uint32_t, uint32_t, uint32_t, uint32_t>, std::vector<std::pair<uint64_t, uint64_t>>> pieces;
    std::map<Where, std::vector<uint64_t>> groups;
    std::map<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>, uint64_t> bases;
    const auto residue = [](uint64_t address) { return (address & kShared) | (address & 511); };  // moduli divide 512
    for (size_t i = 0; i < all.size(); ++i) {
        const Record& r = all[i];
        const uint32_t kind = r.site & kKind;
        if (kind == kEntry) {
            std::fprintf(out, "L %u %u %llx %llx %x\n", r.site & ~kKind, r.grid, (unsigned long long)r.destination, (unsigned long long)r.source, r.length);
            continue;
        }
        if (kind == kParameter) {
            std::fprintf(out, "V %u %u %u %llu %lld\n", r.site & ~kKind, r.grid, r.length, (unsigned long long)r.source, (long long)r.destination);
            continue;
        }
        if (kind == kBase) {
            if (bases.emplace(std::make_tuple(r.site, r.grid, r.length, r.block, r.block_yz), r.destination).second)
                std::fprintf(out, "S %u %u %u %u %x %llx\n", r.site & ~kKind, r.grid, r.length, r.block, r.block_yz, (unsigned long long)r.destination);
            continue;
        }
        const auto key = std::make_tuple(r.site, r.path, r.grid, r.block, r.block_yz, residue(r.destination), residue(r.source), r.length);
        if (++samples[key] <= kSamples)
            std::fprintf(out, "R %u %llx %u %u %x %x %llx %llx %u\n", r.site, (unsigned long long)r.path, r.grid, r.block, r.block_yz,
                         r.thread, (unsigned long long)r.destination, (unsigned long long)r.source, r.length);
        if (r.site < rows.size() && rows[r.site]) {
            const uint32_t warp = (r.thread & 1023) / 32;
            auto& spans = pieces[std::make_tuple(r.site, r.path, r.grid, r.block, r.block_yz, warp)];
            if (!spans.empty() && spans.back().second == r.destination)
                spans.back().second += r.length;
            else
                spans.push_back({r.destination, r.destination + r.length});
        }
        // The first record of a group looks at all of it.
        if (r.lanes > 1 && (uint32_t)i == r.group && i + r.lanes <= all.size()) {
            bool same = true, next = true;
            for (uint32_t k = 1; k < r.lanes; ++k) {
                same = same && all[i + k].destination == r.destination;
                next = next && all[i + k].destination == r.destination + (uint64_t)k * r.length;
            }
            auto& seen = groups[std::make_tuple(r.site, r.path, r.grid)];
            seen.resize(3);
            ++seen[same ? 0 : next ? 1 : 2];
        }
    }
    for (auto& [key, spans] : pieces) {
        std::sort(spans.begin(), spans.end());
        std::vector<std::pair<uint64_t, uint64_t>> joined;
        for (const auto& span : spans) {
            if (!joined.empty() && span.first <= joined.back().second)
                joined.back().second = std::max(joined.back().second, span.second);
            else
                joined.push_back(span);
        }
        for (const auto& [low, high] : joined)
            std::fprintf(out, "P %u %llx %u %u %x %u %llx %llx\n", std::get<0>(key), (unsigned long long)std::get<1>(key), std::get<2>(key),
                         std::get<3>(key), std::get<4>(key), std::get<5>(key), (unsigned long long)low, (unsigned long long)high);
    }
    for (const auto& [key, n] : groups)
        std::fprintf(out, "G %u %llx %u %llu %llu %llu\n", std::get<0>(key), (unsigned long long)std::get<1>(key), std::get<2>(key),
                     (unsigned long long)n[0], (unsigned long long)n[1], (unsigned long long)n[2]);
    std::fclose(out);
    std::fprintf(stderr, "%llu records%s, written to %s\n", used, full ? " (more than fit: raise PORTCHECK_RECORDS)" : "", path);
    return full ? 3 : 0;
}

}  // namespace pc

