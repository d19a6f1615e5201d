// SPDX-License-Identifier: Apache-2.0
// Launch macros. The template arguments that matter (ranks, hidden size) are only visible here and
// at the places that use these macros: a scanner which does not read macro bodies sees no launch.
#pragma once

#include "checks.cuh"

// Define MOEWIRE_PLAIN_LAUNCH for the `<<<>>>` variant (no clusters).
#ifndef MOEWIRE_PLAIN_LAUNCH

#define SETUP_LAUNCH(BLOCKS, THREADS, SMEM_BYTES, STREAM)                     \
    cudaLaunchAttribute launch_attrs[1];                                      \
    launch_attrs[0].id = cudaLaunchAttributeClusterDimension;                 \
    launch_attrs[0].val.clusterDim.x = ((BLOCKS) % 2 == 0) ? 2 : 1;           \
    launch_attrs[0].val.clusterDim.y = 1;                                     \
    launch_attrs[0].val.clusterDim.z = 1;                                     \
    cudaLaunchConfig_t launch_config = {};                                    \
    launch_config.gridDim = dim3(BLOCKS);                                     \
    launch_config.blockDim = dim3(THREADS);                                   \
    launch_config.dynamicSmemBytes = (SMEM_BYTES);                            \
    launch_config.stream = (STREAM);                                          \
    launch_config.attrs = launch_attrs;                                       \
    launch_config.numAttrs = 1

#define LAUNCH(KERNEL, ...) CUDA_CHECK(cudaLaunchKernelEx(&launch_config, KERNEL, ##__VA_ARGS__))

#else

#define SETUP_LAUNCH(BLOCKS, THREADS, SMEM_BYTES, STREAM) \
    const dim3 launch_blocks(BLOCKS);                     \
    const dim3 launch_threads(THREADS);                   \
    const size_t launch_smem_bytes = (SMEM_BYTES);        \
    cudaStream_t launch_stream = (STREAM)

#define LAUNCH(KERNEL, ...)                                                                        \
    do {                                                                                           \
        KERNEL<<<launch_blocks, launch_threads, launch_smem_bytes, launch_stream>>>(__VA_ARGS__);  \
        CUDA_CHECK(cudaGetLastError());                                                            \
    } while (false)

#endif

#define ALLOW_SMEM(KERNEL, SMEM_BYTES) \
    CUDA_CHECK(cudaFuncSetAttribute(KERNEL, cudaFuncAttributeMaxDynamicSharedMemorySize, (SMEM_BYTES)))

// CASE must end by leaving the switch (`break` or `return`).
#define SWITCH_RANKS(CASE)                              \
    switch (num_ranks) {                                \
        case 2:                                         \
            CASE(2);                                    \
        case 4:                                         \
            CASE(4);                                    \
        case 8:                                         \
            CASE(8);                                    \
        default:                                        \
            HOST_CHECK(false and "num_ranks: 2, 4, 8"); \
    }

#define SWITCH_HIDDEN(CASE)                                      \
    switch (hidden) {                                            \
        case 2048:                                               \
            CASE(2048);                                          \
        case 2560:                                               \
            CASE(2560); /* the one size whose FP8 message fits */ \
        case 4096:                                               \
            CASE(4096);                                          \
        case 7168:                                               \
            CASE(7168);                                          \
        default:                                                 \
            HOST_CHECK(false and "hidden: 2048, 2560, 4096, 7168"); \
    }
