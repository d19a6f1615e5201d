// SPDX-License-Identifier: Apache-2.0
// Checks that a porting analyser reads as premises: a host check that throws, a device check that
// traps, and a static check. What they say is what may be assumed about the values behind them.
#pragma once

#include <cstdio>
#include <exception>
#include <string>

#include <cuda_runtime.h>

namespace moewire {

class CheckFailure : public std::exception {
    std::string text_;

public:
    CheckFailure(const char* kind, const char* file, int line, const char* what)
        : text_(std::string(kind) + " check failed at " + file + ":" + std::to_string(line) + ": " + what) {}

    const char* what() const noexcept override { return text_.c_str(); }
};

}  // namespace moewire

#define STATIC_CHECK(cond, why) static_assert((cond), why)

#define HOST_CHECK(cond)                                                        \
    do {                                                                        \
        if (not(cond))                                                          \
            throw ::moewire::CheckFailure("host", __FILE__, __LINE__, #cond);   \
    } while (false)

#define CUDA_CHECK(call)                                                                            \
    do {                                                                                            \
        const cudaError_t moewire_status = (call);                                                  \
        if (moewire_status != cudaSuccess)                                                          \
            throw ::moewire::CheckFailure("cuda", __FILE__, __LINE__, cudaGetErrorString(moewire_status)); \
    } while (false)

#define DEVICE_CHECK(cond)                                                               \
    do {                                                                                 \
        if (not(cond)) {                                                                 \
            printf("device check failed at %s:%d: %s\n", __FILE__, __LINE__, #cond);     \
            asm volatile("trap;");                                                       \
        }                                                                                \
    } while (false)
