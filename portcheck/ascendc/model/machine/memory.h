// GM: copies of the host's buffers with gaps between them, so that an access outside of one is seen.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

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
        : base(base_),
          bytes(bytes_),
          host(host_),
          buffer(buffer_),
          shadow(bytes_ == 0 ? 1 : bytes_, true)
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
    ~GlobalMemory() { std::free(arena_); }

    // `total_bytes` of all buffers that Add will be given, and their number.
    bool Reserve(uint64_t total_bytes, uint32_t buffers)
    {
        const uint64_t bytes =
            total_bytes + (static_cast<uint64_t>(buffers) + 2) * (kGapBytes + kBaseAlignBytes);
        arena_ = static_cast<uint8_t *>(std::calloc(bytes, 1));
        next_ = kGapBytes;
        return arena_ != nullptr;
    }

    // The address on the device; the same host address twice is one buffer.
    uint8_t *Add(void *host, uint64_t bytes, int buffer)
    {
        for (const auto &region : regions_) {
            if (region->host == host && host != nullptr && region->bytes == bytes) {
                return region->base;
            }
        }
        const uint64_t past = reinterpret_cast<uintptr_t>(arena_ + next_) % kBaseAlignBytes;
        uint8_t *base = arena_ + next_ + (past == 0 ? 0 : kBaseAlignBytes - past);
        if (host != nullptr && bytes > 0) {
            std::memcpy(base, host, bytes);
        }
        regions_.push_back(std::unique_ptr<Region>(new Region(base, bytes, host, buffer)));
        next_ = static_cast<uint64_t>(base - arena_) + bytes + kGapBytes;
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
    uint64_t next_ = 0;
    std::vector<std::unique_ptr<Region>> regions_;
    Region *last_ = nullptr;
};

}  // namespace ascendc_model
