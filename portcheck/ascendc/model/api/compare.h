// Compare and Select.
//
// asc-devkit: docs/zh/api/SIMD-API/基础API/Memory矢量计算/比较与选择/
#pragma once

#include "vector.h"

namespace AscendC {

enum class CMPMODE : uint8_t { LT = 0, GT, EQ, LE, GE, NE };
enum class SELMODE : uint8_t { VSEL_CMPMASK_SPR = 0, VSEL_TENSOR_SCALAR_MODE, VSEL_TENSOR_TENSOR_MODE };

}  // namespace AscendC

namespace ascendc_model {

using AscendC::CMPMODE;
using AscendC::SELMODE;

constexpr DtypeSet kCompared3510 = kIntegers | kFloats | kBf16;
constexpr Rule kCompare{"Compare", kFloats, kFloats | kInt32, kCompared3510};
constexpr Rule kCompares{"Compares", kFloats, kFloats | kInt32, kCompared3510};
constexpr Rule kSelect{"Select", kFloats, kFloats, kCompared3510};

template <typename W>
bool Holds(W a, W b, CMPMODE mode)
{
    switch (mode) {
        case CMPMODE::LT: return a < b;
        case CMPMODE::GT: return a > b;
        case CMPMODE::EQ: return a == b;
        case CMPMODE::LE: return a <= b;
        case CMPMODE::GE: return a >= b;
        default: return a != b;
    }
}

// Whole repeats of 256 bytes are compared, the rest is not.
template <typename T>
uint64_t ComparedElements(const char *api, uint32_t count, Where where)
{
    const uint64_t whole = uint64_t{count} / PerRepeat<T>() * PerRepeat<T>();
    if (whole != count) {
        Report(Check::count, where, api, "count", count,
               std::string("whole repeats of 256 bytes; the device compares ") + std::to_string(whole));
    }
    return whole;
}

inline void SetBit(uint32_t byte, uint64_t bit, bool is_set)
{
    const uint32_t at = byte + static_cast<uint32_t>(bit / 8);
    const uint8_t flag = static_cast<uint8_t>(1U << (bit % 8));
    StoreUb<uint8_t>(at,
                     static_cast<uint8_t>(is_set ? LoadUb<uint8_t>(at) | flag : LoadUb<uint8_t>(at) & ~flag));
}

inline bool BitOf(uint32_t byte, uint64_t bit)
{
    return ((LoadUb<uint8_t>(byte + static_cast<uint32_t>(bit / 8)) >> (bit % 8)) & 1) != 0;
}

// A bit for each lane, repeat after repeat; the first lane is the lowest bit.
template <typename T, typename Other>
void CompareLanes(const Rule &rule, const UbView &dst, const Operand &src0, CMPMODE mode, const Lanes &lanes,
                  Other other, std::initializer_list<Operand> sources, Where where)
{
    CheckDtype<T>(rule, lanes.IsCount(), where);
    if (std::is_same_v<T, int32_t> && !kIs950 && mode != CMPMODE::EQ) {
        Report(Check::dtype, where, std::string(rule.api) + " other than EQ", DtypeOf<T>::name);
    }
    const Access access = Issue(kVector, rule.api, where);
    const uint64_t bits = lanes.PerRepeat() * lanes.Repeats();
    const uint64_t bytes = (bits + 7) / 8;
    bool is_good = bits > 0 && CheckOperand(dst, rule.api, "dst", bytes, kBlockBytes, where);
    for (const Operand &src : sources) {
        is_good =
            is_good && CheckOperand(src.view, rule.api, src.name, src.Extent(lanes), kBlockBytes, where);
    }
    if (!is_good) {
        return;
    }
    for (const Operand &src : sources) {
        Touch(src, lanes, access, false);
    }
    UbWrite(dst.begin, bytes, access);
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        const Wide<T> a = Widen(LoadUb<T>(src0.At(repeat, lane)));
        SetBit(dst.begin, repeat * lanes.PerRepeat() + lane, Holds(a, other(repeat, lane), mode));
    });
}

