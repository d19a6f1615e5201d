// Copies, gathers, broadcasts and orderings inside of UB.
//
// asc-devkit: docs/zh/api/SIMD-API/基础API/Memory矢量计算/, 离散与聚合, 比较与选择, 数据填充, 数据排布转换, 排序组合
#pragma once

#include <vector>

#include "vector.h"

namespace ascendc_model {

constexpr DtypeSet kWide = kWords16 | kWords32 | kFloats;  // 2- and 4-byte types
constexpr Rule kCopy{"Copy", 0, kWide | kBf16, kIntegers | kFloats | kBf16};
constexpr Rule kGather{"Gather", kWide, kWide | kBf16, kIntegers | kFloats | kBf16};
constexpr Rule kGatherMask{"GatherMask", kWide, kWide | kBf16, kBytes | kWide | kBf16};
constexpr Rule kBrcb{"Brcb", kWide, kWide | kBf16, kIntegers | kFloats | kBf16};
constexpr Rule kCreateVecIndex{"CreateVecIndex", 0, kBasic, kInt8 | kInt64 | kBasic};
constexpr Rule kArithProgression{"ArithProgression", kBasic, kBasic, kBasic};
constexpr Rule kTranspose{"Transpose", kWords16 | kF16, kWords16 | kF16, kWords16 | kF16};
constexpr Rule kSort32{"Sort32", 0, kFloats, kFloats};

template <typename T>
void CopyLanes(const Operand &dst, const Operand &src, const Lanes &lanes, Where where)
{
    CheckDtype<T>(kCopy, lanes.IsCount(), where);
    if (Prepare("Copy", dst, {src}, lanes, where)) {
        lanes.Each([&](uint32_t repeat, uint64_t lane) {
            StoreUb<T>(dst.At(repeat, lane), LoadUb<T>(src.At(repeat, lane)));
        });
    }
}

// dst[i] = the element of src at byte base + offset[i].
template <typename T>
void GatherLanes(const Operand &dst, const UbView &src, const Operand &offsets, uint32_t base,
                 const Lanes &lanes, Where where)
{
    CheckDtype<T>(kGather, lanes.IsCount(), where);
    if (!Prepare("Gather", dst, {offsets}, lanes, where) ||
        !CheckOperand(src, "Gather", "src", 0, 1, where)) {
        return;
    }
    const Access access = Issue(kVector, "Gather", where);
    uint64_t number = 0;
    Spans spans(access, false);
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        const uint64_t offset = uint64_t{base} + LoadUb<uint32_t>(offsets.At(repeat, lane));
        const bool is_good = offset % sizeof(T) == 0 && static_cast<int64_t>(offset + sizeof(T)) <= src.bytes;
        if (!is_good) {
            Report(Check::gather_offset, where, "Gather", offset, number, src.bytes, sizeof(T));
        } else {
            spans.Add(src.begin + offset, sizeof(T));
            StoreUb<T>(dst.At(repeat, lane), LoadUb<T>(static_cast<uint32_t>(src.begin + offset)));
        }
        ++number;
    });
}

// Which lanes a fixed pattern keeps, 1 to 7.
inline bool Keeps(uint32_t pattern, uint64_t lane)
{
    switch (pattern) {
        case 1: return lane % 2 == 0;
        case 2: return lane % 2 == 1;
        case 7: return true;
        default: return lane % 4 == pattern - 3;
    }
}

// The lanes of a GatherMask: whole repeats; in counter mode `mask` elements of each repeat (on 310P in all).
template <typename T>
Lanes GatheredLanes(bool is_counter, uint32_t mask, uint32_t repeats)
{
    const uint64_t per_repeat = PerRepeat<T>();
    if (!is_counter) {
        return Lanes::Mask(per_repeat, repeats, static_cast<uint32_t>(per_repeat));
    }
    if (kIs310P) {
        return Lanes::Counter(mask, static_cast<uint32_t>(per_repeat));
    }
    return Lanes::Long(mask, repeats);
}

