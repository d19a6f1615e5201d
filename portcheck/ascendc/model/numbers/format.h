// Binary floating-point formats narrower than float: encoding with every round mode, and decoding.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace AscendC {

// asc-devkit: docs/zh/api/SIMD-API/基础API/数据结构/precision_conversion.md, table 1.
enum class RoundMode : uint8_t {
    CAST_NONE = 0,  // CAST_RINT where digits are lost
    CAST_RINT,
    CAST_FLOOR,
    CAST_CEIL,
    CAST_ROUND,
    CAST_TRUNC,
    CAST_ODD,
    CAST_HYBRID,
};

}  // namespace AscendC

namespace ascendc_model {

using AscendC::RoundMode;

struct Format {
    int exponent_bits;
    int mantissa_bits;
    uint32_t largest_finite;  // magnitude, as bits
    uint32_t infinity;        // magnitude, as bits; 0: the format has none
    uint32_t nan;             // magnitude, as bits

    constexpr int Bias() const { return (1 << (exponent_bits - 1)) - 1; }
    constexpr uint32_t SignBit() const { return 1U << (exponent_bits + mantissa_bits); }
};

constexpr Format kHalf{5, 10, 0x7bff, 0x7c00, 0x7e00};
constexpr Format kBfloat16{8, 7, 0x7f7f, 0x7f80, 0x7fc0};
constexpr Format kFloat8E4M3{4, 3, 0x7e, 0, 0x7f};
constexpr Format kFloat8E5M2{5, 2, 0x7b, 0x7c, 0x7e};
constexpr Format kFloat32{8, 23, 0x7f7fffff, 0x7f800000, 0x7fc00000};

// Whether a magnitude between two neighbours goes to the upper one. `rest` is its distance from the
// lower one, 0 <= rest < 1.
template <typename Real>
bool RoundsUp(Real rest, bool is_odd, bool is_negative, RoundMode mode)
{
    switch (mode) {
        case RoundMode::CAST_FLOOR: return is_negative && rest > 0;
        case RoundMode::CAST_CEIL: return !is_negative && rest > 0;
        case RoundMode::CAST_ROUND: return rest >= Real(0.5);
        case RoundMode::CAST_TRUNC: return false;
        case RoundMode::CAST_ODD: return rest > 0 && !is_odd;
        default: return rest > Real(0.5) || (rest == Real(0.5) && is_odd);
    }
}

// Does a magnitude above the largest finite one become infinite in this mode?
inline bool OverflowsToInfinity(bool is_negative, RoundMode mode)
{
    switch (mode) {
        case RoundMode::CAST_FLOOR: return is_negative;
        case RoundMode::CAST_CEIL: return !is_negative;
        case RoundMode::CAST_TRUNC:
        case RoundMode::CAST_ODD: return false;
        default: return true;
    }
}

// The bits of `value` in `format`. `saturates`: what would be infinite is the largest finite number.
template <typename Real>
uint32_t Encode(Real value, const Format &format, RoundMode mode, bool saturates = false)
{
    const bool is_negative = std::signbit(value);
    const uint32_t sign = is_negative ? format.SignBit() : 0;
    const uint32_t top = saturates || format.infinity == 0 ? format.largest_finite : format.infinity;
    if (std::isnan(value)) {
        return sign | format.nan;
    }
    if (std::isinf(value)) {
        return sign | top;
    }
    const Real magnitude = std::fabs(value);
    if (magnitude == 0) {
        return sign;
    }
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    int biased = exponent - 1 + format.Bias();
    biased = biased < 1 ? 1 : biased;
    if (biased > (1 << format.exponent_bits)) {
        return sign | (OverflowsToInfinity(is_negative, mode) ? top : format.largest_finite);
    }
    const Real steps = std::ldexp(magnitude, format.mantissa_bits + format.Bias() - biased);
    const Real floor = std::floor(steps);
    uint64_t digits = static_cast<uint64_t>(floor);
    digits += RoundsUp(steps - floor, (digits & 1) != 0, is_negative, mode) ? 1 : 0;
    const uint64_t bits = (static_cast<uint64_t>(biased - 1) << format.mantissa_bits) + digits;
    if (bits > format.largest_finite) {
        return sign | (OverflowsToInfinity(is_negative, mode) ? top : format.largest_finite);
    }
    return sign | static_cast<uint32_t>(bits);
}

inline double Decode(uint32_t bits, const Format &format)
{
    const uint32_t magnitude = bits & (format.SignBit() - 1);
    const double sign = (bits & format.SignBit()) != 0 ? -1.0 : 1.0;
    if (magnitude > format.largest_finite) {
        const bool is_infinite = format.infinity != 0 && magnitude == format.infinity;
        return std::copysign(
            is_infinite ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN(),
            sign);
    }
    const int exponent = static_cast<int>(magnitude >> format.mantissa_bits);
    const uint32_t fraction = magnitude & ((1U << format.mantissa_bits) - 1);
    const uint32_t digits = exponent == 0 ? fraction : fraction | (1U << format.mantissa_bits);
    const int power = (exponent == 0 ? 1 : exponent) - format.Bias() - format.mantissa_bits;
    return sign * std::ldexp(static_cast<double>(digits), power);
}

// `value` rounded to a whole number; NaN and infinities stay.
template <typename Real>
Real RoundWhole(Real value, RoundMode mode)
{
    if (!std::isfinite(value)) {
        return value;
    }
    const Real magnitude = std::fabs(value);
    const Real floor = std::floor(magnitude);
    const bool is_odd = std::fmod(floor, Real(2)) != 0;
    const Real whole = RoundsUp(magnitude - floor, is_odd, std::signbit(value), mode) ? floor + 1 : floor;
    return std::copysign(whole, value);
}

// A whole number as an integer; what does not fit becomes the nearest end of the range, NaN becomes 0
// (precision_conversion.md: overflow saturates).
template <typename Integer, typename Real>
Integer Saturate(Real whole)
{
    if (std::isnan(whole)) {
        return 0;
    }
    const Real low = static_cast<Real>(std::numeric_limits<Integer>::min());
    const Real high = std::ldexp(Real(1), std::numeric_limits<Integer>::digits);
    if (whole <= low) {
        return std::numeric_limits<Integer>::min();
    }
    return whole >= high ? std::numeric_limits<Integer>::max() : static_cast<Integer>(whole);
}

}  // namespace ascendc_model