template <typename T>
void CompareTensors(const UbView &dst, const Operand &src0, const Operand &src1, CMPMODE mode,
                    const Lanes &lanes, Where where)
{
    CompareLanes<T>(
        kCompare, dst, src0, mode, lanes,
        [&](uint32_t repeat, uint64_t lane) { return Widen(LoadUb<T>(src1.At(repeat, lane))); }, {src0, src1},
        where);
}

template <typename T>
void CompareWith(const UbView &dst, const Operand &src0, T scalar, CMPMODE mode, const Lanes &lanes,
                 Where where)
{
    const Wide<T> b = Widen(scalar);
    CompareLanes<T>(kCompares, dst, src0, mode, lanes, [b](uint32_t, uint64_t) { return b; }, {src0}, where);
}

// On 950 masks count; elsewhere a compare takes all lanes of its repeats (Compare.md).
template <typename T, typename M>
Lanes ComparedLanes(const char *api, M mask, U8 repeats, Where where)
{
    const Lanes lanes = MaskedLanes<PerRepeat<T>(), true>(api, mask, repeats, where);
    return kIs950 ? lanes : Lanes::Mask(uint64_t{PerRepeat<T>()}, repeats, PerRepeat<T>());
}

// Mode 0 uses the bits of the first repeat for all of them, the other modes go on through selMask.
template <typename T, typename Other>
void SelectLanes(const Operand &dst, const UbView &selection, const Operand &src0, SELMODE mode,
                 const Lanes &lanes, Other other, std::initializer_list<Operand> sources, Where where)
{
    CheckDtype<T>(kSelect, lanes.IsCount(), where);
    const bool is_same_for_all = mode == SELMODE::VSEL_CMPMASK_SPR;
    const uint64_t per_repeat = PerRepeat<T>();
    const uint64_t all = lanes.PerRepeat() * lanes.Repeats();
    const uint64_t bits = is_same_for_all ? std::min(per_repeat, all) : all;
    const uint64_t bytes = (bits + 7) / 8;
    if (!CheckOperand(selection, "Select", "selMask", bytes, kBlockBytes, where) ||
        !Prepare("Select", dst, sources, lanes, where)) {
        return;
    }
    UbRead(selection.begin, bytes, Issue(kVector, "Select", where));
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        const uint64_t number = repeat * lanes.PerRepeat() + lane;
        const uint64_t bit = is_same_for_all ? number % per_repeat : number;
        const T value = BitOf(selection.begin, bit) ? LoadUb<T>(src0.At(repeat, lane)) : other(repeat, lane);
        StoreUb<T>(dst.At(repeat, lane), value);
    });
}

template <typename T>
void SelectTensors(const Operand &dst, const UbView &selection, const Operand &src0, const Operand &src1,
                   SELMODE mode, const Lanes &lanes, Where where)
{
    if (mode == SELMODE::VSEL_TENSOR_SCALAR_MODE) {
        Report(Check::count, where, "Select", "selMode", 1, "0 or 2 for two tensors");
    }
    SelectLanes<T>(
        dst, selection, src0, mode, lanes,
        [&](uint32_t repeat, uint64_t lane) { return LoadUb<T>(src1.At(repeat, lane)); }, {src0, src1},
        where);
}

template <typename T>
void SelectOr(const Operand &dst, const UbView &selection, const Operand &src0, T scalar, SELMODE mode,
              const Lanes &lanes, Where where)
{
    if (mode != SELMODE::VSEL_TENSOR_SCALAR_MODE) {
        Report(Check::count, where, "Select", "selMode", static_cast<int>(mode),
               "1 for a tensor and a scalar");
    }
    SelectLanes<T>(
        dst, selection, src0, mode, lanes, [scalar](uint32_t, uint64_t) { return scalar; }, {src0}, where);
}

}  // namespace ascendc_model

