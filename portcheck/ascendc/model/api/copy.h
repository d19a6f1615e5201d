// DataCopy, DataCopyPad and the atomics on them.
//
// asc-devkit: docs/zh/api/SIMD-API/基础API/Memory矢量计算/数据搬运/GM与UB数据搬运/; ascend_rules.md, sections 1 and 2.
#pragma once

#include <algorithm>
#include <vector>

#include "fields.h"
#include "sync.h"
#include "tensor.h"

namespace ascendc_model {

// One transfer: `count` blocks of `bytes` bytes; strides are from the end of a block to the next start.
struct Burst {
    uint64_t count = 1;
    uint64_t bytes = 0;
    int64_t src_gap_bytes = 0;
    int64_t dst_gap_bytes = 0;
};

constexpr uint64_t kMostBlocks = 4095;            // GM与UB高维切分数据搬运(DataCopy).md:89
constexpr uint64_t kMostPadBlockBytes = 2097151;  // GMToUB非对齐数据搬运(DataCopyPad).md:124-125

// The bytes of a side of a transfer, from its first byte to its last.
inline uint64_t Extent(uint64_t count, uint64_t bytes, int64_t gap_bytes)
{
    return count == 0 || bytes == 0 ? 0
                                    : static_cast<uint64_t>(static_cast<int64_t>(count - 1) *
                                                            (static_cast<int64_t>(bytes) + gap_bytes)) +
                                          bytes;
}

inline void CheckCount(const char *api, uint64_t count, Where where)
{
    if (count > kMostBlocks) {
        Report(Check::copy_limit, where, api, "blockCount", count, kMostBlocks);
    }
}

template <typename T>
void CheckGmAddress(const char *api, const void *address, Where where)
{
    Region *region = g_machine->Memory().Find(address);
    if (region != nullptr) {
        const uint64_t offset = static_cast<uint64_t>(static_cast<const uint8_t *>(address) - region->base);
        if (offset % sizeof(T) != 0) {
            ReportBuffer(Check::gm_alignment, where, region->buffer, api, sizeof(T));
        }
    }
}

inline void GmToUb(const UbView &dst, const void *src, const Burst &burst, const char *api, Where where)
{
    const Access access = Issue(kMte2, api, where);
    const uint64_t extent = Extent(burst.count, burst.bytes, burst.dst_gap_bytes);
    if (extent == 0 || !CheckOperand(dst, api, "dst", extent, kBlockBytes, where)) {
        return;
    }
    const uint8_t *from = static_cast<const uint8_t *>(src);
    uint64_t to = dst.begin;
    for (uint64_t i = 0; i < burst.count; ++i) {
        if (GmRead(from, burst.bytes, kMte2, access) != nullptr) {
            UbWrite(to, burst.bytes, access);
            std::memcpy(UbAt(static_cast<uint32_t>(to)), from, burst.bytes);
        }
        from += static_cast<int64_t>(burst.bytes) + burst.src_gap_bytes;
        to += static_cast<uint64_t>(static_cast<int64_t>(burst.bytes) + burst.dst_gap_bytes);
    }
}

template <typename T>
void Accumulate(uint8_t *to, const uint8_t *from, uint64_t bytes, uint32_t operation)
{
    for (uint64_t i = 0; i + sizeof(T) <= bytes; i += sizeof(T)) {
        T old_value;
        T new_value;
        std::memcpy(&old_value, to + i, sizeof(T));
        std::memcpy(&new_value, from + i, sizeof(T));
        const Wide<T> a = Widen(old_value);
        const Wide<T> b = Widen(new_value);
        const Wide<T> result = operation == 1 ? static_cast<Wide<T>>(a + b)
                             : operation == 2 ? (b > a ? b : a)
                                              : (b < a ? b : a);
        const T stored = Narrow<T>(result);
        std::memcpy(to + i, &stored, sizeof(T));
    }
}

inline void AtomicStore(uint8_t *to, const uint8_t *from, uint64_t bytes, const AtomicMode &mode)
{
    switch (mode.dtype) {
        case kInt8: return Accumulate<int8_t>(to, from, bytes, mode.operation);
        case kInt16: return Accumulate<int16_t>(to, from, bytes, mode.operation);
        case kInt32: return Accumulate<int32_t>(to, from, bytes, mode.operation);
        case kF16: return Accumulate<half>(to, from, bytes, mode.operation);
        case kBf16: return Accumulate<bfloat16_t>(to, from, bytes, mode.operation);
        default: return Accumulate<float>(to, from, bytes, mode.operation);
    }
}

inline void UbToGm(void *dst, const UbView &src, const Burst &burst, const char *api, Dtype dtype,
                   Where where)
{
    Access access = Issue(kMte3, api, where);
    const uint64_t extent = Extent(burst.count, burst.bytes, burst.src_gap_bytes);
    if (extent == 0 || !CheckOperand(src, api, "src", extent, kBlockBytes, where)) {
        return;
    }
    const AtomicMode atomic = Core().atomic;
    if (atomic.operation != 0 && atomic.dtype != dtype) {
        Report(Check::dtype, where, "an atomic of another type than the copy's tensor,", api);
    }
    access.atomic = atomic.Kind();
    uint8_t *to = static_cast<uint8_t *>(dst);
    uint64_t from = src.begin;
    for (uint64_t i = 0; i < burst.count; ++i) {
        UbRead(from, burst.bytes, access);
        if (GmWrite(to, burst.bytes, kMte3, access) != nullptr) {
            const uint8_t *bytes = UbAt(static_cast<uint32_t>(from));
            if (atomic.operation != 0) {
                AtomicStore(to, bytes, burst.bytes, atomic);
            } else {
                std::memcpy(to, bytes, burst.bytes);
            }
        }
        to += static_cast<int64_t>(burst.bytes) + burst.dst_gap_bytes;
        from += static_cast<uint64_t>(static_cast<int64_t>(burst.bytes) + burst.src_gap_bytes);
    }
}

inline void UbToUb(const UbView &dst, const UbView &src, const Burst &burst, const char *api, Where where)
{
    const Access access = Issue(kVector, api, where);
    const uint64_t read = Extent(burst.count, burst.bytes, burst.src_gap_bytes);
    const uint64_t written = Extent(burst.count, burst.bytes, burst.dst_gap_bytes);
    if (read == 0 || !CheckOperand(dst, api, "dst", written, kBlockBytes, where) ||
        !CheckOperand(src, api, "src", read, kBlockBytes, where)) {
        return;
    }
    uint64_t to = dst.begin;
    uint64_t from = src.begin;
    for (uint64_t i = 0; i < burst.count; ++i) {
        UbRead(from, burst.bytes, access);
        UbWrite(to, burst.bytes, access);
        std::memmove(UbAt(static_cast<uint32_t>(to)), UbAt(static_cast<uint32_t>(from)), burst.bytes);
        to += static_cast<uint64_t>(static_cast<int64_t>(burst.bytes) + burst.dst_gap_bytes);
        from += static_cast<uint64_t>(static_cast<int64_t>(burst.bytes) + burst.src_gap_bytes);
    }
}

// The device rounds the length of a DataCopy down to whole blocks.
inline Burst CountBurst(uint64_t bytes, Where where)
{
    Burst burst;
    burst.bytes = bytes / kBlockBytes * kBlockBytes;
    if (bytes % kBlockBytes != 0) {
        Report(Check::copy_length, where, "DataCopy", bytes, burst.bytes);
    }
    return burst;
}

inline Burst BlockBurst(const AscendC::DataCopyParams &params, Where where)
{
    params.blockCount.Verify("DataCopy", "blockCount", where);
    params.blockLen.Verify("DataCopy", "blockLen", where);
    params.srcStride.Verify("DataCopy", "srcStride", where);
    params.dstStride.Verify("DataCopy", "dstStride", where);
    CheckCount("DataCopy", params.blockCount, where);
    Burst burst;
    burst.count = params.blockCount;
    burst.bytes = static_cast<uint64_t>(params.blockLen) * kBlockBytes;
    burst.src_gap_bytes = static_cast<int64_t>(params.srcStride) * kBlockBytes;
    burst.dst_gap_bytes = static_cast<int64_t>(params.dstStride) * kBlockBytes;
    return burst;
}

// A DataCopyPad: the GM side in bytes, the UB side in blocks of 32 bytes.
template <typename T, typename Params>
Burst PadBurst(const Params &params, bool is_load, Where where)
{
    params.blockCount.Verify("DataCopyPad", "blockCount", where);
    params.blockLen.Verify("DataCopyPad", "blockLen", where);
    params.srcStride.Verify("DataCopyPad", "srcStride", where);
    params.dstStride.Verify("DataCopyPad", "dstStride", where);
    CheckCount("DataCopyPad", params.blockCount, where);
    Burst burst;
    burst.count = params.blockCount;
    burst.bytes = params.blockLen;
    burst.src_gap_bytes = static_cast<int64_t>(params.srcStride) * (is_load ? 1 : int64_t{kBlockBytes});
    burst.dst_gap_bytes = static_cast<int64_t>(params.dstStride) * (is_load ? int64_t{kBlockBytes} : 1);
    if (kIs310P) {
        Report(Check::not_on_target, where, "DataCopyPad");
    }
    if (burst.bytes > kMostPadBlockBytes) {
        Report(Check::copy_limit, where, "DataCopyPad", "blockLen", burst.bytes, kMostPadBlockBytes);
    }
    if (burst.bytes % sizeof(T) != 0) {
        Report(Check::copy_block_length, where, burst.bytes, sizeof(T));
    }
    return burst;
}

struct Padding {
    uint64_t left_bytes = 0;
    uint64_t right_bytes = 0;
    std::vector<uint8_t> value;  // of one element; empty: the block's first element
};

template <typename T, typename Params>
Padding PaddingOf(const Params &params, Where where)
{
    Padding padding;
    params.leftPadding.Verify("DataCopyPad", "leftPadding", where);
    params.rightPadding.Verify("DataCopyPad", "rightPadding", where);
    padding.left_bytes = static_cast<uint64_t>(params.leftPadding) * sizeof(T);
    padding.right_bytes = static_cast<uint64_t>(params.rightPadding) * sizeof(T);
    if (padding.left_bytes > kBlockBytes || padding.right_bytes > kBlockBytes) {
        Report(Check::copy_padding, where, "a padding of more than 32 bytes");
    }
    const uint8_t *value = reinterpret_cast<const uint8_t *>(&params.paddingValue);
    if (params.isPad) {
        padding.value.assign(value, value + sizeof(T));
        const bool is_zero = std::all_of(value, value + sizeof(T), [](uint8_t byte) { return byte == 0; });
        if (sizeof(T) == 8 && !is_zero) {
            Report(Check::copy_padding, where, "8-byte elements are padded with 0 only");
        }
    } else if (padding.left_bytes + padding.right_bytes != 0) {
        Report(Check::copy_padding, where, "paddings without isPad are filled with nothing in particular");
    }
    return padding;
}

// Every block is padded up to whole 32-byte blocks of UB.
template <typename T>
void PaddedLoad(const UbView &dst, const void *src, const Burst &burst, const Padding &padding, Where where)
{
    const Access access = Issue(kMte2, "DataCopyPad", where);
    const uint64_t unpadded = padding.left_bytes + burst.bytes + padding.right_bytes;
    const uint64_t row = (unpadded + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    const uint64_t extent = burst.bytes == 0 ? 0 : Extent(burst.count, row, burst.dst_gap_bytes);
    if (extent == 0 || !CheckOperand(dst, "DataCopyPad", "dst", extent, kBlockBytes, where)) {
        return;
    }
    const uint8_t *from = static_cast<const uint8_t *>(src);
    uint64_t to = dst.begin;
    for (uint64_t i = 0; i < burst.count; ++i) {
        if (GmRead(from, burst.bytes, kMte2, access) != nullptr) {
            UbWrite(to, row, access);
            uint8_t *block = UbAt(static_cast<uint32_t>(to));
            const uint8_t *filler = padding.value.empty() ? from : padding.value.data();
            for (uint64_t at = 0; at < row; ++at) {
                const bool is_data = at >= padding.left_bytes && at < padding.left_bytes + burst.bytes;
                block[at] = is_data ? from[at - padding.left_bytes] : filler[at % sizeof(T)];
            }
        }
        from += static_cast<int64_t>(burst.bytes) + burst.src_gap_bytes;
        to += static_cast<uint64_t>(static_cast<int64_t>(row) + burst.dst_gap_bytes);
    }
}

// The rows that a DataCopyPad stores start at whole blocks of UB; exactly blockLen bytes reach GM.
inline void PaddedStore(void *dst, const UbView &src, Burst burst, Dtype dtype, Where where)
{
    const uint64_t row = (burst.bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    burst.src_gap_bytes += static_cast<int64_t>(row - burst.bytes);
    UbToGm(dst, src, burst, "DataCopyPad", dtype, where);
}

}  // namespace ascendc_model

namespace AscendC {

template <typename T>
void DataCopy(const LocalTensor<T> &dst, const GlobalTensor<T> &src, U32 count, Where where = Here())
{
    using namespace ascendc_model;
    count.Verify("DataCopy", "count", where);
    CheckGmAddress<T>("DataCopy", src.GetPhyAddr(), where);
    GmToUb(dst.View(), src.GetPhyAddr(), CountBurst(uint64_t{count} * sizeof(T), where), "DataCopy", where);
}

template <typename T>
void DataCopy(const LocalTensor<T> &dst, const GlobalTensor<T> &src, const DataCopyParams &params,
              Where where = Here())
{
    using namespace ascendc_model;
    CheckGmAddress<T>("DataCopy", src.GetPhyAddr(), where);
    GmToUb(dst.View(), src.GetPhyAddr(), BlockBurst(params, where), "DataCopy", where);
}

template <typename T>
void DataCopy(const GlobalTensor<T> &dst, const LocalTensor<T> &src, U32 count, Where where = Here())
{
    using namespace ascendc_model;
    count.Verify("DataCopy", "count", where);
    CheckGmAddress<T>("DataCopy", dst.GetPhyAddr(), where);
    UbToGm(dst.GetPhyAddr(0), src.View(), CountBurst(uint64_t{count} * sizeof(T), where), "DataCopy",
           DtypeOf<T>::value, where);
}

template <typename T>
void DataCopy(const GlobalTensor<T> &dst, const LocalTensor<T> &src, const DataCopyParams &params,
              Where where = Here())
{
    using namespace ascendc_model;
    CheckGmAddress<T>("DataCopy", dst.GetPhyAddr(), where);
    UbToGm(dst.GetPhyAddr(0), src.View(), BlockBurst(params, where), "DataCopy", DtypeOf<T>::value, where);
}

template <typename T>
void DataCopy(const LocalTensor<T> &dst, const LocalTensor<T> &src, U32 count, Where where = Here())
{
    using namespace ascendc_model;
    count.Verify("DataCopy", "count", where);
    UbToUb(dst.View(), src.View(), CountBurst(uint64_t{count} * sizeof(T), where), "DataCopy", where);
}

template <typename T>
void DataCopy(const LocalTensor<T> &dst, const LocalTensor<T> &src, const DataCopyParams &params,
              Where where = Here())
{
    using namespace ascendc_model;
    UbToUb(dst.View(), src.View(), BlockBurst(params, where), "DataCopy", where);
}

template <typename T>
void DataCopyPad(const LocalTensor<T> &dst, const GlobalTensor<T> &src, const DataCopyExtParams &params,
                 const DataCopyPadExtParams<T> &padding, Where where = Here())
{
    using namespace ascendc_model;
    PaddedLoad<T>(dst.View(), src.GetPhyAddr(), PadBurst<T>(params, true, where),
                  PaddingOf<T>(padding, where), where);
}

template <typename T>
void DataCopyPad(const GlobalTensor<T> &dst, const LocalTensor<T> &src, const DataCopyExtParams &params,
                 Where where = Here())
{
    using namespace ascendc_model;
    PaddedStore(dst.GetPhyAddr(0), src.View(), PadBurst<T>(params, false, where), DtypeOf<T>::value, where);
}

template <typename T>
void DataCopyPad(const LocalTensor<T> &dst, const GlobalTensor<T> &src, const DataCopyParams &params,
                 const DataCopyPadParams &padding, Where where = Here())
{
    using namespace ascendc_model;
    PaddedLoad<T>(dst.View(), src.GetPhyAddr(), PadBurst<T>(params, true, where),
                  PaddingOf<T>(padding, where), where);
}

template <typename T>
void DataCopyPad(const GlobalTensor<T> &dst, const LocalTensor<T> &src, const DataCopyParams &params,
                 Where where = Here())
{
    using namespace ascendc_model;
    PaddedStore(dst.GetPhyAddr(0), src.View(), PadBurst<T>(params, false, where), DtypeOf<T>::value, where);
}

}  // namespace AscendC

namespace ascendc_model {

// SetAtomicAdd.md:51-71; 310P has no SetAtomicMax and SetAtomicMin.
template <typename T>
void SetAtomic(uint32_t operation, const char *api, Where where)
{
    g_machine->Step(where);
    constexpr DtypeSet kOn2201 = kInt8 | kInt16 | kInt32 | kF16 | kBf16 | kF32;
    const DtypeSet on_310p = operation == 1 ? DtypeSet{kInt16 | kF16 | kF32} : DtypeSet{0};
    if (!Takes(on_310p, kOn2201, kOn2201, DtypeOf<T>::value)) {
        Report(Check::dtype, where, api, DtypeOf<T>::name);
    }
    Core().atomic.operation = operation;
    Core().atomic.dtype = DtypeOf<T>::value;
    Core().atomic_where = where;
}

}  // namespace ascendc_model

namespace AscendC {

template <typename T>
void SetAtomicAdd(Where where = Here())
{
    ascendc_model::SetAtomic<T>(1, "SetAtomicAdd", where);
}

template <typename T>
void SetAtomicMax(Where where = Here())
{
    ascendc_model::SetAtomic<T>(2, "SetAtomicMax", where);
}

template <typename T>
void SetAtomicMin(Where where = Here())
{
    ascendc_model::SetAtomic<T>(3, "SetAtomicMin", where);
}

inline void SetAtomicNone(Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    ascendc_model::Core().atomic.operation = 0;
}

inline void DisableDmaAtomic(Where where = Here()) { SetAtomicNone(where); }

}  // namespace AscendC
