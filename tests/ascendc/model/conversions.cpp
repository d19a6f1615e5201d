// The number types and Cast's conversions, element by element, for comparison with NumPy.
#include "kernel_operator.h"

using AscendC::RoundMode;
using ascendc_model::BitCast;
using ascendc_model::Convert;
using ascendc_model::FromBits;

#define DECODE(name, Type, Bits)                                                                             \
    extern "C" void name(const Bits *bits, float *values, uint64_t n)                                        \
    {                                                                                                        \
        for (uint64_t i = 0; i < n; ++i) {                                                                   \
            values[i] = float(FromBits<Type>(bits[i]));                                                      \
        }                                                                                                    \
    }

DECODE(half_to_float, half, uint16_t)
DECODE(bfloat16_to_float, bfloat16_t, uint16_t)
DECODE(e4m3_to_float, fp8_e4m3fn_t, uint8_t)
DECODE(e5m2_to_float, fp8_e5m2_t, uint8_t)

#define CONVERT(name, From, To, Stored)                                                                      \
    extern "C" void name(const From *values, Stored *out, uint64_t n, uint8_t mode)                          \
    {                                                                                                        \
        for (uint64_t i = 0; i < n; ++i) {                                                                   \
            const To to = Convert<To, From>(values[i], RoundMode(mode), 1.0f);                               \
            out[i] = BitCast<Stored>(to);                                                                    \
        }                                                                                                    \
    }

CONVERT(float_to_half, float, half, uint16_t)
CONVERT(float_to_bfloat16, float, bfloat16_t, uint16_t)
CONVERT(float_to_e4m3, float, fp8_e4m3fn_t, uint8_t)
CONVERT(float_to_e5m2, float, fp8_e5m2_t, uint8_t)
CONVERT(float_to_int32, float, int32_t, uint32_t)
CONVERT(float_to_int16, float, int16_t, uint16_t)
CONVERT(float_to_int64, float, int64_t, uint64_t)
CONVERT(float_to_float, float, float, uint32_t)
CONVERT(half_to_int8, half, int8_t, uint8_t)
CONVERT(half_to_uint8, half, uint8_t, uint8_t)
CONVERT(int32_to_float, int32_t, float, uint32_t)
CONVERT(int64_to_float, int64_t, float, uint32_t)
CONVERT(int32_to_int16, int32_t, int16_t, uint16_t)
CONVERT(int64_to_int32, int64_t, int32_t, uint32_t)

// Arithmetic of half: 0 a + b, 1 a - b, 2 a * b, 3 a / b.
extern "C" void half_arithmetic(const half *a, const half *b, uint16_t *out, uint64_t n, uint8_t operation)
{
    for (uint64_t i = 0; i < n; ++i) {
        out[i] = (operation == 0   ? a[i] + b[i]
                  : operation == 1 ? a[i] - b[i]
                  : operation == 2 ? a[i] * b[i]
                                   : a[i] / b[i])
                     .bits;
    }
}