template <typename T, typename Keep>
uint64_t GatherKept(const UbView &dst, const Operand &src, const Lanes &lanes, Keep keep, Where where)
{
    CheckDtype<T>(kGatherMask, true, where);
    const Access access = Issue(kVector, "GatherMask", where);
    if (src.Extent(lanes) == 0 || !CheckOperand(dst, "GatherMask", "dst", 0, kBlockBytes, where) ||
        !CheckOperand(src.view, "GatherMask", "src0", src.Extent(lanes), kBlockBytes, where)) {
        return 0;
    }
    Touch(src, lanes, access, false);
    std::vector<T> kept;
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        if (keep(repeat, lane)) {
            kept.push_back(LoadUb<T>(src.At(repeat, lane)));
        }
    });
    const uint64_t bytes = kept.size() * sizeof(T);
    if (bytes > 0 && CheckOperand(dst, "GatherMask", "dst", bytes, kBlockBytes, where)) {
        UbWrite(dst.begin, bytes, access);
        std::memcpy(UbAt(dst.begin), kept.data(), bytes);
    }
    return kept.size();
}

template <typename T>
void FillProgression(const Rule &rule, const Operand &dst, T first, T difference, const Lanes &lanes,
                     Where where)
{
    CheckDtype<T>(rule, lanes.IsCount(), where);
    if (!Prepare(rule.api, dst, {}, lanes, where)) {
        return;
    }
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        const Wide<T> number = static_cast<Wide<T>>(repeat * lanes.PerRepeat() + lane);
        StoreUb<T>(dst.At(repeat, lane), Narrow<T>(AddOf(Widen(first), MulOf(number, Widen(difference)))));
    });
}

}  // namespace ascendc_model

