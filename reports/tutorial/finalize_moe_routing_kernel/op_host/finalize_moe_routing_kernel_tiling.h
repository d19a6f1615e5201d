#ifndef PORTCHECK_FINALIZE_MOE_ROUTING_KERNEL_TILING_H
#define PORTCHECK_FINALIZE_MOE_ROUTING_KERNEL_TILING_H

#include <cstdint>

#include "portcheck_platform.h"

struct finalize_moe_routing_kernelTiling {
    int64_t cols;  // the argument cols
    int64_t k;  // the argument k
    int64_t RESIDUAL_NUM;  // the template argument RESIDUAL_NUM
    int64_t gridDim_x;  // fixed by the launch in CUDA: gridDim.x
    int64_t tile_bytes;  // of one buffer in UB
};

// nullptr, or what is wrong with the arguments.
inline const char *MakeTiling(int64_t cols, int64_t k, int64_t RESIDUAL_NUM, int64_t gridDim_x, const Platform &platform, finalize_moe_routing_kernelTiling *tiling, uint32_t *blocks)
{
    if (cols < 0 || k < 0 || gridDim_x < 0) {
        return "a count is negative";
    }
    if (RESIDUAL_NUM != 1 && RESIDUAL_NUM != 2) {
        return "RESIDUAL_NUM must be 1 or 2";
    }
    tiling->cols = cols;
    tiling->k = k;
    tiling->RESIDUAL_NUM = RESIDUAL_NUM;
    tiling->gridDim_x = gridDim_x;

    // UB for one element: two buffers in and two out of 2 bytes, and three of float.
    const uint64_t tile_elements = portcheck::TileElements(platform, static_cast<uint64_t>(cols), 2, 4 + 4 + 12, 0, 32, 512);
    const uint64_t tile_bytes = tile_elements * 2;
    if (tile_bytes == 0) {
        return "UB is too small for one block of 32 bytes in each buffer";
    }
    tiling->tile_bytes = static_cast<int64_t>(tile_bytes);
    *blocks = portcheck::BlocksFor(static_cast<uint64_t>(gridDim_x), platform);
    return nullptr;
}

#endif
