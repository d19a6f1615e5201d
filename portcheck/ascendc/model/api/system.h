// The core's own numbers, masks, and what has no effect on results.
#pragma once

#include "cast.h"
#include "pipe.h"

namespace AscendC {

inline int64_t GetBlockIdx(Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    return ascendc_model::Core().index;
}

inline int64_t GetBlockNum(Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    return ascendc_model::g_machine->BlocksOf(ascendc_model::Core().rank);
}

inline int64_t GetSubBlockIdx() { return 0; }
inline int64_t GetSubBlockNum() { return 1; }
inline int64_t GetTaskRation() { return 1; }

// Counts the run's calls: a clock for time-outs, not a measure of time.
inline int64_t GetSystemCycle(Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    return static_cast<int64_t>(ascendc_model::g_machine->Steps());
}

inline void ICachePreLoad(int64_t) {}
inline void InitSocState() {}
template <typename T>
void DataCachePreload(const GlobalTensor<uint64_t> &, T)
{}

enum class MaskMode : uint8_t { NORMAL = 0, COUNTER };

inline void SetMaskCount() { ascendc_model::Core().is_mask_counter = true; }
inline void SetMaskNorm() { ascendc_model::Core().is_mask_counter = false; }

// High word first. asc-devkit: docs/…/掩码操作/SetVectorMask.md
template <typename T, MaskMode mode = MaskMode::NORMAL>
void SetVectorMask(uint64_t high, uint64_t low)
{
    ascendc_model::Core().mask[0] = low;
    ascendc_model::Core().mask[1] = high;
    ascendc_model::Core().is_mask_set = true;
}

template <typename T, MaskMode mode = MaskMode::NORMAL>
void SetVectorMask(int32_t elements)
{
    const auto bits = [](int32_t count) {
        return count >= 64 ? ~0ULL : count <= 0 ? 0ULL : (1ULL << count) - 1;
    };
    if (mode == MaskMode::COUNTER) {
        SetVectorMask<T, mode>(0, static_cast<uint64_t>(elements));
    } else {
        SetVectorMask<T, mode>(bits(elements - 64), bits(elements));
    }
}

inline void ResetMask()
{
    ascendc_model::Core().mask[0] = ~0ULL;
    ascendc_model::Core().mask[1] = ~0ULL;
    ascendc_model::Core().is_mask_set = false;
}

}  // namespace AscendC

#define KERNEL_TASK_TYPE_DEFAULT(value)
#define ASCEND_IS_AIV true
#define ASCEND_IS_AIC false
#define MASK_PLACEHOLDER 0
#define __mix__(cube, vector)
#define __vector__
