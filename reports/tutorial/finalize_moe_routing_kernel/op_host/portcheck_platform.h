// What the host knows of the device, and the arithmetic that every tiling function needs.
// Plain C++17: nothing here needs the CANN toolkit.
#ifndef PORTCHECK_PLATFORM_H
#define PORTCHECK_PLATFORM_H

#include <cstdint>

// One device. Ask it at run time, never assume a number:
//   vector_cores: platform_ascendc::PlatformAscendC::GetCoreNumAiv()
//   ub_bytes:     what buffers may take of UB. From GetCoreMemSize(CoreMemType::UB), less what the
//                 library keeps for itself at its end (8 KiB where the target has such a reserve).
struct Platform {
    uint32_t vector_cores;
    uint32_t ub_bytes;
};

namespace portcheck {

constexpr uint64_t BLOCK_BYTES = 32;  // a UB block: starts, lengths and slots in UB are multiples of it
constexpr uint64_t VECTOR_BYTES = 256;  // one repeat of a vector instruction

constexpr uint64_t CeilDivide(uint64_t number, uint64_t divisor)
{
    return number / divisor + (number % divisor == 0 ? 0 : 1);
}

constexpr uint64_t AlignUp(uint64_t number, uint64_t multiple)
{
    return CeilDivide(number, multiple) * multiple;
}

constexpr uint64_t AlignDown(uint64_t number, uint64_t multiple)
{
    return number / multiple * multiple;
}

constexpr uint64_t Min(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

constexpr uint64_t Max(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

// The integer arithmetic of CUDA's index expressions. A divisor of 0 has no result.
constexpr int64_t TruncatedDivide(int64_t number, int64_t divisor)
{
    return divisor == 0 ? 0 : number / divisor;
}

constexpr int64_t FloorDivide(int64_t number, int64_t divisor)
{
    const int64_t whole = TruncatedDivide(number, divisor);
    return whole * divisor != number && (number < 0) != (divisor < 0) ? whole - 1 : whole;
}

constexpr int64_t Smallest(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

constexpr int64_t Largest(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

// As many blocks as there is work for, one at least, and never more than there are cores:
// blocks that are not resident at the same time would hang in SyncAll.
constexpr uint32_t BlocksFor(uint64_t pieces, const Platform &platform)
{
    return static_cast<uint32_t>(Max(1, Min(pieces, platform.vector_cores)));
}

// How many elements of a row one tile holds. Each of them takes `ub_bytes_per_element` of UB, all
// buffers and their doubles together; `fixed_bytes` are taken once. The bytes of a tile in GM,
// elements * element_bytes, are a multiple of `granule_bytes`; where the row is longer than a tile
// and there is room for it, of `burst_bytes`. 0: UB is too small for one granule.
constexpr uint64_t TileElements(const Platform &platform, uint64_t row_elements, uint64_t element_bytes,
                                uint64_t ub_bytes_per_element, uint64_t fixed_bytes, uint64_t granule_bytes,
                                uint64_t burst_bytes)
{
    if (platform.ub_bytes <= fixed_bytes || ub_bytes_per_element == 0 || element_bytes == 0) {
        return 0;
    }
    const uint64_t room_bytes = (platform.ub_bytes - fixed_bytes) / ub_bytes_per_element * element_bytes;
    const uint64_t row_bytes = AlignUp(Max(1, row_elements) * element_bytes, granule_bytes);
    if (row_bytes <= room_bytes) {
        return row_bytes / element_bytes;
    }
    const uint64_t burst = AlignDown(room_bytes, burst_bytes);
    return (burst != 0 ? burst : AlignDown(room_bytes, granule_bytes)) / element_bytes;
}

}  // namespace portcheck

#endif
