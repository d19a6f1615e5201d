// GM: copies of the host's buffers with gaps between them, so that an access outside of one is seen.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include <sys/mman.h>

#include "shadow.h"
#include "target.h"

namespace ascendc_model {

// Bytes of a line that one core's SetValue has changed in its data cache.
struct Dirt {
    uint32_t block = 0;
    uint64_t bytes = 0;  // bit i: byte i of the line
    Where where = Here();

    bool Covers(uint64_t line, uint64_t offset, uint64_t length) const
    {
        for (uint64_t i = 0; i < kCacheLineBytes; ++i) {
            if (((bytes >> i) & 1) != 0 && line + i >= offset && line + i < offset + length) {
                return true;
            }
        }
        return false;
    }
};

struct Region {
    Region(uint8_t *base_, uint64_t bytes_, void *host_, int buffer_)
        : base(base_), bytes(bytes_), host(host_), buffer(buffer_), shadow(bytes_ == 0 ? 1 : bytes_, true)
    {}

    uint8_t *base;
    uint64_t bytes;
    void *host;
    int buffer;  // its number among the parameters of the kernel
    Shadow shadow;
    std::map<uint64_t, Clock> flags;  // by 32-byte line: what its releases have published
    std::map<uint64_t, Dirt> dirt;    // by 64-byte line
};

class GlobalMemory {
public:
    GlobalMemory() = default;
    GlobalMemory(const GlobalMemory &) = delete;
    GlobalMemory &operator=(const GlobalMemory &) = delete;
    ~GlobalMemory()
    {
        if (arena_ != nullptr) {
            munmap(arena_, arena_bytes_);
        }
    }

    // `total_bytes` of all buffers that Add will be given, and their number.
    bool Reserve(uint64_t total_bytes, uint32_t buffers)
    {
        arena_bytes_ = total_bytes + (static_cast<uint64_t>(buffers) + 1) * (kGapBytes + kBaseAlignBytes);
        void *arena = mmap(nullptr, arena_bytes_, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (arena == MAP_FAILED) {
            return false;
        }
        arena_ = static_cast<uint8_t *>(arena);
        next_ = kGapBytes;
        return true;
    }

    // The address on the device; the same host address twice is one buffer.
    uint8_t *Add(void *host, uint64_t bytes, int buffer)
    {
        for (const auto &region : regions_) {
            if (region->host == host && host != nullptr && region->bytes == bytes) {
                return region->base;
            }
        }
        uint8_t *base = arena_ + next_;
        if (host != nullptr && bytes > 0) {
            std::memcpy(base, host, bytes);
        }
        regions_.push_back(std::unique_ptr<Region>(new Region(base, bytes, host, buffer)));
        next_ += bytes + kGapBytes;
        next_ = (next_ + kBaseAlignBytes - 1) / kBaseAlignBytes * kBaseAlignBytes;
        return base;
    }

    void CopyBack() const
    {
        for (const auto &region : regions_) {
            if (region->host != nullptr && region->bytes > 0) {
                std::memcpy(region->host, region->base, region->bytes);
            }
        }
    }

    // The buffer in which the address lies, or in whose gap behind it; nullptr: none.
    Region *Find(const void *address)
    {
        const uint8_t *at = static_cast<const uint8_t *>(address);
        if (last_ != nullptr && at >= last_->base && at < last_->base + last_->bytes) {
            return last_;
        }
        Region *found = nullptr;
        for (const auto &region : regions_) {
            if (at >= region->base && at < region->base + region->bytes + kGapBytes) {
                found = region.get();
            }
        }
        last_ = found;
        return found;
    }

private:
    static constexpr uint64_t kGapBytes = 1U << 20;
    // asc-devkit: docs/zh/guide/编程指南/高级编程/硬件实现/硬件约束/NPU架构版本2201.md:46-49
    static constexpr uint64_t kBaseAlignBytes = 512;

    uint8_t *arena_ = nullptr;
    uint64_t arena_bytes_ = 0;
    uint64_t next_ = 0;
    std::vector<std::unique_ptr<Region>> regions_;
    Region *last_ = nullptr;
};

}  // namespace ascendc_model
