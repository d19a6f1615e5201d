// Vector arithmetic: two tensors, a tensor and a scalar, one tensor.
//
// Types an instruction takes: asc-devkit, docs/zh/api/SIMD-API/基础API/Memory矢量计算/ (ascendc_api_signatures.md).
#pragma once

#include <cmath>

#include "lanes.h"

namespace ascendc_model {

// What an instruction takes. On 3510 the forms with a mask take no 1- and 8-byte types.
struct Rule {
    const char *api;
    DtypeSet on_310p;
    DtypeSet on_2201;
    DtypeSet on_3510;
};

template <typename T>
void CheckDtype(const Rule &rule, bool is_count, Where where)
{
    const DtypeSet on_3510 = is_count ? rule.on_3510 : rule.on_3510 & ~(kBytes | kWords64);
    if (!Takes(rule.on_310p, rule.on_2201, on_3510, DtypeOf<T>::value)) {
        Report(Check::dtype, where, rule.api, DtypeOf<T>::name);
    }
}

template <typename T>
constexpr uint32_t PerRepeat()
{
    return kRepeatBytes / sizeof(T);
}

constexpr DtypeSet kFloats = kF16 | kF32;
constexpr DtypeSet kBasic = kInt16 | kInt32 | kFloats;
constexpr DtypeSet kIntegers = kBytes | kWords16 | kWords32 | kWords64;
constexpr DtypeSet kSigned3510 = kBytes | kInt16 | kInt32 | kWords64 | kFloats | kBf16;

constexpr Rule kAdd{"Add", kBasic, kBasic, kIntegers | kFloats | kBf16};
constexpr Rule kSub{"Sub", kBasic, kBasic, kIntegers | kFloats | kBf16};
constexpr Rule kMul{"Mul", kBasic, kBasic, kWords16 | kWords32 | kWords64 | kFloats | kBf16};
constexpr Rule kDiv{"Div", kFloats, kFloats, kWords16 | kWords32 | kWords64 | kFloats};
constexpr Rule kMax{"Max", kBasic, kBasic, kIntegers | kFloats | kBf16};
constexpr Rule kMin{"Min", kBasic, kBasic, kIntegers | kFloats | kBf16};
constexpr Rule kAnd{"And", kWords16, kWords16 | kWords32, kIntegers};
constexpr Rule kOr{"Or", kWords16, kWords16 | kWords32, kIntegers};
constexpr Rule kAdds{"Adds", kBasic, kBasic, kSigned3510};
constexpr Rule kMuls{"Muls", kBasic, kBasic, kInt16 | kInt32 | kWords64 | kFloats | kBf16};
constexpr Rule kMaxs{"Maxs", kBasic, kBasic, kSigned3510};
constexpr Rule kMins{"Mins", kBasic, kBasic, kSigned3510};
constexpr Rule kShiftLeft{"ShiftLeft", kWords16 | kWords32, kWords16 | kWords32, kIntegers};
constexpr Rule kShiftRight{"ShiftRight", kWords16 | kWords32, kWords16 | kWords32, kIntegers};
constexpr Rule kAbs{"Abs", kFloats, kFloats, kInt8 | kInt16 | kInt32 | kInt64 | kFloats};
constexpr Rule kExp{"Exp", kFloats, kFloats, kFloats};
constexpr Rule kLn{"Ln", kFloats, kFloats, kFloats};
constexpr Rule kSqrt{"Sqrt", kFloats, kFloats, kFloats};
constexpr Rule kRsqrt{"Rsqrt", kFloats, kFloats, kFloats};
constexpr Rule kReciprocal{"Reciprocal", kFloats, kFloats, kFloats | kWords64};
constexpr Rule kRelu{"Relu", kFloats | kInt32, kFloats | kInt32, kFloats | kInt32 | kInt64};
constexpr Rule kNot{"Not", kWords16, kWords16, kIntegers | kFloats};
constexpr Rule kLeakyRelu{"LeakyRelu", kFloats, kFloats, kFloats};
constexpr Rule kAxpy{"Axpy", kFloats, kFloats, kFloats | kBf16 | kWords64};
constexpr Rule kMulAddDst{"MulAddDst", kFloats, kFloats, kFloats | kWords64};
constexpr Rule kFusedMulAdd{"FusedMulAdd", kFloats, kFloats, kFloats | kBf16 | kWords64};
constexpr Rule kDuplicate{"Duplicate", kWords16 | kWords32 | kFloats | kBf16,
                          kWords16 | kWords32 | kFloats | kBf16, kIntegers | kFloats | kBf16 | kE4m3 | kE5m2};

inline void Verify(const char *api, const AscendC::BinaryRepeatParams &params, Where where)
{
    params.dstBlkStride.Verify(api, "dstBlkStride", where);
    params.src0BlkStride.Verify(api, "src0BlkStride", where);
    params.src1BlkStride.Verify(api, "src1BlkStride", where);
    params.dstRepStride.Verify(api, "dstRepStride", where);
    params.src0RepStride.Verify(api, "src0RepStride", where);
    params.src1RepStride.Verify(api, "src1RepStride", where);
}

inline void Verify(const char *api, const AscendC::UnaryRepeatParams &params, Where where)
{
    params.dstBlkStride.Verify(api, "dstBlkStride", where);
    params.srcBlkStride.Verify(api, "srcBlkStride", where);
    params.dstRepStride.Verify(api, "dstRepStride", where);
    params.srcRepStride.Verify(api, "srcRepStride", where);
}

// dst = function(src0, src1), lane by lane.
template <typename T, typename Function>
void Binary(const Rule &rule, const Operand &dst, const Operand &src0, const Operand &src1,
            const Lanes &lanes, Function function, Where where)
{
    CheckDtype<T>(rule, lanes.IsCount(), where);
    if (!Prepare(rule.api, dst, {src0, src1}, lanes, where)) {
        return;
    }
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        const T a = LoadUb<T>(src0.At(repeat, lane));
        const T b = LoadUb<T>(src1.At(repeat, lane));
        StoreUb<T>(dst.At(repeat, lane), Narrow<T>(function(Widen(a), Widen(b))));
    });
}

