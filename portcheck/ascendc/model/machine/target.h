// What differs between the targets. 2201: 910B, 910C. 3510: 950. 2002: 310P; 3002 is taken as the same.
#pragma once

#include <cstdint>

#include "../numbers/types.h"

#ifndef ASCENDC_ARCH
#define ASCENDC_ARCH 2201
#endif

namespace ascendc_model {

constexpr int kArch = ASCENDC_ARCH == 3002 ? 2002 : ASCENDC_ARCH;
static_assert(kArch == 2201 || kArch == 3510 || kArch == 2002, "ASCENDC_ARCH is 2201, 3510 or 3002");

constexpr bool kIs310P = kArch == 2002;
constexpr bool kIs950 = kArch == 3510;

// asc-devkit: impl/basic_api/utils/kernel_utils_constants.h:121-138 (UB and where the scratch of library
// functions starts); 950: docs, GetUBSizeInBytes.md:48.
constexpr uint32_t kUbBytes = kIs310P ? 262144 : kIs950 ? 253952 : 196608;
constexpr uint32_t kUbUsableBytes = kIs310P ? 253952 : kIs950 ? 253952 : 188416;

constexpr uint32_t kBlockBytes = 32;      // of UB
constexpr uint32_t kRepeatBytes = 256;    // of one vector instruction
constexpr uint32_t kCacheLineBytes = 64;  // of the scalar data cache; docs/zh/guide/…/基本架构.md:107

constexpr bool Takes(DtypeSet on_310p, DtypeSet on_2201, DtypeSet on_3510, Dtype dtype)
{
    return ((kIs310P ? on_310p : kIs950 ? on_3510 : on_2201) & dtype) != 0;
}

}  // namespace ascendc_model
