// LocalTensor and GlobalTensor: views of UB and GM.
#pragma once

#include <cstdint>
#include <cstring>

#include "../machine/access.h"

#define __aicore__
#define __global__
#define __gm__
#define __ubuf__
#define __inout_pipe__(pipe)
#define __in_pipe__(pipe)
#define __out_pipe__(pipe)
#define GM_ADDR uint8_t *

namespace AscendC {

// asc-devkit: impl/basic_api/common_types.h
enum class TPosition : uint8_t {
    GM,
    A1,
    A2,
    B1,
    B2,
    C1,
    C2,
    CO1,
    CO2,
    VECIN,
    VECOUT,
    VECCALC,
    LCM,
    SPM,
    SHM,
    TSCM,
    MAX,
};
using QuePosition = TPosition;

enum class CacheMode {
    CACHE_MODE_DISABLE = 0,
    CACHE_MODE_NORMAL = 1,
    CACHE_MODE_LAST = 2,
    CACHE_MODE_PERSISTENT = 4
};
enum class CacheRwMode { READ = 1, WRITE = 2, RW = 3 };

}  // namespace AscendC

namespace ascendc_model {

// A range of UB, in bytes, and the buffer that it lies in.
struct UbView {
    uint32_t begin = 0;
    int64_t bytes = 0;  // up to the tensor's end; negative behind it
    Buffer *buffer = nullptr;
};

// Can `bytes` bytes from the start of `view` be an operand? Reports what is wrong with it.
inline bool CheckOperand(const UbView &view, const char *api, const char *operand, uint64_t bytes,
                         uint32_t align, Where where)
{
    if (view.buffer == nullptr) {
        Report(Check::queue_state, where, api, std::string(operand) + " is a tensor of no buffer");
        return false;
    }
    const bool is_freed = view.buffer->queue != nullptr && view.buffer->use == BufferUse::kFree;
    if (is_freed || !view.buffer->is_alive) {
        Report(Check::ub_use_after_free, where, api, operand);
    }
    if (view.begin % align != 0) {
        Report(Check::ub_alignment, where, api, operand, view.begin, align);
    }
    if (view.bytes < static_cast<int64_t>(bytes) || view.begin + bytes > kUbBytes) {
        Report(Check::ub_out_of_range, where, api, operand, bytes, view.bytes);
        return false;
    }
    return true;
}

inline uint8_t *UbAt(uint32_t byte) { return Core().ub.data() + byte; }

template <typename T>
T LoadUb(uint32_t byte)
{
    T value;
    std::memcpy(&value, UbAt(byte), sizeof(T));
    return value;
}

template <typename T>
void StoreUb(uint32_t byte, T value)
{
    std::memcpy(UbAt(byte), &value, sizeof(T));
}

}  // namespace ascendc_model

namespace AscendC {

using ascendc_model::Here;
using ascendc_model::Where;

template <typename T>
class LocalTensor {
public:
    using PrimType = T;

    LocalTensor() = default;
    explicit LocalTensor(const ascendc_model::UbView &view) : view_(view) {}

    T GetValue(uint32_t index, Where where = Here()) const
    {
        using namespace ascendc_model;
        const Access access = Issue(kScalar, "GetValue", where);
        const uint64_t offset = static_cast<uint64_t>(index) * sizeof(T);
        if (!CheckOperand(view_, "GetValue", "the element", offset + sizeof(T), sizeof(T), where)) {
            return static_cast<T>(0);
        }
        UbRead(view_.begin + offset, sizeof(T), access);
        return LoadUb<T>(static_cast<uint32_t>(view_.begin + offset));
    }

    template <typename S>
    void SetValue(uint32_t index, S value, Where where = Here()) const
    {
        using namespace ascendc_model;
        const Access access = Issue(kScalar, "SetValue", where);
        const uint64_t offset = static_cast<uint64_t>(index) * sizeof(T);
        if (CheckOperand(view_, "SetValue", "the element", offset + sizeof(T), sizeof(T), where)) {
            UbWrite(view_.begin + offset, sizeof(T), access);
            StoreUb<T>(static_cast<uint32_t>(view_.begin + offset), static_cast<T>(value));
        }
    }

    T operator()(uint32_t index, Where where = Here()) const { return GetValue(index, where); }

    LocalTensor operator[](uint32_t offset) const
    {
        ascendc_model::UbView view = view_;
        const int64_t bytes = static_cast<int64_t>(offset) * static_cast<int64_t>(sizeof(T));
        view.begin += static_cast<uint32_t>(bytes);
        view.bytes -= bytes;
        return LocalTensor(view);
    }

    template <typename U>
    LocalTensor<U> ReinterpretCast() const
    {
        return LocalTensor<U>(view_);
    }

