// Cast: which conversions exist on a target, and what they give.
//
// asc-devkit: docs/zh/api/SIMD-API/基础API/Memory矢量计算/类型转换/Cast.md:112-300, and for the values
// docs/zh/api/SIMD-API/基础API/数据结构/precision_conversion.md.
#pragma once

#include "vector.h"

namespace ascendc_model {

constexpr uint32_t Modes(std::initializer_list<RoundMode> modes)
{
    uint32_t set = 0;
    for (const RoundMode mode : modes) {
        set |= 1U << static_cast<uint32_t>(mode);
    }
    return set;
}

constexpr uint32_t kNoneOnly = Modes({RoundMode::CAST_NONE});
constexpr uint32_t kRintOnly = Modes({RoundMode::CAST_RINT});
constexpr uint32_t kRounding = Modes({RoundMode::CAST_RINT, RoundMode::CAST_FLOOR, RoundMode::CAST_CEIL,
                                      RoundMode::CAST_ROUND, RoundMode::CAST_TRUNC});
constexpr uint32_t kRoundingOrNone = kRounding | kNoneOnly;
constexpr uint32_t kWithOdd = kRoundingOrNone | Modes({RoundMode::CAST_ODD});
constexpr uint32_t kNoneOrOdd = Modes({RoundMode::CAST_NONE, RoundMode::CAST_ODD});
constexpr uint32_t kNotRint = kRoundingOrNone & ~kRintOnly;
constexpr uint32_t kAnyMode = 0xff;
constexpr uint32_t kNever = 0;

struct CastRule {
    Dtype from;
    Dtype to;
    uint32_t on_310p;
    uint32_t on_2201;
    uint32_t on_3510;
};

constexpr CastRule kCasts[] = {
    {kInt8, kF16, kNoneOnly, kNoneOnly, kNoneOnly},
    {kUint8, kF16, kNoneOnly, kNoneOnly, kNoneOnly},
    {kInt8, kInt16, kNever, kNever, kNoneOnly},
    {kInt8, kInt32, kNever, kNever, kNoneOnly},
    {kUint8, kUint16, kNever, kNever, kNoneOnly},
    {kUint8, kUint32, kNever, kNever, kNoneOnly},
    {kInt16, kF16, kNoneOnly, kRoundingOrNone, kRounding},
    {kInt16, kF32, kNever, kNoneOnly, kNoneOnly},
    {kInt16, kUint8, kNever, kNever, kNoneOnly},
    {kInt16, kInt32, kNever, kNever, kNoneOnly},
    {kInt16, kUint32, kNever, kNever, kNoneOnly},
    {kUint16, kUint8, kNever, kNever, kNoneOnly},
    {kUint16, kUint32, kNever, kNever, kNoneOnly},
    {kF16, kInt8, kNotRint, kRoundingOrNone, kRounding},
    {kF16, kUint8, kNotRint, kRoundingOrNone, kRounding},
    {kF16, kInt16, kRintOnly, kRounding, kRounding},
    {kF16, kInt32, kRounding, kRounding, kRounding},
    {kF16, kF32, kNoneOnly, kNoneOnly, kNoneOnly},
    {kF16, kBf16, kNever, kNever, kRounding},
    {kBf16, kF16, kNever, kNever, kRounding},
    {kBf16, kInt32, kNever, kRounding, kRounding},
    {kBf16, kF32, kNever, kNoneOnly, kNoneOnly},
    {kInt32, kInt16, kNoneOnly, kNoneOnly, kNoneOnly},
    {kInt32, kUint16, kNever, kNever, kNoneOnly},
    {kInt32, kUint8, kNever, kNever, kNoneOnly},
    {kInt32, kF16, kAnyMode, kAnyMode, kAnyMode},
    {kInt32, kF32, kNoneOnly, kRoundingOrNone, kRounding},
    {kInt32, kInt64, kNever, kNoneOnly, kNoneOnly},
    {kUint32, kUint8, kNever, kNever, kNoneOnly},
    {kUint32, kUint16, kNever, kNever, kNoneOnly},
    {kUint32, kInt16, kNever, kNever, kNoneOnly},
    {kF32, kF16, kNoneOrOdd, kWithOdd, kWithOdd},
    {kF32, kBf16, kNever, kRounding, kRounding},
    {kF32, kInt16, kNever, kRounding, kRounding},
    {kF32, kInt32, kNever, kRounding, kRounding},
    {kF32, kInt64, kRounding, kRounding, kRounding},
    {kF32, kF32, kNever, kRounding, kRounding},
    {kF32, kE4m3, kNever, kNever, kRintOnly},
    {kF32, kE5m2, kNever, kNever, kRintOnly},
    {kE4m3, kF32, kNever, kNever, kNoneOnly},
    {kE5m2, kF32, kNever, kNever, kNoneOnly},
    {kInt64, kInt32, kNever, kNoneOnly, kNoneOnly},
    {kInt64, kF32, kNever, kRounding, kRounding},
};

constexpr bool CastExists(Dtype from, Dtype to, RoundMode mode)
{
    for (const CastRule &rule : kCasts) {
        if (rule.from == from && rule.to == to) {
            const uint32_t modes = kIs310P ? rule.on_310p : kIs950 ? rule.on_3510 : rule.on_2201;
            return ((modes >> static_cast<uint32_t>(mode)) & 1) != 0;
        }
    }
    return false;
}

inline const char *ModeName(RoundMode mode)
{
    static const char *const kNames[] = {"CAST_NONE",  "CAST_RINT",  "CAST_FLOOR", "CAST_CEIL",
                                         "CAST_ROUND", "CAST_TRUNC", "CAST_ODD",   "CAST_HYBRID"};
    return kNames[static_cast<uint32_t>(mode) & 7];
}

template <typename Bits>
Bits EncodeReal(long double value, const Format &format, RoundMode mode, bool saturates)
{
    return static_cast<Bits>(Encode(value, format, mode, saturates));
}

template <typename T>
T FromBits(decltype(T::bits) bits)
{
    T value;
    value.bits = bits;
    return value;
}

// One element. Integers that do not fit saturate; whole numbers of 64 bits are exact in long double.
template <typename T, typename U>
T Convert(U from, RoundMode mode, float deq_scale)
{
    if constexpr (std::is_integral_v<T> && std::is_integral_v<U>) {
        constexpr bool is_cut =
            std::is_unsigned_v<T> && sizeof(T) < sizeof(U);  // precision_conversion.md:160-164
        return is_cut ? static_cast<T>(from) : Saturate<T>(static_cast<long double>(from));
    } else if constexpr (std::is_integral_v<T>) {
        return Saturate<T>(RoundWhole(static_cast<double>(static_cast<float>(from)), mode));
    } else if constexpr (std::is_same_v<T, half> && std::is_same_v<U, int32_t>) {
        return half(static_cast<float>(static_cast<double>(from) * static_cast<double>(deq_scale)));
    } else if constexpr (std::is_same_v<T, float> && std::is_same_v<U, float>) {
        return RoundWhole(from, mode);
    } else if constexpr (std::is_same_v<T, float> && std::is_integral_v<U>) {
        const uint32_t bits = EncodeReal<uint32_t>(static_cast<long double>(from), kFloat32, mode, false);
        return BitCast<float>(bits);
    } else if constexpr (std::is_same_v<T, float>) {
        return static_cast<float>(from);
    } else {
        const float value = static_cast<float>(from);
        if constexpr (std::is_same_v<T, half>) {
            return FromBits<half>(EncodeInto<uint16_t>(value, kHalf, mode));
        } else if constexpr (std::is_same_v<T, bfloat16_t>) {
            return FromBits<bfloat16_t>(EncodeInto<uint16_t>(value, kBfloat16, mode));
        } else {
            return T(value);
        }
    }
}

template <typename T, typename U>
void CastLanes(const Operand &dst, const Operand &src, RoundMode mode, const Lanes &lanes, Where where)
{
    if (!CastExists(DtypeOf<U>::value, DtypeOf<T>::value, mode)) {
        Report(Check::cast_mode, where, DtypeOf<U>::name, DtypeOf<T>::name, ModeName(mode));
        Issue(kVector, "Cast", where);
        return;
    }
    if (std::is_same_v<T, half> && std::is_same_v<U, int32_t> && !Core().has_deq_scale) {
        Report(Check::deq_scale, where);
    }
    if (!Prepare("Cast", dst, {src}, lanes, where)) {
        return;
    }
    const float deq_scale = Core().deq_scale;
    const bool is_in_place = dst.view.begin == src.view.begin && sizeof(T) > sizeof(U);
    if (is_in_place) {
        Report(Check::operand_overlap, where, "Cast", "dst", "src");
    }
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        StoreUb<T>(dst.At(repeat, lane), Convert<T, U>(LoadUb<U>(src.At(repeat, lane)), mode, deq_scale));
    });
}

}  // namespace ascendc_model