namespace AscendC {

template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Copy(const LocalTensor<T> &dst, const LocalTensor<T> &src, M mask, U8 repeatTime,
          const CopyRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    params.dstStride.Verify("Copy", "dstStride", where);
    params.srcStride.Verify("Copy", "srcStride", where);
    params.dstRepeatSize.Verify("Copy", "dstRepeatSize", where);
    params.srcRepeatSize.Verify("Copy", "srcRepeatSize", where);
    CopyLanes<T>(OperandOf("dst", dst, params.dstStride, params.dstRepeatSize),
                 OperandOf("src", src, params.srcStride, params.srcRepeatSize),
                 MaskedLanes<PerRepeat<T>(), isSetMask>("Copy", mask, repeatTime, where), where);
}

template <typename T>
void Gather(const LocalTensor<T> &dst, const LocalTensor<T> &src, const LocalTensor<uint32_t> &srcOffset,
            uint32_t srcBaseOffset, uint32_t count, Where where = Here())
{
    using namespace ascendc_model;
    GatherLanes<T>(OperandOf("dst", dst), src.View(), OperandOf("srcOffset", srcOffset), srcBaseOffset,
                   Lanes::Count(count), where);
}

template <typename T, typename M, ascendc_model::IfMask<M> = 0>
void Gather(const LocalTensor<T> &dst, const LocalTensor<T> &src, const LocalTensor<uint32_t> &srcOffset,
            uint32_t srcBaseOffset, M mask, U8 repeatTime, U16 dstRepStride, Where where = Here())
{
    using namespace ascendc_model;
    dstRepStride.Verify("Gather", "dstRepStride", where);
    constexpr uint32_t kOffsetStride = PerRepeat<T>() * sizeof(uint32_t) / kBlockBytes;
    GatherLanes<T>(OperandOf("dst", dst, 1, dstRepStride), src.View(),
                   OperandOf("srcOffset", srcOffset, 1, kOffsetStride), srcBaseOffset,
                   MaskedLanes<PerRepeat<T>(), true>("Gather", mask, repeatTime, where), where);
}

// With a fixed pattern.
template <typename T>
void GatherMask(const LocalTensor<T> &dst, const LocalTensor<T> &src0, const uint8_t src1Pattern,
                bool reduceMode, uint32_t mask, const GatherMaskParams &params, uint64_t &rsvdCnt,
                Where where = Here())
{
    using namespace ascendc_model;
    const uint32_t last = kIs310P ? 6 : 7;
    if (src1Pattern < 1 || src1Pattern > last) {
        Report(Check::count, where, "GatherMask", "src1Pattern", src1Pattern,
               std::string("1 to ") + Text(last));
    }
    rsvdCnt = GatherKept<T>(
        dst.View(), OperandOf("src0", src0, params.src0BlockStride, params.src0RepeatStride),
        GatheredLanes<T>(reduceMode, mask, params.repeatTimes),
        [&](uint32_t, uint64_t lane) { return Keeps(src1Pattern, lane); }, where);
}

// With the bits of a tensor.
template <typename T, typename U>
void GatherMask(const LocalTensor<T> &dst, const LocalTensor<T> &src0, const LocalTensor<U> &src1Pattern,
                bool reduceMode, uint32_t mask, const GatherMaskParams &params, uint64_t &rsvdCnt,
                Where where = Here())
{
    using namespace ascendc_model;
    static_assert(sizeof(T) == sizeof(U) && std::is_unsigned_v<U>,
                  "src1Pattern is unsigned and as wide as src0");
    const Lanes lanes = GatheredLanes<T>(reduceMode, mask, params.repeatTimes);
    const uint64_t stride = uint64_t{params.src1RepeatStride} * kBlockBytes;
    const uint64_t bytes = (lanes.PerRepeat() + 7) / 8;
    const uint64_t extent = lanes.Repeats() == 0 ? 0 : (lanes.Repeats() - 1) * stride + bytes;
    if (extent == 0 ||
        !CheckOperand(src1Pattern.View(), "GatherMask", "src1Pattern", extent, kBlockBytes, where)) {
        return;
    }
    const uint32_t begin = src1Pattern.View().begin;
    UbRead(begin, extent, Issue(kVector, "GatherMask", where));
    rsvdCnt = GatherKept<T>(
        dst.View(), OperandOf("src0", src0, params.src0BlockStride, params.src0RepeatStride), lanes,
        [&](uint32_t repeat, uint64_t lane) {
            const uint32_t byte = begin + static_cast<uint32_t>(repeat * stride + lane / 8);
            return ((LoadUb<uint8_t>(byte) >> (lane % 8)) & 1) != 0;
        },
        where);
}

// Each of 8 elements fills a block.
template <typename T>
void Brcb(const LocalTensor<T> &dst, const LocalTensor<T> &src, U8 repeatTime, const BrcbRepeatParams &params,
          Where where = Here())
{
    using namespace ascendc_model;
    constexpr uint64_t kPerBlock = kBlockBytes / sizeof(T);
    repeatTime.Verify("Brcb", "repeatTime", where);
    params.dstBlkStride.Verify("Brcb", "dstBlkStride", where);
    params.dstRepStride.Verify("Brcb", "dstRepStride", where);
    CheckDtype<T>(kBrcb, true, where);
    const Lanes lanes = Lanes::Long(8 * kPerBlock, repeatTime);
    const Operand out = OperandOf("dst", dst, params.dstBlkStride, params.dstRepStride);
    const Access access = Issue(kVector, "Brcb", where);
    const uint64_t read = uint64_t{repeatTime} * 8 * sizeof(T);
    if (read == 0 || !CheckOperand(dst.View(), "Brcb", "dst", out.Extent(lanes), kBlockBytes, where) ||
        !CheckOperand(src.View(), "Brcb", "src", read, kBlockBytes, where)) {
        return;
    }
    UbRead(src.View().begin, read, access);
    std::vector<T> values(uint64_t{repeatTime} * 8);
    std::memcpy(static_cast<void *>(values.data()), UbAt(src.View().begin), read);
    Touch(out, lanes, access, true);
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        StoreUb<T>(out.At(repeat, lane), values[repeat * 8 + lane / kPerBlock]);
    });
}

