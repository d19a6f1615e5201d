// Axpy and the instructions that multiply and add; Duplicate.
#pragma once

#include "vector.h"

namespace ascendc_model {

// (dst, src) of one type, or float and half. asc-devkit: docs/…/复合计算/Axpy.md, MulAddDst.md
template <typename T, typename U>
void CheckFused(const Rule &rule, bool is_count, Where where)
{
    CheckDtype<U>(rule, is_count, where);
    if (!std::is_same_v<T, U> && !(std::is_same_v<T, float> && std::is_same_v<U, half>)) {
        Report(Check::dtype, where, rule.api, std::string(DtypeOf<T>::name) + " and " + DtypeOf<U>::name);
    }
}

// dst = function(dst, src0, src1), lane by lane. Each product and each sum is rounded to float.
template <typename T, typename U, typename Function>
void Fused(const Rule &rule, const Operand &dst, const Operand &src0, const Operand &src1, const Lanes &lanes,
           Function function, Where where)
{
    CheckFused<T, U>(rule, lanes.IsCount(), where);
    if (!Prepare(rule.api, dst, {dst, src0, src1}, lanes, where)) {
        return;
    }
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        const Wide<T> old_value = Widen(LoadUb<T>(dst.At(repeat, lane)));
        const Wide<T> a = static_cast<Wide<T>>(Widen(LoadUb<U>(src0.At(repeat, lane))));
        const Wide<T> b = static_cast<Wide<T>>(Widen(LoadUb<U>(src1.At(repeat, lane))));
        StoreUb<T>(dst.At(repeat, lane), Narrow<T>(function(old_value, a, b)));
    });
}

template <typename T, typename U>
constexpr uint32_t PerRepeatOf()
{
    return kRepeatBytes / (sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
}

template <typename T, typename U>
void Axpy(const Operand &dst, const Operand &src, U scalar, const Lanes &lanes, Where where)
{
    const Wide<T> b = static_cast<Wide<T>>(Widen(scalar));
    Fused<T, U>(
        kAxpy, dst, src, src, lanes, [b](Wide<T> sum, Wide<T> a, Wide<T>) { return AddOf(sum, MulOf(a, b)); },
        where);
}

template <typename T>
void Fill(const Operand &dst, T scalar, const Lanes &lanes, Where where)
{
    CheckDtype<T>(kDuplicate, lanes.IsCount(), where);
    if (Prepare("Duplicate", dst, {}, lanes, where)) {
        lanes.Each([&](uint32_t repeat, uint64_t lane) { StoreUb<T>(dst.At(repeat, lane), scalar); });
    }
}

}  // namespace ascendc_model

namespace AscendC {

template <typename T, typename U>
void Axpy(const LocalTensor<T> &dst, const LocalTensor<U> &src, const U &scalar, int32_t count,
          Where where = Here())
{
    using namespace ascendc_model;
    ascendc_model::Axpy<T, U>(OperandOf("dst", dst), OperandOf("src", src), scalar, Lanes::Count(count),
                              where);
}

template <typename T, typename U, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Axpy(const LocalTensor<T> &dst, const LocalTensor<U> &src, const U &scalar, M mask, U8 repeatTime,
          const UnaryRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    Verify("Axpy", params, where);
    ascendc_model::Axpy<T, U>(Dst(dst, params), Src(src, params), scalar,
                              MaskedLanes<PerRepeatOf<T, U>(), isSetMask>("Axpy", mask, repeatTime, where),
                              where);
}

template <typename T, typename U>
void MulAddDst(const LocalTensor<T> &dst, const LocalTensor<U> &src0, const LocalTensor<U> &src1,
               int32_t count, Where where = Here())
{
    using namespace ascendc_model;
    Fused<T, U>(
        kMulAddDst, OperandOf("dst", dst), OperandOf("src0", src0), OperandOf("src1", src1),
        Lanes::Count(count), [](Wide<T> sum, Wide<T> a, Wide<T> b) { return AddOf(sum, MulOf(a, b)); },
        where);
}

template <typename T, typename U, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void MulAddDst(const LocalTensor<T> &dst, const LocalTensor<U> &src0, const LocalTensor<U> &src1, M mask,
               U8 repeatTime, const BinaryRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    Verify("MulAddDst", params, where);
    Fused<T, U>(
        kMulAddDst, OperandOf("dst", dst, params.dstBlkStride, params.dstRepStride),
        OperandOf("src0", src0, params.src0BlkStride, params.src0RepStride),
        OperandOf("src1", src1, params.src1BlkStride, params.src1RepStride),
        MaskedLanes<PerRepeatOf<T, U>(), isSetMask>("MulAddDst", mask, repeatTime, where),
        [](Wide<T> sum, Wide<T> a, Wide<T> b) { return AddOf(sum, MulOf(a, b)); }, where);
}

template <typename T>
void FusedMulAdd(const LocalTensor<T> &dst, const LocalTensor<T> &src0, const LocalTensor<T> &src1,
                 int32_t count, Where where = Here())
{
    using namespace ascendc_model;
    Fused<T, T>(
        kFusedMulAdd, OperandOf("dst", dst), OperandOf("src0", src0), OperandOf("src1", src1),
        Lanes::Count(count), [](Wide<T> factor, Wide<T> a, Wide<T> b) { return AddOf(MulOf(a, factor), b); },
        where);
}

template <typename T>
void Duplicate(const LocalTensor<T> &dst, const T &scalar, int32_t count, Where where = Here())
{
    using namespace ascendc_model;
    ascendc_model::Fill<T>(OperandOf("dst", dst), scalar, Lanes::Count(count), where);
}

template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Duplicate(const LocalTensor<T> &dst, const T &scalar, M mask, U8 repeatTime, U16 dstBlockStride,
               U8 dstRepeatStride, Where where = Here())
{
    using namespace ascendc_model;
    dstBlockStride.Verify("Duplicate", "dstBlockStride", where);
    dstRepeatStride.Verify("Duplicate", "dstRepeatStride", where);
    ascendc_model::Fill<T>(OperandOf("dst", dst, dstBlockStride, dstRepeatStride), scalar,
                           MaskedLanes<PerRepeat<T>(), isSetMask>("Duplicate", mask, repeatTime, where),
                           where);
}

}  // namespace AscendC