namespace AscendC {

template <typename T, typename U>
void Cast(const LocalTensor<T> &dst, const LocalTensor<U> &src, const RoundMode &mode, U32 count,
          Where where = Here())
{
    using namespace ascendc_model;
    count.Verify("Cast", "count", where);
    CastLanes<T, U>(OperandOf("dst", dst), OperandOf("src", src), mode, Lanes::Count(count), where);
}

template <typename T, typename U, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void Cast(const LocalTensor<T> &dst, const LocalTensor<U> &src, const RoundMode &mode, M mask, U8 repeatTime,
          const UnaryRepeatParams &params, Where where = Here())
{
    using namespace ascendc_model;
    constexpr uint32_t kPerRepeat = kRepeatBytes / (sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));
    Verify("Cast", params, where);
    CastLanes<T, U>(Dst(dst, params), Src(src, params), mode,
                    MaskedLanes<kPerRepeat, isSetMask>("Cast", mask, repeatTime, where), where);
}

// The factor of Cast from int32_t to half.
inline void SetDeqScale(half scale, Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    ascendc_model::Core().has_deq_scale = true;
    ascendc_model::Core().deq_scale = float(scale);
}

inline float ToFloat(bfloat16_t value) { return float(value); }
inline bfloat16_t ToBfloat16(float value) { return bfloat16_t(value); }

// The scalar unit's conversion of one number.
template <typename T, typename U, RoundMode mode>
T ScalarCast(U value)
{
    return ascendc_model::Convert<T, U>(value, mode, 1.0f);
}

}  // namespace AscendC
