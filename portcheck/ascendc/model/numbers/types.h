// The device's number types as host types, bit by bit.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "format.h"

namespace ascendc_model {

template <typename To, typename From>
To BitCast(const From &from)
{
    static_assert(sizeof(To) == sizeof(From), "the same bytes");
    To to;
    std::memcpy(&to, &from, sizeof(To));
    return to;
}

// Floats outside of the narrower format's range. 910B, 910C and 950 keep infinity and NaN unless a kernel
// or its host asks for saturation; 310P has saturation alone, where the largest number stands for infinity
// and 0 for NaN. hiascend.com, CANN, API/runtimeapi/aclcppdevg_03_1389 (aclrtFloatOverflowMode).
#ifndef ASCENDC_MODEL_SATURATE
#if ASCENDC_ARCH == 3002 || ASCENDC_ARCH == 2002
#define ASCENDC_MODEL_SATURATE 1
#else
#define ASCENDC_MODEL_SATURATE 0
#endif
#endif

template <typename Bits>
Bits EncodeInto(float value, const Format &format, RoundMode mode)
{
#if ASCENDC_MODEL_SATURATE
    return std::isnan(value) ? Bits(0)
                             : static_cast<Bits>(Encode(static_cast<double>(value), format, mode, true));
#else
    return static_cast<Bits>(Encode(static_cast<double>(value), format, mode));
#endif
}

}  // namespace ascendc_model

struct half {
    uint16_t bits;

    half() = default;
    template <typename N, std::enable_if_t<std::is_arithmetic_v<N>, int> = 0>
    explicit half(N value)
        : bits(ascendc_model::EncodeInto<uint16_t>(static_cast<float>(value), ascendc_model::kHalf,
                                                   AscendC::RoundMode::CAST_RINT))
    {}
    operator float() const { return static_cast<float>(ascendc_model::Decode(bits, ascendc_model::kHalf)); }
};

// float holds twice the digits of half and two more: rounding twice is rounding once.
inline half operator+(half a, half b) { return half(float(a) + float(b)); }
inline half operator-(half a, half b) { return half(float(a) - float(b)); }
inline half operator*(half a, half b) { return half(float(a) * float(b)); }
inline half operator/(half a, half b) { return half(float(a) / float(b)); }
inline half operator-(half a)
{
    a.bits ^= 0x8000;
    return a;
}

// bfloat16_t has no arithmetic of its own on the device: read it with ToFloat, write it with ToBfloat16.
struct bfloat16_t {
    uint16_t bits;

    bfloat16_t() = default;
    template <typename N, std::enable_if_t<std::is_arithmetic_v<N>, int> = 0>
    explicit bfloat16_t(N value)
        : bits(ascendc_model::EncodeInto<uint16_t>(static_cast<float>(value), ascendc_model::kBfloat16,
                                                   AscendC::RoundMode::CAST_RINT))
    {}
    explicit operator float() const
    {
        return ascendc_model::BitCast<float>(static_cast<uint32_t>(bits) << 16);
    }
};

struct fp8_e4m3fn_t {
    uint8_t bits;

    fp8_e4m3fn_t() = default;
    // What is too large saturates, NaN stays: the documents leave both open (asc-devkit:
    // docs/zh/api/SIMD-API/基础API/特殊寄存器访问/SetCtrlSpr(ISASI).md, CTRL[48] and CTRL[50]).
    explicit fp8_e4m3fn_t(float value)
        : bits(static_cast<uint8_t>(ascendc_model::Encode(
              static_cast<double>(value), ascendc_model::kFloat8E4M3, AscendC::RoundMode::CAST_RINT, true)))
    {}
    explicit operator float() const
    {
        return static_cast<float>(ascendc_model::Decode(bits, ascendc_model::kFloat8E4M3));
    }
};

struct fp8_e5m2_t {
    uint8_t bits;

    fp8_e5m2_t() = default;
    explicit fp8_e5m2_t(float value)
        : bits(static_cast<uint8_t>(ascendc_model::Encode(
              static_cast<double>(value), ascendc_model::kFloat8E5M2, AscendC::RoundMode::CAST_RINT, true)))
    {}
    explicit operator float() const
    {
        return static_cast<float>(ascendc_model::Decode(bits, ascendc_model::kFloat8E5M2));
    }
};

namespace ascendc_model {

// Sets of element types, one bit each, for what an instruction takes.
enum Dtype : uint32_t {
    kInt8 = 1U << 0,
    kUint8 = 1U << 1,
    kInt16 = 1U << 2,
    kUint16 = 1U << 3,
    kInt32 = 1U << 4,
    kUint32 = 1U << 5,
    kInt64 = 1U << 6,
    kUint64 = 1U << 7,
    kF16 = 1U << 8,
    kBf16 = 1U << 9,
    kF32 = 1U << 10,
    kE4m3 = 1U << 11,
    kE5m2 = 1U << 12,
};
using DtypeSet = uint32_t;

constexpr DtypeSet kBytes = kInt8 | kUint8;
constexpr DtypeSet kWords16 = kInt16 | kUint16;
constexpr DtypeSet kWords32 = kInt32 | kUint32;
constexpr DtypeSet kWords64 = kInt64 | kUint64;

template <typename T>
struct DtypeOf;
#define ASCENDC_MODEL_DTYPE(type, dtype, text)                                                               \
    template <>                                                                                              \
    struct DtypeOf<type> {                                                                                   \
        static constexpr Dtype value = dtype;                                                                \
        static constexpr const char *name = text;                                                            \
    }
ASCENDC_MODEL_DTYPE(int8_t, kInt8, "int8_t");
ASCENDC_MODEL_DTYPE(uint8_t, kUint8, "uint8_t");
ASCENDC_MODEL_DTYPE(int16_t, kInt16, "int16_t");
ASCENDC_MODEL_DTYPE(uint16_t, kUint16, "uint16_t");
ASCENDC_MODEL_DTYPE(int32_t, kInt32, "int32_t");
ASCENDC_MODEL_DTYPE(uint32_t, kUint32, "uint32_t");
ASCENDC_MODEL_DTYPE(int64_t, kInt64, "int64_t");
ASCENDC_MODEL_DTYPE(uint64_t, kUint64, "uint64_t");
ASCENDC_MODEL_DTYPE(half, kF16, "half");
ASCENDC_MODEL_DTYPE(bfloat16_t, kBf16, "bfloat16_t");
ASCENDC_MODEL_DTYPE(float, kF32, "float");
ASCENDC_MODEL_DTYPE(fp8_e4m3fn_t, kE4m3, "fp8_e4m3fn_t");
ASCENDC_MODEL_DTYPE(fp8_e5m2_t, kE5m2, "fp8_e5m2_t");
#undef ASCENDC_MODEL_DTYPE

// The type that arithmetic on T is done in: float for what is narrower than float, else T itself.
template <typename T>
using Wide = std::conditional_t<std::is_integral_v<T>, T, float>;

template <typename T>
Wide<T> Widen(T value)
{
    return static_cast<Wide<T>>(value);
}

template <typename T>
T Narrow(Wide<T> value)
{
    return static_cast<T>(value);
}

}  // namespace ascendc_model