// dst = function(src), lane by lane.
template <typename T, typename Function>
void Unary(const Rule &rule, const Operand &dst, const Operand &src, const Lanes &lanes, Function function,
           Where where)
{
    CheckDtype<T>(rule, lanes.IsCount(), where);
    if (!Prepare(rule.api, dst, {src}, lanes, where)) {
        return;
    }
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        const T a = LoadUb<T>(src.At(repeat, lane));
        StoreUb<T>(dst.At(repeat, lane), Narrow<T>(function(Widen(a))));
    });
}

template <typename T>
Operand Dst(const AscendC::LocalTensor<T> &tensor, const AscendC::UnaryRepeatParams &params)
{
    return OperandOf("dst", tensor, params.dstBlkStride, params.dstRepStride);
}

template <typename T>
Operand Src(const AscendC::LocalTensor<T> &tensor, const AscendC::UnaryRepeatParams &params)
{
    return OperandOf("src", tensor, params.srcBlkStride, params.srcRepStride);
}

// Integers wrap, as unsigned numbers do.
template <typename W, typename Function>
W Wrapping(W a, W b, Function function)
{
    if constexpr (std::is_integral_v<W>) {
        return static_cast<W>(function(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
    } else {
        return function(a, b);
    }
}

template <typename W>
W AddOf(W a, W b)
{
    return Wrapping(a, b, [](auto x, auto y) { return x + y; });
}
template <typename W>
W SubOf(W a, W b)
{
    return Wrapping(a, b, [](auto x, auto y) { return x - y; });
}
template <typename W>
W MulOf(W a, W b)
{
    return Wrapping(a, b, [](auto x, auto y) { return x * y; });
}
template <typename W>
W DivOf(W a, W b)
{
    return std::is_integral_v<W> && b == 0 ? W(0) : static_cast<W>(a / b);
}
template <typename W>
W MaxOf(W a, W b)
{
    return a != a ? a : (b != b || b > a) ? b : a;
}
template <typename W>
W MinOf(W a, W b)
{
    return a != a ? a : (b != b || b < a) ? b : a;
}

template <typename W>
W AndOf(W a, W b)
{
    if constexpr (std::is_integral_v<W>) {
        return static_cast<W>(a & b);
    } else {
        return BitCast<float>(BitCast<uint32_t>(a) & BitCast<uint32_t>(b));
    }
}

template <typename W>
W OrOf(W a, W b)
{
    if constexpr (std::is_integral_v<W>) {
        return static_cast<W>(a | b);
    } else {
        return BitCast<float>(BitCast<uint32_t>(a) | BitCast<uint32_t>(b));
    }
}

template <typename W>
W ShiftLeftOf(W a, W bits)
{
    if constexpr (std::is_integral_v<W>) {
        return bits >= static_cast<W>(sizeof(W) * 8) ? W(0)
                                                     : static_cast<W>(static_cast<uint64_t>(a) << bits);
    } else {
        return a;
    }
}

// Arithmetic for signed types, logical for unsigned ones.
template <typename W>
W ShiftRightOf(W a, W bits)
{
    if constexpr (std::is_integral_v<W>) {
        const W last = static_cast<W>(sizeof(W) * 8 - 1);
        return bits > last ? (std::is_signed_v<W> ? static_cast<W>(a >> last) : W(0))
                           : static_cast<W>(a >> bits);
    } else {
        return a;
    }
}

template <typename W>
W AbsOf(W a)
{
    if constexpr (std::is_integral_v<W>) {
        return a < W(0) ? static_cast<W>(-a) : a;
    } else {
        return std::fabs(a);
    }
}

template <typename W>
W NotOf(W a)
{
    if constexpr (std::is_integral_v<W>) {
        return static_cast<W>(~a);
    } else {
        return BitCast<float>(~BitCast<uint32_t>(a));
    }
}

// Functions of the device's own accuracy; here they are correct to the last digit or nearly so.
template <typename W>
W ExpOf(W a)
{
    return static_cast<W>(std::exp(a));
}
template <typename W>
W LnOf(W a)
{
    return static_cast<W>(std::log(a));
}
template <typename W>
W SqrtOf(W a)
{
    return static_cast<W>(std::sqrt(a));
}
template <typename W>
W RsqrtOf(W a)
{
    return static_cast<W>(1.0f / std::sqrt(static_cast<float>(a)));
}
template <typename W>
W ReciprocalOf(W a)
{
    return DivOf(W(1), a);
}
template <typename W>
W ReluOf(W a)
{
    return a > W(0) || a != a ? a : W(0);
}
template <typename W>
W LeakyReluOf(W a, W slope)
{
    return a >= W(0) || a != a ? a : MulOf(a, slope);
}

}  // namespace ascendc_model

// One instruction in its two forms: the first `count` elements; mask and repeats.
#define ASCENDC_MODEL_BINARY(Name)                                                                           \
    template <typename T, bool isSetMask = true>                                                             \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src0, const LocalTensor<T> &src1,             \
              int32_t count, Where where = Here())                                                           \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        Binary<T>(k##Name, OperandOf("dst", dst), OperandOf("src0", src0), OperandOf("src1", src1),          \
                  Lanes::Count(count), Name##Of<Wide<T>>, where);                                            \
    }                                                                                                        \
    template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>                   \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src0, const LocalTensor<T> &src1, M mask,     \
              U8 repeatTime, const BinaryRepeatParams &params, Where where = Here())                         \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        Verify(#Name, params, where);                                                                        \
        Binary<T>(k##Name, OperandOf("dst", dst, params.dstBlkStride, params.dstRepStride),                  \
                  OperandOf("src0", src0, params.src0BlkStride, params.src0RepStride),                       \
                  OperandOf("src1", src1, params.src1BlkStride, params.src1RepStride),                       \
                  MaskedLanes<PerRepeat<T>(), isSetMask>(#Name, mask, repeatTime, where), Name##Of<Wide<T>>, \
                  where);                                                                                    \
    }

#define ASCENDC_MODEL_SCALAR(Name, Function)                                                                 \
    template <typename T, bool isSetMask = true>                                                             \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, const T &scalar, int32_t count,          \
              Where where = Here())                                                                          \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        const Wide<T> b = Widen(scalar);                                                                     \
        Unary<T>(                                                                                            \
            k##Name, OperandOf("dst", dst), OperandOf("src", src), Lanes::Count(count),                      \
            [b](Wide<T> a) { return Function(a, b); }, where);                                               \
    }                                                                                                        \
    template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>                   \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, const T &scalar, M mask, U8 repeatTime,  \
              const UnaryRepeatParams &params, Where where = Here())                                         \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        Verify(#Name, params, where);                                                                        \
        const Wide<T> b = Widen(scalar);                                                                     \
        Unary<T>(                                                                                            \
            k##Name, Dst(dst, params), Src(src, params),                                                     \
            MaskedLanes<PerRepeat<T>(), isSetMask>(#Name, mask, repeatTime, where),                          \
            [b](Wide<T> a) { return Function(a, b); }, where);                                               \
    }

#define ASCENDC_MODEL_UNARY(Name)                                                                            \
    template <typename T, bool isSetMask = true>                                                             \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, int32_t count, Where where = Here())     \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        Unary<T>(k##Name, OperandOf("dst", dst), OperandOf("src", src), Lanes::Count(count),                 \
                 Name##Of<Wide<T>>, where);                                                                  \
    }                                                                                                        \
    template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>                   \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, M mask, U8 repeatTime,                   \
              const UnaryRepeatParams &params, Where where = Here())                                         \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        Verify(#Name, params, where);                                                                        \
        Unary<T>(k##Name, Dst(dst, params), Src(src, params),                                                \
                 MaskedLanes<PerRepeat<T>(), isSetMask>(#Name, mask, repeatTime, where), Name##Of<Wide<T>>,  \
                 where);                                                                                     \
    }

namespace AscendC {

ASCENDC_MODEL_BINARY(Add)
ASCENDC_MODEL_BINARY(Sub)
ASCENDC_MODEL_BINARY(Mul)
ASCENDC_MODEL_BINARY(Div)
ASCENDC_MODEL_BINARY(Max)
ASCENDC_MODEL_BINARY(Min)
ASCENDC_MODEL_BINARY(And)
ASCENDC_MODEL_BINARY(Or)
ASCENDC_MODEL_SCALAR(Adds, AddOf)
ASCENDC_MODEL_SCALAR(Muls, MulOf)
ASCENDC_MODEL_SCALAR(Maxs, MaxOf)
ASCENDC_MODEL_SCALAR(Mins, MinOf)
ASCENDC_MODEL_SCALAR(ShiftLeft, ShiftLeftOf)
ASCENDC_MODEL_SCALAR(ShiftRight, ShiftRightOf)
ASCENDC_MODEL_SCALAR(LeakyRelu, LeakyReluOf)
ASCENDC_MODEL_UNARY(Abs)
ASCENDC_MODEL_UNARY(Exp)
ASCENDC_MODEL_UNARY(Ln)
ASCENDC_MODEL_UNARY(Sqrt)
ASCENDC_MODEL_UNARY(Rsqrt)
ASCENDC_MODEL_UNARY(Reciprocal)
ASCENDC_MODEL_UNARY(Relu)
ASCENDC_MODEL_UNARY(Not)

}  // namespace AscendC

#undef ASCENDC_MODEL_BINARY
#undef ASCENDC_MODEL_SCALAR
#undef ASCENDC_MODEL_UNARY