    uint32_t GetSize() const { return view_.bytes < 0 ? 0 : static_cast<uint32_t>(view_.bytes / sizeof(T)); }
    void SetSize(uint32_t elements) { view_.bytes = static_cast<int64_t>(elements) * sizeof(T); }
    uint64_t GetPhyAddr() const { return view_.begin; }
    uint64_t GetPhyAddr(uint32_t offset) const
    {
        return view_.begin + static_cast<uint64_t>(offset) * sizeof(T);
    }

    const ascendc_model::UbView &View() const { return view_; }

private:
    ascendc_model::UbView view_;
};

template <typename T>
class GlobalTensor {
public:
    using PrimType = T;

    void SetGlobalBuffer(T *buffer, uint64_t elements)
    {
        address_ = buffer;
        elements_ = elements;
    }
    void SetGlobalBuffer(T *buffer) { SetGlobalBuffer(buffer, 0); }

    const T *GetPhyAddr() const { return address_; }
    T *GetPhyAddr(uint64_t offset) const { return address_ + offset; }
    uint64_t GetSize() const { return elements_; }

    GlobalTensor operator[](uint64_t offset) const
    {
        GlobalTensor part = *this;
        part.address_ = address_ + offset;
        part.elements_ = elements_ > offset ? elements_ - offset : 0;
        return part;
    }

    // Through the core's data cache, whose lines may be older than GM.
    T GetValue(uint64_t index, Where where = Here()) const
    {
        using namespace ascendc_model;
        const Access access = Issue(kScalar, "GetValue", where);
        const T *address = address_ + index;
        Region *region = GmRead(address, sizeof(T), kScalar, access);
        if (region == nullptr) {
            return static_cast<T>(0);
        }
        CheckCached(*region, address, where);
        T value;
        std::memcpy(&value, address, sizeof(T));
        return value;
    }

    T operator()(uint64_t index, Where where = Here()) const { return GetValue(index, where); }

    // Into the core's data cache: GM has it after DataCacheCleanAndInvalid, as a whole line.
    void SetValue(uint64_t index, T value, Where where = Here()) const
    {
        using namespace ascendc_model;
        const Access access = Issue(kScalar, "SetValue", where);
        T *address = address_ + index;
        Region *region = GmWrite(address, sizeof(T), kScalar, access);
        if (region != nullptr) {
            MarkDirty(*region, address, access);
            std::memcpy(address, &value, sizeof(T));
        }
    }

    template <CacheRwMode mode = CacheRwMode::RW>
    void SetL2CacheHint(CacheMode)
    {}

private:
    static uint64_t OffsetIn(const ascendc_model::Region &region, const T *address)
    {
        return static_cast<uint64_t>(reinterpret_cast<const uint8_t *>(address) - region.base);
    }

    static void CheckCached(ascendc_model::Region &region, const T *address, Where where)
    {
        using namespace ascendc_model;
        Block &core = Core();
        const uint64_t offset = OffsetIn(region, address);
        const void *line = region.base + offset / kCacheLineBytes * kCacheLineBytes;
        const auto cached = core.cache.emplace(line, g_machine->Steps());
        if (cached.second) {
            return;
        }
        region.shadow.EachWriter(offset, offset + sizeof(T), [&](const Trace &trace) {
            const bool is_own = trace.stamp.pipe == core.number * kPipes + kScalar;
            if (!is_own && trace.sequence > cached.first->second) {
                ReportBuffer(Check::dcache_stale, where, region.buffer,
                             std::string(trace.api) + " (" + std::to_string(trace.where.line) + ")");
            }
        });
    }

    static void MarkDirty(ascendc_model::Region &region, const T *address,
                          const ascendc_model::Access &access)
    {
        using namespace ascendc_model;
        Block &core = Core();
        const uint64_t offset = OffsetIn(region, address);
        const uint64_t line = offset / kCacheLineBytes * kCacheLineBytes;
        core.cache.emplace(region.base + line, g_machine->Steps());
        const uint64_t line_end =
            line + kCacheLineBytes < region.bytes ? line + kCacheLineBytes : region.bytes;
        region.shadow.EachWriter(line, line_end, [&](const Trace &trace) {
            if (trace.stamp.pipe / kPipes != core.number && !access.IsAfter(trace.stamp)) {
                ReportBuffer(Check::dcache_shared_line, access.where, region.buffer, trace.api,
                             g_machine->Blocks()[trace.stamp.pipe / kPipes]->index, trace.where.line);
            }
        });
        Dirt &dirt = region.dirt[line];
        dirt.block = core.number;
        dirt.where = access.where;
        for (uint64_t i = 0; i < sizeof(T); ++i) {
            dirt.bytes |= 1ULL << (offset - line + i);
        }
    }

    T *address_ = nullptr;
    uint64_t elements_ = 0;
};

}  // namespace AscendC