template <typename T>
void CreateVecIndex(LocalTensor<T> dst, const T &firstValue, uint32_t count, Where where = Here())
{
    using namespace ascendc_model;
    FillProgression<T>(kCreateVecIndex, OperandOf("dst", dst), firstValue, static_cast<T>(1),
                       Lanes::Count(count), where);
}

// first, first + difference, …: a function of the library for indices.
template <typename T>
void ArithProgression(const LocalTensor<T> &dst, const T firstValue, const T diffValue, int32_t count,
                      Where where = Here())
{
    using namespace ascendc_model;
    FillProgression<T>(kArithProgression, OperandOf("dst", dst), firstValue, diffValue, Lanes::Count(count),
                       where);
}

// 16 x 16 elements of 2 bytes.
template <typename T>
void Transpose(const LocalTensor<T> &dst, const LocalTensor<T> &src, Where where = Here())
{
    using namespace ascendc_model;
    static_assert(sizeof(T) == 2, "Transpose takes 2-byte types");
    CheckDtype<T>(kTranspose, true, where);
    if (!Prepare("Transpose", OperandOf("dst", dst), {OperandOf("src", src)}, Lanes::Count(256), where)) {
        return;
    }
    T values[256];
    std::memcpy(static_cast<void *>(values), UbAt(src.View().begin), sizeof(values));
    for (uint32_t i = 0; i < 256; ++i) {
        StoreUb<T>(static_cast<uint32_t>(dst.View().begin + i * sizeof(T)), values[i % 16 * 16 + i / 16]);
    }
}

// 32 values each time, the largest first, in 8 bytes with their index: the value, then the index.
template <typename T>
void Sort32(const LocalTensor<T> &dst, const LocalTensor<T> &src0, const LocalTensor<uint32_t> &src1,
            int32_t repeatTime, Where where = Here())
{
    using namespace ascendc_model;
    CheckDtype<T>(kSort32, true, where);
    const Access access = Issue(kVector, "Sort32", where);
    const uint64_t repeats = static_cast<uint64_t>(repeatTime);
    if (repeats == 0 || !CheckOperand(dst.View(), "Sort32", "dst", repeats * 256, kBlockBytes, where) ||
        !CheckOperand(src0.View(), "Sort32", "src0", repeats * 32 * sizeof(T), kBlockBytes, where) ||
        !CheckOperand(src1.View(), "Sort32", "src1", repeats * 128, kBlockBytes, where)) {
        return;
    }
    UbRead(src0.View().begin, repeats * 32 * sizeof(T), access);
    UbRead(src1.View().begin, repeats * 128, access);
    UbWrite(dst.View().begin, repeats * 256, access);
    for (uint32_t repeat = 0; repeat < repeats; ++repeat) {
        const auto value = [&](uint32_t i) {
            return LoadUb<T>(static_cast<uint32_t>(src0.View().begin + (repeat * 32 + i) * sizeof(T)));
        };
        uint32_t order[32];
        for (uint32_t i = 0; i < 32; ++i) {  // of equal values the first one stays in front
            uint32_t at = i;
            for (; at > 0 && Widen(value(i)) > Widen(value(order[at - 1])); --at) {
                order[at] = order[at - 1];
            }
            order[at] = i;
        }
        for (uint32_t i = 0; i < 32; ++i) {
            const uint32_t at = dst.View().begin + repeat * 256 + i * 8;
            StoreUb<uint64_t>(at, 0);
            StoreUb<T>(at, value(order[i]));
            StoreUb<uint32_t>(at + 4, LoadUb<uint32_t>(src1.View().begin + (repeat * 32 + order[i]) * 4));
        }
    }
}

}  // namespace AscendC