namespace AscendC {

template <typename T, typename U>
void Compare(const LocalTensor<U> &dst, const LocalTensor<T> &src0, const LocalTensor<T> &src1,
             CMPMODE cmpMode, uint32_t count, Where where = Here())
{
    using namespace ascendc_model;
    static_assert(sizeof(U) == 1, "the result of Compare is bits in bytes");
    const uint64_t elements = ComparedElements<T>("Compare", count, where);
    CompareTensors<T>(dst.View(), OperandOf("src0", src0), OperandOf("src1", src1), cmpMode,
                      Lanes::Count(static_cast<int64_t>(elements)), where);
}

template <typename T, typename U, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Compare(const LocalTensor<U> &dst, const LocalTensor<T> &src0, const LocalTensor<T> &src1,
             CMPMODE cmpMode, M mask, U8 repeatTime, const BinaryRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    Verify("Compare", params, where);
    CompareTensors<T>(dst.View(), OperandOf("src0", src0, params.src0BlkStride, params.src0RepStride),
                      OperandOf("src1", src1, params.src1BlkStride, params.src1RepStride), cmpMode,
                      ComparedLanes<T>("Compare", mask, repeatTime, where), where);
}

template <typename T, typename U>
void Compares(const LocalTensor<U> &dst, const LocalTensor<T> &src0, const T scalar, CMPMODE cmpMode,
              uint32_t count, Where where = Here())
{
    using namespace ascendc_model;
    const uint64_t elements = ComparedElements<T>("Compares", count, where);
    CompareWith<T>(dst.View(), OperandOf("src0", src0), scalar, cmpMode,
                   Lanes::Count(static_cast<int64_t>(elements)), where);
}

template <typename T, typename U, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Compares(const LocalTensor<U> &dst, const LocalTensor<T> &src0, const T scalar, CMPMODE cmpMode, M mask,
              U8 repeatTime, const UnaryRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    Verify("Compares", params, where);
    CompareWith<T>(dst.View(), OperandOf("src0", src0, params.srcBlkStride, params.srcRepStride), scalar,
                   cmpMode, ComparedLanes<T>("Compares", mask, repeatTime, where), where);
}

// The older name of Compares.
template <typename T, typename U>
void CompareScalar(const LocalTensor<U> &dst, const LocalTensor<T> &src0, const T scalar, CMPMODE cmpMode,
                   uint32_t count, Where where = Here())
{
    Compares<T, U>(dst, src0, scalar, cmpMode, count, where);
}

template <typename T, typename U>
void Select(const LocalTensor<T> &dst, const LocalTensor<U> &selMask, const LocalTensor<T> &src0,
            const LocalTensor<T> &src1, SELMODE selMode, uint32_t count, Where where = Here())
{
    using namespace ascendc_model;
    SelectTensors<T>(OperandOf("dst", dst), selMask.View(), OperandOf("src0", src0), OperandOf("src1", src1),
                     selMode, Lanes::Count(count), where);
}

template <typename T, typename U, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Select(const LocalTensor<T> &dst, const LocalTensor<U> &selMask, const LocalTensor<T> &src0,
            const LocalTensor<T> &src1, SELMODE selMode, M mask, U8 repeatTime,
            const BinaryRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    Verify("Select", params, where);
    SelectTensors<T>(OperandOf("dst", dst, params.dstBlkStride, params.dstRepStride), selMask.View(),
                     OperandOf("src0", src0, params.src0BlkStride, params.src0RepStride),
                     OperandOf("src1", src1, params.src1BlkStride, params.src1RepStride), selMode,
                     MaskedLanes<PerRepeat<T>(), isSetMask>("Select", mask, repeatTime, where), where);
}

template <typename T, typename U>
void Select(const LocalTensor<T> &dst, const LocalTensor<U> &selMask, const LocalTensor<T> &src0, T src1,
            SELMODE selMode, uint32_t count, Where where = Here())
{
    using namespace ascendc_model;
    SelectOr<T>(OperandOf("dst", dst), selMask.View(), OperandOf("src0", src0), src1, selMode,
                Lanes::Count(count), where);
}

template <typename T, typename U, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Select(const LocalTensor<T> &dst, const LocalTensor<U> &selMask, const LocalTensor<T> &src0, T src1,
            SELMODE selMode, M mask, U8 repeatTime, const BinaryRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    Verify("Select", params, where);
    SelectOr<T>(OperandOf("dst", dst, params.dstBlkStride, params.dstRepStride), selMask.View(),
                OperandOf("src0", src0, params.src0BlkStride, params.src0RepStride), src1, selMode,
                MaskedLanes<PerRepeat<T>(), isSetMask>("Select", mask, repeatTime, where), where);
}

}  // namespace AscendC
